-- A user keeps the last known e-mail after leaving the directory.
with users as (

    select * from {{ ref('stg_anthropic__users') }}

),

newest as (

    select
        user_id,
        email,
        full_name,
        seen_to
    from users
    where
        user_id is not null
        and email is not null
    qualify row_number() over (
        partition by user_id
        order by seen_to desc, seen_from desc, organization asc
    ) = 1

)

select * from newest
