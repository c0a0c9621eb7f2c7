"""The product's tables, written into PostgreSQL or into a DuckDB file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sandbox.seller import (
    ACTIVITY_COLUMNS,
    EVENT_COLUMNS,
    MEMBER_COLUMNS,
    TEAM_COLUMNS,
    Seller,
)

Columns = tuple[tuple[str, str], ...]


def _tables(seller: Seller) -> dict[str, tuple[Columns, Iterable[tuple[Any, ...]]]]:
    members = ((m.user_id, m.team_id, m.email, m.joined, m.left) for m in seller.members)
    events = (
        (*event[:10], dollars(event[10]), dollars(event[11]), *event[12:])
        for event in seller.events
    )
    return {
        "teams": (TEAM_COLUMNS, seller.teams),
        "team_members": (MEMBER_COLUMNS, members),
        "usage_events": (EVENT_COLUMNS, events),
        "daily_activity": (ACTIVITY_COLUMNS, seller.activity),
    }


def dollars(nano: int) -> str:
    """Billionths of a dollar as dollars."""
    return f"{nano // 10**9}.{nano % 10**9:09d}"


def _create(name: str, columns: Columns) -> str:
    return f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns)})"


def _csv(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Rows as CSV, in batches; null is nothing between two commas, and no text is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_cell(value) for value in row])
        if number % 5_000 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.isoformat() if isinstance(value, datetime | date) else value


def fill_postgresql(seller: Seller, url: str) -> None:
    """Create the tables in an empty PostgreSQL database."""
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for name, (columns, rows) in _tables(seller).items():
            cursor.execute(_create(name, columns))
            with cursor.copy(f"copy {name} from stdin (format csv)") as copy:
                for text in _csv(rows):
                    copy.write(text)
        cursor.execute("alter table usage_events add primary key (id)")
        cursor.execute("create index on usage_events (occurred_at)")
        cursor.execute("create index on daily_activity (activity_date)")
        cursor.execute("analyze")


def write_duckdb(seller: Seller, file: Path) -> None:
    """Create the tables in a new DuckDB file."""
    import duckdb

    with duckdb.connect(str(file)) as connection:
        for name, (columns, rows) in _tables(seller).items():
            connection.execute(_create(name, columns))
            text = file.with_name(f"{name}.csv")
            with text.open("w", newline="") as lines:
                lines.writelines(_csv(rows))
            connection.execute(f"copy {name} from '{text}' (format csv, header false)")
            text.unlink()
