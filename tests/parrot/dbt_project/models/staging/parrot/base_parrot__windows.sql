{{ current_windows('parrot') }}
