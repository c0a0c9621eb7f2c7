{% set resources = ['api_keys'] %}
{{ config(**changes_of_directories(
    'google', resources, ['resource', 'organization']
)) }}

{{ directory_changes('google', resources) }}
