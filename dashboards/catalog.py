"""The marts for dashboards: dbt's contracts, and an empty warehouse made from them.

The contracts of the marts name every column and its type, so a definition can be checked against
them before there is any data. The empty warehouse shows whether a query is valid and which columns
it returns.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import duckdb
from sqlglot import exp

from dashboards.definition import Format
from dashboards.people import People
from foundation import dbt
from foundation.settings import Settings

MANIFEST = dbt.PROJECT / "target" / "manifest.json"
# The schema of the marts in SQL that is not rendered for a warehouse yet.
MARTS = "marts"

Kind = Literal["text", "number", "money", "count", "date", "datetime", "boolean"]

_PERCENT = re.compile(r"_(share|ratio|mom|qoq|rate)$|(^|_)share_of_|^completeness$|_confidence$")
_DOLLARS = re.compile(r"(^|_)(usd|costs?|price|run_rate)(_|$)")
# Places in an order, and the few grades that a seed gives.
_PLACE = re.compile(r"(^|_)(rank|position|number|weekday|hour)$|^attribution_confidence$")


class CatalogError(Exception):
    """dbt's description of the marts cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Column:
    """A column of a mart, or of a query's result. `values` are all that it may have, if its
    contract lists them."""

    name: str
    kind: Kind
    description: str = ""
    values: tuple[str, ...] = ()

    @property
    def format(self) -> Format:
        """How it is shown unless the chart says otherwise: by its type, and by its name if it is a
        ratio."""
        if self.name.endswith("_pct"):
            return "percent100"
        is_price = _DOLLARS.search(self.name) and not re.search(r"_(share|mom|qoq)$", self.name)
        if self.kind == "money" or (self.kind == "number" and is_price):
            return "usd"
        if self.kind == "number":
            return "percent" if _PERCENT.search(self.name) else "decimal"
        return "text" if self.kind == "boolean" else self.kind

    @property
    def is_ratio(self) -> bool:
        """Whether it is a ratio, which can be neither summed nor averaged."""
        is_per = re.search(r"(^|_)(per|growth)_", self.name) or self.name.endswith("_score")
        is_share = self.format in ("percent", "percent100")
        return self.kind == "number" and bool(is_share or is_per)

    @property
    def is_quantity(self) -> bool:
        """Whether it says how much or how many. Nearly every row has its own value, so rows are
        never grouped by it. A place in an order, such as a rank or an hour, is no quantity, and
        neither is a grade."""
        return self.kind in ("number", "money", "count") and not _PLACE.search(self.name)


@dataclass(frozen=True)
class Model:
    """A mart. `day` is the column on which BigQuery requires a condition in every query, if any."""

    name: str
    description: str
    columns: dict[str, Column]
    day: str | None = None


def did_you_mean(name: str, known: Iterable[str], *, most: int = 3) -> str:
    close = get_close_matches(name, list(known), n=most, cutoff=0.5)
    return f": did you mean {' or '.join(close)}?" if close else ""


class Catalog:
    """The marts by name. Queries in DuckDB's SQL, with the marts in the schema `marts`, are bound
    against their contracts. `people` says which dashboards may show them."""

    def __init__(self, manifest: Path = MANIFEST, people: People | None = None) -> None:
        self.people = people or People()
        content = json.loads(manifest.read_text())
        dialect = content["metadata"]["adapter_type"]
        self.models: dict[str, Model] = {}
        self._connection = duckdb.connect(":memory:")
        self._connection.execute(f"create schema {MARTS}")
        values = _accepted_values(content["nodes"].values())
        for node in content["nodes"].values():
            is_mart = node["resource_type"] == "model" and node["fqn"][1] == "marts"
            if not is_mart or node["access"] == "private":
                continue
            types = {
                name: _type(column["data_type"], dialect)
                for name, column in node["columns"].items()
                if column.get("data_type")
            }
            if not types:
                continue
            self._connection.execute(_create(node["name"], types))
            descriptions = {name: node["columns"][name]["description"] for name in types}
            self.models[node["name"]] = Model(
                name=node["name"],
                description=node["description"],
                columns={
                    column.name: Column(
                        column.name,
                        column.kind,
                        descriptions[column.name],
                        values.get((node["name"], column.name), ()),
                    )
                    for column in self.answer(f'select * from {MARTS}."{node["name"]}"')
                },
                day=_required_day(node["config"]),
            )

    def unknown_model(self, model: str) -> str | None:
        """What to say of a mart that is not there; None if it is."""
        if model in self.models:
            return None
        return f"there is no mart {model}{did_you_mean(model, self.models)}"

    def unknown_column(self, model: str, name: str) -> str | None:
        """What to say of a column that a mart has not; None if it has it."""
        columns = self.models[model].columns
        if name in columns:
            return None
        return f"{model} has no column {name}{did_you_mean(name, columns)}"

    def answer(self, sql: str) -> list[Column]:
        """The columns that a query returns. Raises duckdb.Error, which says what is wrong with the
        query and where."""
        rows = self._connection.execute(f"describe {sql}").fetchall()
        return [Column(name, _kind(data_type)) for name, data_type, *_ in rows]

    def execute(self, sql: str) -> None:
        """Run a query on empty marts. Raises duckdb.Error."""
        self._connection.execute(sql).fetchall()


def _accepted_values(nodes: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By model and column: the values that dbt's test `accepted_values` accepts."""
    return {
        (node["attached_node"].rpartition(".")[2], node["column_name"]): tuple(
            node["test_metadata"]["kwargs"]["values"]
        )
        for node in nodes
        if (node.get("test_metadata") or {}).get("name") == "accepted_values"
        and not node["config"].get("where")
    }


def _required_day(config: dict[str, Any]) -> str | None:
    return config["meta"]["day_column"] if config.get("require_partition_filter") else None


def _type(data_type: str, dialect: str) -> str:
    """A column's type in DuckDB."""
    if data_type.lower() == "bignumeric":  # which is how BigQuery stores money
        return "decimal(38, 18)"
    return exp.DataType.build(data_type, dialect=dialect).sql(dialect="duckdb")


def _create(name: str, types: dict[str, str]) -> str:
    columns = (f'"{column}" {data_type}' for column, data_type in types.items())
    return f'create table {MARTS}."{name}" ({", ".join(columns)})'


def _kind(data_type: str) -> Kind:
    match data_type.split("(")[0]:
        case "DECIMAL" | "DOUBLE" | "FLOAT":
            return "money" if data_type.endswith(",18)") else "number"
        case "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UBIGINT":
            return "count"
        case "DATE":
            return "date"
        case kind if kind.startswith("TIMESTAMP"):
            return "datetime"
        case "BOOLEAN":
            return "boolean"
        case _:
            return "text"


def load_catalog(settings: Settings) -> Catalog:
    """The catalog of the current models; dbt parses them if they have changed since it last did.
    Raises CatalogError."""
    if not MANIFEST.exists() or MANIFEST.stat().st_mtime < max(_changed(), default=0):
        parsed = subprocess.run(
            [dbt.DBT, "--quiet", "parse"],
            env=dbt.environment(settings.dbt_environment()),
            capture_output=True,
            text=True,
            check=False,
        )
        if parsed.returncode:
            raise CatalogError(f"dbt cannot read its models:\n{parsed.stdout}{parsed.stderr}")
    return Catalog(people=People.of(settings))


def _changed() -> Iterator[float]:
    folders = ("models", "macros", "seeds", "snapshots", "tests")
    files = [path for folder in folders for path in (dbt.PROJECT / folder).rglob("*.*")]
    return (path.stat().st_mtime for path in [*files, dbt.PROJECT / "dbt_project.yml"])
