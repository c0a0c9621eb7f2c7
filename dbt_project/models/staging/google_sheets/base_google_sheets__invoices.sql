{{ config(**changes_of_directory('google_sheets', 'invoices')) }}

{{ directory_changes('google_sheets', 'invoices') }}
