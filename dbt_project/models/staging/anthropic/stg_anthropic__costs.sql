{{ current_versions('anthropic', 'cost_report', 'base_anthropic__costs', 'cost_date') }}
