"""Is every statement of the project valid on BigQuery, of the types that it promises?

Both branches of every model, snapshot and data test go through Google's analyzer, parents first:
the columns of a model are what the analyzer found, so a type that changes in staging shows in each
mart that reads it. `bigquery.lints` adds what only the service would refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bigquery.compiled import Node
from bigquery.googlesql import GoogleSql, GoogleSqlError, Types, type_name, type_proto

# What dbt adds to a snapshot.
_SNAPSHOT = {
    "dbt_scd_id": "STRING",
    "dbt_updated_at": "TIMESTAMP",
    "dbt_valid_from": "TIMESTAMP",
    "dbt_valid_to": "TIMESTAMP",
}


@dataclass(frozen=True)
class Problem:
    """`line` is one of the compiled statement, 0 where the problem is not in a line."""

    branch: str
    node: str
    path: str
    line: int
    reason: str


def problems(branch: str, nodes: list[Node]) -> Iterator[Problem]:
    """What is wrong with each node of a branch; `nodes` come parents first."""
    google = GoogleSql()
    failed: set[str] = set()
    for node in nodes:
        if node.kind in ("seed", "source"):
            google.add_table(node.table, node.columns)
            continue
        if blamed := failed.intersection(node.parents):
            failed.add(node.name)
            reason = f"could not be checked, because of {', '.join(sorted(blamed))}"
            yield Problem(branch, node.name, node.path, 0, reason)
            continue
        try:
            types = google.types(node.sql)
        except GoogleSqlError as error:
            failed.add(node.name)
            yield Problem(branch, node.name, node.path, error.line, error.message)
            continue
        if node.kind == "snapshot":
            types |= {name: type_proto(kind) for name, kind in _SNAPSHOT.items()}
        if node.kind != "test":
            google.tables[node.table] = types
        if node.has_contract:
            for reason in broken_contract(node, types):
                yield Problem(branch, node.name, node.path, 0, reason)


def broken_contract(node: Node, types: Types) -> Iterator[str]:
    """How the columns of a model differ from those that its yml promises."""
    for name in node.columns.keys() | types.keys():
        promised, found = node.columns.get(name), types.get(name)
        if found is None:
            yield f"the contract promises {name}, which the model lacks"
        elif promised is None:
            yield f"the contract lacks {name} {type_name(found)}"
        elif type_proto(promised) != found:
            yield f"the contract promises {name} {promised}, the model gives {type_name(found)}"
