with source as (

    {{ current_records('salesforce', 'subscriptions') }}

),

renamed as (

    select
        -- ids
        {{ salesforce_id(json_text('Id')) }} as subscription_id,
        {{ salesforce_id(json_text('Account__c')) }} as account_id,
        {{ salesforce_id(json_text('Open_Renewal__c')) }} as open_renewal_id,
        -- strings
        {{ clean_text(json_text('Name')) }} as subscription_name,
        {{ clean_text(json_text('All_Cursor_Team_IDs__c')) }} as team_list,
        -- numerics
        {{ json_integer('Total_Licensed_Seats__c') }} as licensed_seats,
        {{ json_usd('included_usage') }} as included_usd_per_month,
        -- booleans
        coalesce({{ json_boolean('IsDeleted') }}, false) as is_deleted,
        -- dates
        {{ json_date('Start_Date__c') }} as start_date,
        {{ json_date('End_Date__c') }} as end_date,
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
