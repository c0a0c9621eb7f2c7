-- GRAIN: one row per day of usage of which rows were landed since the last run, or that
-- was not over then
-- The rows of an export that landed again count in all its versions: what is gone is a
-- change as well.
{% set changes = ref('stg_google__changed_exports') %}

with last_run as (

    {{ last_completed_run() }}

),

days as (

    {{ days_from_to("date '2020-01-01'", as_of_date(), 'date_day') }}

),

elapsed_days as (

    {{ elapsed_days() }}

),

source as (

    select * from {{ source('raw_google', 'billing_export') }}
    where {{ in_days('window_start', google_changed_exports(changes)) }}

),

-- The days are literals as well, so that engines prune.
exports as (

    select * from {{ changes }}

),

dated as (

    select
        window_start,
        {{ google_usage_date() }} as changed_date
    from source

),

changed as (

    select distinct dated.changed_date
    from dated
    inner join exports
        on dated.window_start = exports.changed_date

    union distinct

    select changed_date from elapsed_days

)

select * from changed
