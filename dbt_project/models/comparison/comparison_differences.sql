-- GRAIN: one row per measure, day, platform, person, team, reason and whether it only
-- moves between teams
-- UNITS: dollars of cost, or tokens; older amount less that of the marts
-- Every combination of mistakes is tried: what the older amount would be if that of
-- the marts had been treated so. The one with the fewest mistakes that gives the older
-- amount explains the difference; if none does, all of the difference is unexplained.
{% set reasons = [
    'no_email_dropped', 'unknown_model', 'included_as_on_demand', 'events_collided',
    'late_correction', 'rounding', 'cents_as_dollars', 'unexplained',
] %}
{% set reason_of_team %}
    case when older_team = current_team then 'todays_team' else 'unexplained' end
{% endset %}

with sides as (

    select * from {{ ref('comparison_sides') }}
    where scope = 'compared'

),

versions as (

    select * from {{ ref('fct_cost_versions') }}
    where {{ in_days('window_date', none) }}

),

flags as (

    select false as is_made

    union all

    select true as is_made

),

-- Which of several events with the same key is there.
kept_events as (

    select 'every' as kept_event

    union all

    select 'largest' as kept_event

    union all

    select 'smallest' as kept_event

),

combinations as (

    select
        cents.is_made as takes_cents,
        no_email.is_made as drops_no_email,
        unknown_models.is_made as drops_unknown_models,
        included.is_made as counts_included,
        kept_events.kept_event
    from flags as cents
    cross join flags as no_email
    cross join flags as unknown_models
    cross join flags as included
    cross join kept_events

),

-- The first combination is the one without any mistake.
mistakes as (

    select
        *,
        case when takes_cents then 1 else 0 end
        + case when drops_no_email then 1 else 0 end
        + case when drops_unknown_models then 1 else 0 end
        + case when counts_included then 1 else 0 end
        + case when kept_event = 'every' then 0 else 1 end as mistakes,
        row_number() over (
            order by
                takes_cents,
                drops_no_email,
                drops_unknown_models,
                counts_included,
                kept_event
        ) as place
    from combinations

),

changes as (

    select
        sides.measure,
        sides.activity_date,
        sides.platform_code,
        sides.vendor,
        sides.user_email,
        sides.older_amount,
        sides.marts_amount,
        mistakes.takes_cents,
        mistakes.mistakes,
        mistakes.place,
        coalesce(sides.older_team, sides.marts_team) as team,
        case
            when mistakes.takes_cents
                then {{ cents_to_usd(
                    'cast(sides.older_amount as ' ~ dbt.type_string() ~ ')'
                ) }}
            else sides.older_amount
        end as older_in_dollars,
        case
            when mistakes.takes_cents then sides.rounding_of_cents
            else sides.rounding_of_dollars
        end as rounding,
        case
            when mistakes.drops_no_email
                then -(sides.no_email_amount + sides.no_email_unknown_model_amount)
            else 0
        end as no_email_change,
        case
            when not mistakes.drops_unknown_models then 0
            when mistakes.drops_no_email then -sides.unknown_model_amount
            else -(sides.unknown_model_amount + sides.no_email_unknown_model_amount)
        end as unknown_model_change,
        case
            when mistakes.counts_included
                then
                    sides.marts_covered_amount
                    - case
                        when mistakes.drops_no_email
                            then
                                sides.no_email_covered_amount
                                + sides.no_email_unknown_model_covered_amount
                        else 0
                    end
                    - case
                        when mistakes.drops_unknown_models
                            then sides.unknown_model_covered_amount
                        else 0
                    end
                    - case
                        when
                            mistakes.drops_unknown_models
                            and not mistakes.drops_no_email
                            then sides.no_email_unknown_model_covered_amount
                        else 0
                    end
            else 0
        end as included_change,
        -case
            when mistakes.kept_event = 'every' then 0
            when mistakes.counts_included and mistakes.kept_event = 'largest'
                then sides.covered_beside_largest
            when mistakes.counts_included then sides.covered_beside_smallest
            when mistakes.kept_event = 'largest' then sides.beside_largest
            else sides.beside_smallest
        end as collision_change
    from sides
    cross join mistakes
    where
        sides.older_amount != sides.marts_amount
        and (not mistakes.takes_cents or sides.measure = 'cost')
        and (not mistakes.drops_no_email or not sides.keeps_rows_without_email)

),

tried as (

    select
        *,
        older_in_dollars - marts_amount - no_email_change - unknown_model_change
        - included_change - collision_change as rest
    from changes

),

-- A mistake that changes nothing here is none; another combination is without it.
fitting as (

    select *
    from tried
    where
        abs(rest) <= rounding
        and mistakes
        = case when takes_cents then 1 else 0 end
        + case when no_email_change != 0 then 1 else 0 end
        + case when unknown_model_change != 0 then 1 else 0 end
        + case when included_change != 0 then 1 else 0 end
        + case when collision_change != 0 then 1 else 0 end
    qualify
        row_number()
            over (
                partition by measure, activity_date, platform_code, user_email
                order by mistakes, abs(rest), place
            )
        = 1

),

not_fitting as (

    select tried.*
    from tried
    left join fitting
        on
            tried.measure = fitting.measure
            and tried.activity_date = fitting.activity_date
            and tried.platform_code = fitting.platform_code
            and tried.user_email = fitting.user_email
    where fitting.measure is null

),

-- --- Late corrections: of a vendor's day, since versions do not name people --------

moments as (

    select distinct
        vendor,
        window_date,
        reported_at
    from versions

),

known as (

    select
        moments.vendor,
        versions.organization,
        moments.window_date,
        moments.reported_at,
        sum(versions.reported_usd) as reported_usd
    from moments
    inner join versions
        on
            moments.vendor = versions.vendor
            and moments.window_date = versions.window_date
            and moments.reported_at >= versions.reported_at
            and (
                versions.superseded_at is null
                or moments.reported_at < versions.superseded_at
            )
    group by
        moments.vendor,
        versions.organization,
        moments.window_date,
        moments.reported_at

),

known_now as (

    select
        vendor,
        organization,
        window_date,
        sum(reported_usd) as reported_usd
    from versions
    where superseded_at is null
    group by vendor, organization, window_date

),

-- What the older tables would have too much if they still had what was known at that
-- moment. An organization of which nothing was known yet was loaded later, with what is
-- known now.
corrections as (

    select
        known.vendor,
        known.window_date,
        known.reported_at,
        sum(known.reported_usd - known_now.reported_usd) as change_usd
    from known
    inner join known_now
        on
            known.vendor = known_now.vendor
            and known.organization = known_now.organization
            and known.window_date = known_now.window_date
    group by known.vendor, known.window_date, known.reported_at
    having sum(known.reported_usd - known_now.reported_usd) != 0

),

-- What is left of the vendor's day if all of it was treated in the same way.
rests as (

    select
        vendor,
        activity_date,
        place,
        mistakes,
        sum(rest) as rest,
        sum(rounding) as rounding,
        min(rest + rounding) as lowest_rest,
        max(rest - rounding) as highest_rest
    from not_fitting
    where measure = 'cost'
    group by vendor, activity_date, place, mistakes
    -- Not every combination is possible everywhere.
    qualify count(*) = max(count(*)) over (partition by vendor, activity_date)

),

corrected as (

    select
        rests.vendor,
        rests.activity_date,
        rests.place
    from rests
    inner join corrections
        on
            rests.vendor = corrections.vendor
            and rests.activity_date = corrections.window_date
    where
        abs(rests.rest - corrections.change_usd) <= rests.rounding
        -- One within rounding would match every day that sums to zero.
        and abs(corrections.change_usd) > rests.rounding
        -- What one has too much and another too little is no part of a correction.
        and case
            when corrections.change_usd > 0 then rests.lowest_rest >= 0
            else rests.highest_rest <= 0
        end
    qualify
        row_number()
            over (
                partition by rests.vendor, rests.activity_date
                order by rests.mistakes, rests.place
            )
        = 1

),

-- --- Each amount with its reason ---------------------------------------------------

-- What neither fits nor was corrected is kept as the combination without any mistake.
judged as (

    select
        fitting.*,
        true as fits,
        true as is_explained
    from fitting

    union all

    select
        not_fitting.*,
        false as fits,
        corrected.vendor is not null as is_explained
    from not_fitting
    left join corrected
        on
            not_fitting.measure = 'cost'
            and not_fitting.vendor = corrected.vendor
            and not_fitting.activity_date = corrected.activity_date
    where not_fitting.place = coalesce(corrected.place, 1)

),

explained as (

    select
        measure,
        activity_date,
        platform_code,
        user_email,
        team,
        no_email_change as no_email_dropped,
        unknown_model_change as unknown_model,
        included_change as included_as_on_demand,
        collision_change as events_collided,
        case when fits then 0 else rest end as late_correction,
        case when fits then rest else 0 end as rounding,
        older_amount - older_in_dollars as cents_as_dollars,
        0 as unexplained
    from judged
    where is_explained

    union all

    select
        measure,
        activity_date,
        platform_code,
        user_email,
        team,
        0 as no_email_dropped,
        0 as unknown_model,
        0 as included_as_on_demand,
        0 as events_collided,
        0 as late_correction,
        0 as rounding,
        0 as cents_as_dollars,
        older_amount - marts_amount as unexplained
    from judged
    where not is_explained

),

in_another_team as (

    select * from sides
    where
        older_team != coalesce(marts_team, 'no team')
        and user_email != {{ unattributed() }}
        and marts_amount != 0

),

amounts as (

    {% for reason in reasons %}
        select
            measure,
            activity_date,
            platform_code,
            user_email,
            team,
            '{{ reason }}' as reason,
            false as is_team_move,
            cast({{ reason }} as {{ type_money() }}) as amount
        from explained
        where {{ reason }} != 0

        union all

    {% endfor %}
    -- The whole amount of a person whom the older tables have in another team leaves
    -- one and enters the other.
    select
        measure,
        activity_date,
        platform_code,
        user_email,
        marts_team as team,
        {{ reason_of_team }} as reason,
        true as is_team_move,
        -marts_amount as amount
    from in_another_team

    union all

    select
        measure,
        activity_date,
        platform_code,
        user_email,
        older_team as team,
        {{ reason_of_team }} as reason,
        true as is_team_move,
        marts_amount as amount
    from in_another_team

),

final as (

    select
        measure,
        activity_date,
        {{ first_day_of('month', 'activity_date') }} as month,
        platform_code,
        user_email,
        team,
        reason,
        is_team_move,
        amount
    from amounts

)

select * from final
