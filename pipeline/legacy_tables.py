"""The older tables that the marts are compared with: which there are, and what their columns are
called (docs/migration.md).

They are in a schema of the warehouse, in a dataset, or in a folder of CSV files, which are loaded
as text. What they mean is for dbt_project/models/comparison.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
            connection.execute(
                f"create table {FILES}.{name} as"
                " select * from read_csv(?, header = true, all_varchar = true)",
                [str(files[name])],
            )
    finally:
        connection.close()
    return FILES


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
