{{ config(**changes_of_directory('google_sheets', 'employees')) }}

{{ directory_changes('google_sheets', 'employees') }}
