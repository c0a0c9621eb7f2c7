create or replace table `emulated`.`ai_spend_marts`.`fct_cost_daily`
(
cost_date date not null,
invoice_month date not null,
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
cost_type string not null,
token_type string,
service_tier string,
allocation_method string not null,
is_estimated boolean not null,
attribution_method string not null,
attribution_confidence numeric not null,
is_attributed boolean not null,
source string not null,
list_cost_usd bignumeric not null,
billed_cost_usd bignumeric not null,
effective_cost_usd bignumeric not null,
billing_currency string not null,
billed_cost_in_currency bignumeric not null
)
partition by cost_date
cluster by platform_code, user_email
OPTIONS(
require_partition_filter=True
)
