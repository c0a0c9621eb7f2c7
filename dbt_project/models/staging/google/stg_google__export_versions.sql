{{ window_versions('google', {'billing_export': none, 'project_totals': none}) }}
