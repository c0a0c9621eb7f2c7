{% set resources = [
    'members', 'groups',
] %}
{{ config(**changes_of_directories(
    'cursor', resources, ['resource', 'organization']
)) }}

{{ directory_changes('cursor', resources) }}
