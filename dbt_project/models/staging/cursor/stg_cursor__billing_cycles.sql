with source as (

    select
        organization,
        window_start,
        loaded_at,
        envelope as payload
    from {{ ref('stg_windows') }}
    where
        source_name = 'cursor'
        and resource = 'spend'

),

renamed as (

    select
        -- strings
        organization,
        -- dates
        window_start as snapshot_date,
        cast(
            {{ epoch_ms_to_timestamp(json_text('subscriptionCycleStart')) }} as date
        ) as cycle_start_date,
        -- timestamps
        loaded_at
    from source

)

select * from renamed
