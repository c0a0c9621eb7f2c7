{{ window_versions('cursor') }}
