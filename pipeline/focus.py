"""The FinOps FOCUS export: both marts as CSV and Parquet, a month at a time.

Each number goes from the warehouse to the file unchanged: as decimals in Parquet, and in CSV with
all their digits and a decimal point, by which readers tell them from integers.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from foundation.settings import BIGQUERY, ROOT, Settings
from foundation.warehouse import Fetch, NoTableError, tables
from pipeline.run import RefusedError

FOLDER = ROOT / "target" / "focus"
MARTS = ("focus_cost_and_usage", "focus_cost_and_usage_1_2")
DAY = "x_ChargeDate"

# How a formula begins. Spreadsheets skip tabs and line breaks before it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

_MONEY = pa.decimal128(38, 18)
_NUMBER = pa.decimal128(28, 9)
_TIME = pa.timestamp("us", tz="UTC")


def export(
    settings: Settings,
    folder: Path = FOLDER,
    since: date | None = None,
    until: date | None = None,
) -> list[Path]:
    """Write the charges of some days, `until` exclusive, or of all days; returns the files. A file
    only gets its name once it is complete."""
    if settings.target == "bigquery" and settings.missing_settings().get("bigquery"):
        raise RefusedError(f"TARGET=bigquery needs {', '.join(BIGQUERY)}")
    if since and until and since >= until:
        raise RefusedError(f"--since ({since}) must be before --until ({until}, exclusive)")
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    try:
        with tables(settings) as fetch:
            for mart in MARTS:
                table = f"{settings.dataset('marts')}.{mart}"
                files += _write(fetch, table, folder / mart, since, until)
    except NoTableError as error:
        reason = str(error).splitlines()[0]
        raise RefusedError(
            f"The FOCUS marts do not exist ({reason}): build them first, with `make run`."
        ) from None
    return files


def _write(
    fetch: Fetch, table: str, target: Path, since: date | None, until: date | None
) -> list[Path]:
    (bounds,) = pa.Table.from_batches(
        fetch(f"select min({DAY}) as first, max({DAY}) as last from {table}")
    ).to_pylist()
    months = list(_months(bounds["first"], bounds["last"], since, until))
    if not months:
        held = f"{bounds['first']} to {bounds['last']}" if bounds["first"] else "none"
        raise RefusedError(f"{table} has no charges for these days; it holds {held}.")
    files = [target.with_name(f"{target.name}.{kind}") for kind in ("csv", "parquet")]
    parts = [file.with_name(f"{file.name}.part") for file in files]
    rows = 0
    try:
        with ExitStack() as stack:
            writer = None
            # The file has the same line endings and UTF-8 on every system.
            sheet = csv.writer(
                stack.enter_context(parts[0].open("w", newline="", encoding="utf-8")),
                lineterminator="\n",
            )
            for first, end in months:
                for batch in fetch(
                    f"select * from {table} where {DAY} >= date '{first}' and {DAY} < date '{end}'"
                    f" order by {DAY}"
                ):
                    columns = in_one_form(batch)
                    if writer is None:
                        writer = parquet.ParquetWriter(parts[1], columns.schema)
                        stack.callback(writer.close)
                        sheet.writerow(columns.column_names)
                    writer.write_table(columns)
                    sheet.writerows(_lines(columns))
                    rows += columns.num_rows
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    for part, file in zip(parts, files, strict=True):
        part.replace(file)
    last = months[-1][1] - timedelta(days=1)
    for file in files:
        sys.stdout.write(f"{file}: {rows:,} charges, {months[0][0]} to {last}\n")
    return files


def _months(
    first: date | None, last: date | None, since: date | None, until: date | None
) -> Iterator[tuple[date, date]]:
    """Each month of the days asked for that the table has, from a day to the day after its last."""
    if first is None or last is None:
        return
    start = max(first, since or first)
    end = min(last + timedelta(days=1), until or date.max)
    while start < end:
        next_month = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield start, min(next_month, end)
        start = next_month


def in_one_form(batch: pa.RecordBatch) -> pa.Table:
    """The types that both warehouses share: BigQuery's widest decimals are wider than DuckDB's."""
    table = pa.Table.from_batches([batch])
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_decimal(kind):
            kind = _MONEY if field.name.endswith("Cost") else _NUMBER
        elif pa.types.is_timestamp(kind):
            kind = _TIME
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))


def _lines(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(_texts(column) for column in table.columns), strict=True)


def _texts(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_decimal(column.type):
        return [decimal_text(number) for number in column.to_pylist()]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [harmless(text) for text in column.to_pylist()]
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s", tz="UTC"))
        column = pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%SZ")
    return column.to_pylist()


def harmless(text: str | None) -> str | None:
    """A text that no spreadsheet takes for a formula: those of a vendor begin with an apostrophe,
    as OWASP advises. Parquet has the text as it is."""
    return f"'{text}" if text and text.startswith(FORMULA) else text


def decimal_text(number: Decimal | None) -> str | None:
    """All digits of a number, no exponent, and at least one decimal: 1200000.0."""
    if number is None:
        return None
    whole, _, decimals = format(number, "f").partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"
