-- GRAIN: one row per account of a vendor and span of days in which it is a person's
-- Whoever renames an account keeps its id, so all names of an id are the person's,
-- unless the sheet says whose another name is. A name that several ids have had leads
-- to no other name. The sheet counts before what the vendor knows.
with mappings as (

    select
        vendor,
        lower(account_name) as account_name,
        email,
        coalesce(valid_from, {{ beginning_of_time() }}) as valid_from,
        case
            when valid_to is null then {{ end_of_time() }}
            else {{ add_days('valid_to', 1) }}
        end as valid_to
    from {{ ref('stg_google_sheets__vendor_accounts') }}
    where seen_to = {{ end_of_time() }}

),

accounts as (

    {{ all_vendors('accounts') }}

),

sole_ids as (

    select
        vendor,
        account_name,
        min(account_id) as sole_id
    from accounts
    group by vendor, account_name
    having count(distinct account_id) = 1

),

named as (

    select
        vendor,
        account_name,
        email,
        valid_from,
        valid_to,
        1 as certainty
    from mappings

    union all

    -- The sheet may give the id instead of a name.
    select
        accounts.vendor,
        accounts.account_name,
        mappings.email,
        mappings.valid_from,
        mappings.valid_to,
        2 as certainty
    from mappings
    inner join accounts
        on
            mappings.vendor = accounts.vendor
            and mappings.account_name = accounts.account_id

    union all

    select
        accounts.vendor,
        accounts.account_name,
        mappings.email,
        mappings.valid_from,
        mappings.valid_to,
        3 as certainty
    from mappings
    inner join sole_ids
        on
            mappings.vendor = sole_ids.vendor
            and mappings.account_name = sole_ids.account_name
    inner join accounts
        on
            sole_ids.vendor = accounts.vendor
            and sole_ids.sole_id = accounts.account_id

    union all

    -- What the vendor knows from the company's own login.
    select
        accounts.vendor,
        accounts.account_name,
        accounts.email,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        4 as certainty
    from accounts
    inner join sole_ids
        on
            accounts.vendor = sole_ids.vendor
            and accounts.account_name = sole_ids.account_name
    where accounts.email is not null

),

surest as (

    select distinct
        vendor,
        account_name,
        email,
        valid_from,
        valid_to,
        case
            when certainty = 4 then 'saml_identity'
            else 'vendor_account'
        end as attribution_method
    from named
    qualify rank() over (partition by vendor, account_name order by certainty) = 1

)

select * from surest
