{{ window_versions('anthropic', {
    'analytics_cost': none,
    'cost_report': 'analytics_cost',
}) }}
