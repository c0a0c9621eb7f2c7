-- GRAIN: one row per day of usage of which rows were landed since the last run
-- The rows of an export that landed again count in all its versions: what is gone is a
-- change as well.
{% set exports = google_changed_exports(ref('stg_google__changed_exports')) %}

with source as (

    select * from {{ source('raw_google', 'billing_export') }}
    where {{ in_days('window_start', exports) }}

),

changed as (

    select distinct {{ google_usage_date() }} as changed_date
    from source

)

select * from changed
