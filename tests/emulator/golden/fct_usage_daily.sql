create or replace table `emulated`.`ai_spend_marts`.`fct_usage_daily`
(
usage_date date not null,
platform_code string not null,
vendor string not null,
organization string not null,
user_sk string not null,
user_email string not null,
department string,
team string,
cost_center string,
api_key_id string not null,
workspace_id string not null,
service_account_id string,
product string,
model string not null,
usage_category string not null,
service_tier string,
usage_type string not null,
attribution_method string not null,
attribution_confidence numeric not null,
source string not null,
sessions int64,
requests int64,
uncached_input_tokens int64,
cache_read_tokens int64,
cache_write_5m_tokens int64,
cache_write_1h_tokens int64,
output_tokens int64,
total_tokens int64,
messages int64,
lines_suggested int64,
lines_accepted int64,
suggestions_shown int64,
suggestions_accepted int64,
commits int64,
pull_requests int64,
artifacts int64,
projects int64,
files int64,
searches int64,
mode_requests int64,
suggested_lines_accepted int64
)
partition by usage_date
cluster by platform_code, user_email
OPTIONS(
require_partition_filter=True
)
