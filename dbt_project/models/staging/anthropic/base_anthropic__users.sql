{{ config(**changes_of_directory('anthropic', 'users')) }}

{{ directory_changes('anthropic', 'users') }}
