with source as (

    {{ current_records('salesforce', 'users') }}

),

renamed as (

    select
        -- ids
        {{ salesforce_id(json_text('Id')) }} as salesforce_user_id,
        {{ salesforce_id(json_text('ManagerId')) }} as manager_id,
        -- strings
        {{ clean_text(json_text('Name')) }} as full_name,
        -- timestamps
        {{ salesforce_timestamp(json_text('SystemModstamp')) }} as modified_at
    from source
    -- A changed record is in the windows of all days on which it changed.
    qualify row_number() over (
        partition by {{ salesforce_id(json_text('Id')) }}
        order by {{ json_text('SystemModstamp') }} desc, _dlt_load_id desc
    ) = 1

)

select * from renamed
