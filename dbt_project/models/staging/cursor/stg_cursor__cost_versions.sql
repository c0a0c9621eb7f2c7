{{ window_versions('cursor', {'usage_events': none}) }}
