with source as (

    {{ current_records('google_sheets', 'employees') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,
        {{ clean_email(json_text('payload', 'manager_email')) }} as manager_email,
        -- strings
        {{ clean_text(json_text('payload', 'full_name')) }} as full_name,
        {{ clean_text(json_text('payload', 'department')) }} as department,
        {{ clean_text(json_text('payload', 'team')) }} as team,
        {{ clean_text(json_text('payload', 'cost_center')) }} as cost_center,
        {{ clean_text(json_text('payload', 'job_title')) }} as job_title,
        {{ clean_text(json_text('payload', 'user_type')) }} as user_type,
        -- numerics
        {{ json_integer('payload', '_row') }} as sheet_row,
        cast({{ clean_text(json_text('payload', 'ai_budget_monthly_usd')) }} as {{ type_money() }}) as ai_budget_monthly_usd,
        -- dates
        window_start as snapshot_date,
        cast({{ clean_text(json_text('payload', 'start_date')) }} as date) as start_date,
        cast({{ clean_text(json_text('payload', 'end_date')) }} as date) as end_date
    from source

)

select * from renamed
