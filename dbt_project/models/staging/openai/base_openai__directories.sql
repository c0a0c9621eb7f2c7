{% set resources = [
    'users', 'projects', 'project_api_keys', 'service_accounts',
] %}
{{ config(**changes_of_directories(
    'openai', resources, ['resource', 'organization']
)) }}

{{ directory_changes('openai', resources) }}
