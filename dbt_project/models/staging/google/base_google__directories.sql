{% set resources = [
    'api_keys', 'gemini_enterprise_licenses', 'gemini_enterprise_subscriptions',
] %}
{{ config(**changes_of_directories(
    'google', resources, ['resource', 'organization']
)) }}

{{ directory_changes('google', resources) }}
