{{ config(**changes_of_directory('google_sheets', 'budgets')) }}

{{ directory_changes('google_sheets', 'budgets') }}
