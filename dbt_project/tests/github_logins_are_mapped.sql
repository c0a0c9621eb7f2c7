-- GitHub names people by their logins. Money and use of a login that nobody mapped is
-- unattributed: add the login to the sheet vendor_accounts.
{{ config(severity='warn', store_failures=true) }}

with costs as (

    select * from {{ ref('int_costs') }}
    where
        vendor = 'github'
        and cost_date >= {{ judged_since() }}

),

attributions as (

    select * from {{ ref('int_attributions') }}
    where
        attribution_method = 'unattributed'
        and activity_date >= {{ judged_since() }}

),

unmapped as (

    select
        costs.actor_user_id as login_name,
        sum(costs.billed_cost_usd) as billed_cost_usd,
        sum(costs.list_cost_usd) as list_cost_usd
    from costs
    inner join attributions
        on
            costs.cost_date = attributions.activity_date
            and costs.identity_key = attributions.identity_key
    where costs.actor_user_id is not null
    group by costs.actor_user_id

)

select
    *,
    concat(
        {{ usd_in_words('billed_cost_usd') }}, ' of the GitHub login ', login_name,
        ' are unattributed: add it to the sheet vendor_accounts.'
    ) as sentence
from unmapped
