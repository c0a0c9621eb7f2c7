{{ current_windows('google_sheets') }}
