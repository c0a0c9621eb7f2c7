{{ config(**changes_of_directory('anthropic', 'service_accounts')) }}

{{ directory_changes('anthropic', 'service_accounts') }}
