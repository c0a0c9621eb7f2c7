"""Checks whether every statement of the project is valid on BigQuery and has the types it promises.

Both branches of every model, snapshot and data test, and every chart of the dashboards
(`bigquery_dev.charts`) go through Google's analyzer, parents first. The columns of a model are what
the analyzer found, so a type that changes in staging shows in each mart that reads it.
`bigquery_dev.lints` adds what only the service would refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bigquery_dev.compiled import BRANCHES, QUESTIONS, Node
from bigquery_dev.googlesql import GoogleSql, GoogleSqlError, Types, type_name, type_proto
from bigquery_dev.lints import lint

# The columns that dbt adds to a snapshot.
SNAPSHOT = {
    "dbt_scd_id": "STRING",
    "dbt_updated_at": "TIMESTAMP",
    "dbt_valid_from": "TIMESTAMP",
    "dbt_valid_to": "TIMESTAMP",
}


@dataclass(frozen=True)
class Problem:
    """`line` is a line of the compiled statement, 0 if the problem has none."""

    branch: str
    node: str
    path: str
    line: int
    reason: str


@dataclass
class Analysis:
    """What the analyzer found. `resolved` has the resolved form of each statement, by branch and
    name of the node; `google` knows every table."""

    google: GoogleSql = field(default_factory=GoogleSql)
    resolved: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def analyze(project: dict[str, list[Node]]) -> Analysis:
    """Check every statement of a project (`compiled.compile_project`)."""
    analysis = Analysis()
    for branch in BRANCHES:
        _Branch(analysis, branch, project).check()
    return analysis


class _Branch:
    """One branch, checked after the others: an incremental model reads its own table, so the tables
    of the full branch must be known to the incremental one."""

    def __init__(self, analysis: Analysis, name: str, project: dict[str, list[Node]]) -> None:
        self.analysis, self.name = analysis, name
        self.nodes = project[name]
        self.google = analysis.google
        self.resolved = analysis.resolved.setdefault(name, {})
        self.failed: set[str] = set()
        # What the full branch found still holds if neither the SQL nor a parent differs.
        self.full = {node.name: node for node in project["full"]}
        self.types_before = dict(self.google.tables)

    def check(self) -> None:
        for node in self.nodes:
            if node.kind not in QUESTIONS:
                self._check(node)
        with self.google.all_tables_known():
            for node in self.nodes:
                if node.kind in QUESTIONS:
                    self._check(node)
        tables = {node.table: node for node in self.nodes if node.kind not in QUESTIONS}
        views = views_of(self.nodes, self.resolved)
        for node in self.nodes:
            if node.name in self.resolved:
                for reason in lint(node, self.resolved[node.name], tables, views):
                    self._problem(node, 0, reason)

    def _check(self, node: Node) -> None:
        """Analyze a node, and add its table to the catalog."""
        if node.kind in ("seed", "source"):
            self.google.add_table(node.table, node.columns)
            return
        if blamed := self.failed.intersection(node.parents):
            names = ", ".join(sorted(blamed))
            self._problem(node, 0, f"could not be checked, because of {names}")
            return
        if self._is_as_before(node):
            self.resolved[node.name] = self.analysis.resolved["full"][node.name]
            return
        try:
            statement = self.google.analyze(node.sql)
        except GoogleSqlError as error:
            self._problem(node, error.line, error.message)
            return
        self.resolved[node.name] = statement
        outputs = statement.resolved_query_stmt_node.output_column_list
        types = {output.name: output.column.type for output in outputs}
        if node.kind == "snapshot":
            types |= {name: type_proto(kind) for name, kind in SNAPSHOT.items()}
        if node.kind not in QUESTIONS:
            self.google.tables[node.table] = types
        if node.has_contract:
            for reason in broken_contract(node, types):
                self._problem(node, 0, reason)

    def _is_as_before(self, node: Node) -> bool:
        return (
            node.name in self.analysis.resolved["full"]
            and node.sql == self.full[node.name].sql
            and all(
                self.types_before.get(table) == self.google.tables.get(table)
                for table in node.parent_tables
            )
        )

    def _problem(self, node: Node, line: int, reason: str) -> None:
        self.failed.add(node.name)
        problem = Problem(self.name, node.name, node.path, line, reason)
        self.analysis.problems.append(problem)


def views_of(nodes: list[Node], resolved: dict[str, Any]) -> dict[str, Any]:
    """The resolved forms of the views among the nodes, by the names of the views."""
    return {
        node.table: resolved[node.name]
        for node in nodes
        if node.materialized == "view" and node.kind == "model" and node.name in resolved
    }


def broken_contract(node: Node, types: Types) -> Iterator[str]:
    """How the columns of a model differ from those that its yml promises."""
    for name in sorted(node.columns.keys() | types.keys()):
        promised, found = node.columns.get(name), types.get(name)
        if found is None:
            yield f"the contract promises {name}, which the model lacks"
        elif promised is None:
            yield f"the contract lacks {name} {type_name(found)}"
        elif type_proto(promised) != found:
            yield f"the contract promises {name} {promised}, the model gives {type_name(found)}"
