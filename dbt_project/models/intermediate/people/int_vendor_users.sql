{{ all_vendors('users') }}
