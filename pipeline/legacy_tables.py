"""The older tables that the marts are compared with: which there are, and what their columns are
called (docs/migration.md).

They are in a schema of the warehouse, in a dataset, or in a folder of CSV files, which are loaded
as text. What they mean is for dbt_project/models/comparison.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from foundation.settings import Settings
from foundation.warehouse import Ask, open_file
from pipeline.run import RefusedError

# Where the CSV files are loaded.
FILES = "comparison_files"
# What each table may be called; the first name is the one in messages.
TABLES = {
    "costs": ("fct_cost_daily", "fact_ai_costs"),
    "usage": ("fct_usage_daily", "fact_ai_usage"),
    "users": ("dim_users",),
    "platforms": ("dim_platforms",),
}
DAY = ("cost_date", "usage_date", "date", "day", "date_sk", "date_key")
_OF_FACTS = {
    "day": DAY,
    "email": ("user_email", "email"),
    "user_sk": ("user_sk", "user_key"),
    "platform": ("platform_code", "platform", "platform_name"),
    "platform_sk": ("platform_sk", "platform_key"),
    "team": ("team", "team_name"),
    "model": ("model", "model_name"),
}
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "costs": _OF_FACTS | {"cost_type": ("cost_type", "charge_type")},
    "usage": _OF_FACTS,
    "users": {name: _OF_FACTS[name] for name in ("user_sk", "email", "team")},
    "platforms": {name: _OF_FACTS[name] for name in ("platform_sk", "platform")}
    | {"subtype": ("platform_subtype",)},
}
# The columns of an amount: the first of these sets that is there whole is summed.
AMOUNTS = {
    "costs": (
        ("total_cost_usd",),
        ("cost_usd",),
        ("amount_usd",),
        ("base_cost_usd", "overage_cost_usd"),
        ("total_cost",),
        ("cost",),
    ),
    "usage": (
        ("input_tokens", "output_tokens", "cached_input_tokens", "cache_read_tokens"),
        ("total_tokens",),
        ("input_tokens", "output_tokens"),
    ),
}
# What may be between the values of a CSV file.
DELIMITERS = ",;\t|"
_NAME = re.compile(r"\w[\w-]*(\.\w[\w-]*)?", re.ASCII)


def place(settings: Settings, legacy: str) -> str:
    """The schema or dataset that holds the older tables; CSV files are loaded into one. Raises
    RefusedError."""
    folder = Path(legacy)
    if not folder.is_dir():
        if not _NAME.fullmatch(legacy):
            raise RefusedError(
                f"--legacy {legacy} is neither a folder nor the name of a schema or dataset"
            )
        return legacy
    if settings.target == "bigquery":
        raise RefusedError(
            f"--legacy {legacy} is a folder, and the marts are on BigQuery: load its files into a "
            "dataset with `bq load --autodetect DATASET.fct_cost_daily fct_cost_daily.csv`, and "
            "name the dataset"
        )
    wanted = {name for names in TABLES.values() for name in names}
    files = {file.stem.lower(): file for file in sorted(folder.glob("*.csv"))}
    connection = open_file(settings.duckdb_path)
    try:
        connection.execute(f"drop schema if exists {FILES} cascade")
        connection.execute(f"create schema {FILES}")
        for name in sorted(wanted & files.keys()):
            _load(connection, name, files[name])
    finally:
        connection.close()
    return FILES


def _load(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    """A table of texts from a CSV file. DuckDB is told all about it: what it finds out for itself,
    it takes from the first 20,000 rows, and a wrong row among them can become the header. Raises
    RefusedError."""
    try:
        delimiter, names = _first_line(file)
        connection.execute(
            f"create table {FILES}.{name} as select * from read_csv(?, columns = ?, delim = ?,"
            " quote = '\"', escape = '\"', header = true, auto_detect = false)",
            [str(file), dict.fromkeys(names, "varchar"), delimiter],
        )
    except (OSError, csv.Error, duckdb.Error) as error:
        raise RefusedError(_unreadable(file, str(error))) from None


def _first_line(file: Path) -> tuple[str, list[str]]:
    """What is between the values of a CSV file, and the names of its columns."""
    with file.open("rb") as opened:
        line = opened.readline()
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError(_unreadable(file, "Line: 1\nnot utf-8")) from None
    delimiter = max(DELIMITERS, key=text.count)
    cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    if not any(cells):
        raise RefusedError(f"{file}, line 1: expected the names of its columns, and it is empty")
    names = [cell or f"column{place}" for place, cell in enumerate(cells)]
    for place, column in enumerate(names):
        if column.lower() in (other.lower() for other in names[:place]):
            raise RefusedError(f"{file}, line 1: the column {column} is there twice, expected once")
    return delimiter, names


def _unreadable(file: Path, error: str) -> str:
    """One sentence of DuckDB's many: the file, the line if it is known, and what to do."""
    line = re.search(r"Line: (\d+)", error)
    where = f"{file}, line {line[1]}" if line else f"{file}"
    if "not utf-8" in error:
        return f'{where}: it is not UTF-8: save the file as UTF-8, in Excel as "CSV UTF-8"'
    if counts := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", error):
        return (
            f"{where}: expected {counts[1]} values, one for each name in the first line, and found "
            f"{counts[2]}: a value that has the separator in it needs double quotes around it"
        )
    if "unterminated quote" in error:
        return f"{where}: a double quote is not closed: one that is part of a value is doubled"
    return f"{where}: it cannot be read as CSV: {error.splitlines()[0]}"


def find(ask: Ask, schema: str, *, is_bigquery: bool) -> dict[str, Any]:
    """The var `compare_legacy` of dbt for the tables of a schema. Raises RefusedError, with all
    that is missing."""
    database, _, name = schema.rpartition(".")
    if is_bigquery:
        source, where = f"`{schema}.INFORMATION_SCHEMA.COLUMNS`", "true"
    else:
        source, where = "information_schema.columns", f"table_schema = '{name}'"
        where += f" and table_catalog = '{database}'" if database else ""
    columns: dict[str, list[str]] = {}
    for table, column in ask(
        f"select lower(table_name), lower(column_name) from {source} where {where}"
    ):
        columns.setdefault(table, []).append(column)
    found = understood(columns)
    for what in ("users", "platforms"):
        _refuse_double_keys(ask, schema, found, what)
    return {"database": database or None, "schema": name, **found}


def _refuse_double_keys(ask: Ask, schema: str, found: dict[str, Any], what: str) -> None:
    """A key that is there twice would count each amount twice."""
    named = found["columns"].get(what, {})
    key = named.get("user_sk" if what == "users" else "platform_sk")
    if not key or not _is_joined(found, what):
        return
    table = found["tables"][what]
    twice = ask(f"select {key} from {schema}.{table} group by {key} having count(*) > 1 limit 1")
    if twice:
        raise RefusedError(
            f"{table} has the {key} {twice[0][0]} more than once: expected one row each"
        )


def _is_joined(found: dict[str, Any], what: str) -> bool:
    name = "email" if what == "users" else "platform"
    facts = (found["columns"].get(fact) for fact in ("costs", "usage"))
    return any(fact is not None and name not in fact for fact in facts)


def understood(columns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Which table is what, and which column is what, from the columns of each table by name. Raises
    RefusedError."""
    tables = {
        what: next(name for name in names if name in columns)
        for what, names in TABLES.items()
        if any(name in columns for name in names)
    }
    if "costs" not in tables:
        raise RefusedError(
            f"The older tables need {' or '.join(TABLES['costs'])}: "
            f"there is {', '.join(sorted(columns)) or 'no table'}"
        )
    named: dict[str, dict[str, str]] = {
        what: {
            name: next(one for one in names if one in columns[table])
            for name, names in COLUMNS[what].items()
            if any(one in columns[table] for one in names)
        }
        for what, table in tables.items()
    }
    missing: list[str] = []
    for what in ("costs", "usage"):
        if what in tables:
            missing += _complete(what, tables, columns, named)
    if missing:
        raise RefusedError("\n".join(missing))
    return {"tables": tables, "columns": named}


def _complete(
    what: str,
    tables: Mapping[str, str],
    columns: Mapping[str, Sequence[str]],
    named: dict[str, dict[str, str]],
) -> list[str]:
    """Adds the columns of the amount; a key of a dimension wins over a name in the fact. Returns
    what is missing."""
    table, fact = tables[what], named[what]
    missing = []
    if "day" not in fact:
        missing.append(f"{table} has no day: expected one of {', '.join(DAY)}")
    amounts = (some for some in AMOUNTS[what] if all(column in columns[table] for column in some))
    fact["amount"] = ",".join(next(amounts, ()))
    if not fact["amount"]:
        expected = ", or ".join(" and ".join(some) for some in AMOUNTS[what])
        missing.append(f"{table} has no amount: expected {expected}")
    for name, key, dimension in (
        ("email", "user_sk", "users"),
        ("platform", "platform_sk", "platforms"),
    ):
        of_dimension = named.get(dimension, {})
        if key in fact and key in of_dimension and name in of_dimension:
            fact.pop(name, None)
        elif name not in fact:
            missing.append(
                f"{table} has no {name}: expected one of {', '.join(COLUMNS[what][name])}, or "
                f"{key} in it and in {TABLES[dimension][0]}, which says the {name} of each"
            )
    return missing
