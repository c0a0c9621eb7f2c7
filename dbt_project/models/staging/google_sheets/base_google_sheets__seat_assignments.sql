{{ config(**changes_of_directory('google_sheets', 'seat_assignments')) }}

{{ directory_changes('google_sheets', 'seat_assignments') }}
