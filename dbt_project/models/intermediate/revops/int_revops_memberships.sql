-- Who was in which team, from the first day to before the last; open ends are all time.
with memberships as (

    select * from {{ ref('stg_user_team') }}

),

spans as (

    select
        team_id,
        user_id,
        email,
        coalesce(joined_date, {{ beginning_of_time() }}) as member_from,
        coalesce(left_date, {{ end_of_time() }}) as member_to
    from memberships

)

select * from spans
