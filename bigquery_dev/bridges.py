"""Where the emulator falls short of BigQuery, and what the gate does about each gap.

Statements come here only after Google's analyzer accepted them as they were sent.
"""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import httpx

from bigquery_dev.googlesql import type_name

Json = dict[str, Any]

# A quoted string, or a bracket outside of them.
_BRACKETS = re.compile(rb"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[()]")
_NESTED = ("ARRAY", "STRUCT")


def typed(statement: str, resolved: Any) -> str:  # noqa: ANN401
    """The emulator chooses its own column types; the first day of a month is a DATETIME, for
    example. So each column is cast to the type that the analyzer found."""
    table, view = _table(resolved), _view(resolved)
    found = table or view or resolved.resolved_query_stmt_node
    if not found.HasField("query"):
        return statement
    scan = _part(found.query, "is_ordered")
    if scan.is_ordered and not (table or view):
        return statement
    text = statement.encode()
    place = scan.parent.parse_location_range
    head, query, tail = text[: place.start], text[place.start : place.end], text[place.end :]
    if table:
        name = _part(table, "parse_location_range").parse_location_range
        head = text[: name.end] + _without_columns(text[name.end : place.start])
    return (head + _cast(query, found.output_column_list) + tail).decode()


def bignumerics(resolved: Any) -> tuple[str, set[str]] | None:  # noqa: ANN401
    """The table or view that a statement creates from a query, and its columns of type
    BIGNUMERIC."""
    node = _table(resolved) or _view(resolved)
    if node is None:
        return None
    outputs = node.output_column_list
    names = {output.name for output in outputs if type_name(output.column.type) == "BIGNUMERIC"}
    return ".".join(_part(node, "name_path").name_path), names


def described(table: Json, bignumerics: set[str]) -> Json:
    """The emulator's description of a table (`table` is its answer) calls these columns NUMERIC;
    here they become BIGNUMERIC."""
    for field in table.get("schema", {}).get("fields", []):
        if field["name"] in bignumerics:
            field["type"] = "BIGNUMERIC"
    return table


def _table(resolved: Any) -> Any:  # noqa: ANN401
    create = resolved.resolved_create_statement_node.resolved_create_table_stmt_base_node
    node = create.resolved_create_table_as_select_stmt_node
    return node if node.HasField("query") else None


def _view(resolved: Any) -> Any:  # noqa: ANN401
    create = resolved.resolved_create_statement_node.resolved_create_view_base_node
    node = create.resolved_create_view_stmt_node.parent
    return node if node.HasField("query") else None


def _cast(query: bytes, outputs: Any) -> bytes:  # noqa: ANN401
    columns = [(output.name, type_name(output.column.type)) for output in outputs]
    names = {name.lower() for name, _ in columns}
    if len(names) < len(columns) or any(name.startswith("$") for name in names):
        return query
    casts = ", ".join(
        f"`{name}`" if kind.startswith(_NESTED) else f"cast(`{name}` as {kind}) as `{name}`"
        for name, kind in columns
    )
    return f"select {casts} from (\n".encode() + query + b"\n)"


def _without_columns(definition: bytes) -> bytes:
    """The emulator refuses to create a table from a query with a list of columns, as contracts
    have, so the list is removed. `definition` is what follows the table's name."""
    if not definition.lstrip().startswith(b"("):
        return definition
    depth = 0
    for bracket in _BRACKETS.finditer(definition):
        depth += {b"(": 1, b")": -1}.get(bracket[0], 0)
        if depth == 0:
            return definition[bracket.end() :]
    return definition


def _part(node: Any, field: str) -> Any:  # noqa: ANN401
    """The part of a resolved node that has a field: the node itself, or the more general node that
    it contains."""
    while field not in node.DESCRIPTOR.fields_by_name:
        kinds = "node" in node.DESCRIPTOR.oneofs_by_name
        node = getattr(node, node.WhichOneof("node")) if kinds else node.parent
    return node


def unpacked(body: bytes, headers: dict[str, str]) -> bytes:
    """The emulator cannot read files that were uploaded compressed."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    body = gzip.decompress(body)
    headers["content-range"] = f"bytes 0-{len(body) - 1}/{len(body)}"
    return body


def outcome(status: int, body: bytes, path: str) -> tuple[int, bytes]:
    """The emulator answers jobs.query with 200 even if the query failed. And when a service reports
    internal errors, clients retry for ten minutes; the emulator's never go away."""
    if status == httpx.codes.OK and path.endswith("/queries"):
        for error in json.loads(body).get("errors", []):
            status = 404 if error["reason"] == "notFound" else 400
            return status, refusal(status, error["reason"], error["message"])
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return 400, refusal(400, "emulatorFailed", body.decode())
    return status, body


def refusal(status: int, reason: str, message: str) -> bytes:
    """An error in the form of BigQuery's API."""
    errors = [{"reason": reason, "message": message}]
    return json.dumps({"error": {"code": status, "message": message, "errors": errors}}).encode()
