-- GRAIN: one row per day of which a legacy report was landed, or an exchange rate
-- changed, since the last run
{{ days_to_share_again('anthropic', ['cost_report', 'usage_report_messages']) }}
