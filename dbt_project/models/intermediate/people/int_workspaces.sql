{{ all_vendors('workspaces') }}
