"""The journey on a real Google project: for somebody with credentials, once before they trust us.

It creates datasets with a prefix of its own and drops them again, whatever happens. The sandbox
stands in for the vendors, so it costs what a few thousand rows cost.
"""

from __future__ import annotations

import csv
import json
import logging
import secrets
import sys
import tempfile
from pathlib import Path

import duckdb
from google.cloud import bigquery
from rich.logging import RichHandler

from bigquery_dev.journey import YESTERDAY, JourneyError, Side, company, travel
from foundation import dbt
from foundation.settings import Settings, load_settings

log = logging.getLogger(__name__)

NEEDED = ("GOOGLE_CLOUD_PROJECT", "BIGQUERY_LOCATION")


def smoke() -> int:
    """0 if both warehouses held the same facts all the way; 2 if settings are missing."""
    settings = load_settings()
    missing = [name for name in NEEDED if not getattr(settings, name.lower())]
    if missing or settings.bigquery_api_endpoint:
        print(
            f"Needs a real project: {', '.join(missing)} not set"
            if missing
            else "BIGQUERY_API_ENDPOINT is set: that is an emulator (`make test-bigquery`)",
            file=sys.stderr,
        )
        return 2
    logging.basicConfig(level="INFO", format="%(message)s", handlers=[RichHandler(show_path=False)])
    prefix = f"{settings.bigquery_dataset or 'ai_spend'}_smoke_{secrets.token_hex(4)}"
    log.info("Datasets %s_… in %s", prefix, settings.google_cloud_project)
    try:
        with tempfile.TemporaryDirectory() as name, company() as sandbox:
            here, there = _sides(settings, prefix, Path(name), sandbox.env)
            travel(here, there, sandbox)
    except JourneyError as error:
        log.error("%s", error)
        return 1
    finally:
        _drop(settings, prefix)
    log.info("BigQuery and DuckDB hold the same facts")
    return 0


def _sides(
    settings: Settings, prefix: str, folder: Path, vendors: dict[str, str]
) -> tuple[Side, Side]:
    """DuckDB and the real project, both with the sandbox for vendors.

    The sandbox's Google account cannot be used next to a real one, so the sheets come from files:
    from what a first extraction finds in them.
    """
    (folder / "sheets").mkdir()
    first = Side(
        "sheets", vendors | dbt.on_duckdb(folder / "sheets.duckdb"), _made(folder / "first")
    )
    first.extract(YESTERDAY)
    _write_sheets(folder / "sheets.duckdb", folder / "sheets")
    google = ("GOOGLE_SHEETS_ID", "GOOGLE_SHEETS_BASE_URL", "GOOGLE_APPLICATION_CREDENTIALS")
    vendors = {name: value for name, value in vendors.items() if name not in google}
    vendors |= {"GOOGLE_SHEETS_ID": "", "SHEETS_DIR": str(folder / "sheets")}
    real = settings.model_copy(update={"target": "bigquery", "bigquery_dataset": prefix})
    here = Side("DuckDB", vendors | dbt.on_duckdb(folder / "here.duckdb"), _made(folder / "here"))
    there = Side("BigQuery", vendors | real.dbt_environment(), _made(folder / "there"))
    return here, there


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _write_sheets(path: Path, folder: Path) -> None:
    """Each tab as a CSV file, from the raw tables."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.columns"
            " where table_schema = 'raw_google_sheets' and column_name = 'payload'"
            " and table_name != 'rejected_records'"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f"select payload from raw_google_sheets.{table}").fetchall()
            if not rows:  # a missing tab is an empty one
                continue
            records = sorted(
                (json.loads(row) for (row,) in rows), key=lambda record: record["_row"]
            )
            names = dict.fromkeys(name for record in records for name in record if name != "_row")
            with (folder / f"{table}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, list(names), extrasaction="ignore")
                writer.writeheader()
                writer.writerows(records)


def _drop(settings: Settings, prefix: str) -> None:
    client = bigquery.Client(
        project=settings.google_cloud_project, location=settings.bigquery_location
    )
    for dataset in client.list_datasets():
        if dataset.dataset_id.startswith(f"{prefix}_"):
            client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
            log.info("dropped %s", dataset.dataset_id)
