{{ window_versions('github', {'billing_usage': none}) }}
