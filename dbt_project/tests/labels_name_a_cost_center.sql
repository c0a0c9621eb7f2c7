-- Labels of requests and projects that say a cost center that nobody knows, with their
-- money. They attribute nothing: correct the label, or name the cost center on the
-- roster or in a tab of mappings.
{{ config(severity='warn', store_failures=true) }}

with costs as (

    select * from {{ ref('int_costs') }}
    where cost_date >= {{ judged_since() }}

),

workspace_labels as (

    select * from {{ ref('int_workspace_labels') }}

),

known as (

    select subject as label_value
    from {{ ref('int_attribution_rules') }}
    where rule_type = 'cost_center'

),

labeled as (

    select
        'request' as label_of,
        vendor,
        workspace_id,
        request_label as label_value,
        billed_cost_usd
    from costs
    where request_label is not null

    union all

    select
        'project' as label_of,
        costs.vendor,
        costs.workspace_id,
        workspace_labels.workspace_label as label_value,
        costs.billed_cost_usd
    from costs
    inner join workspace_labels
        on
            costs.vendor = workspace_labels.vendor
            and costs.workspace_id = workspace_labels.workspace_id
            and costs.cost_date >= workspace_labels.valid_from
            and costs.cost_date < workspace_labels.valid_to

),

unknown as (

    select
        labeled.label_of,
        labeled.vendor,
        labeled.workspace_id,
        labeled.label_value,
        sum(labeled.billed_cost_usd) as billed_cost_usd
    from labeled
    left join known
        on labeled.label_value = known.label_value
    where known.label_value is null
    group by
        labeled.label_of,
        labeled.vendor,
        labeled.workspace_id,
        labeled.label_value

)

select * from unknown
