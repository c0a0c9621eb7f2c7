{{ all_vendors('keys') }}
