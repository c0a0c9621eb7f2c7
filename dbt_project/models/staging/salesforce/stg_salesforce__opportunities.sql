with source as (

    {{ current_records('salesforce', 'opportunities') }}

),

renamed as (

    select
        -- ids
        {{ salesforce_id(json_text('Id')) }} as opportunity_id,
        {{ salesforce_id(json_text('AccountId')) }} as account_id,
        {{ salesforce_id(json_text('Subscription__c')) }} as subscription_id,
        -- strings
        {{ clean_text(json_text('Name')) }} as opportunity_name,
        {{ clean_text(json_text('Type')) }} as opportunity_type,
        {{ clean_text(json_text('Subtype__c')) }} as opportunity_subtype,
        {{ clean_text(json_text('StageName')) }} as stage_name,
        {{ clean_text(json_text('Cursor_Team_ID__c')) }} as team_list,
        {{ without_decimals(clean_text(json_text('True_Up_Number__c'))) }}
            as true_up_number,
        -- numerics
        {{ json_integer('License_Count__c') }} as license_count,
        {{ json_usd('Amount') }} as amount_usd,
        -- booleans
        coalesce({{ json_boolean('IsDeleted') }}, false) as is_deleted,
        -- dates
        {{ json_date('CloseDate') }} as close_date,
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
