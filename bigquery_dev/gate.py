"""A proxy in front of an emulator of BigQuery, stricter than the emulator.

Every statement of a query first goes through Google's analyzer. What the analyzer refuses is
answered as BigQuery would answer it and never reaches the emulator, which accepts much that
BigQuery does not. What the emulator lacks is bridged by `bigquery_dev.bridges`, once the analyzer
has accepted the original. All requests are kept in a file, one line of JSON each.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.public.options_pb2 import (
    PARAMETER_POSITIONAL,
    PARSE_LOCATION_RECORD_FULL_NODE_SCOPE,
)

from bigquery_dev import bridges, googlesql
from bigquery_dev.bridges import Json
from bigquery_dev.googlesql import Columns, GoogleSql, GoogleSqlError, statements, table_paths

_PROJECT = re.compile(r"/projects/([^/]+)/")
_TABLE = re.compile(r"/projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)$")
# The analyzer does not know variables. dlt declares one for tables to empty, which we never have.
_DECLARATION = re.compile(r"\s*DECLARE \w+ \w+;?\s*")
# Type names in BigQuery's REST API that SQL does not have.
_SQL_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_HOP_BY_HOP = {"connection", "content-encoding", "content-length", "transfer-encoding"}
# One statement may take the emulator a while.
_TIMEOUT = httpx.Timeout(600)


def application(emulator: str, requests: Path) -> Starlette:
    """The gate to the emulator at a URL; `requests` is the file that it writes."""
    # The analyzer loads when it gets its first statement.
    GoogleSql().analyze("select 1")
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    gate = _Gate(emulator, requests)
    return Starlette(routes=[Route("/{path:path}", gate.answer, methods=methods)])


class _Gate:
    def __init__(self, emulator: str, requests: Path) -> None:
        self._emulator = httpx.AsyncClient(base_url=emulator, timeout=_TIMEOUT)
        self._requests = requests
        self._bignumerics: dict[str, set[str]] = {}

    async def answer(self, request: Request) -> Response:
        path, body = request.url.path, await request.body()
        content = _json(body, request.headers.get("content-type", ""))
        self._keep(request.method, path, content)
        if query := _query(request.method, path, content):
            project = _PROJECT.findall(path)[0]
            try:
                query["query"] = await self._bridged(project, query)
            except GoogleSqlError as error:
                return _refused(error)
            body = json.dumps(content).encode()
        headers = {k: v for k, v in request.headers.items() if k not in _HOP_BY_HOP}
        body = bridges.unpacked(body, headers)
        url = httpx.URL(path, query=request.url.query.encode())
        answer = await self._emulator.request(request.method, url, content=body, headers=headers)
        status, body = self._outcome(path, answer)
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
        return Response(body, status, kept)

    def _keep(self, method: str, path: str, content: Json | None) -> None:
        with self._requests.open("a") as file:
            file.write(f"{json.dumps({'method': method, 'path': path, 'body': content})}\n")

    async def _bridged(self, project: str, query: Json) -> str:
        """The SQL for the emulator. Raises GoogleSqlError if it is not valid, or reads tables that
        do not exist."""
        sql: str = query["query"]
        if _DECLARATION.fullmatch(sql):
            return sql
        default = query.get("defaultDataset")
        google = GoogleSql()
        bridged = []
        for statement in statements(sql):
            for path in table_paths(statement):
                name = ".".join(path)
                columns = await self._columns(_full(name, project, default))
                if columns is not None:
                    google.add_table(name, columns)
            resolved = _analyze(google, statement, query.get("queryParameters", []))
            bridged.append(bridges.typed(statement, resolved))
            if made := bridges.bignumerics(resolved):
                name, names = made
                self._bignumerics[_full(name, project, default)] = names
        return "".join(bridged)

    async def _columns(self, name: str) -> Columns | None:
        """The columns of a table in the emulator, None if there is no such table."""
        project, dataset, table = name.split(".", 2)
        url = f"/bigquery/v2/projects/{project}"
        if table.upper().startswith("INFORMATION_SCHEMA."):
            query = {"query": f"select * from {name} limit 0", "useLegacySql": False}
            answer = await self._emulator.post(f"{url}/queries", json=query)
        else:
            answer = await self._emulator.get(f"{url}/datasets/{dataset}/tables/{table}")
        if answer.status_code != httpx.codes.OK:
            return None
        description = bridges.described(answer.json(), self._bignumerics.get(name, set()))
        fields = description.get("schema", {}).get("fields", [])
        return {field["name"]: _sql_type(field) for field in fields}

    def _outcome(self, path: str, answer: httpx.Response) -> tuple[int, bytes]:
        status, body = bridges.outcome(answer.status_code, answer.content, path)
        if status == httpx.codes.OK and (table := _TABLE.search(path)):
            names = self._bignumerics.get(".".join(table.groups()), set())
            body = json.dumps(bridges.described(json.loads(body), names)).encode()
        return status, body


def _json(body: bytes, kind: str) -> Json | None:
    content = json.loads(body) if body and "json" in kind else None
    return content if isinstance(content, dict) else None


def _query(method: str, path: str, content: Json | None) -> Json | None:
    """The part of a request to jobs.insert or jobs.query that has the SQL, if any."""
    if method != "POST" or not content:
        return None
    if path.endswith("/jobs"):
        query: Json | None = content.get("configuration", {}).get("query")
        return query
    return content if path.endswith("/queries") else None


def _full(name: str, project: str, dataset: Json | None) -> str:
    """A table's name with project and dataset, even if the query leaves them to its defaults."""
    parts = name.split(".")
    if len(parts) == 1 and dataset:
        parts = [dataset["datasetId"], *parts]
    if len(parts) == 2:
        parts = [project, *parts]
    return ".".join(parts)


def _sql_type(field: Json) -> str:
    kind: str = field["type"]
    kind = _SQL_TYPES.get(kind, kind)
    if kind in ("RECORD", "STRUCT"):
        inner = (f"{part['name']} {_sql_type(part)}" for part in field["fields"])
        kind = f"STRUCT<{', '.join(inner)}>"
    return f"ARRAY<{kind}>" if field.get("mode") == "REPEATED" else kind


def _analyze(google: GoogleSql, statement: str, parameters: list[Json]) -> Any:  # noqa: ANN401
    """The resolved statement, with the positions of its parts."""
    request = service.AnalyzeRequest(sql_statement=statement)
    request.options.CopyFrom(googlesql.options())
    request.options.parse_location_record_type = PARSE_LOCATION_RECORD_FULL_NODE_SCOPE
    for parameter in parameters:
        kind = googlesql.type_proto(parameter["parameterType"]["type"])
        if name := parameter.get("name"):
            request.options.query_parameters.add(name=name).type.CopyFrom(kind)
        else:
            request.options.parameter_mode = PARAMETER_POSITIONAL
            request.options.positional_query_parameters.append(kind)
    request.simple_catalog.CopyFrom(google.catalog(table_paths(statement)))
    return googlesql.call("Analyze", request, service.AnalyzeResponse).resolved_statement


def _refused(error: GoogleSqlError) -> Response:
    status, reason = 400, "invalidQuery"
    message = f"{error.message} at [{error.line}:{error.column}]"
    if missing := re.match(r"Table not found: ([^;\s]+)", error.message):
        status, reason = 404, "notFound"
        message = f"Not found: Table {missing[1].replace('.', ':', 1)} was not found"
    body = bridges.refusal(status, reason, message)
    return Response(body, status, media_type="application/json")
