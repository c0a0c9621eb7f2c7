{{ current_windows('product') }}
