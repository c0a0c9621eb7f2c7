-- GRAIN: one row per day of usage, with its newest version; days before a project's
-- seats were first listed also with that list, by which they are divided
with versions as (

    select * from {{ ref('stg_google__cost_versions') }}

),

newest as (

    select
        resource,
        organization,
        load_id,
        records,
        window_start,
        {{ add_days('window_start', 1) }} as window_end,
        loaded_at
    from versions
    qualify row_number() over (
        partition by resource, organization, window_start
        order by loaded_at desc, load_id desc
    ) = 1

),

first_lists as (

    select
        resource as list_name,
        load_id,
        records,
        window_start,
        loaded_at
    from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource in (
            'gemini_enterprise_licenses', 'gemini_enterprise_subscriptions'
        )
        and records > 0
    qualify row_number() over (
        partition by resource, organization order by window_start
    ) = 1

),

divided_days as (

    select
        'seat_shares' as resource,
        newest.organization,
        first_lists.load_id,
        first_lists.records,
        newest.window_start,
        newest.window_end,
        first_lists.loaded_at
    from newest
    inner join first_lists
        on newest.window_start < first_lists.window_start
    where newest.resource = 'costs'
    qualify row_number() over (
        partition by newest.organization, newest.window_start
        order by
            first_lists.loaded_at desc,
            first_lists.load_id desc,
            first_lists.list_name desc
    ) = 1

),

unioned as (

    select * from newest

    union all

    select * from divided_days

)

select * from unioned
