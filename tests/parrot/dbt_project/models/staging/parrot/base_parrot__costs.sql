with source as (

    select * from {{ source('raw_parrot', 'costs') }}

),

renamed as (

    select
        _dlt_load_id as load_id,
        organization,
        {{ clean_email(json_text('email')) }} as actor_email,
        {{ json_text('model') }} as model,
        {{ cents_to_usd(json_text('cents')) }} as billed_cost_usd,
        window_start as cost_date
    from source

)

select * from renamed
