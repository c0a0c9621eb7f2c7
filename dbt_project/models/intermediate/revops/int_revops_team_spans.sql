{{ config(materialized='table') }}

-- GRAIN: one row per team and span of time in which one link, or none, is in force
-- INVARIANT: the spans of a team cover all time
{% set precedence = var('revops_link_precedence') %}

with teams as (

    select * from {{ ref('stg_product__teams') }}

),

links as (

    select * from {{ ref('int_revops_team_links') }}
    where gap is null

),

bounds as (

    select
        team_id,
        {{ beginning_of_time() }} as valid_from
    from teams

    union distinct

    select
        team_id,
        term_from as valid_from
    from links

    union distinct

    select
        team_id,
        term_to as valid_from
    from links
    where term_to < {{ end_of_time() }}

),

spans as (

    select
        team_id,
        valid_from,
        coalesce(
            lead(valid_from) over (partition by team_id order by valid_from),
            {{ end_of_time() }}
        ) as valid_to
    from bounds

),

-- How a link lies to a span: its subscription runs, has ended, or has not begun yet.
candidates as (

    select
        spans.team_id,
        spans.valid_from,
        spans.valid_to,
        links.link_source,
        links.subscription_id,
        links.opportunity_id,
        links.account_id,
        links.term_from,
        coalesce(
            links.term_from <= spans.valid_from and links.term_to > spans.valid_from,
            false
        ) as is_in_term,
        case
            when links.term_to <= spans.valid_from
                then {{ days_between('spans.valid_from', 'links.term_to') }}
        end as days_since_end,
        case
            when links.term_from > spans.valid_from
                then {{ days_between('links.term_from', 'spans.valid_from') }}
        end as days_to_start
    from spans
    left join links
        on spans.team_id = links.team_id

),

-- In force is the link to a subscription that runs, else to the last one that ended,
-- else to the first one that will begin: a span in which none runs begins with the end
-- of one, or with time. Of several it is the first place, then what began last.
in_force as (

    select
        team_id,
        valid_from,
        valid_to,
        coalesce(link_source, 'none') as link_source,
        coalesce(subscription_id, {{ unattributed() }}) as subscription_id,
        coalesce(opportunity_id, {{ unattributed() }}) as opportunity_id,
        coalesce(account_id, {{ unattributed() }}) as account_id,
        is_in_term,
        valid_from <= {{ as_of_date() }}
        and (is_in_term or valid_to > {{ as_of_date() }}) as has_been_in_force
    from candidates
    qualify row_number() over (
        partition by team_id, valid_from
        order by
            case when is_in_term then 0 else 1 end asc,
            coalesce(days_since_end, days_to_start) asc,
            case link_source
                {% for source in precedence %}
                    when '{{ source }}' then {{ loop.index }}
                {% endfor %}
            end asc,
            term_from desc,
            subscription_id asc,
            opportunity_id asc
    ) = 1

)

select * from in_force
