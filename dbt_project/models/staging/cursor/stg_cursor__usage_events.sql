{{ current_versions('cursor', 'usage_events', 'base_cursor__usage_events', 'usage_date') }}
