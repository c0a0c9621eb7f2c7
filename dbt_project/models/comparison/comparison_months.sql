-- GRAIN: one row per measure and month that the older tables have
with sides as (

    select
        *,
        {{ first_day_of('month', 'activity_date') }} as month
    from {{ ref('comparison_sides') }}

),

differences as (

    select * from {{ ref('comparison_differences') }}

),

-- One row per person, platform and day.
different as (

    select
        measure,
        activity_date,
        platform_code,
        user_email,
        max(case when reason != 'rounding' then 1 else 0 end) as is_different
    from differences
    group by measure, activity_date, platform_code, user_email

),

-- A move between teams has two rows, and counts once.
unexplained as (

    select
        measure,
        month,
        max(case when reason != 'rounding' then 1 else 0 end) = 1 as is_different,
        sum(
            case
                when reason != 'unexplained' then 0
                when is_team_move then greatest(amount, 0)
                else abs(amount)
            end
        ) as unexplained_amount
    from differences
    group by measure, month

),

months as (

    select
        sides.measure,
        sides.month,
        {% for side in ['older', 'marts'] %}
            sum(
                case
                    when sides.scope = 'compared' then sides.{{ side }}_amount else 0
                end
            ) as {{ side }}_amount,
            sum(
                case
                    when sides.scope = 'compared' then 0 else sides.{{ side }}_amount
                end
            ) as {{ side }}_amount_not_compared,
        {% endfor %}
        sum(
            case
                when sides.scope = 'compared'
                    then 1 - coalesce(different.is_different, 0)
                else 0
            end
        ) as agreeing,
        sum(
            case when sides.scope = 'compared' then different.is_different else 0 end
        ) as differing
    from sides
    left join different
        on
            sides.measure = different.measure
            and sides.activity_date = different.activity_date
            and sides.platform_code = different.platform_code
            and sides.user_email = different.user_email
    group by sides.measure, sides.month
    having max(case when sides.scope = 'compared' then 1 else 0 end) = 1

),

final as (

    select
        months.measure,
        months.month,
        cast(months.older_amount as {{ type_money() }}) as older_amount,
        cast(months.marts_amount as {{ type_money() }}) as marts_amount,
        cast(months.older_amount - months.marts_amount as {{ type_money() }})
            as difference,
        cast(coalesce(unexplained.unexplained_amount, 0) as {{ type_money() }})
            as unexplained_amount,
        months.agreeing,
        coalesce(months.differing, 0) as differing,
        cast(months.older_amount_not_compared as {{ type_money() }})
            as older_amount_not_compared,
        cast(months.marts_amount_not_compared as {{ type_money() }})
            as marts_amount_not_compared,
        case
            when coalesce(unexplained.unexplained_amount, 0) != 0
                then 'has_unexplained_differences'
            when coalesce(unexplained.is_different, false)
                then 'differs_for_known_reasons'
            else 'agrees'
        end as verdict
    from months
    left join unexplained
        on
            months.measure = unexplained.measure
            and months.month = unexplained.month

)

select * from final
