"""docs/migration.md: what it says of each column of the older design, and what it should say."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from foundation.settings import ROOT
from tools import base_company

if TYPE_CHECKING:
    from dbt.contracts.graph.nodes import ModelNode

PAGE = (ROOT / "docs" / "migration.md").read_text()
# The older design's words for the types that contracts on DuckDB have.
TYPES = {
    "string": "STRING",
    "int64": "INT64",
    "double": "FLOAT64",
    "boolean": "BOOL",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_TABLE = re.compile(r"^### `(\w+)`\n\n(?:.+\n\n)?((?:\|.*\|\n)+)", re.MULTILINE)


@cache
def models() -> dict[str, ModelNode]:
    """The models of the schema `legacy` by the old names of their tables."""
    nodes = base_company.manifest().nodes.values()
    return {
        node.alias: node
        for node in nodes
        if node.resource_type.value == "model" and node.schema == "legacy"
    }


def written() -> dict[str, str]:
    """The table of columns on the page, as text, by the name of the old table."""
    return dict(_TABLE.findall(PAGE))


def wanted() -> dict[str, str]:
    """What these should be by the contracts: to be copied to the page when they differ."""
    return {name: _table_of(model) for name, model in models().items()}


def types() -> dict[str, dict[str, str]]:
    """The type of each column on the page, by table and column."""
    return {
        name: dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.MULTILINE))
        for name, table in written().items()
    }


def _table_of(model: ModelNode) -> str:
    lines = ["| Column | Type | What it is now |", "|---|---|---|"]
    for column in model.columns.values():
        kind = TYPES[column.data_type or ""]
        lines.append(f"| `{column.name}` | {kind} | {column.description} |")
    return "\n".join(lines) + "\n"
