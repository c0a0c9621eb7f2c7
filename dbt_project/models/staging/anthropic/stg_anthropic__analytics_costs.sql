{{ current_versions('anthropic', 'analytics_cost', 'base_anthropic__analytics_costs', 'cost_date') }}
