-- Every landed row: a day that changed is landed whole again.
with source as (

    {{ completed_product_rows('daily_activity') }}

),

renamed as (

    select
        -- ids
        coalesce(cast(user_id as {{ dbt.type_string() }}), {{ unattributed() }})
            as user_id,
        coalesce(cast(team_id as {{ dbt.type_string() }}), {{ unattributed() }})
            as team_id,
        _dlt_load_id as load_id,
        -- numerics
        cast(coalesce(agent_requests, 0) as int64) as agent_requests,
        cast(coalesce(chat_requests, 0) as int64) as chat_requests,
        cast(coalesce(cmd_k_requests, 0) as int64) as cmd_k_requests,
        cast(coalesce(bugbot_reviews, 0) as int64) as bugbot_reviews,
        cast(coalesce(tab_suggestions, 0) as int64) as tab_suggestions,
        cast(coalesce(tab_accepts, 0) as int64) as tab_accepts,
        cast(coalesce(lines_accepted, 0) as int64) as lines_accepted,
        -- dates
        activity_date
    from source

)

select * from renamed
