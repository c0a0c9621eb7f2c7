with days as (

    select * from {{ ref('int_days') }}

),

described as (

    select
        date_day,
        month_start_date,
        quarter_start_date,
        year_start_date,
        {{ iso_weekday('date_day') }} as iso_weekday,
        {{ iso_weekday('date_day') }} <= 5 as is_weekday,
        date_day < {{ as_of_date() }} as is_complete
    from days

)

select * from described
