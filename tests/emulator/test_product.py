"""Typed tables of a product's database on BigQuery: their columns, their layout, their money."""

from __future__ import annotations

import re

import pytest

from extract.product_database.tables import TABLES
from extract.run import run
from foundation.settings import Settings
from foundation.warehouse import warehouse
from sandbox.server import running


@pytest.fixture(scope="module")
def landed(bigquery, settings_of):
    before = len(bigquery.requests())
    with running(people=20, days=3, seller_events=300, product_database="duckdb") as seller:
        url = seller.env["PRODUCT_DATABASE_URL"]
        settings: Settings = settings_of("product").model_copy(
            update={"product_database_url": Settings(product_database_url=url).product_database_url}
        )
        reports = [run(settings, sources=["product_database"]) for _ in range(2)]
    assert [report.exit_code for report in reports] == [0, 0]
    return settings, reports, bigquery.requests()[before:]


def ask(settings, sql):
    with warehouse(settings) as asked:
        return asked(sql)


def test_every_row_lands_once_with_its_money(landed):
    settings, (first, again), _ = landed
    schema = settings.raw_schema("product_database")
    for part in first.sources[0].resources:
        count = ask(settings, f"select count(*) from {schema}.{part.resource}")
        assert count == [(part.landed,)]
    assert sum(part.landed for part in again.sources[0].resources) == 0
    [(price,)] = ask(settings, f"select sum(api_price_usd) from {schema}.usage_events")
    assert price > 0


def test_money_times_and_days_have_their_types_and_days_are_partitions(landed):
    _, _, requests = landed
    scripts = "".join((one["body"] or {}).get("query", "") for one in requests)
    made = {
        table: re.search(rf"CREATE TABLE [^;]*`product_raw_product`\.`{table}` .*?;", scripts, re.S)
        for table in TABLES
    }
    assert all(made.values())
    events = made["usage_events"].group()
    assert "`api_price_usd` BIGNUMERIC(38,18)" in events
    assert "`occurred_at` TIMESTAMP" in events
    assert "`usage_date` DATE" in events
    assert "`id` INT64" in events
    assert "`uses_mcp` BOOL" in events
    assert "PARTITION BY `usage_date`" in events
    assert "CLUSTER BY `owning_team`, `id`" in re.sub(r"\s*,\s*", ", ", events)
    assert "PARTITION BY `snapshot_date`" in made["teams"].group()
    assert "PARTITION BY `activity_date`" in made["daily_activity"].group()
