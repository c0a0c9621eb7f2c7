{{ current_windows('anthropic') }}
