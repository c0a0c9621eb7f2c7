{{ current_windows('cursor') }}
