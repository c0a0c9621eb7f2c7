with platforms as (

    select * from {{ ref('platforms') }}

),

members as (

    select member as platform_code
    from {{ ref('int_dimension_members') }}
    where dimension = 'platform'

),

-- A platform that only a sheet names still gets a row.
unlisted as (

    select members.platform_code
    from members
    left join platforms
        on members.platform_code = platforms.platform_code
    where platforms.platform_code is null

),

unioned as (

    select
        platform_code,
        platform_name,
        vendor,
        category,
        cost_model,
        measures_tokens,
        measures_lines,
        measures_messages,
        measures_sessions,
        measures_suggested_lines,
        true as is_known
    from platforms

    union all

    select
        platform_code,
        platform_code as platform_name,
        'unknown' as vendor,
        'unknown' as category,
        'unknown' as cost_model,
        false as measures_tokens,
        false as measures_lines,
        false as measures_messages,
        false as measures_sessions,
        false as measures_suggested_lines,
        false as is_known
    from unlisted

    union all

    select
        {{ unattributed() }} as platform_code,
        'Unattributed' as platform_name,
        {{ unattributed() }} as vendor,
        {{ unattributed() }} as category,
        {{ unattributed() }} as cost_model,
        false as measures_tokens,
        false as measures_lines,
        false as measures_messages,
        false as measures_sessions,
        false as measures_suggested_lines,
        true as is_known

)

select * from unioned
