{{ config(materialized='table') }}

-- GRAIN: one row per currency and span of days, as the tab is now
with sheet as (

    select * from {{ ref('stg_google_sheets__exchange_rates') }}
    where seen_to = {{ end_of_time() }}

),

spans as (

    select
        currency,
        usd_per_unit,
        valid_from,
        coalesce(
            lead(valid_from) over (partition by currency order by valid_from),
            {{ end_of_time() }}
        ) as valid_to
    from sheet

)

select * from spans
