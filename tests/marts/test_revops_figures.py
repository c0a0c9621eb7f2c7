"""Every figure in docs/revops.md is what the base company has: a fixed day, built by each test run.
Those in docs/revops_sources.md are what the extractors do.

A statement is a piece of the text with places for numbers, and the query that gives them. Whoever
changes a number of these models sees here which sentence says the old one.
"""

from __future__ import annotations

import re

import duckdb
import pytest

from extract import product_database, salesforce
from extract.product_database.events import EVENT_LOOK_BACK_IDS
from foundation.settings import ROOT, Settings
from tests.marts.warehouse import Warehouse
from tools.base_company import TODAY

TEXT = " ".join((ROOT / "docs/revops.md").read_text().split())
SOURCES = " ".join((ROOT / "docs/revops_sources.md").read_text().split())
QUERIES = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/revops.md").read_text(), re.DOTALL)

MONTHS = "marts.fct_revops_monthly_team_metrics where is_complete_month"
DIFFERENCES = "marts.revops_methodology_differences where difference_type"

STATEMENTS = [
    (
        "{} teams and {} whole months, in which ${:,.2f} were spent",
        "select count(distinct team_id) filter (where is_in_directory), any_value(months),"
        " any_value(spent) from marts.dim_teams cross join"
        f" (select count(distinct month) as months, sum(total_cost_usd) as spent from {MONTHS})",
    ),
    (
        "it gives ${:,.2f} against ${:,.2f} recorded, and differs in {} of {} months of a team, by"
        " ${:,.2f} at most",
        "select sum(old_value), sum(rebuilt_value), count(*) filter (where difference != 0),"
        f" count(*), max(abs(difference)) from {DIFFERENCES} = 'token_fee'",
    ),
    (
        "a fee was waived here, charged on Auto (${:,.2f}) there",
        "select sum(token_fee_usd) from marts.fct_revops_usage_daily"
        f" where model = 'default' and usage_date < date_trunc('month', date '{TODAY}')",
    ),
    (
        "A tenth of the active people spends {:.0%} of the money",
        "select sum(spent) filter (where tenth = 1) / sum(spent) from (select spent,"
        " ntile(10) over (order by spent desc) as tenth from (select sum(total_cost_usd) as spent"
        " from marts.fct_revops_user_metrics where is_complete_month and is_active"
        " group by user_id))",
    ),
    (
        "${:,.2f} a month on average over teams, where the median is ${:,.2f}. With all who are"
        " active, also those who only used what costs nothing, it is ${:,.2f} and ${:,.2f}",
        "select avg(mean_cost_per_spending_user_usd), avg(median_cost_per_spending_user_usd),"
        " avg(mean_cost_per_active_user_usd), avg(median_cost_per_active_user_usd)"
        f" from {MONTHS}",
    ),
    (
        "it is ${:,.2f} of ${:,.2f}, {:.0%}",
        "select sum(bugbot_cost_usd), sum(total_cost_usd),"
        f" sum(bugbot_cost_usd) / sum(total_cost_usd) from {MONTHS}",
    ),
    (
        "are ${:,.2f} where the months are ${:,.2f}: {:.1%} of the money, and another sum in {} of"
        " {} months of a team",
        "select sum(old_value), sum(rebuilt_value), sum(difference) / sum(rebuilt_value),"
        f" count(*) filter (where difference != 0), count(*) from {DIFFERENCES} = 'granularity'",
    ),
    (
        "Of {} teams {} have an id in their record, of which {} lead nowhere",
        "select count(*), count(recorded_subscription_id), (select count(*) from"
        " marts.bridge_team_subscriptions where link_source = 'team_record' and gap is not null)"
        " from marts.dim_teams where is_in_directory",
    ),
    (
        "By the record alone ${:,.2f} have a customer, {:.0%}",
        "select sum(rebuilt_value), sum(rebuilt_value) / sum(old_value)"
        f" from {DIFFERENCES} = 'join_path'",
    ),
    (
        "by the lists ${:,.2f}, {:.0%}",
        "select sum(total_cost_usd) filter (where listed), sum(total_cost_usd)"
        " filter (where listed) / sum(total_cost_usd) from (select total_cost_usd, team_id in"
        " (select team_id from marts.bridge_team_subscriptions"
        f" where link_source = 'subscription_list' and gap is null) as listed from {MONTHS})",
    ),
    (
        "With one link of each team in force {} teams have a subscription, and {:.1%} of the money;"
        " ${:,.2f} remain `unattributed`",
        "select any_value(teams), 1 - sum(total_cost_usd) filter (where subscription_id ="
        " 'unattributed') / sum(total_cost_usd), sum(total_cost_usd) filter"
        " (where subscription_id = 'unattributed') from marts.model_usage_monthly_sfdc cross join"
        " (select count(*) as teams from marts.dim_teams where is_in_directory"
        " and subscription_id != 'unattributed') where is_complete_month",
    ),
    (
        "Of {} invoices {} match, one is ${:,.2f} too high, one ${:,.2f} too low, and {} get no"
        " verdict",
        "select count(*), count(*) filter (where overage_status = 'matched'),"
        " sum(difference_usd) filter (where overage_status = 'invoiced_too_much'),"
        " -sum(difference_usd) filter (where overage_status = 'invoiced_too_little'),"
        " count(*) filter (where overage_status = 'included_not_known')"
        " from marts.subscription_overage where invoiced_usd is not null",
    ),
    (
        "Of {} whole months with usage and no invoice {} stay within what is included, {} have an"
        " overage of ${:,.2f} that nobody invoiced, and {} get no verdict",
        "select count(*), count(*) filter (where overage_status = 'within_included'),"
        " count(*) filter (where overage_status = 'not_invoiced'),"
        " sum(overage_usd) filter (where overage_status = 'not_invoiced'),"
        " count(*) filter (where overage_status = 'included_not_known')"
        " from marts.subscription_overage where invoiced_usd is null and is_complete_month",
    ),
]


@pytest.mark.parametrize(("statement", "sql"), STATEMENTS)
def test_a_statement_is_what_the_base_company_has(
    base: Warehouse, statement: str, sql: str
) -> None:
    [numbers] = base.rows(sql)
    assert statement.format(*numbers) in TEXT


def test_no_amount_is_in_the_text_that_no_statement_gives(base: Warehouse) -> None:
    given = {
        found
        for statement, sql in STATEMENTS
        for found in _amounts(statement.format(*base.rows(sql)[0]))
    }
    # Of the rules themselves: a fee per million, and a class of dollars.
    assert _amounts(TEXT) - given == {"$0.25", "$100"}


def _amounts(text: str) -> set[str]:
    return set(re.findall(r"\$[0-9][0-9,]*(?:\.[0-9]+)?|[0-9.]+ ?%", text))


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_that_the_text_gives_has_an_answer(base: Warehouse, sql: str) -> None:
    with duckdb.connect(str(base.path), read_only=True) as connection:
        assert connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        f"Runs ask for the last {salesforce.LOOK_BACK} days again",
        f"once for every {salesforce.MAX_DAYS} days since",
        f"back by {EVENT_LOOK_BACK_IDS:,} ids",
        f"open for more than {EVENT_LOOK_BACK_IDS:,} ids",
        f"read up to yesterday, the last {product_database.ACTIVITY_LOOK_BACK_DAYS} days again",
        f"a run may use; {Settings.model_fields['salesforce_api_share'].default}",
    ],
)
def test_what_the_sources_do_is_what_the_code_does(statement: str) -> None:
    assert statement in SOURCES
