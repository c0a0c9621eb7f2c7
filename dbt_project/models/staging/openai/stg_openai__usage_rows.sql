-- GRAIN: one row per record of a kind of usage
with usages as (

    select * from {{ ref('stg_openai__usages') }}

),

usage_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'usage_date', 'organization', 'workspace_id', 'api_key_id',
                'actor_user_id', 'model', 'service_tier', 'usage_type',
                'uncached_input_tokens', 'cache_read_tokens', 'cache_write_5m_tokens',
                'cache_write_1h_tokens', 'output_tokens', 'requests', 'searches',
            ],
            platform_code="'openai_api'",
            source='resource'
        ) }}
    from usages

)

select * from usage_rows
