{{ window_versions('openai', {
    'costs_by_identity': none,
    'costs': 'costs_by_identity',
}) }}
