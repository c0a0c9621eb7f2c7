{{ config(**replaced_by_day(
    'cost_date', changes='stg_google__changed_cost_days', cluster_by=['workspace_id']
)) }}

-- GRAIN: one row per charge as last reported, or per part of it; and one per part of a
-- tax
-- INVARIANT: the parts of a charge sum to the charge, to the last digit
{% set days = changed_days(ref('stg_google__changed_cost_days')) %}
{% set invoices = google_days_of_invoices(ref('stg_google__invoice_days'), days) %}

with charges as (

    select * from {{ ref('stg_google__current_charges') }}
    where {{ in_days('usage_date', days) }}

),

seat_shares as (

    select * from {{ ref('stg_google__seat_shares') }}
    where {{ in_days('usage_date', days) }}

),

taxes as (

    select * from {{ ref('stg_google__taxes') }}
    where {{ in_days('usage_date', invoices) }}

),

divided as (

    select
        charges.*,
        seat_shares.email,
        case
            when seat_shares.email is not null then 'equal_split'
            when seat_shares.share_whole is not null then 'unallocated'
            else 'reported'
        end as allocation_method,
        coalesce(seat_shares.share_from, 0) as share_from,
        coalesce(seat_shares.share_to, 1) as share_to,
        coalesce(seat_shares.share_whole, 1) as share_whole
    from charges
    left join seat_shares
        on
            charges.usage_date = seat_shares.usage_date
            and charges.project_id = seat_shares.project_id
            and {{ is_charge_for_seats('charges.') }}

),

charge_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'organization', 'platform_code', 'product',
                'model', 'token_type', 'service_tier', 'cost_type',
                'allocation_method', 'invoice_month', 'request_label',
            ],
            cost_date='usage_date',
            workspace_id='project_id',
            actor_email='email',
            source="'billing_export'",
            list_cost_usd=part_of_usd('list_cost_usd', 'divided'),
            billed_cost_usd=part_of_usd('billed_cost_usd', 'divided'),
            effective_cost_usd=part_of_usd('billed_cost_usd', 'divided'),
            billing_currency='currency',
            billed_cost_in_currency=part_of_usd('billed_cost_in_currency', 'divided')
        ) }}
    from divided

),

newest_taxes as (

    select *
    from taxes
    where usage_date < {{ as_of_date() }}
    qualify rank() over (
        partition by organization, invoice_month
        order by loaded_at desc, load_id desc
    ) = 1

),

tax_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'organization', 'platform_code', 'product', 'billed_cost_usd',
                'billed_cost_in_currency', 'invoice_month', 'request_label',
            ],
            cost_date='usage_date',
            workspace_id='project_id',
            cost_type="'tax'",
            allocation_method="'by_cost'",
            source="'billing_export'",
            list_cost_usd='billed_cost_usd',
            effective_cost_usd='billed_cost_usd',
            billing_currency='currency'
        ) }}
    from newest_taxes
    where {{ in_days('usage_date', days) }}

),

unioned as (

    select * from charge_rows

    union all

    select * from tax_rows

)

select * from unioned
