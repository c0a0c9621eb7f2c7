{% set resources = [
    'api_key_mappings', 'project_mappings', 'budgets', 'email_aliases', 'employees', 'exchange_rates',
    'invoices', 'seat_assignments', 'seat_plans', 'vendor_accounts', 'annotations',
] %}
{{ config(**changes_of_directories(
    'google_sheets', resources, ['resource', 'organization']
)) }}

{{ directory_changes('google_sheets', resources) }}
