-- GRAIN: one row per place that links a team to a subscription, and per team that none
-- does
select
    link_source,
    team_id,
    subscription_id,
    opportunity_id,
    account_id,
    opportunity_type,
    gap,
    is_in_force,
    has_conflict
from {{ ref('int_revops_team_links') }}
