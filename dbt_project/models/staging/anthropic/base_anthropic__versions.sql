{{ window_versions('anthropic') }}
