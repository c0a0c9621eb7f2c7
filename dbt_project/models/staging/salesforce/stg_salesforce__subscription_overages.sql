with source as (

    {{ current_records('salesforce', 'subscription_overages') }}

),

renamed as (

    select
        -- ids
        {{ salesforce_id(json_text('Id')) }} as overage_id,
        {{ salesforce_id(json_text('Subscription__c')) }} as subscription_id,
        -- numerics
        {{ json_usd('Amount__c') }} as amount_usd,
        -- booleans
        coalesce({{ json_boolean('IsDeleted') }}, false) as is_deleted,
        -- dates
        {{ json_date('Period_Start__c') }} as period_start,
        {{ json_date('Period_End__c') }} as period_end,
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
