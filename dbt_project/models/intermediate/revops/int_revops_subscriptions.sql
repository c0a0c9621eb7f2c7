-- A subscription is active from its first day to its last, both included. What
-- Salesforce says that a month of it includes goes before what its seats include.
{% set per_seat = var('revops_included_usd_per_seat') %}

with subscriptions as (

    select * from {{ ref('stg_salesforce__subscriptions') }}

),

described as (

    select
        subscription_id,
        account_id,
        open_renewal_id,
        subscription_name,
        licensed_seats,
        {% if per_seat is none %}
            included_usd_per_month,
        {% else %}
            coalesce(
                included_usd_per_month,
                cast(
                    licensed_seats * {{ text_to_usd("'" ~ per_seat ~ "'") }}
                    as {{ type_money() }}
                )
            ) as included_usd_per_month,
        {% endif %}
        is_deleted,
        start_date,
        end_date,
        not is_deleted
        and coalesce(start_date, {{ beginning_of_time() }}) <= {{ as_of_date() }}
        and coalesce(end_date, {{ end_of_time() }}) >= {{ as_of_date() }} as is_active
    from subscriptions

)

select * from described
