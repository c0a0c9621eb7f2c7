-- GRAIN: one row per kind of finding, person and platform
with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where
        usage_date >= {{ days_before_run(var('risk_days')) }}
        and user_email != {{ unattributed() }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where
        cost_date >= {{ days_before_run(var('risk_days')) }}
        and user_email != {{ unattributed() }}
        -- A seat that nobody has given back is no use.
        and cost_type != 'subscription'

),

people as (

    select * from {{ ref('int_people') }}

),

used as (

    select
        usage_date as used_on,
        user_email,
        platform_code,
        attribution_method,
        cast(0 as {{ type_money() }}) as cost_usd
    from usages

    union all

    select
        cost_date as used_on,
        user_email,
        platform_code,
        attribution_method,
        effective_cost_usd as cost_usd
    from costs

),

known as (

    select
        used.*,
        people.on_roster_to,
        people.email is not null as is_listed
    from used
    left join people
        on
            used.user_email = people.email
            and used.used_on >= people.valid_from
            and used.used_on < people.valid_to

),

-- What a key is used for after its owner left is a finding about the key.
left_behind as (

    select
        'use_after_last_day' as finding_kind,
        user_email,
        platform_code,
        min(on_roster_to) as since_date,
        max(used_on) as last_date,
        sum(cost_usd) as amount_usd
    from known
    where
        used_on >= on_roster_to
        and attribution_method in (
            'vendor_identity', 'vendor_account', 'saml_identity'
        )
    group by user_email, platform_code

),

strangers as (

    select
        'not_on_roster' as finding_kind,
        user_email,
        platform_code,
        min(used_on) as since_date,
        max(used_on) as last_date,
        sum(cost_usd) as amount_usd
    from known
    where not is_listed
    group by user_email, platform_code

),

unioned as (

    select * from left_behind

    union all

    select * from strangers

)

select * from unioned
