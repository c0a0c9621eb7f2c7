-- Rows of the tab `seat_assignments` for Cursor whose e-mail Cursor lists on none of
-- their days, or only as an unpaid admin: they cost nothing, since Cursor bills its
-- other members. Correct the e-mail, or end the row.
{{ config(severity='warn', store_failures=true) }}

with assignments as (

    select
        *,
        coalesce(assigned_from, {{ beginning_of_time() }}) as held_from,
        coalesce({{ add_days('assigned_to', 1) }}, {{ end_of_time() }}) as held_to
    from {{ ref('stg_google_sheets__seat_assignments') }}
    where
        platform = 'cursor'
        and seen_to = {{ end_of_time() }}

),

spans as (

    select * from {{ ref('int_seat_spans') }}
    where platform = 'cursor'

),

without_member as (

    select
        assignments.sheet_row,
        assignments.email,
        assignments.plan,
        assignments.assigned_from,
        assignments.assigned_to
    from assignments
    left join spans
        on
            assignments.email = spans.email
            and assignments.held_from < spans.valid_to
            and assignments.held_to > spans.valid_from
    where
        spans.email is null
        and assignments.held_from < {{ as_of_date() }}

)

select * from without_member
