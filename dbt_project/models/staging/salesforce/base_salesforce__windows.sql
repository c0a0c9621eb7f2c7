{{ current_windows('salesforce') }}
