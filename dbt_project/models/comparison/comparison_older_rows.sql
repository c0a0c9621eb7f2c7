-- GRAIN: one row per row of the older facts
with older as (

    {{ legacy_rows('costs', 'cost') }}

    {% if legacy_columns('usage') -%}
        union all

        {{ legacy_rows('usage', 'tokens') }}
    {%- endif %}

),

aliases as (

    select * from {{ ref('int_attribution_rules') }}
    where rule_type = 'alias'

),

-- A person's name that is no address, such as unknown, is nobody.
named as (

    select
        older.measure,
        {{ legacy_day('older.day_text') }} as activity_date,
        {{ legacy_platform('older.platform') }} as platform_code,
        coalesce(
            aliases.user_email,
            case when older.email like '%@%' then older.email end,
            {{ unattributed() }}
        ) as user_email,
        older.team,
        older.model,
        coalesce(older.cost_type in ('subscription', 'seat', 'seats'), false)
            as is_seat,
        older.amount,
        older.day_text,
        older.amount_text
    from older
    left join aliases
        on older.email = aliases.subject

)

select * from named
