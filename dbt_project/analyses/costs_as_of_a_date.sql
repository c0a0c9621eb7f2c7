-- What vendors billed per day as it was known at the end of October, next to what is
-- known of the same days now, where the two differ. `dbt show --select
-- costs_as_of_a_date` runs it.
with known_then as (

    {{ cost_as_of("date '2026-10-31'") }}

),

known_now as (

    {{ cost_as_of(as_of_date()) }}

),

compared as (

    select
        known_then.vendor,
        known_then.organization,
        known_then.window_date,
        known_then.reported_usd as known_then_usd,
        known_now.reported_usd as known_now_usd
    from known_then
    inner join known_now
        on
            known_then.vendor = known_now.vendor
            and known_then.organization = known_now.organization
            and known_then.window_date = known_now.window_date

)

select * from compared
where known_then_usd != known_now_usd
