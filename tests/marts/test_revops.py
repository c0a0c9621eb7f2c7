"""A seller's customers: a run adds what a full refresh would build, and every dollar is there.

The sandbox's seller is landed from its Salesforce and its database the way a run does it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards import query
from dashboards.catalog import Catalog
from dashboards.check import sql_of
from dashboards.compiled import CompiledChart, CompiledDashboard
from dashboards.loading import load
from dashboards.preview import page
from sandbox.seller import (
    CHURNED_SUBSCRIPTION,
    INCLUDED_NOT_KNOWN,
    NOT_INVOICED,
    OVERAGE_SUBSCRIPTIONS,
    OVERCHARGED,
    RENEWED,
    UNDERCHARGED,
    short_id,
)
from tests.marts.warehouse import Warehouse
from tools.base_company import TODAY

DAY = timedelta(days=1)

REVOPS = ("path:models/staging/salesforce", "path:models/staging/product", "int_days")
REVOPS += ("path:models/intermediate/revops", "path:models/marts/revops", "revops_buckets")
REVOPS += ("path:models/marts/rollups/revops", "path:models/staging/windows")
# The tables by day, and on how many days after it a day's rows depend.
BY_DAY = {
    "intermediate.int_revops_daily_user_activity": ("activity_date", 0),
    "marts.fct_revops_usage_daily": ("usage_date", 0),
    "marts.dau_all": ("activity_date", 0),
    "marts.fct_revops_daily_team_metrics": ("metric_date", 29),
}
BY_MONTH = (
    "intermediate.rollup_revops_usages_by_month",
    "intermediate.rollup_revops_agent_usage_by_month",
)


@pytest.fixture(scope="module")
def seller(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The base company's seller, with three months of customers."""
    return Warehouse.copy_of(base.path, tmp_path_factory.mktemp("revops"))


def build(warehouse: Warehouse, *arguments: str, as_of: date = TODAY) -> None:
    selected = ("--select", *REVOPS, "--exclude-resource-type", "test", "unit_test")
    warehouse.build(*selected, *arguments, as_of=as_of)


def contents(warehouse: Warehouse) -> dict[str, list[tuple]]:
    tables = warehouse.rows(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema = 'marts' and (table_name like '%revops%'"
        " or table_name in ('dim_teams', 'dau_all', 'subscription_overage',"
        " 'bridge_team_subscriptions', 'model_usage_daily_sfdc', 'model_usage_monthly_sfdc'))"
        " or table_schema = 'intermediate' and (table_name like 'int_revops%'"
        " or table_name like 'rollup_revops%') order by 1"
    )
    # What was loaded when is another matter than what it makes.
    about_loads = {"intermediate.int_revops_windows"}
    return {
        table: warehouse.rows(f"select * from {table} order by all")
        for (table,) in tables
        if table not in about_loads
    }


def columns(warehouse: Warehouse, table: str) -> list[str]:
    return [name for name, *_ in warehouse.rows(f"describe {table}")]


def add_event(warehouse: Warehouse, load: str, day: date, changes: str) -> None:
    """A later load of one event of a day: `changes` is SQL over one that is there."""
    with duckdb.connect(str(warehouse.path)) as connection:
        for table, kept, replaced in (
            ("_dlt_loads", "true", f"'{load}' as load_id, 0 as status, now() as inserted_at"),
            (
                "extractions",
                "resource = 'usage_events'",
                f"'{load}' as _dlt_load_id, uuid()::varchar as _dlt_id, true as is_changed,"
                f" date '{day}' as window_start, date '{day + DAY}' as window_end,"
                " now() as extracted_at",
            ),
            (
                "usage_events",
                "owning_team is not null and user_id is not null",
                f"'{load}' as _dlt_load_id, uuid()::varchar as _dlt_id, {changes}",
            ),
        ):
            connection.execute(
                f"insert into raw_product.{table} select * replace ({replaced})"
                f" from raw_product.{table} where {kept} order by all limit 1"
            )


def test_every_dollar_of_the_product_is_in_the_facts(seller: Warehouse) -> None:
    landed = seller.value(
        "select sum(api_price_usd + token_fee_usd) from (select distinct id, api_price_usd,"
        " token_fee_usd from raw_product.usage_events)"
    )
    assert landed > 0
    for table in ("fct_revops_usage_daily", "fct_revops_user_metrics", "model_usage_monthly_sfdc"):
        assert seller.value(f"select sum(total_cost_usd) from marts.{table}") == landed


def test_a_team_that_nothing_links_is_counted_and_listed(seller: Warehouse) -> None:
    listed = seller.rows(
        "select subject_id from marts.revops_join_gaps where gap = 'team_without_subscription'"
    )
    unlinked = seller.rows(
        "select team_id from marts.dim_teams where subscription_id = ?", *["unattributed"]
    )
    assert sorted(listed) == sorted(unlinked) != []
    spent = "select sum(total_cost_usd) from marts.{} where subscription_id = 'unattributed'"
    assert seller.value(spent.format("model_usage_monthly_sfdc")) == seller.value(
        spent.format("model_usage_daily_sfdc")
    )


def test_no_chart_of_the_sellers_dashboards_is_empty(seller: Warehouse, catalog: Catalog) -> None:
    sources, found = load(catalog)
    assert not found
    dashboards = [
        one.dashboard for one in sources if one.dashboard.definition.collection == "RevOps"
    ]
    empty = {
        chart.key
        for dashboard in dashboards
        for chart in dashboard.charts
        if not any(any(row) for row in seller.rows(sql_of(dashboard, chart, TODAY)))
    }
    assert {dashboard.key for dashboard in dashboards} == {"accounts", "customer_usage"}
    assert empty == set()


def test_overage_by_month_counts_a_subscription_of_two_teams_once(
    seller: Warehouse, catalog: Catalog
) -> None:
    by_month = seller.rows(
        "select month, sum(overage_usd),"
        " sum(invoiced_usd) filter (where overage_status != 'included_not_known'),"
        " sum(invoiced_usd) filter (where overage_status = 'included_not_known')"
        " from marts.subscription_overage group by month order by month"
    )
    assert shown(seller, catalog, "Overage by month") == by_month
    assert any(not_known for *_, not_known in by_month)
    once = seller.value("select sum(overage_usd) from marts.subscription_overage")
    assert 0 < once < seller.value("select sum(overage_usd) from marts.vw_revops_overage")


def test_who_has_more_active_people_than_seats_is_listed_and_nobody_else(
    seller: Warehouse, catalog: Catalog
) -> None:
    listed = shown(seller, catalog, "More active people than licensed seats")
    over = seller.rows(
        "select distinct subscription_id, mau_of_subscription - licensed_seats"
        " from marts.vw_revops_subscriptions where is_active"
    )
    expected = sorted(above for _, above in over if above is not None and above > 0)
    assert sorted(row[-1] for row in listed) == expected != []


@pytest.mark.parametrize(("teams", "used"), [("true", 0.75), ("team_id = 'red'", 1)])
def test_somebody_in_two_teams_of_a_subscription_uses_one_seat(
    catalog: Catalog, teams: str, used: float
) -> None:
    _, chart = chart_of(catalog, "customer_usage", "Licensed seats that are used")
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.vw_revops_subscriptions as from (values"
            " ('a', 'red', date '2026-03-01', true, 4, 2), ('a', 'blue', '2026-03-01', true, 4, 2),"
            " ('b', 'x', '2026-03-01', true, null, null), ('c', 'y', '2026-03-01', false, 9, 9)"
            ") as rows (subscription_id, team_id, metrics_month, is_active, licensed_seats,"
            " licensed_seats_of_team);"
            "create table marts.fct_revops_user_metrics as from (values"
            " (date '2026-03-01', 'red', 'ann', 1), ('2026-03-01', 'red', 'bo', 9),"
            " ('2026-03-01', 'blue', 'bo', 2), ('2026-03-01', 'blue', 'cy', 2),"
            " ('2026-02-01', 'blue', 'dee', 2), ('2026-03-01', 'blue', 'eve', 0),"
            " ('2026-03-01', 'blue', 'unattributed', 1), ('2026-03-01', 'x', 'ann', 1),"
            " ('2026-03-01', 'y', 'ann', 1)) as rows (month, team_id, user_id, days_active)"
        )
        sql = query.render(chart.template, "duckdb", "marts", lambda _: teams, lambda _: "")
        assert connection.execute(sql).fetchall() == [(used,)]


@pytest.mark.parametrize("chart", ["People by dollars a month", "People by requests a month"])
def test_depth_of_usage_counts_people_of_a_month(
    seller: Warehouse, catalog: Catalog, chart: str
) -> None:
    known = "user_id != 'unattributed'"
    assert_people_of_a_month(seller, shown(seller, catalog, chart), known)


def test_the_ways_in_which_people_work_count_people_of_a_month(
    seller: Warehouse, catalog: Catalog
) -> None:
    assert_people_of_a_month(seller, shown(seller, catalog, "How people work"), "is_active")


def assert_people_of_a_month(
    seller: Warehouse, rows: list[tuple[Any, ...]], condition: str
) -> None:
    """The classes of a month hold each of its people once, but for those in two teams."""
    shown_by_month: Counter[Any] = Counter()
    for month, _, people in rows:
        shown_by_month[month] += people
    by_month = seller.rows(
        "select month, count(distinct user_id), count(*) from marts.fct_revops_user_metrics"
        f" where is_complete_month and {condition} group by month"
    )
    assert set(shown_by_month) == {month for month, _, _ in by_month}
    for month, people, memberships in by_month:
        assert people <= shown_by_month[month] <= memberships < people * 1.01


def test_a_line_of_30_days_begins_with_the_thirtieth_day(seller: Warehouse) -> None:
    first = seller.value("select min(activity_date) from marts.dau_all")
    for column, days in (("active_users_7d", 7), ("active_users_30d", 30)):
        begins = seller.value(
            f"select min(metric_date) from marts.vw_revops_active_users where {column} is not null"
        )
        assert begins == first + DAY * (days - 1)


def shown(seller: Warehouse, catalog: Catalog, name: str) -> list[tuple[Any, ...]]:
    """The rows of a chart of the customers' dashboard."""
    return seller.rows(sql_of(*chart_of(catalog, "customer_usage", name), TODAY))


def chart_of(catalog: Catalog, key: str, name: str) -> tuple[CompiledDashboard, CompiledChart]:
    sources, _ = load(catalog)
    (dashboard,) = (one.dashboard for one in sources if one.dashboard.key == key)
    (found,) = (one for one in dashboard.charts if one.definition.name == name)
    return dashboard, found


def test_the_dashboards_header_is_about_customers(seller: Warehouse) -> None:
    with duckdb.connect(str(seller.path), read_only=True) as connection:
        facts = page.customer_facts(connection, TODAY)
    assert facts.newest_day == TODAY - DAY
    month = (TODAY.replace(day=1) - DAY).replace(day=1)
    for measure, share in (
        ("total_cost_usd", facts.attributed_spend_share),
        ("total_tokens", facts.attributed_usage_share),
    ):
        tied, everything = seller.rows(
            f"select sum({measure}) filter (where subscription_id != 'unattributed'),"
            f" sum({measure}) from marts.fct_revops_usage_daily join marts.dim_teams"
            " using (team_id) where date_trunc('month', usage_date) = ?",
            month,
        )[0]
        assert share == pytest.approx(float(tied) / float(everything))
        assert 0.9 < share < 1
    assert facts.attributed_of == f"{month:%b %Y}"


def test_an_overage_is_the_invoice_or_shows_by_how_much_it_is_not(seller: Warehouse) -> None:
    found = {
        one: (status, invoiced, difference)
        for one, status, invoiced, difference in seller.rows(
            "select subscription_id, overage_status, invoiced_usd, difference_usd"
            " from marts.subscription_overage where invoiced_usd is not null"
            " qualify month = max(month) over ()"
        )
    }
    (above, by), (below, part) = OVERCHARGED, UNDERCHARGED
    planted = {short_id("Subscription__c", above), short_id("Subscription__c", below)}
    status, _, difference = found[short_id("Subscription__c", above)]
    assert (status, round(difference)) == ("invoiced_too_much", by)
    status, invoiced, difference = found[short_id("Subscription__c", below)]
    assert status == "invoiced_too_little"
    assert round(invoiced - difference, 1) == round(invoiced / part, 1)
    others = {one: status for one, (status, _, _) in found.items() if one not in planted}
    ended = {short_id("Subscription__c", n) for n in (RENEWED[0], CHURNED_SUBSCRIPTION)}
    expected = {short_id("Subscription__c", n) for n in OVERAGE_SUBSCRIPTIONS} - planted - ended
    churned = others.pop(short_id("Subscription__c", CHURNED_SUBSCRIPTION))
    assert churned == "included_not_known", "it no longer runs and includes nothing"
    assert others == dict.fromkeys(expected, "matched")


def test_a_month_without_an_invoice_is_missed_only_if_there_was_an_overage(
    seller: Warehouse,
) -> None:
    missed = seller.rows(
        "select distinct subscription_id from marts.subscription_overage"
        " where overage_status = 'not_invoiced'"
    )
    # That of team 127 claims 126's team as well, and pays for both.
    claims = short_id("Subscription__c", 26)
    assert set(missed) == {(short_id("Subscription__c", NOT_INVOICED),), (claims,)}
    judged = seller.rows(
        "select distinct overage_status from marts.subscription_overage"
        " where subscription_id in ('unattributed', ?)",
        short_id("Subscription__c", INCLUDED_NOT_KNOWN),
    )
    assert judged == [("included_not_known",)]
    within = (
        "select count(*), max(used_usd - included_usd), min(overage_usd), max(overage_usd)"
        " from marts.subscription_overage where overage_status = 'within_included'"
    )
    [(months, most, least_overage, most_overage)] = seller.rows(within)
    assert months > 50
    assert most <= 1
    assert 0 <= least_overage <= most_overage <= 1


def test_the_invoices_before_and_after_a_renewal_match_their_days(seller: Warehouse) -> None:
    found = seller.rows(
        "select subscription_id, month, overage_status, used_usd"
        " from marts.subscription_overage where subscription_id in (?, ?) and is_complete_month",
        *(short_id("Subscription__c", n) for n in RENEWED),
    )
    assert {status for _, _, status, _ in found} == {"matched"}
    months = {one: {row[1] for row in found if row[0] == one} for one, _, _, _ in found}
    before, after = (months[short_id("Subscription__c", n)] for n in RENEWED)
    assert len(before & after) == 1, "the month of the renewal has both"
    assert sum(used for _, _, _, used in found) > 0


def test_a_late_event_builds_its_day_again_and_no_other(seller: Warehouse) -> None:
    before = contents(seller)
    late = TODAY - DAY * 41
    add_event(
        seller,
        "9999999999.1",
        late,
        f"900000001 as id, date '{late}' as usage_date,"
        f" timestamptz '{late} 12:00:00+00' as occurred_at",
    )
    build(seller)
    assert seller.rows(
        "select distinct changed_date, reason from intermediate.int_changed_revops_days"
    ) == [(late, "the product database reported it")]
    after = contents(seller)
    for table, (column, reach) in BY_DAY.items():
        place = columns(seller, table).index(column)
        days = {row[place] for row in set(after[table]) ^ set(before[table])}
        assert days, table
        assert min(days) >= late, table
        assert max(days) <= late + DAY * reach, table
    month = late.replace(day=1)
    for table in BY_MONTH:
        place = columns(seller, table).index("month")
        assert {row[place] for row in set(after[table]) ^ set(before[table])} == {month}, table


def test_an_event_that_is_landed_again_counts_once(seller: Warehouse) -> None:
    before = contents(seller)
    [(event, day)] = seller.rows(
        "select id, usage_date from raw_product.usage_events"
        " where owning_team is not null and user_id is not null order by all limit 1"
    )
    add_event(seller, "9999999999.2", day, "id as id")
    assert seller.value("select count(*) from raw_product.usage_events where id = ?", event) == 2
    build(seller)
    assert contents(seller) == before


def test_a_day_on_which_nobody_did_anything_is_the_end_of_thirty_days_too(
    seller: Warehouse,
) -> None:
    idle = "select count(*) from marts.fct_revops_daily_team_metrics where metric_date = ?"
    assert seller.value(idle, TODAY) == 0
    build(seller, as_of=TODAY + DAY)
    assert seller.value(idle, TODAY) > 0


def test_all_of_it_is_what_a_full_refresh_would_build(seller: Warehouse, tmp_path: Path) -> None:
    other = Warehouse.copy_of(seller.path, tmp_path)
    build(other, "--full-refresh", as_of=TODAY + DAY)
    whole, built = contents(other), contents(seller)
    differing = {
        table: (set(whole[table]) - set(built[table]), set(built[table]) - set(whole[table]))
        for table in whole
        if whole[table] != built[table]
    }
    assert differing == {}
