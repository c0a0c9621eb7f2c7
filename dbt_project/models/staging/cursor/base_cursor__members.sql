{{ config(**changes_of_directory('cursor', 'members')) }}

{{ directory_changes('cursor', 'members') }}
