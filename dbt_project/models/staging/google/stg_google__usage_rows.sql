-- GRAIN: one row per event of Google Workspace, request to Code Assist, credential and
-- day of the Gemini API, and model and day
-- INVARIANT: each request and token is counted by one source only
-- Tokens are those of Monitoring. The amounts in the billing export say what is paid
-- for, and are not usage here.
with activities as (

    select * from {{ ref('stg_google__workspace_activities') }}

),

code_assist as (

    select * from {{ ref('stg_google__code_assist_requests') }}

),

api_requests as (

    select * from {{ ref('stg_google__api_requests') }}
    where is_model_request

),

token_counts as (

    select * from {{ ref('stg_google__token_counts') }}

),

activity_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            ['usage_date', 'organization', 'actor_email', 'actor_user_id'],
            platform_code="'gemini_workspace'",
            product='app_name',
            usage_type="'workspace_action'",
            source="'workspace_activities'",
            requests='1'
        ) }}
    from activities

),

code_assist_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            ['usage_date', 'actor_email'],
            organization=google_organization(),
            platform_code="'gemini_code_assist'",
            workspace_id='project_id',
            product="'code_assist'",
            usage_type="'model_request'",
            source="'code_assist_log'",
            requests='1'
        ) }}
    from code_assist

),

api_request_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            ['usage_date', 'requests'],
            organization=google_organization(),
            platform_code="'gemini'",
            api_key_id="case when credential_id like 'apikey:%' then credential_id end",
            service_account_id=(
                "case when credential_id like 'serviceaccount:%' then credential_id end"
            ),
            workspace_id='project_id',
            product="'gemini_api'",
            usage_type="'model_request'",
            source="'gemini_api_requests'"
        ) }}
    from api_requests

),

-- The requests of the Gemini API are counted by key; those of Vertex by nobody.
token_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            ['usage_date', 'platform_code', 'product', 'model', 'service_tier'],
            organization=google_organization(),
            workspace_id='project_id',
            usage_type="'model_request'",
            source="case product
                when 'vertex' then 'vertex_tokens' else 'gemini_api_tokens'
            end",
            requests="case when product = 'gemini_api' then 0 end",
            uncached_input_tokens="case direction when 'input' then tokens end",
            output_tokens="case direction when 'output' then tokens end"
        ) }}
    from token_counts

),

unioned as (

    select * from activity_rows

    union all

    select * from code_assist_rows

    union all

    select * from api_request_rows

    union all

    select * from token_rows

)

select * from unioned
