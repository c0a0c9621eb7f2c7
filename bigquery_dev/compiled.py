"""The dbt project as it would run on BigQuery, compiled without BigQuery.

dbt compiles offline if nothing has to be asked of the warehouse: `dbt_project/macros/offline.sql`
answers instead, and says which form (branch) each incremental model takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bigquery_dev.googlesql import Columns
from extract.landing import OWN_TABLES, RECORDS
from extract.product_database.tables import TABLES as PRODUCT_TABLES
from foundation.dbt import DbtError, environment, invoke, parse
from foundation.settings import ROOT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# Where dbt keeps what it parsed and compiled, by branch: the next time is faster.
TARGET = ROOT / "target" / "bigquery"
BRANCHES = ("full", "incremental")
# Kinds of nodes that query, and create nothing.
QUESTIONS = ("test", "analysis")
# Always these days where any would do: with other variables dbt parses everything again.
DAYS = ("2026-01-01", "2026-01-02")
# Telling names; no such project is ever called.
SETTINGS = {
    "TARGET": "bigquery",
    "GOOGLE_CLOUD_PROJECT": "project",
    "BIGQUERY_DATASET": "ai_spend",
    "BIGQUERY_LOCATION": "EU",
    "BIGQUERY_API_ENDPOINT": "http://offline.invalid",
}
# Older tables as their design had them (dbt_project/models/comparison/_comparison.yml): without
# this var the models that are compared with them are off, and nothing would check them.
VARIABLES: dict[str, Any] = {
    "compare_legacy": {
        "database": None,
        "schema": "older",
        "tables": {
            "costs": "fact_ai_costs",
            "usage": "fact_ai_usage",
            "users": "dim_users",
            "platforms": "dim_platforms",
        },
        "columns": {
            "costs": {
                "day": "cost_date",
                "amount": "base_cost_usd,overage_cost_usd",
                "user_sk": "user_sk",
                "platform_sk": "platform_sk",
                "cost_type": "cost_type",
            },
            "usage": {
                "day": "date_sk",
                "amount": "total_tokens",
                "user_sk": "user_sk",
                "platform_sk": "platform_sk",
                "model": "model",
            },
            "users": {"user_sk": "user_sk", "email": "user_email", "team": "team"},
            "platforms": {
                "platform_sk": "platform_sk",
                "platform": "platform_code",
                "subtype": "platform_subtype",
            },
        },
    }
}
_ARROW = {
    "date32[day]": "DATE",
    "string": "STRING",
    "int64": "INT64",
    "bool": "BOOL",
    "decimal128(38, 18)": "BIGNUMERIC",
}
# The schemas whose tables have the columns of a database rather than payloads.
TYPED = {"raw_product": PRODUCT_TABLES}


class CompileError(Exception):
    """dbt cannot compile the project; the message is dbt's."""


@dataclass(frozen=True)
class Node:
    """A model, snapshot, seed, test, analysis or source. `table` is "project.dataset.table"; `sql`
    is what dbt compiled; `columns` are the types in its yml, for a source all of them."""

    name: str
    kind: str
    table: str
    path: str
    sql: str
    materialized: str
    columns: Columns
    config: dict[str, Any]
    has_contract: bool
    parents: list[str]
    parent_tables: list[str]


def compile_project(
    days: Sequence[str] = DAYS,
    folder: Path = TARGET,
    as_of_date: str | None = None,
    manifest: Manifest | None = None,
) -> dict[str, list[Node]]:
    """Every node by branch, parents before children, with incremental models on the given days, as
    of today by default. `manifest` is what dbt parsed with SETTINGS and VARIABLES, if that exists
    already. Raises CompileError."""
    try:
        variables = ["--vars", json.dumps(VARIABLES)]
        manifest = manifest or parse(environment(SETTINGS), *variables, *_into(folder))
    except DbtError as error:
        raise CompileError(str(error)) from error
    for branch in BRANCHES:
        _compile(branch, days, folder / branch, as_of_date, manifest)
    return compiled(folder)


def compiled(folder: Path = TARGET) -> dict[str, list[Node]]:
    """What `compile_project` left in a folder."""
    manifests = {branch: folder / branch / "manifest.json" for branch in BRANCHES}
    return {
        branch: list(nodes_of(json.loads(file.read_text()))) for branch, file in manifests.items()
    }


def _compile(
    branch: str, days: Sequence[str], folder: Path, as_of_date: str | None, manifest: Manifest
) -> None:
    offline = {"offline": {"branch": branch, "days": days}, "as_of_date": as_of_date}
    variables = json.dumps(offline | VARIABLES)
    arguments = ["compile", "--no-introspect", "--no-populate-cache", "--vars", variables]
    said: list[str] = []
    done = invoke(
        [*arguments, *_into(folder)],
        environment(SETTINGS),
        manifest,
        lambda event: said.append(event.info.msg) if event.info.level == "error" else None,
    )
    if not done.success:
        raise CompileError("\n".join([*said, str(done.exception or "")]))


def _into(folder: Path) -> list[str]:
    return ["--target-path", str(folder), "--log-path", str(folder)]


def nodes_of(manifest: dict[str, Any]) -> Iterator[Node]:
    """The nodes of dbt's manifest, parents before children."""
    nodes = {**manifest["sources"], **manifest["nodes"]}
    done: set[str] = set()

    def visit(name: str) -> Iterator[Node]:
        node = nodes.get(name)
        if node is None or name in done or node["resource_type"] == "operation":
            return
        done.add(name)
        parents = [name for name in node.get("depends_on", {}).get("nodes", []) if name in nodes]
        for parent in parents:
            yield from visit(parent)
        yield _node(node, [nodes[parent] for parent in parents])

    for name in nodes:
        yield from visit(name)


def _node(node: dict[str, Any], parents: list[dict[str, Any]]) -> Node:
    kind = node["resource_type"]
    config = dict(node["config"])
    documented = {
        name: column["data_type"].upper()
        for name, column in node["columns"].items()
        if column.get("data_type")
    }
    if kind == "source" and node["source_name"].startswith("raw_"):
        schema = node["source_name"]
        documented = raw_columns(node["name"], schema)
        # The same layout as in extract/landing.py.
        day = "extracted_at" if node["name"] == "extractions" else "window_start"
        if layout := TYPED.get(schema, {}).get(node["name"]):
            day = layout.metadata[b"partition"].decode()
        if day in documented:
            config["partition_by"] = {"field": day}
    return Node(
        name=node["name"],
        kind=kind,
        table=_table(node),
        path=node["original_file_path"],
        sql=node.get("compiled_code") or "",
        materialized=config.get("materialized") or "",
        columns={k: v.upper() for k, v in config.get("column_types", {}).items()} or documented,
        config=config,
        has_contract=bool(config.get("contract", {}).get("enforced")),
        parents=[parent["name"] for parent in parents],
        parent_tables=[_table(parent) for parent in parents],
    )


def _table(node: dict[str, Any]) -> str:
    name: str = node.get("relation_name") or ""
    return name.replace("`", "")


def raw_columns(table: str, schema: str) -> Columns:
    """The columns of a raw table, as the extractors and dlt create it."""
    if table == "_dlt_loads":
        return {
            "load_id": "STRING",
            "schema_name": "STRING",
            "status": "INT64",
            "inserted_at": "TIMESTAMP",
            "schema_version_hash": "STRING",
        }
    known: dict[str, pa.Schema] = {**TYPED.get(schema, {}), **OWN_TABLES}
    fields = known.get(table, RECORDS)
    columns = {field.name: _ARROW.get(str(field.type), "TIMESTAMP") for field in fields}
    return columns | {"_dlt_load_id": "STRING"}
