-- GRAIN: one row per day, identity and part, with the person as they were on the day
with attributions as (

    select * from {{ ref('int_attributions') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

purposes as (

    select * from {{ ref('usage_purposes') }}

),

bridged as (

    select
        attributions.activity_date,
        attributions.identity_key,
        attributions.part_number,
        attributions.allocation_method,
        attributions.share_from,
        attributions.share_to,
        attributions.share_whole,
        users.user_sk,
        users.user_email,
        users.department,
        users.team,
        attributions.service_account_id,
        purposes.usage_category as purpose_category,
        attributions.attribution_method,
        attributions.attribution_confidence,
        coalesce(attributions.mapped_cost_center, users.cost_center) as cost_center,
        coalesce(attributions.user_email, attributions.mapped_cost_center) is not null
            as is_attributed
    from attributions
    inner join users
        on
            coalesce(attributions.user_email, {{ unattributed() }}) = users.user_email
            and attributions.activity_date >= users.valid_from
            and attributions.activity_date < users.valid_to
    left join purposes
        on attributions.purpose = purposes.purpose

)

select * from bridged
