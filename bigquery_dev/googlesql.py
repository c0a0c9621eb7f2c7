"""Google's own SQL analyzer and reference engine, in BigQuery's dialect.

Both come with the package `zetasql`: ZetaSQL (https://github.com/google/zetasql) compiled to
WebAssembly. The analyzer decides what is valid and what type each column has; the engine runs
queries over rows in memory, slowly, and is right by definition. Neither knows what only the service
refuses; `bigquery_dev.lints` looks for some of that.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import functools
import hashlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import wasmtime
from zetasql import types as zetasql_types
from zetasql.core import local_service, wasm_client
from zetasql.core.exceptions import ZetaSQLError
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2 as catalogs
from zetasql.wasi._pb2.zetasql.public import options_pb2
from zetasql.wasi._pb2.zetasql.public import value_pb2 as values

# Columns of a table by name, with BigQuery's type names: {"day": "DATE"}.
Columns = dict[str, str]
# Columns by name, with ZetaSQL's TypeProto.
Types = dict[str, Any]
Row = Mapping[str, Any]

_QUOTED_NAME = re.compile(r"`([^`.]+)`\.`([^`.]+)`\.`([^`.]+)`")
_WIDE = Context(prec=100)
# This WebAssembly has no threads, and a single memory.
_ONE_AT_A_TIME = threading.Lock()


class GoogleSqlError(Exception):
    """Google's analyzer or engine refuses a statement; `line` and `column` count from 1."""

    def __init__(self, message: str) -> None:
        place = re.search(r" ?\[at (\d+):(\d+)\]", message)
        self.line, self.column = (int(place[1]), int(place[2])) if place else (1, 1)
        message = message.removeprefix("[INVALID_ARGUMENT] ")
        self.message = message.replace(place[0], "") if place else message
        super().__init__(self.message)


class GoogleSql:
    """Tables, and operations on statements over them.

    Tables are named "project.dataset.table"; statements may quote that in parts or as a whole.
    """

    def __init__(self) -> None:
        self.tables: dict[str, Types] = {}
        self._rows: dict[str, list[Row]] = {}
        self._registered: int | None = None

    def add_table(self, name: str, columns: Columns, rows: Iterable[Row] = ()) -> None:
        """Add a table, or replace it. `rows` are what `query` finds in it."""
        self.tables[name] = {column: type_proto(kind) for column, kind in columns.items()}
        self._rows[name] = list(rows)

    def analyze(self, sql: str, parameters: Columns | None = None) -> Any:  # noqa: ANN401
        """The resolved form of one statement (ZetaSQL's AnyResolvedStatementProto).

        `parameters` are the types of its named parameters. Raises GoogleSqlError.
        """
        request = service.AnalyzeRequest(sql_statement=sql)
        request.options.CopyFrom(options())
        for name, kind in (parameters or {}).items():
            request.options.query_parameters.add(name=name).type.CopyFrom(type_proto(kind))
        if self._registered is None:
            request.simple_catalog.CopyFrom(self.catalog(table_paths(sql)))
        else:
            request.registered_catalog_id = self._registered
        return call("Analyze", request, service.AnalyzeResponse).resolved_statement

    @contextmanager
    def all_tables_known(self) -> Iterator[None]:
        """While this is open, statements are analyzed five times as fast, but no table may be
        added."""
        request = service.RegisterCatalogRequest()
        quoted = [path for name in self.tables for path in (name.split("."), [name])]
        request.simple_catalog.CopyFrom(self.catalog(quoted))
        self._registered = call("RegisterCatalog", request, service.RegisterResponse).registered_id
        try:
            yield
        finally:
            self._registered = None

    def types(self, query: str) -> Types:
        """The types of a query's columns, in order."""
        outputs = self.analyze(query).resolved_query_stmt_node.output_column_list
        return {output.name: output.column.type for output in outputs}

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query as the reference engine finds them.

        Numbers are int or Decimal, or text if JSON would round them; dates and timestamps are text.
        Raises GoogleSqlError, also for the few functions that the engine lacks.
        """
        # The engine only finds rows for tables whose name is quoted as a whole.
        sql = _QUOTED_NAME.sub(r"`\1.\2.\3`", sql)
        request = service.EvaluateQueryRequest(
            sql=f"select to_json_string(result) from (\n{sql}\n) as result"
        )
        request.options.CopyFrom(options())
        request.simple_catalog.CopyFrom(self.catalog(table_paths(sql)))
        for table in request.simple_catalog.table:
            content = request.table_content[table.name].table_data
            content.SetInParent()
            for row in self._rows.get(table.name, ()):
                cells = content.row.add().cell
                for column in table.column:
                    cells.add().CopyFrom(_value(row.get(column.name), column.type))
        answer = call("EvaluateQuery", request, service.EvaluateQueryResponse)
        return [
            json.loads(row.cell[0].string_value, parse_float=Decimal)
            for row in answer.content.table_data.row
        ]

    def catalog(self, paths: Iterable[list[str]]) -> Any:  # noqa: ANN401
        """All functions, and those tables at the paths that are known."""
        catalog = catalogs.SimpleCatalogProto(name="root")
        catalog.builtin_function_options.language_options.CopyFrom(language())
        for path in set(map(tuple, paths)):
            types = self.tables.get(".".join(path))
            if types is None:
                continue
            holder = catalog
            for part in path[:-1]:
                holder = _child(holder, part)
            table = holder.table.add(name=path[-1], full_name=".".join(path))
            for column, kind in types.items():
                table.column.add(name=column).type.CopyFrom(kind)
        return catalog


def table_paths(sql: str) -> list[list[str]]:
    """The tables that a statement reads or writes, each name in the parts in which it is quoted.
    Raises GoogleSqlError if the statement cannot be parsed."""
    request = service.ExtractTableNamesFromStatementRequest(sql_statement=sql)
    request.options.CopyFrom(language())
    answer = call(
        "ExtractTableNamesFromStatement", request, service.ExtractTableNamesFromStatementResponse
    )
    return [list(name.table_name_segment) for name in answer.table_name]


def statements(script: str) -> Iterator[str]:
    """The statements of a script. Raises GoogleSqlError if it cannot be parsed."""
    text = script.encode()
    position = 0
    while text[position:].strip():
        request = service.ExtractTableNamesFromNextStatementRequest()
        request.parse_resume_location.input = script
        request.parse_resume_location.byte_position = position
        request.options.CopyFrom(language())
        answer = call(
            "ExtractTableNamesFromNextStatement",
            request,
            service.ExtractTableNamesFromNextStatementResponse,
        )
        yield text[position : answer.resume_byte_position].decode()
        position = answer.resume_byte_position


@functools.cache
def type_proto(name: str) -> Any:  # noqa: ANN401
    """ZetaSQL's TypeProto for BigQuery's name of a type, such as ARRAY<STRUCT<a INT64>>."""
    return GoogleSql().types(f"select cast(null as {name}) as value")["value"]


def type_name(proto: Any) -> str:  # noqa: ANN401
    """BigQuery's name of a type."""
    kind: str = (
        proto.DESCRIPTOR.fields_by_name["type_kind"]
        .enum_type.values_by_number[proto.type_kind]
        .name.removeprefix("TYPE_")
    )
    if kind == "ARRAY":
        return f"ARRAY<{type_name(proto.array_type.element_type)}>"
    if kind == "STRUCT":
        fields = proto.struct_type.field
        parts = (f"{field.field_name} {type_name(field.field_type)}" for field in fields)
        return f"STRUCT<{', '.join(parts)}>"
    return "FLOAT64" if kind == "DOUBLE" else kind


def _child(catalog: Any, name: str) -> Any:  # noqa: ANN401
    for child in catalog.catalog:
        if child.name == name:
            return child
    return catalog.catalog.add(name=name)


def _value(value: Any, kind: Any) -> Any:  # noqa: ANN401
    """A Python value (or its text) as a value of a type."""
    proto = values.ValueProto()
    name = type_name(kind)
    if value is None:
        return proto
    if name.startswith("ARRAY"):
        proto.array_value.SetInParent()
        for element in value:
            proto.array_value.element.append(_value(element, kind.array_type.element_type))
    elif name in ("NUMERIC", "BIGNUMERIC"):
        whole = int(Decimal(value).scaleb(9 if name == "NUMERIC" else 38, _WIDE))
        data = whole.to_bytes((whole.bit_length() + 8) // 8, "little", signed=True)
        setattr(proto, f"{name.lower()}_value", data)
    elif name == "DATE":
        day = dt.date.fromisoformat(value) if isinstance(value, str) else value
        proto.date_value = (day - dt.date(1970, 1, 1)).days
    elif name == "TIMESTAMP":
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        proto.timestamp_value.FromDatetime(moment.replace(tzinfo=moment.tzinfo or dt.UTC))
    else:
        field, convert = _PLAIN[name]
        setattr(proto, field, convert(value))
    return proto


_PLAIN: dict[str, tuple[str, Any]] = {
    "INT64": ("int64_value", int),
    "STRING": ("string_value", str),
    "FLOAT64": ("double_value", float),
    "BOOL": ("bool_value", bool),
}


@functools.cache
def language() -> Any:  # noqa: ANN401
    """BigQuery's dialect (LanguageOptionsProto): everything released, nothing internal."""
    language = zetasql_types.LanguageOptions.maximum_features()
    language.product_mode = zetasql_types.ProductMode.PRODUCT_EXTERNAL
    language.reserved_keywords = ["QUALIFY"]
    kinds = zetasql_types.ResolvedNodeKind.__members__.values()
    statements = [int(kind) for kind in kinds if kind.name.endswith("_STMT")]
    language.supported_statement_kinds = statements
    return language.to_proto()


@functools.cache
def options() -> Any:  # noqa: ANN401
    """How statements are analyzed (AnalyzerOptionsProto)."""
    options = zetasql_types.AnalyzerOptions(default_timezone="UTC").to_proto()
    options.language_options.CopyFrom(language())
    options.prune_unused_columns = True
    options.error_message_mode = options_pb2.ERROR_MESSAGE_ONE_LINE
    return options


def call(method: str, request: Any, response: type[Any]) -> Any:  # noqa: ANN401
    """Call ZetaSQL's local service. Raises GoogleSqlError."""
    try:
        with _ONE_AT_A_TIME:
            client = local_service.ZetaSqlLocalService.get_instance().wasm_client
            return client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, response)
    except ZetaSQLError as error:
        raise GoogleSqlError(str(error)) from None


class _Client(wasm_client.WasmClient):  # type: ignore[misc] # the wheel is not typed
    """The wheel's client, but without copying bytes one at a time."""

    def write_bytes(self, ptr: int, data: bytes) -> None:
        ctypes.memmove(self._address() + ptr, data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        return ctypes.string_at(self._address() + ptr, size)

    def _address(self) -> int:
        return ctypes.addressof(self.memory.data_ptr().contents)


class _CachedModule:
    """Compiling the module takes half a minute, so the result is cached in the user's own temporary
    folder, by the versions of the wheel and of the compiler."""

    @staticmethod
    def from_file(engine: wasmtime.Engine, path: str) -> wasmtime.Module:
        digest = hashlib.sha256(Path(path).read_bytes() + version("wasmtime").encode()).hexdigest()
        folder = Path(tempfile.gettempdir()) / f"googlesql-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user: remove it, or set TMPDIR")
        compiled = folder / f"{digest[:16]}.cwasm"
        if compiled.exists():
            return wasmtime.Module.deserialize_file(engine, str(compiled))
        module = wasmtime.Module.from_file(engine, path)
        unfinished = compiled.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(module.serialize())
        unfinished.rename(compiled)
        return module


# The wheel creates one client, at the first call.
wasm_client.Module = _CachedModule
local_service.WasmClient = _Client
