{{ config(materialized='table') }}

{{ all_vendors('workspaces') }}
