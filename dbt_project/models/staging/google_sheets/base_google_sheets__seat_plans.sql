{{ config(**changes_of_directory('google_sheets', 'seat_plans')) }}

{{ directory_changes('google_sheets', 'seat_plans') }}
