{{ config(materialized='table') }}

-- GRAIN: one row per rule, subject and first day of validity
with vendor_users as (

    select * from {{ ref('int_vendor_users') }}

),

service_accounts as (

    select distinct service_account_id from (
        {{ all_vendors('service_accounts') }}
    )

),

api_keys as (

    select * from {{ ref('int_api_keys') }}

),

vendor_accounts as (

    select * from {{ ref('int_vendor_accounts') }}

),

aliases as (

    select * from {{ ref('stg_google_sheets__email_aliases') }}
    where
        alias is not null
        and email is not null
        and seen_to = {{ end_of_time() }}

),

workspaces as (

    select * from {{ ref('int_workspaces') }}

),

workspace_labels as (

    select * from {{ ref('int_workspace_labels') }}

),

patterns as (

    select * from {{ ref('usage_purpose_names') }}

),

-- Switched off without a last day, a mapping was never in force.
sheet_mappings as (

    select
        'key_mapping' as rule_type,
        api_key_id as subject,
        email,
        cost_center,
        purpose,
        environment,
        confidence,
        share_percent,
        sheet_row,
        valid_from,
        valid_to
    from {{ ref('stg_google_sheets__api_key_mappings') }}
    where
        api_key_id is not null
        and seen_to = {{ end_of_time() }}
        and (is_active or valid_to is not null)

    union all

    select
        'project_mapping' as rule_type,
        {{ of_vendor('vendor', 'project_id') }} as subject,
        email,
        cost_center,
        purpose,
        cast(null as {{ dbt.type_string() }}) as environment,
        confidence,
        share_percent,
        sheet_row,
        valid_from,
        valid_to
    from {{ ref('stg_google_sheets__project_mappings') }}
    where seen_to = {{ end_of_time() }}

),

mappings as (

    select
        *,
        coalesce(valid_from, {{ beginning_of_time() }}) as mapped_from,
        case
            when valid_to is null then {{ end_of_time() }}
            else {{ add_days('valid_to', 1) }}
        end as mapped_to
    from sheet_mappings

),

people as (

    select * from {{ ref('int_people') }}

),

seats as (

    select * from {{ ref('int_seat_spans') }}
    where seat_price_usd is not null

),

methods as (

    select * from {{ ref('attribution_methods') }}

),

-- Rows of a key or project that hold for the same days share it: by what they say, else
-- equally.
numbered_mappings as (

    select
        *,
        row_number() over (
            partition by rule_type, subject, mapped_from, mapped_to
            order by email asc nulls last, cost_center asc nulls last, sheet_row asc
        ) as part_number,
        count(*) over (partition by rule_type, subject, mapped_from, mapped_to)
            as parts,
        count(share_percent)
            over (partition by rule_type, subject, mapped_from, mapped_to)
        > 0 as says_shares
    from mappings

),

weighted_mappings as (

    select
        *,
        case
            when parts = 1 or not says_shares then 1
            else cast(coalesce(share_percent, 0) * 100 as int64)
        end as weight
    from numbered_mappings

),

shared_mappings as (

    select
        *,
        sum(weight) over (partition by rule_type, subject, mapped_from, mapped_to)
            as share_whole,
        sum(weight) over (
            partition by rule_type, subject, mapped_from, mapped_to
            order by part_number
            rows between unbounded preceding and current row
        ) as share_to,
        case
            when parts = 1 then null
            when says_shares then 'manual_share'
            else 'equal_split'
        end as allocation_method
    from weighted_mappings

),

-- The cost centers that are known, by what a label can say: labels have no upper case.
named_cost_centers as (

    select cost_center from people

    union distinct

    select cost_center from mappings

),

cost_centers as (

    select
        lower(cost_center) as label_value,
        min(cost_center) as cost_center
    from named_cost_centers
    where cost_center is not null
    group by lower(cost_center)

),

-- What the name of a key or workspace says that it is for; the first pattern that fits.
names as (

    select api_key_name as known_name from api_keys

    union distinct

    select workspace_name as known_name from workspaces

),

named_purposes as (

    select
        names.known_name,
        patterns.purpose
    from names
    inner join patterns
        on lower(names.known_name) like patterns.name_pattern
    qualify row_number() over (
        partition by names.known_name order by patterns.pattern_rank
    ) = 1

),

vendor_user_rules as (

    select
        {{ rule_row('vendor_user', 'user_id', user_email='email') }}
    from vendor_users

),

vendor_account_rules as (

    select
        {{ rule_row(
            'vendor_account',
            of_vendor('vendor', 'account_name'),
            user_email='email',
            attribution_method='attribution_method',
            valid_from='valid_from',
            valid_to='valid_to'
        ) }}
    from vendor_accounts

),

alias_rules as (

    select
        {{ rule_row('alias', 'alias', user_email='email') }}
    from aliases

),

mapping_rules as (

    {% for rule_type in ['key_mapping', 'project_mapping'] %}
        select
            {{ rule_row(
                rule_type,
                'subject',
                user_email='email',
                cost_center='cost_center',
                purpose='purpose',
                environment='environment',
                confidence='confidence',
                allocation_method='allocation_method',
                part_number='part_number',
                share_from='share_to - weight',
                share_to='share_to',
                share_whole='share_whole',
                valid_from='mapped_from',
                valid_to='mapped_to'
            ) }}
        from shared_mappings
        where rule_type = '{{ rule_type }}'
        {{ "union all" if not loop.last }}
    {% endfor %}

),

-- Whom a key acts as counts before who created it. A key that acts as a service account
-- belongs to that service account, whoever created it.
owners as (

    select
        api_keys.api_key_id,
        named_purposes.purpose,
        case
            when principals.user_id is not null then principals.email
            when
                service_principals.service_account_id is null
                and coalesce(api_keys.principal_id, '') not like 'svac_%'
                then creators.email
        end as user_email,
        case
            when
                service_principals.service_account_id is not null
                or api_keys.principal_id like 'svac_%'
                then api_keys.principal_id
        end as service_account_id,
        case
            when principals.user_id is not null then 'key_principal'
            when creators.user_id is not null then 'key_creator'
        end as attribution_method
    from api_keys
    left join vendor_users as principals
        on api_keys.principal_id = principals.user_id
    left join service_accounts as service_principals
        on api_keys.principal_id = service_principals.service_account_id
    left join vendor_users as creators
        on api_keys.created_by_id = creators.user_id
    left join named_purposes
        on api_keys.api_key_name = named_purposes.known_name

),

owner_rules as (

    select
        {{ rule_row(
            'key_owner',
            'owners.api_key_id',
            user_email='owners.user_email',
            service_account_id='owners.service_account_id',
            purpose='owners.purpose',
            attribution_method='owners.attribution_method',
            confidence='methods.default_confidence'
        ) }}
    from owners
    left join methods
        on owners.attribution_method = methods.attribution_method

),

workspace_rules as (

    select distinct
        {{ rule_row(
            'workspace',
            of_vendor('workspaces.vendor', 'workspaces.workspace_id'),
            purpose='named_purposes.purpose'
        ) }}
    from workspaces
    inner join named_purposes
        on workspaces.workspace_name = named_purposes.known_name

),

cost_center_rules as (

    select
        {{ rule_row('cost_center', 'label_value', cost_center='cost_center') }}
    from cost_centers

),

project_label_rules as (

    select
        {{ rule_row(
            'project_label',
            of_vendor('workspace_labels.vendor', 'workspace_labels.workspace_id'),
            cost_center='cost_centers.cost_center',
            valid_from='workspace_labels.valid_from',
            valid_to='workspace_labels.valid_to'
        ) }}
    from workspace_labels
    inner join cost_centers
        on workspace_labels.workspace_label = cost_centers.label_value

),

person_rules as (

    select
        {{ rule_row(
            'person',
            'email',
            user_email='email',
            cost_center='cost_center',
            attributes='attributes_hash',
            valid_from='valid_from',
            valid_to='valid_to'
        ) }}
    from people

),

seat_rules as (

    select
        {{ rule_row(
            'seat',
            "platform || '|' || holder || '|' || plan",
            user_email='email',
            attributes="billing_cycle || '|' || " ~ decimal_to_text('seat_price_usd')
                ~ " || coalesce('|' || cast(cycle_start as string), '')",
            valid_from='valid_from',
            valid_to='valid_to'
        ) }}
    from seats

),

unioned as (

    select * from vendor_user_rules

    union all

    select * from vendor_account_rules

    union all

    select * from alias_rules

    union all

    select * from mapping_rules

    union all

    select * from owner_rules

    union all

    select * from workspace_rules

    union all

    select * from cost_center_rules

    union all

    select * from project_label_rules

    union all

    select * from person_rules

    union all

    select * from seat_rules

),

-- The spans of a subject in their order; the parts of a shared key are one span.
ordered as (

    select
        *,
        dense_rank() over (
            partition by rule_type, subject order by valid_from, valid_to
        ) as span_number
    from unioned
    qualify row_number() over (
        partition by rule_type, subject, valid_from, valid_to, part_number
        order by user_email asc nulls last, cost_center asc nulls last
    ) = 1

),

-- One span a day for each subject, even if the sheet has several: the later one begins
-- where the earlier one ends.
next_spans as (

    select distinct
        rule_type,
        subject,
        valid_from as next_valid_from,
        span_number - 1 as span_number
    from ordered

),

clipped as (

    select
        ordered.rule_type,
        ordered.subject,
        ordered.user_email,
        ordered.service_account_id,
        ordered.cost_center,
        ordered.purpose,
        ordered.environment,
        ordered.attribution_method,
        ordered.confidence,
        ordered.attributes,
        ordered.allocation_method,
        ordered.part_number,
        ordered.share_from,
        ordered.share_to,
        ordered.share_whole,
        ordered.valid_from,
        least(
            ordered.valid_to, coalesce(next_spans.next_valid_from, {{ end_of_time() }})
        ) as valid_to
    from ordered
    left join next_spans
        on
            ordered.rule_type = next_spans.rule_type
            and ordered.subject = next_spans.subject
            and ordered.span_number = next_spans.span_number

),

keyed as (

    select
        {{ surrogate_key(['rule_type', 'subject', 'valid_from', 'part_number']) }}
            as rule_id,
        {{ surrogate_key([
            'user_email', 'service_account_id', 'cost_center', 'purpose',
            'attribution_method', decimal_to_text('confidence'), 'attributes',
            'allocation_method', 'share_from', 'share_to', 'share_whole',
        ]) }} as content_hash,
        clipped.*
    from clipped
    where clipped.valid_from < clipped.valid_to

)

select * from keyed
