{{ config(materialized='table') }}

{{ all_vendors('users') }}
