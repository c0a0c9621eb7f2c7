"""A seller's customers: a run adds what a full refresh would build, and every dollar is there.

The sandbox's seller is landed from its Salesforce and its database the way a run does it.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from dashboards.catalog import Catalog
from dashboards.check import sql_of
from dashboards.loading import load
from dashboards.preview import page
from sandbox.seller import OVERAGE_SUBSCRIPTIONS, OVERCHARGED, RENEWED, UNDERCHARGED, short_id
from tests.marts.warehouse import Warehouse
from tools.base_company import TODAY

DAY = timedelta(days=1)

REVOPS = ("path:models/staging/salesforce", "path:models/staging/product", "int_days")
REVOPS += ("path:models/intermediate/revops", "path:models/marts/revops", "revops_buckets")
REVOPS += ("path:models/marts/rollups/revops",)
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
    return {table: warehouse.rows(f"select * from {table} order by all") for (table,) in tables}


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


def test_no_chart_of_the_customers_dashboard_is_empty(seller: Warehouse, catalog: Catalog) -> None:
    sources, found = load(catalog)
    assert not found
    (dashboard,) = (one.dashboard for one in sources if one.dashboard.key == "customer_usage")
    empty = {
        chart.key
        for chart in dashboard.charts
        if not any(any(row) for row in seller.rows(sql_of(dashboard, chart, TODAY)))
    }
    assert empty == set()


def test_the_dashboards_header_is_about_customers(seller: Warehouse) -> None:
    with duckdb.connect(str(seller.path), read_only=True) as connection:
        facts = page.facts(connection, TODAY, of_customers=True)
    assert facts.newest_day == TODAY - DAY
    month = (TODAY.replace(day=1) - DAY).replace(day=1)
    spent = (
        "select sum(total_cost_usd) from marts.fct_revops_usage_daily join marts.dim_teams"
        " using (team_id) where date_trunc('month', usage_date) = ? and subscription_id like ?"
    )
    share = seller.value(spent, month, "unattributed") / seller.value(spent, month, "%")
    assert facts.unattributed_share == pytest.approx(float(share))
    assert facts.unattributed_of == f"{month:%b %Y}"


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
    ended = short_id("Subscription__c", RENEWED[0])
    expected = {short_id("Subscription__c", n) for n in OVERAGE_SUBSCRIPTIONS} - planted - {ended}
    assert others == dict.fromkeys(expected, "matched")


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
