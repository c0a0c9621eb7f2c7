"""The export of a billing account to BigQuery
(https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage).

Google only adds rows: late usage and corrections are new rows with old usage times. So a window is
a day of `export_time`, and what a day of usage has cost is the sum over all windows. Rows have no
key and may be equal; a window is replaced as a whole.

The table is partitioned by the time at which rows arrived, which may be a day before the UTC day of
their `export_time`. A query reads a few more partitions than days, and never all of them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

import msgspec

from extract.google.bigquery import Answer, Table, as_json, open_table
from extract.google.records import BillingRow, ProjectTotal
from extract.http import VendorError
from extract.windows import ONE_DAY, Page, Period, Resource, Run, Window, fetch
from foundation.fields import ROOT
from foundation.sources.google import GoogleSettings

TABLES = ("billing_export", "project_totals")
ORGANIZATION = "google"

# A closed day of exports does not change. Two days are read again in case rows of parallel exports
# arrived after the newest one that was seen.
LOOK_BACK = 2
MAX_DAYS = 31
PARTITIONS_BEFORE, PARTITIONS_AFTER = 2, 1
MULTI_REGIONS = ("US", "EU")

# Which services count, and what else could be AI and must be noticed, is for the models to say.
SERVICES = ROOT / "dbt_project" / "seeds" / "google_skus.csv"
# The label by which an adjustment of the invoice names the SKU that it corrects.
CORRECTED_SKU = "cloud-invoice.googleapis.com/sku_id"
LOOKS_LIKE_AI = r"(?i)\b(gemini|claude|vertex|token count|tokens|code assist|duet ai)\b"

# What is read if the table has it: older and standard exports have fewer columns.
COLUMNS = (
    *("billing_account_id", "invoice", "cost_type", "service", "sku"),
    *("usage_start_time", "usage_end_time", "project", "labels", "system_labels", "location"),
    *("resource", "tags", "price", "subscription", "transaction_type", "seller_name", "cost"),
    *("currency", "currency_conversion_rate", "usage", "credits", "adjustment_info"),
    *("export_time", "cost_at_list", "cost_at_effective_price_default"),
    *("cost_at_list_consumption_model", "consumption_model"),
)

_PARTITIONS = "_PARTITIONTIME >= @partitions_from and _PARTITIONTIME < @partitions_before"
_EXPORTED = "export_time >= @exported_from and export_time < @exported_before"


def rows_query(table: str, columns: list[str]) -> str:
    """Rows of AI, of what looks like it, and taxes and corrections of whole invoices."""
    selected = ",\n    ".join(column for column in COLUMNS if column in columns)
    # The documentation does not say that an adjustment is never 'regular'.
    corrections = (
        f"or exists (select * from unnest(system_labels) where key = '{CORRECTED_SKU}')"
        if "system_labels" in columns
        else ""
    )
    return f"""
select
    {selected}
from `{table}`
where
    {_PARTITIONS}
    and {_EXPORTED}
    and (
        service.id in unnest(@ai_services)
        or regexp_contains(
            concat(coalesce(service.description, ''), ' ', coalesce(sku.description, '')),
            @looks_like_ai
        )
        or cost_type != 'regular'
        {corrections}
    )
"""


def totals_query(table: str) -> str:
    """What everything costs by project and invoice: taxes are billed on that."""
    return f"""
select
    date(export_time) as export_date,
    project.id as project_id,
    invoice.month as invoice_month,
    sum(
        cast(cost as bignumeric)
        + coalesce(
            (select sum(cast(credit.amount as bignumeric)) from unnest(credits) as credit), 0
        )
    ) as net_cost
from `{table}`
where
    {_PARTITIONS}
    and {_EXPORTED}
    and cost_type = 'regular'
group by export_date, project_id, invoice_month
"""


def newest_query(table: str) -> str:
    return f"""
select max(export_time) as newest_export_time
from `{table}`
where _PARTITIONTIME >= @partitions_from
"""


def ai_services() -> list[str]:
    """The ids of the services of which every row is read."""
    with SERVICES.open(newline="", encoding="utf-8") as file:
        return sorted({row["service_id"] for row in csv.DictReader(file) if row["service_id"]})


def extract(settings: GoogleSettings, run: Run) -> Iterator[Window]:
    try:
        export = _open(settings)
        until = _exported_until(export, run)
    except VendorError as error:
        run.report.errors.append(str(error))
        return
    # Rows that arrive during the run are of a later export than the newest one that was seen, or
    # of its day, which the next run reads again.
    seen = replace(run, until=until)
    with export.client:
        for resource in _resources(export):
            yield from fetch(resource, ORGANIZATION, seen, earliest=first_day(export))


def first_day(export: Table) -> date:
    """The first day of usage that an export can have. In a multi-region, Google fills it from the
    first of the month before it was switched on, and otherwise from that day on. Nothing was
    exported on the days before: that is landed too, and says that they are whole."""
    created: date = export.table.created.date()
    if export.table.location not in MULTI_REGIONS:
        return created
    return (created.replace(day=1) - ONE_DAY).replace(day=1)


def _resources(export: Table) -> Iterator[Resource]:
    for name, record, pages, brings in (
        ("billing_export", BillingRow, _rows, "cost by project, SKU and day"),
        ("project_totals", ProjectTotal, _totals, "what taxes are shared by"),
    ):
        yield Resource(
            name,
            record,
            partial(pages, export),
            is_directory=False,
            look_back=LOOK_BACK,
            max_days=MAX_DAYS,
            brings=brings,
        )


def _exported_until(export: Table, run: Run) -> date:
    """The day after the last one to read: that of the newest export, never later."""
    until = run.until + ONE_DAY if run.until == run.today else run.until
    known = run.memory.get(f"{ORGANIZATION}/{TABLES[0]}", {})
    first = run.days(next(_resources(export)), known).start
    newest = _newest(export, first)
    if newest is None:
        run.report.notes.append(f"nothing was exported to {export.name} since {first}")
        return min(until, first)
    return min(until, newest.date() + ONE_DAY)


def _newest(export: Table, first: date) -> datetime | None:
    """The time of the newest export, None if there was none since that day."""
    since = _midnight(first) - PARTITIONS_BEFORE * ONE_DAY
    (row,) = export.ask(newest_query(export.name), partitions_from=since).rows
    newest: datetime | None = row["newest_export_time"]
    return newest


def _rows(export: Table, period: Period) -> Iterator[Page]:
    answer = export.ask(
        rows_query(export.name, export.columns),
        **_times(period),
        ai_services=ai_services(),
        looks_like_ai=LOOKS_LIKE_AI,
    )
    yield _page(export, answer, period, lambda row: row["export_time"].date())


def _totals(export: Table, period: Period) -> Iterator[Page]:
    answer = export.ask(totals_query(export.name), **_times(period))
    yield _page(export, answer, period, lambda row: row["export_date"])


def _page(
    export: Table,
    answer: Answer,
    period: Period,
    day_of: Callable[[dict[str, Any]], date],
) -> Page:
    by_day: dict[date, list[msgspec.Raw]] = {}
    for row in answer.rows:
        by_day.setdefault(day_of(row), []).append(as_json(row))
    request = {"table": export.name, "since": str(period.start), "until": str(period.end)}
    envelope = {"bytes_processed": answer.bytes_processed}
    return Page(list(by_day.items()), request, envelope)


def _times(period: Period) -> dict[str, datetime]:
    start, end = _midnight(period.start), _midnight(period.end)
    return {
        "partitions_from": start - PARTITIONS_BEFORE * ONE_DAY,
        "partitions_before": end + PARTITIONS_AFTER * ONE_DAY,
        "exported_from": start,
        "exported_before": end,
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _open(settings: GoogleSettings) -> Table:
    return open_table(settings, str(settings.google_billing_export_table))
