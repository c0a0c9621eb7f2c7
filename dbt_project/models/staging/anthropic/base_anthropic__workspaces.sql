{{ config(**changes_of_directory('anthropic', 'workspaces')) }}

{{ directory_changes('anthropic', 'workspaces') }}
