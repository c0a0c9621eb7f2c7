-- GRAIN: one row per measure, day, platform, person and scope
-- UNITS: dollars of cost, or tokens
-- The older amount, that of the marts, and the parts of it that a mistake would have
-- left out or added.
{% set measures_with_models = [] %}
{% for table, measure in [('costs', 'cost'), ('usage', 'tokens')] %}
    {% if legacy_columns(table).get('model') %}
        {% do measures_with_models.append("'" ~ measure ~ "'") %}
    {% endif %}
{% endfor %}

{% set parts = {
    'no_email': 'not has_email and has_known_model',
    'unknown_model': 'has_email and not has_known_model',
    'no_email_unknown_model': 'not has_email and not has_known_model',
} %}
{% set amounts = [
    'older_amount', 'rounding_of_dollars', 'rounding_of_cents', 'marts_amount',
    'marts_covered_amount',
] %}
{% for part in parts %}
    {% do amounts.extend([part ~ '_amount', part ~ '_covered_amount']) %}
{% endfor %}
{% set collided = [
    'beside_largest', 'beside_smallest', 'covered_beside_largest',
    'covered_beside_smallest',
] %}

with older as (

    select * from {{ ref('comparison_older_rows') }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', none) }}

),

usages as (

    select * from {{ ref('fct_usage_daily') }}
    where {{ in_days('usage_date', none) }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

models as (

    select * from {{ ref('dim_models') }}

),

people as (

    select * from {{ ref('dim_users') }}
    where is_current

),

collisions as (

    select * from {{ ref('comparison_collisions') }}

),

-- --- Which platforms, days and seats both sides have -------------------------------

-- Older tables may say anthropic where the marts tell Claude Code from Claude.ai.
whole_vendors as (

    select distinct platforms.vendor
    from older
    inner join platforms
        on older.platform_code = platforms.vendor
    left join platforms as told_apart
        on older.platform_code = told_apart.platform_code
    where told_apart.platform_code is null

),

compared_platforms as (

    select
        platforms.platform_code,
        platforms.vendor,
        coalesce(whole_vendors.vendor, platforms.platform_code) as compared_as
    from platforms
    left join whole_vendors
        on platforms.vendor = whole_vendors.vendor

),

older_rows as (

    select
        older.*,
        coalesce(compared_platforms.compared_as, older.platform_code) as compared_as,
        coalesce(compared_platforms.vendor, older.platform_code) as vendor
    from older
    left join compared_platforms
        on older.platform_code = compared_platforms.platform_code

),

marts_rows as (

    select
        'cost' as measure,
        cost_date as activity_date,
        platform_code,
        user_email,
        team,
        model,
        attribution_method,
        cost_type = 'subscription' as is_seat,
        effective_cost_usd as amount,
        case
            when cost_type = 'usage' and billed_cost_usd = 0 then list_cost_usd
            else 0
        end as covered_amount
    from costs

    union all

    select
        'tokens' as measure,
        usage_date as activity_date,
        platform_code,
        user_email,
        team,
        model,
        attribution_method,
        false as is_seat,
        cast(coalesce(total_tokens, 0) as {{ type_money() }}) as amount,
        0 as covered_amount
    from usages

),

older_facts as (

    select
        measure,
        min(activity_date) as first_date,
        max(activity_date) as last_date,
        max(case when is_seat then 1 else 0 end) = 1 as has_seats
    from older
    group by measure

),

marts_facts as (

    select
        measure,
        min(activity_date) as first_date,
        max(activity_date) as last_date
    from marts_rows
    group by measure

),

facts as (

    select
        older_facts.measure,
        older_facts.has_seats,
        greatest(older_facts.first_date, marts_facts.first_date) as first_date,
        least(older_facts.last_date, marts_facts.last_date) as last_date
    from older_facts
    inner join marts_facts
        on older_facts.measure = marts_facts.measure

),

older_platforms as (

    select distinct
        measure,
        compared_as
    from older_rows

),

-- --- What the marts know that a mistake would miss ---------------------------------

-- The first day on which the older tables have an amount of a model.
older_models as (

    select
        measure,
        compared_as,
        model,
        min(activity_date) as first_date
    from older_rows
    where
        amount != 0
        and model is not null
    group by measure, compared_as, model

),

-- Until they have one that the marts have too, nobody can say which they lack: they
-- begin later there, or name models in another way.
first_models as (

    select
        older_models.measure,
        older_models.compared_as,
        min(older_models.first_date) as first_date
    from older_models
    inner join models
        on older_models.model = models.model
    where models.model not in ({{ unattributed() }}, {{ model_of_seats() }})
    group by older_models.measure, older_models.compared_as

),

told as (

    select
        marts_rows.measure,
        marts_rows.activity_date,
        compared_platforms.compared_as as platform_code,
        compared_platforms.vendor,
        marts_rows.user_email,
        marts_rows.team,
        marts_rows.amount,
        marts_rows.covered_amount,
        case
            when older_platforms.compared_as is null then 'platform'
            when
                marts_rows.activity_date < facts.first_date
                or marts_rows.activity_date > facts.last_date
                then 'days'
            when marts_rows.is_seat and not facts.has_seats then 'seats'
            else 'compared'
        end as scope,
        marts_rows.attribution_method = 'vendor_identity' as has_email,
        {% if measures_with_models %}
            case
                when marts_rows.measure in ({{ measures_with_models | join(', ') }})
                    then
                        models.model in ({{ unattributed() }}, {{ model_of_seats() }})
                        or coalesce(
                            older_models.first_date <= marts_rows.activity_date, false
                        )
                        or coalesce(
                            first_models.first_date > marts_rows.activity_date, true
                        )
                else models.is_known
            end
        {% else %}
            models.is_known
        {% endif %}
            as has_known_model
    from marts_rows
    inner join compared_platforms
        on marts_rows.platform_code = compared_platforms.platform_code
    inner join facts
        on marts_rows.measure = facts.measure
    inner join models
        on marts_rows.model = models.model
    left join older_platforms
        on
            marts_rows.measure = older_platforms.measure
            and compared_platforms.compared_as = older_platforms.compared_as
    left join older_models
        on
            marts_rows.measure = older_models.measure
            and compared_platforms.compared_as = older_models.compared_as
            and marts_rows.model = older_models.model
    left join first_models
        on
            marts_rows.measure = first_models.measure
            and compared_platforms.compared_as = first_models.compared_as

),

marts_side as (

    select
        measure,
        activity_date,
        platform_code,
        vendor,
        user_email,
        scope,
        max(team) as marts_team,
        {% for part, condition in parts.items() %}
            sum(case when {{ condition }} then amount else 0 end) as {{ part }}_amount,
            sum(case when {{ condition }} then covered_amount else 0 end)
                as {{ part }}_covered_amount,
        {% endfor %}
        sum(amount) as marts_amount,
        sum(covered_amount) as marts_covered_amount
    from told
    group by measure, activity_date, platform_code, vendor, user_email, scope

),

older_told as (

    select
        older_rows.measure,
        older_rows.activity_date,
        older_rows.compared_as as platform_code,
        older_rows.vendor,
        older_rows.user_email,
        older_rows.team,
        older_rows.amount,
        case
            when
                older_rows.activity_date < facts.first_date
                or older_rows.activity_date > facts.last_date
                then 'days'
            else 'compared'
        end as scope,
        -- Amounts of 0 prove nothing. The ninth decimal of a float may be noise.
        max(
            case
                when round(older_rows.amount, 9) != round(older_rows.amount, 2) then 2
                when older_rows.amount != 0 then 1
                else 0
            end
        ) over (
            partition by older_rows.measure, older_rows.compared_as
        ) = 1 as is_kept_in_cents
    from older_rows
    inner join facts
        on older_rows.measure = facts.measure

),

-- How far the sum may be off because each row was rounded: to cents or, if they were
-- taken for dollars, to whole ones. Of a platform of which any row has more digits,
-- none was rounded so. A row of 0 may have been less than half a cent.
older_side as (

    select
        measure,
        activity_date,
        platform_code,
        vendor,
        user_email,
        scope,
        count(*) as older_rows,
        sum(amount) as older_amount,
        case
            when count(distinct team) > 1 then 'several teams'
            else max(team)
        end as older_team,
        cast(
            sum(
                case
                    when measure != 'cost' then 0
                    when is_kept_in_cents then {{ text_to_usd("'0.005'") }}
                    else {{ text_to_usd("'0.000001'") }}
                end
            ) as {{ type_money() }}
        ) as rounding_of_dollars,
        cast(
            sum(
                case
                    when measure != 'cost' then 0
                    when is_kept_in_cents and round(amount, 9) = round(amount, 0)
                        then {{ text_to_usd("'0.005'") }}
                    when is_kept_in_cents then {{ text_to_usd("'0.00005'") }}
                    else {{ text_to_usd("'0.000001'") }}
                end
            ) as {{ type_money() }}
        ) as rounding_of_cents
    from older_told
    group by measure, activity_date, platform_code, vendor, user_email, scope

),

-- --- Both sides --------------------------------------------------------------------

joined as (

    select
        coalesce(older_side.measure, marts_side.measure) as measure,
        coalesce(older_side.activity_date, marts_side.activity_date) as activity_date,
        coalesce(older_side.platform_code, marts_side.platform_code) as platform_code,
        coalesce(older_side.vendor, marts_side.vendor) as vendor,
        coalesce(older_side.user_email, marts_side.user_email) as user_email,
        coalesce(older_side.scope, marts_side.scope) as scope,
        older_side.older_team,
        marts_side.marts_team,
        older_side.older_amount,
        older_side.rounding_of_dollars,
        older_side.rounding_of_cents,
        marts_side.marts_amount,
        marts_side.marts_covered_amount,
        {% for part in parts %}
            marts_side.{{ part }}_amount,
            marts_side.{{ part }}_covered_amount,
        {% endfor %}
        coalesce(older_side.older_rows, 0) as older_rows
    from older_side
    full outer join marts_side
        on
            older_side.measure = marts_side.measure
            and older_side.activity_date = marts_side.activity_date
            and older_side.platform_code = marts_side.platform_code
            and older_side.vendor = marts_side.vendor
            and older_side.user_email = marts_side.user_email
            and older_side.scope = marts_side.scope

),

both_sides as (

    select
        *,
        -- The older rows of somebody for whom the vendor named no address.
        case
            when
                user_email = {{ unattributed() }}
                or (
                    marts_amount != 0
                    and marts_amount = no_email_amount + no_email_unknown_model_amount
                )
                then older_rows
            else 0
        end as rows_without_email
    from joined

),

final as (

    select
        both_sides.measure,
        both_sides.activity_date,
        both_sides.platform_code,
        both_sides.vendor,
        both_sides.user_email,
        both_sides.scope,
        both_sides.older_team,
        both_sides.marts_team,
        people.team as current_team,
        {% for column in amounts %}
            cast(coalesce(both_sides.{{ column }}, 0) as {{ type_money() }})
                as {{ column }},
        {% endfor %}
        {% for column in collided %}
            cast(coalesce(collisions.{{ column }}, 0) as {{ type_money() }})
                as {{ column }},
        {% endfor %}
        -- Whoever kept a row that names nobody, or that only a key leads to a person,
        -- did not drop such rows of that day; nor of a day that is missing whole, if
        -- they kept some of another day of the month.
        max(both_sides.rows_without_email) over (
            partition by
                both_sides.measure, both_sides.activity_date, both_sides.platform_code
        ) > 0
        or (
            max(both_sides.older_rows) over (
                partition by
                    both_sides.measure,
                    both_sides.activity_date,
                    both_sides.platform_code
            ) = 0
            and max(both_sides.rows_without_email) over (
                partition by
                    both_sides.measure,
                    both_sides.platform_code,
                    {{ first_day_of('month', 'both_sides.activity_date') }}
            ) > 0
        ) as keeps_rows_without_email
    from both_sides
    left join people
        on both_sides.user_email = people.user_email
    left join collisions
        on
            both_sides.measure = collisions.measure
            and both_sides.activity_date = collisions.activity_date
            and both_sides.user_email = collisions.user_email
            and both_sides.platform_code = 'cursor'

)

select * from final
