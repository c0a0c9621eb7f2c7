with records as (

    select * from {{ ref('base_product__daily_activities') }}

),

newest as (

    select
        -- ids
        user_id,
        team_id,
        load_id,
        -- numerics
        agent_requests,
        chat_requests,
        cmd_k_requests,
        bugbot_reviews,
        tab_suggestions,
        tab_accepts,
        lines_accepted,
        -- dates
        activity_date
    from records
    qualify load_id = max(load_id) over (partition by activity_date)

)

select * from newest
