{% set resources = ['copilot_seats', 'saml_identities'] %}
{{ config(**changes_of_directories(
    'github', resources, ['resource', 'organization']
)) }}

{{ directory_changes('github', resources) }}
