-- GRAIN: one row per measure, day and person with several events at the same moment
-- UNITS: dollars of cost, or tokens
-- What is lost of Cursor's events by a table whose key is the person and the moment: of
-- those with the same key it keeps one, the largest or the smallest.
with events as (

    select * from {{ ref('stg_cursor__usage_events') }}
    where actor_email is not null

),

charges as (

    select * from {{ ref('stg_cursor__charges') }}

),

aliases as (

    select * from {{ ref('int_attribution_rules') }}
    where rule_type = 'alias'

),

measured as (

    select
        'cost' as measure,
        events.usage_date,
        events.actor_email,
        events.occurred_at,
        charges.billed_cost_usd as amount,
        case
            when charges.billed_cost_usd = 0 then charges.list_cost_usd
            else charges.billed_cost_usd
        end as amount_with_covered
    from events
    inner join charges
        on events.record_id = charges.record_id

    union all

    select
        'tokens' as measure,
        usage_date,
        actor_email,
        occurred_at,
        coalesce(uncached_input_tokens, 0) + coalesce(cache_read_tokens, 0)
        + coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0) as amount,
        0 as amount_with_covered
    from events

),

collided as (

    select
        measure,
        usage_date,
        actor_email,
        occurred_at,
        sum(amount) - max(amount) as beside_largest,
        sum(amount) - min(amount) as beside_smallest,
        sum(amount_with_covered) - max(amount_with_covered)
            as covered_beside_largest,
        sum(amount_with_covered) - min(amount_with_covered)
            as covered_beside_smallest
    from measured
    group by measure, usage_date, actor_email, occurred_at
    having count(*) > 1

),

final as (

    select
        collided.measure,
        collided.usage_date as activity_date,
        coalesce(aliases.user_email, collided.actor_email) as user_email,
        cast(sum(collided.beside_largest) as {{ type_money() }}) as beside_largest,
        cast(sum(collided.beside_smallest) as {{ type_money() }}) as beside_smallest,
        cast(sum(collided.covered_beside_largest) as {{ type_money() }})
            as covered_beside_largest,
        cast(sum(collided.covered_beside_smallest) as {{ type_money() }})
            as covered_beside_smallest
    from collided
    left join aliases
        on collided.actor_email = aliases.subject
    group by
        collided.measure,
        collided.usage_date,
        coalesce(aliases.user_email, collided.actor_email)

)

select * from final
