-- GRAIN: one row per account that the company's own login (SAML) has known, as last
-- listed
with source as (

    {{ directory_records('github', 'saml_identities') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('user.databaseId') }} as account_id,
        lower({{ clean_text(json_text('user.login')) }}) as login_name,
        lower({{ clean_text(json_text('samlIdentity.nameId')) }}) as name_id,
        -- dates
        seen_from,
        seen_to
    from source

),

-- What the company calls somebody need not be an e-mail.
described as (

    select
        *,
        case when name_id like '%_@_%' then name_id end as email
    from renamed
    where account_id is not null

),

newest as (

    select * from described
    {{ last_known('account_id') }}

)

select * from newest
