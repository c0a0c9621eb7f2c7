"""What the extractors do to BigQuery: what lands, what is queried, how tables are laid out.

`golden/` has what dlt sent. After an intended change, write it again: `GOLDEN=write python -m
pytest tests/emulator`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest

from bigquery_dev.emulator import Running
from extract.report import RunReport
from extract.run import run
from foundation.settings import Settings
from foundation.warehouse import NoTableError, warehouse

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


@dataclass
class Landed:
    """Three runs: all days until yesterday, the same again, and one more day."""

    settings: Settings
    runs: list[RunReport]
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def landed(bigquery: Running, settings_of: Callable[[str], Settings]) -> Landed:
    settings = settings_of("landing")
    before = len(bigquery.requests())
    runs = [run(settings, until=day) for day in (YESTERDAY, YESTERDAY, TODAY)]
    assert [one.exit_code for one in runs] == [0, 0, 0]
    return Landed(settings, runs, bigquery.requests()[before:])


def rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with warehouse(settings) as ask:
        return ask(sql)


def landed_rows(report: RunReport) -> Counter[tuple[str, str]]:
    """How many rows landed, by source and resource."""
    counts: Counter[tuple[str, str]] = Counter()
    for source in report.sources:
        for resource in source.resources:
            counts[source.source, resource.resource] += resource.landed
    return counts


def test_rows_in_the_warehouse_are_those_of_the_reports(landed):
    first, again, later = map(landed_rows, landed.runs)
    expected = first + again + later
    assert {source for source, _ in expected} == set(landed.settings.configured_sources())
    for (source, table), count in expected.items():
        schema = landed.settings.dataset(f"raw_{source}")
        assert rows(landed.settings, f"select count(*) from {schema}.{table}") == [(count,)]


def test_nothing_lands_twice(landed):
    """What landed is known from the warehouse: each run of dlt starts with an empty folder."""
    assert not +landed_rows(landed.runs[1])


def test_a_later_day_lands_alone(landed):
    # It lists every member, also on a Sunday.
    usages = f"{landed.settings.dataset('raw_cursor')}.daily_usage"
    newest = f"select max(_dlt_load_id) from {usages}"
    days = f"select distinct window_start from {usages} where _dlt_load_id = ({newest})"
    assert landed_rows(landed.runs[2])["cursor", "daily_usage"]
    assert rows(landed.settings, days) == [(YESTERDAY,)]


def test_invalid_statements_never_reach_the_emulator(landed):
    table = f"{landed.settings.dataset('raw_cursor')}.usage_events"
    with pytest.raises(BadRequest, match="No matching signature for operator ="):
        rows(landed.settings, f"select payload from {table} where window_start = extracted_at")


def test_a_missing_table_is_not_found(landed):
    with pytest.raises(NoTableError):
        rows(landed.settings, f"select 1 from {landed.settings.dataset('raw_cursor')}.nothing")


@pytest.mark.parametrize("table", ["usage_events", "rejected_records", "extractions"])
def test_tables_are_laid_out_and_loaded_as_before(landed, table, assert_golden):
    requests = [one for one in landed.requests if "raw_cursor" in json.dumps(one["body"])]
    scripts = "".join(one["body"].get("query", "") for one in requests)
    made = re.findall(rf"CREATE TABLE [^;]*`{table}` .*?;", scripts, re.DOTALL)
    assert_golden(f"{table}.sql", re.sub(r"[ \t]+", " ", "\n".join(made)))
    loads = [one["body"]["configuration"]["load"] for one in requests if is_load(one, table)]
    assert_golden(f"{table}_load.json", json.dumps(loads[:1], indent=2))


def is_load(request: dict[str, Any], table: str) -> bool:
    load = request["body"].get("configuration", {}).get("load")
    return bool(load) and load["destinationTable"]["tableId"] == table
