"""What lands of Google's billing export: every row once, by the day of its export, at the cost of
reading what is new."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from extract.google import bigquery, billing_export
from extract.http import VendorError
from extract.run import run
from foundation.settings import Settings
from sandbox.server import Running
from tests.extract.conftest import DAYS, rows

TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=DAYS)
GOOGLE = ["google"]


def newest(settings: Settings, resource: str = "billing_export") -> list[dict[str, Any]]:
    """The records of the newest version of every window."""
    query = (
        f"select payload from raw_google.{resource} qualify rank() over ("
        "partition by window_start order by _dlt_load_id desc) = 1"
    )
    return [json.loads(payload) for (payload,) in rows(settings, query)]


def charge(day: date, exported_at: str, sku: str = "Vertex AI pipelines") -> dict[str, Any]:
    at = f"{exported_at}+00:00"
    return {"google_charge": {"sku": sku, "cost": "12.5", "day": str(day), "exported_at": at}}


def test_each_row_lands_whole_with_exact_numbers(settings: Settings) -> None:
    assert run(settings, sources=GOOGLE).exit_code == 0
    landed = newest(settings)
    two = next(row for row in landed if len(row["credits"]) == 2)
    assert [credit["type"] for credit in two["credits"]] == ["PROMOTION", "FREE_TIER"]
    assert Decimal(two["cost"]) > 0
    assert two["project"]["ancestors"][0]["display_name"] == "example.com"
    assert {label["key"] for row in landed for label in row["labels"]} == {"team", "cost_center"}
    assert {row["export_time"][:10] for row in landed} == {
        str(day)
        for (day,) in rows(settings, "select distinct window_start from raw_google.billing_export")
    }
    # A column that nobody has heard of is not read.
    assert not any("invoice_notes" in row for row in landed)
    assert {row["service"]["description"] for row in landed}.isdisjoint({"Compute Engine"})


def test_equal_rows_are_all_there(settings: Settings) -> None:
    run(settings, sources=GOOGLE)
    copies = rows(
        settings,
        "select count(*) from raw_google.billing_export group by window_start, payload"
        " having count(*) > 1",
    )
    assert set(copies) == {(2,)}


def test_a_row_that_is_exported_while_a_run_reads_lands_with_the_next_run(
    company: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(settings, sources=GOOGLE)
    before = len(newest(settings))
    totals = billing_export.totals_query

    def late(table: str) -> str:
        # The rows have been read by now.
        monkeypatch.setattr(billing_export, "totals_query", totals)
        company.control(charge(TODAY - timedelta(days=1), f"{TODAY}T04:59:00"))
        return totals(table)

    monkeypatch.setattr(billing_export, "totals_query", late)
    run(settings, sources=GOOGLE)
    assert len(newest(settings)) == before
    run(settings, sources=GOOGLE)
    assert len(newest(settings)) == before + 1


def test_days_after_the_newest_export_are_not_over_yet(
    company: Running, settings: Settings
) -> None:
    """An export that is late is not a day without costs."""
    company.control({"today": str(TODAY - timedelta(days=3))})
    run(settings, sources=GOOGLE)
    ((last,),) = rows(
        settings,
        "select max(window_start) from raw_google.extractions where resource = 'billing_export'",
    )
    assert last == TODAY - timedelta(days=3)
    company.control({"today": str(TODAY)})
    run(settings, sources=GOOGLE)
    ((days,),) = rows(
        settings,
        "select count(distinct window_start) from raw_google.extractions"
        " where resource = 'billing_export'",
    )
    assert days == DAYS + 1


def test_reading_again_costs_only_the_newest_partitions(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[datetime, int]] = []
    ask = bigquery.Table.ask

    def counted(table: bigquery.Table, sql: str, **parameters: Any) -> bigquery.Answer:
        answer = ask(table, sql, **parameters)
        read.append((parameters["partitions_from"], answer.bytes_processed))
        return answer

    monkeypatch.setattr(bigquery.Table, "ask", counted)
    run(settings, sources=GOOGLE)
    whole = sum(size for _, size in read)
    read.clear()
    run(settings, sources=GOOGLE)
    # Two days again, and two partitions before them.
    assert min(since for since, _ in read).date() == TODAY + timedelta(days=1 - 2 - 2)
    assert sum(size for _, size in read) < whole * 5 / DAYS
    assert whole > 100_000


def test_what_looks_like_ai_is_read_whatever_its_service(
    company: Running, settings: Settings
) -> None:
    day = TODAY - timedelta(days=3)
    company.control(charge(day, f"{day}T21:00:00", "Claude Nimbus 9 — Input Tokens"))
    storage = charge(day, f"{day}T21:00:00", "Standard Storage")
    storage["google_charge"]["service"] = "Cloud Storage"
    company.control(storage)
    run(settings, sources=GOOGLE)
    names = {row["sku"]["description"] for row in newest(settings)}
    assert "Claude Nimbus 9 — Input Tokens" in names
    assert "Standard Storage" not in names


def test_the_total_of_a_project_has_all_its_services(settings: Settings) -> None:
    run(settings, sources=GOOGLE)
    totals = newest(settings, "project_totals")
    shop = [row for row in totals if row["project_id"] == "web-shop-prod"]
    assert shop
    assert all(Decimal(row["net_cost"]) > 0 for row in shop)


@pytest.mark.parametrize("kind", ["429", "500", "cut_body"])
def test_a_failure_in_between_is_tried_again(
    company: Running, settings: Settings, kind: str
) -> None:
    company.control({"faults": [{"match": "/queries", "kind": kind, "times": 1, "after": 1}]})
    assert run(settings, sources=GOOGLE).exit_code == 0


@pytest.mark.parametrize(
    ("location", "first"), [("EU", date(2025, 12, 1)), ("europe-west1", date(2026, 1, 20))]
)
def test_an_export_in_a_multi_region_begins_with_the_month_before_it_was_switched_on(
    settings: Settings, location: str, first: date
) -> None:
    table = bigquery.open_table(settings, str(settings.google_billing_export_table))
    with table.client:
        created = datetime(2026, 1, 20, 9, tzinfo=UTC)
        answer = {"creationTime": f"{created.timestamp() * 1000:.0f}", "location": location}
        table.table._properties |= answer
        assert billing_export.first_day(table) == first


def test_a_query_without_partitions_is_refused(settings: Settings) -> None:
    table = bigquery.open_table(settings, str(settings.google_billing_export_table))
    with table.client, pytest.raises(VendorError, match="condition on its partitions"):
        table.ask(f"select * from `{table.name}`")


def test_a_table_that_is_not_there_says_what_to_check(settings: Settings) -> None:
    wrong = settings.model_copy(
        update={"google_billing_export_table": "other.billing.gcp_billing_export_v1_X"}
    )
    report = run(wrong, sources=GOOGLE)
    assert report.exit_code == 1
    assert "GOOGLE_BILLING_EXPORT_TABLE" in report.sources[0].errors[0]
