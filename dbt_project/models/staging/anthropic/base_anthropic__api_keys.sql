{{ config(**changes_of_directory('anthropic', 'api_keys')) }}

{{ directory_changes('anthropic', 'api_keys') }}
