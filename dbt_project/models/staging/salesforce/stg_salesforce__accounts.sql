with source as (

    {{ current_records('salesforce', 'accounts') }}

),

renamed as (

    select
        -- ids
        {{ salesforce_id(json_text('Id')) }} as account_id,
        {{ salesforce_id(json_text('OwnerId')) }} as owner_id,
        {{ salesforce_id(json_text('Technical_Account_Manager__c')) }}
            as technical_account_manager_id,
        -- strings
        {{ clean_text(json_text('Name')) }} as account_name,
        {{ clean_text(json_text('Company_Logo_URL__c')) }} as logo_url,
        -- numerics
        {{ json_integer('SWE_Count__c') }} as software_engineers,
        {{ json_integer('NumberOfEmployees') }} as employees,
        -- booleans
        coalesce({{ json_boolean('IsDeleted') }}, false) as is_deleted,
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
