{{ config(**changes_of_directory('cursor', 'groups')) }}

{{ directory_changes('cursor', 'groups') }}
