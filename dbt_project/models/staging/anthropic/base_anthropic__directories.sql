{% set resources = [
    'users', 'api_keys', 'workspaces', 'service_accounts',
] %}
{{ config(**changes_of_directories(
    'anthropic', resources, ['resource', 'organization']
)) }}

{{ directory_changes('anthropic', resources) }}
