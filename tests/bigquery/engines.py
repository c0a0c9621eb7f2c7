"""DuckDB and Google's reference engine over the same rows, with results made comparable."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path

import duckdb

from bigquery_dev.compiled import SETTINGS
from bigquery_dev.googlesql import Columns, GoogleSql
from foundation import dbt
from tools import base_company

# A column's type on DuckDB where BigQuery calls it so: raw tables as dlt makes them, money and
# numbers as `dbt_project.yml` says.
DUCKDB_TYPES = {
    "STRING": "varchar",
    "INT64": "bigint",
    "BOOL": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp with time zone",
    "NUMERIC": "decimal(28, 9)",
    "BIGNUMERIC": "decimal(38, 18)",
}
# What kind of value a column holds, by the names of its type on either engine.
_KINDS = {
    "number": (
        ("INT64", "NUMERIC", "BIGNUMERIC"),
        ("INTEGER", "BIGINT", "HUGEINT", "DECIMAL"),
    ),
    "float": (("FLOAT64",), ("DOUBLE",)),
    "text": (("STRING",), ("VARCHAR",)),
    "boolean": (("BOOL",), ("BOOLEAN",)),
    "day": (("DATE",), ("DATE",)),
    "moment": (("TIMESTAMP",), ("TIMESTAMP",)),
}
# The engines do not make the same float of a decimal, to its last bits.
_OF_FLOATS = Context(prec=12)
KIND_ON_BIGQUERY = {name: kind for kind, (names, _) in _KINDS.items() for name in names}
KIND_ON_DUCKDB = {name: kind for kind, (_, names) in _KINDS.items() for name in names}


@dataclass
class Table:
    """Rows whose values can be compared across engines: exact Decimal for every number, to 12
    digits for a float, naive UTC for every time. `kinds` are the columns in order."""

    kinds: dict[str, str]
    rows: list[tuple]

    def only(self, columns: Sequence[str]) -> Table:
        places = [list(self.kinds).index(column) for column in columns]
        rows = [tuple(row[place] for place in places) for row in self.rows]
        return Table({column: self.kinds[column] for column in columns}, rows)

    def dicts(self) -> list[dict]:
        return [dict(zip(self.kinds, row, strict=True)) for row in self.rows]


def on_bigquery(google: GoogleSql, sql: str, names: dict[str, str]) -> Table:
    """What the reference engine finds, with the names of types that the analyzer gave."""
    kinds = {column: KIND_ON_BIGQUERY.get(name, name) for column, name in names.items()}
    found = google.query(sql)
    rows = [tuple(comparable(row[column], kind) for column, kind in kinds.items()) for row in found]
    return Table(kinds, rows)


def on_duckdb(connection: duckdb.DuckDBPyConnection, sql: str) -> Table:
    cursor = connection.execute(sql)
    names = [str(column[1]).split("(")[0] for column in cursor.description]
    # duckdb's own names of types: only DECIMAL has parameters here.
    kinds = {
        column[0]: KIND_ON_DUCKDB.get(name, name)
        for column, name in zip(cursor.description, names, strict=True)
    }
    rows = [
        tuple(comparable(value, kind) for value, kind in zip(row, kinds.values(), strict=True))
        for row in cursor.fetchall()
    ]
    return Table(kinds, rows)


def comparable(value: object, kind: str) -> object:
    if value is None or kind in ("text", "boolean"):
        return value
    if kind == "number":
        return Decimal(str(value))
    if kind == "float":
        return _OF_FLOATS.create_decimal(str(value)).normalize()
    if kind == "day":
        # DuckDB hands over days after the year 9999 as text: they have no other form here.
        return value.isoformat() if isinstance(value, dt.date) else value
    if kind == "moment":
        moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
        return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return str(value)


def _as_divided(value: object) -> object:
    """DuckDB divides as doubles, so of a ratio with nine decimals 15 digits count."""
    if not isinstance(value, Decimal):
        return value
    number = value.normalize()
    digits, exponent = number.as_tuple().digits, number.as_tuple().exponent
    if isinstance(exponent, int) and -9 <= exponent < 0 and len(digits) > 15:
        return Context(prec=15).plus(number)
    return number


def differences(bigquery: Table, duckdb_: Table, most: int = 5) -> list[str]:
    """A line for each thing that differs; for rows, each with the one most similar to it."""
    if bigquery.kinds != duckdb_.kinds:
        return [f"columns on BigQuery {bigquery.kinds}, on DuckDB {duckdb_.kinds}"]
    left, right = (
        Counter(tuple(map(_as_divided, row)) for row in table.rows) for table in (bigquery, duckdb_)
    )
    only_left, only_right = list((left - right).elements()), list((right - left).elements())
    lines = []
    for row in only_left[:most]:
        if not only_right:
            lines.append(f"only on BigQuery: {_named(row, bigquery)}")
            continue
        like = max(
            only_right, key=lambda other: sum(a == b for a, b in zip(row, other, strict=True))
        )
        only_right.remove(like)
        places = [n for n, (a, b) in enumerate(zip(row, like, strict=True)) if a != b]
        same = {
            name: value
            for n, (name, value) in enumerate(zip(bigquery.kinds, row, strict=True))
            if n not in places and value is not None
        }
        names = list(bigquery.kinds)
        lines += [f"{names[n]}: BigQuery {row[n]!s}, DuckDB {like[n]!s}, in {same}" for n in places]
    if len(only_left) <= most:
        lines += [f"only on DuckDB: {_named(row, duckdb_)}" for row in only_right[:most]]
    if lines:
        lines.insert(0, f"{sum(left.values())} rows on BigQuery, {sum(right.values())} on DuckDB")
    return lines


def _named(row: tuple, table: Table) -> dict[str, object]:
    return {name: value for name, value in zip(table.kinds, row, strict=True) if value is not None}


def duckdb_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Columns, rows: Iterable[dict]
) -> None:
    """Make a table and its schema, as `GoogleSql.add_table` does."""
    connection.execute(f"create schema if not exists {name.split('.')[0]}")
    types = ", ".join(f"{column} {DUCKDB_TYPES[kind]}" for column, kind in columns.items())
    connection.execute(f"create or replace table {name} ({types})")
    places = ", ".join("?" * len(columns))
    values = [[row.get(column) for column in columns] for row in rows]
    if values:
        connection.executemany(f"insert into {name} values ({places})", values)


def render(target: str, jinja: str, folder: Path, variables: dict) -> str:
    """Jinja as dbt compiles it for a target, without a warehouse."""
    settings = SETTINGS if target == "bigquery" else dbt.on_duckdb(Path(":memory:"))
    parsed = base_company.parsed(SETTINGS if target == "bigquery" else None)
    command = ["compile", "--no-introspect", "--no-populate-cache"]
    command += ["--inline", jinja, "--vars", json.dumps(variables)]
    command += ["--target-path", str(folder), "--log-path", str(folder)]
    done = dbt.invoke(command, dbt.environment(settings), dbt.read_manifest(parsed))
    assert done.success, done.exception
    return str(done.result.results[0].node.compiled_code)
