with records as (

    select * from {{ ref('base_product__daily_activities') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'product'
        and resource = 'daily_activity'

),

current_records as (

    select
        -- ids
        records.user_id,
        records.team_id,
        records.load_id,
        -- numerics
        records.agent_requests,
        records.chat_requests,
        records.cmd_k_requests,
        records.bugbot_reviews,
        records.tab_suggestions,
        records.tab_accepts,
        records.lines_accepted,
        -- dates
        records.activity_date
    from records
    inner join windows
        on
            records.activity_date = windows.window_start
            and records.load_id = windows.load_id

)

select * from current_records
