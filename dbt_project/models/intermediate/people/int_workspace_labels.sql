-- GRAIN: one row per workspace and span of days on which its label says the same
-- The first label reaches back to the beginning, and each holds until another one, or
-- none, is seen.
with labels as (

    {{ all_vendors('workspace_labels') }}

),

compared as (

    select
        vendor,
        workspace_id,
        workspace_label,
        label_date,
        lag(label_date) over (
            partition by vendor, workspace_id order by label_date
        ) as previous_date,
        lag(workspace_label) over (
            partition by vendor, workspace_id order by label_date
        ) as previous_label
    from labels

),

spans as (

    select
        vendor,
        workspace_id,
        workspace_label,
        case
            when previous_date is null then {{ beginning_of_time() }}
            else label_date
        end as valid_from,
        coalesce(
            lead(label_date) over (
                partition by vendor, workspace_id order by label_date
            ),
            {{ end_of_time() }}
        ) as valid_to
    from compared
    where
        previous_date is null
        or coalesce(workspace_label, '') != coalesce(previous_label, '')

)

select * from spans
where workspace_label is not null
