-- GRAIN: one row per organization and limit, as in the organization's newest snapshot
with limits as (

    select * from {{ ref('stg_anthropic__spend_limits') }}
    where snapshot_date >= {{ days_before_run(var('risk_days')) }}

),

rules as (

    select * from {{ ref('int_attribution_rules') }}

),

newest as (

    select * from limits
    qualify snapshot_date = max(snapshot_date) over (partition by organization)

),

named as (

    select
        newest.*,
        coalesce(newest.actor_email, vendor_users.user_email) as named_email
    from newest
    left join rules as vendor_users
        on
            vendor_users.rule_type = 'vendor_user'
            and newest.actor_user_id = vendor_users.subject

),

resolved as (

    select
        named.organization,
        named.spend_limit_id,
        named.scope_type,
        named.period,
        named.currency,
        named.limit_usd,
        named.period_to_date_spend_usd,
        named.snapshot_date,
        coalesce(aliases.user_email, named.named_email) as user_email
    from named
    left join rules as aliases
        on
            aliases.rule_type = 'alias'
            and named.named_email = aliases.subject

)

select * from resolved
