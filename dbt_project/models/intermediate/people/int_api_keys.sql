{{ config(materialized='table') }}

{{ all_vendors('keys') }}
