{{ config(**changes_of_directory('google_sheets', 'email_aliases')) }}

{{ directory_changes('google_sheets', 'email_aliases') }}
