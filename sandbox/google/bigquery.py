"""The part of BigQuery's REST API with which an export is read: the table, and queries of it
(https://cloud.google.com/bigquery/docs/reference/rest/v2).

A query is not parsed. The table is filtered by the query's parameters, which it has to use, and
summed or cut to columns as the queries of `extract.google` are. Without a condition on the
partitions it is refused, since that would read all history.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from sandbox.answers import Refusal
from sandbox.google import schema
from sandbox.google.ledger import AI_STUDIO, EUR_PER_USD, Row, Sku, in_currency, record, rows_of
from sandbox.google_sheets.errors import refusal
from sandbox.money import ZERO
from sandbox.state import Sandbox

PROJECT: Final = "sandbox-billing"
DATASET: Final = "billing"
# A single region, so that the export begins on the day on which it was switched on.
LOCATION: Final = "europe-west1"
TABLE: Final = "gcp_billing_export_v1_01A2B3_C4D5E6_F7A8B9"
PAGE_ROWS: Final = 2000

_PARTITIONS: Final = re.compile(r"_PARTITIONTIME >= @(\w+)(?: and _PARTITIONTIME < @(\w+))?")


@dataclass
class Job:
    """A query that is done."""

    types: dict[str, schema.Type]
    rows: list[dict[str, Any]]
    bytes_processed: int


class Warehouse:
    """The export of the sample company's billing account, and the queries of it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.jobs: dict[str, Job] = {}
        self.reset()

    def reset(self) -> None:
        """An account that bills dollars, of which nothing was read."""
        self.currency = "USD"
        self.added: list[Row] = []
        self.bytes_processed = 0
        self._rows: tuple[object, list[Row]] = (None, [])

    def rows(self) -> list[Row]:
        """Everything that is exported by now."""
        key = (self.sandbox.today, self.currency)
        if self._rows[0] != key:
            rows = rows_of(self.sandbox.company, self.sandbox.today)
            if self.currency != "USD":
                rows = [in_currency(row, EUR_PER_USD) for row in rows]
            self._rows = (key, rows)
        return [*self._rows[1], *self.added]

    def charge(self, change: dict[str, str]) -> None:
        """Export one more row."""
        sku = Sku(
            "0000-0000-0000",
            change.get("service", "Vertex AI"),
            "0000-0000-0001",
            change["sku"],
            ZERO,
            "gemini",
        )
        day = date.fromisoformat(change["day"])
        row = Row(
            exported_at=datetime.fromisoformat(change["exported_at"]),
            sku=sku,
            project=AI_STUDIO,
            start=datetime.combine(day, time(12), UTC),
            hours=1,
            cost=Decimal(change["cost"]),
        )
        self.added.append(row)

    @property
    def rate(self) -> Decimal:
        """How much of its currency a dollar buys."""
        return Decimal(1) if self.currency == "USD" else EUR_PER_USD

    def table(self) -> dict[str, Any]:
        """The answer of tables.get."""
        start = self.sandbox.options.start
        created = datetime.combine(start, time(9), UTC).timestamp()
        return {
            "kind": "bigquery#table",
            "tableReference": {"projectId": PROJECT, "datasetId": DATASET, "tableId": TABLE},
            "schema": {"fields": schema.fields(schema.EXPORT)},
            "timePartitioning": {"type": "DAY"},
            "creationTime": str(int(created * 1000)),
            "location": LOCATION,
            "type": "TABLE",
        }

    def query(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of jobs.query: the first page of a query's rows."""
        job = self._run(body["query"], _parameters(body))
        most = int(body.get("maximumBytesBilled") or 0)
        if most and job.bytes_processed > most:
            raise _invalid(f"Query exceeded limit for bytes billed: {most}.")
        self.bytes_processed += job.bytes_processed
        name = f"job_{len(self.jobs)}"
        self.jobs[name] = job
        return self.page(name, 0)

    def page(self, name: str, first: int) -> dict[str, Any]:
        """The answer of jobs.getQueryResults: rows from the one with that number."""
        job = self.jobs.get(name)
        if job is None:
            raise refusal(404, "NOT_FOUND", f"Not found: Job {PROJECT}:EU.{name}")
        end = first + PAGE_ROWS
        found = {
            "kind": "bigquery#queryResponse",
            "jobReference": {"projectId": PROJECT, "jobId": name, "location": LOCATION},
            "jobComplete": True,
            "schema": {"fields": schema.fields(job.types)},
            "totalRows": str(len(job.rows)),
            "totalBytesProcessed": str(job.bytes_processed),
            "rows": [schema.row(job.types, row) for row in job.rows[first:end]],
        }
        return found | ({"pageToken": str(end)} if end < len(job.rows) else {})

    def _run(self, sql: str, parameters: dict[str, Any]) -> Job:
        asked = _PARTITIONS.search(sql)
        if f"{PROJECT}.{DATASET}.{TABLE}" not in sql:
            raise refusal(404, "NOT_FOUND", "Not found: Table")
        if asked is None:
            raise _invalid("The sandbox reads no table without a condition on its partitions.")
        since = parameters[asked[1]]
        before = parameters[asked[2]] if asked[2] else datetime.max.replace(tzinfo=UTC)
        scanned = [row for row in self.rows() if since <= row.partition < before]
        if "max(export_time)" in sql:
            newest = max((row.exported_at for row in scanned), default=None)
            types: dict[str, schema.Type] = {"newest_export_time": "TIMESTAMP"}
            return Job(types, [{"newest_export_time": newest}], 8 * len(scanned))
        start, end = parameters["exported_from"], parameters["exported_before"]
        found = [row for row in scanned if start <= row.exported_at < end]
        if "group by" in sql:
            return Job(_TOTALS, list(_totals(found)), 60 * len(scanned))
        services, looks = set(parameters["ai_services"]), re.compile(parameters["looks_like_ai"])
        wanted = [
            row
            for row in found
            if row.sku.service_id in services
            or looks.search(f"{row.sku.service} {row.sku.description}")
            or row.cost_type != "regular"
        ]
        types = {
            name: kind for name, kind in schema.EXPORT.items() if re.search(rf"\b{name}\b", sql)
        }
        rows = [record(row, self.currency, self.rate) for row in wanted]
        return Job(types, rows, sum(row.size for row in scanned))


_TOTALS: Final[dict[str, schema.Type]] = {
    "export_date": "DATE",
    "project_id": "STRING",
    "invoice_month": "STRING",
    "net_cost": "BIGNUMERIC",
}


def _totals(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    sums: dict[tuple[Any, ...], Decimal] = {}
    for row in rows:
        if row.cost_type == "regular":
            key = (row.exported_at.date(), row.project, f"{row.month:%Y%m}")
            sums[key] = sums.get(key, ZERO) + row.net
    for key, net in sums.items():
        yield dict(zip(_TOTALS, (*key, net), strict=True))


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in body.get("queryParameters", ()):
        value = parameter["parameterValue"]
        kind = parameter["parameterType"]["type"]
        if kind == "ARRAY":
            found[parameter["name"]] = [part["value"] for part in value.get("arrayValues", ())]
        elif kind == "TIMESTAMP":
            found[parameter["name"]] = datetime.fromisoformat(value["value"])
        else:
            found[parameter["name"]] = value["value"]
    return found


def _invalid(message: str) -> Refusal:
    return refusal(400, "INVALID_ARGUMENT", message)
