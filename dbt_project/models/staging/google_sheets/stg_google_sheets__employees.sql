with source as (

    {{ directory_records('google_sheets', 'employees') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_email(json_text('email')) }} as email,
        {{ clean_email(json_text('manager_email')) }} as manager_email,
        -- strings
        {{ clean_text(json_text('full_name')) }} as full_name,
        {{ clean_text(json_text('department')) }} as department,
        {{ clean_text(json_text('team')) }} as team,
        {{ clean_text(json_text('cost_center')) }} as cost_center,
        {{ clean_text(json_text('job_title')) }} as job_title,
        {{ clean_text(json_text('user_type')) }} as employment_type,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_usd('ai_budget_monthly_usd') }} as ai_budget_monthly_usd,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('start_date') }} as start_date,
        {{ json_date('end_date') }} as end_date
    from source

)

select * from renamed
