{{ config(**changes_of_directory('google_sheets', 'api_key_mappings')) }}

{{ directory_changes('google_sheets', 'api_key_mappings') }}
