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
sessions int64 not null,
requests int64 not null,
uncached_input_tokens int64 not null,
cache_read_tokens int64 not null,
cache_write_5m_tokens int64 not null,
cache_write_1h_tokens int64 not null,
output_tokens int64 not null,
total_tokens int64 not null,
messages int64 not null,
lines_suggested int64 not null,
lines_accepted int64 not null,
suggestions_shown int64 not null,
suggestions_accepted int64 not null,
commits int64 not null,
pull_requests int64 not null,
artifacts int64 not null,
projects int64 not null,
files int64 not null,
searches int64 not null
)
partition by usage_date
cluster by platform_code, user_email
OPTIONS(
require_partition_filter=True
)
