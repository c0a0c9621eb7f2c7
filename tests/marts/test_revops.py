"""A seller's customers: a run adds what a full refresh would build, and every dollar is there.

The sandbox's seller is landed from its Salesforce and its database as a run does it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dashboards.catalog import Catalog
from dashboards.check import sql_of
from dashboards.loading import load
from sandbox.server import running
from tests.marts.warehouse import Warehouse

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)

REVOPS = ("path:models/staging/salesforce", "path:models/staging/product", "int_days")
REVOPS += ("path:models/intermediate/revops", "path:models/marts/revops", "revops_buckets")
POSITIONS = ("+int_build_positions",)
BY_DAY = {
    "intermediate.int_revops_daily_user_activity": "activity_date",
    "marts.fct_revops_usage_daily": "usage_date",
    "marts.dau_all": "activity_date",
    "marts.fct_revops_daily_team_metrics": "metric_date",
}


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A company of few people, and a seller with three months of customers."""
    with running(
        people=20, days=20, today=YESTERDAY, rate_limits=False, seller_events=6_000, seller_months=3
    ) as sandbox:
        warehouse = Warehouse(tmp_path_factory.mktemp("revops"), sandbox.env)
        warehouse.extract()
        warehouse.build("--exclude-resource-type", "test", "unit_test", as_of=str(TODAY))
        yield warehouse


def build(warehouse: Warehouse, *arguments: str) -> None:
    selected = ("--select", *POSITIONS, *REVOPS, "--exclude-resource-type", "test", "unit_test")
    warehouse.build(*selected, *arguments, as_of=str(TODAY))


def contents(warehouse: Warehouse) -> dict[str, list[tuple]]:
    tables = warehouse.rows(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema = 'marts' and (table_name like '%revops%'"
        " or table_name in ('dim_teams', 'dau_all', 'subscription_overage',"
        " 'bridge_team_subscriptions', 'model_usage_daily_sfdc', 'model_usage_monthly_sfdc'))"
        " or table_name = 'int_revops_daily_user_activity' order by 1"
    )
    return {table: warehouse.rows(f"select * from {table} order by all") for (table,) in tables}


def add_events(warehouse: Warehouse, load: str, rows: str) -> None:
    """A later load of events: `rows` is SQL over those that are there."""
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(
            "insert into raw_product._dlt_loads select ?, schema_name, 0, now(),"
            " schema_version_hash from raw_product._dlt_loads limit 1",
            [load],
        )
        connection.execute(
            "insert into raw_product.usage_events select * replace "
            f"('{load}' as _dlt_load_id, uuid()::varchar as _dlt_id, {rows})"
            " from raw_product.usage_events where owning_team is not null and user_id is not null"
            " order by id limit 1"
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


def test_no_chart_of_the_customers_dashboard_is_empty(seller: Warehouse) -> None:
    sources, found = load(Catalog(seller.folder / "target" / "manifest.json"))
    assert not found
    (dashboard,) = (one.dashboard for one in sources if one.dashboard.key == "customer_usage")
    empty = {
        chart.key
        for chart in dashboard.charts
        if not any(any(row) for row in seller.rows(sql_of(dashboard, chart, TODAY)))
    }
    assert empty == set()


def test_a_late_event_builds_its_day_again_and_no_other(seller: Warehouse) -> None:
    before = contents(seller)
    late = YESTERDAY - timedelta(days=40)
    add_events(
        seller, "9999999999.1", f"900000001 as id, timestamptz '{late} 12:00:00+00' as occurred_at"
    )
    build(seller)
    for table, day in BY_DAY.items():
        days = seller.rows(
            "select distinct changed_date from intermediate.int_changed_revops_days"
            " where model_name = ?",
            table.split(".")[1],
        )
        assert days == [(late,)] or days == [], (table, day)
    changed = {table for table, rows in contents(seller).items() if rows != before[table]}
    assert "marts.fct_revops_usage_daily" in changed
    assert "marts.revops_join_gaps" in changed or "marts.model_usage_monthly_sfdc" in changed


def test_an_event_that_is_landed_again_counts_once(seller: Warehouse) -> None:
    before = contents(seller)
    add_events(seller, "9999999999.2", "id as id")
    build(seller)
    assert contents(seller) == before


def test_all_of_it_is_what_a_full_refresh_would_build(seller: Warehouse, tmp_path: Path) -> None:
    other = Warehouse(tmp_path, seller.env)
    shutil.copy(seller.path, other.path)
    build(other, "--full-refresh")
    whole, built = contents(other), contents(seller)
    differing = {
        table: (set(whole[table]) - set(built[table]), set(built[table]) - set(whole[table]))
        for table in whole
        if whole[table] != built[table]
    }
    assert differing == {}
