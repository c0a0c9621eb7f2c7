"""Lands windows in the warehouse through dlt: Arrow tables, appended, with dlt's load ids and
state.

Each run has its own folder for dlt, which is deleted afterward. So dlt always restores its state
from the warehouse, and a run that was killed leaves nothing that the next one would read: rows only
count if their load is in `_dlt_loads` with status 0, and the next run deletes the folder.
"""

from __future__ import annotations

import logging
import os
import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

import msgspec
import pyarrow as pa

from extract.windows import Run, Window
from foundation.erased import Erased
from foundation.sample_data import is_sandbox, refusal
from foundation.scratch import scratch_folder
from foundation.settings import Settings
from foundation.warehouse import open_file

log = logging.getLogger(__name__)

# Rows are collected until they make a table worth writing; both limits keep memory flat.
BATCH_ROWS = 10_000
BATCH_BYTES = 5_000_000

_WINDOW = [
    pa.field("window_start", pa.date32(), nullable=False),
    pa.field("window_end", pa.date32(), nullable=False),
    pa.field("organization", pa.string(), nullable=False),
]
_LOADED = [
    pa.field("extracted_at", pa.timestamp("us", "UTC"), nullable=False),
    pa.field("_dlt_id", pa.string(), nullable=False),
]
_RESOURCE = pa.field("resource", pa.string(), nullable=False)
_PAYLOAD = pa.field("payload", pa.string(), nullable=False)
RECORDS = pa.schema([*_WINDOW, _PAYLOAD, *_LOADED])
REJECTED = pa.schema([_RESOURCE, *_WINDOW, _PAYLOAD, pa.field("reason", pa.string()), *_LOADED])
EXTRACTIONS = pa.schema(
    [
        _RESOURCE,
        *_WINDOW,
        pa.field("request", pa.string(), nullable=False),
        pa.field("envelope", pa.string(), nullable=False),
        pa.field("base_url", pa.string(), nullable=False),
        pa.field("pages", pa.int64(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("rejected", pa.int64(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("is_changed", pa.bool_(), nullable=False),
        # Null in rows that landed before this column existed.
        pa.field("is_directory", pa.bool_()),
        *_LOADED,
    ]
)

# The names of a source's resources, with the columns of those that are typed.
Tables = tuple[str, ...] | Mapping[str, pa.Schema]

# For DuckDB: it holds a row group twice while it compresses it, and by default a row group is
# 122,880 payloads, of which five wait to be written together. It also keeps what it wrote, up to
# four fifths of the machine, and memory that it freed. All of this costs memory and saves no time.
FRUGAL: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "write_buffer_row_group_count": 1,
    "allocator_flush_threshold": "1MB",
    "allocator_bulk_deallocation_flush_threshold": "1MB",
}
ROW_GROUP = 8_192
# Less than this, and records of 50 KB could not be committed.
MEMORY_LIMIT = "150MB"
# To compress a row group takes as much again as to hold it, so one source at a time writes.
_WRITING = Lock()


@contextmanager
def warehouse(settings: Settings) -> Iterator[Callable[[], Any]]:
    """Yields a function that makes a dlt destination for each pipeline.

    A DuckDB file is opened once and kept open for the whole run, since DuckDB allows one writing
    process, and threads must share its connection. Raises WarehouseError if another process has the
    file open.
    """
    with scratch_folder("ai-spend-extract-") as folder:
        _configure_dlt(str(folder))
        with _destinations(settings) as destination:
            yield destination


@contextmanager
def _destinations(settings: Settings) -> Iterator[Callable[[], Any]]:
    import dlt

    if settings.target == "bigquery":
        if settings.bigquery_api_endpoint:
            os.environ["BIGQUERY_EMULATOR_HOST"] = settings.bigquery_api_endpoint
        # dlt only reads a few rows about its loads, for which REST is good enough.
        warnings.filterwarnings("ignore", "Cannot create BigQuery Storage client")
        location, project = settings.bigquery_location, settings.google_cloud_project
        yield lambda: dlt.destinations.bigquery(location=str(location), project_id=project)
        return
    from extract.destination import DuckDbFile

    config = FRUGAL | {"memory_limit": settings.duckdb_memory_limit or MEMORY_LIMIT}
    connection = open_file(settings.duckdb_path, config=config, row_group=ROW_GROUP)
    # On its first query with parameters DuckDB imports pandas if it can. If dlt looks for pandas in
    # another thread meanwhile, it trips over the half-imported module. `python -m extract` hides
    # pandas; a test, which runs this in its own process, does not.
    connection.execute("select ?", [1])
    try:
        yield lambda: DuckDbFile(connection.cursor())
    finally:
        connection.close()


def _configure_dlt(folder: str) -> None:
    """dlt takes its options from the environment. All its files go into `folder`: nothing is read
    from or written to the home directory, not even the anonymous id for its telemetry, which is off
    here."""
    os.environ["DLT_DATA_DIR"] = folder
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    # Its errors are raised too, and our log takes secrets out of them.
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"] = "true"
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
    from dlt.common.runtime.run_context import RunContext

    context = RunContext(folder)
    context._global_dir = folder
    Container()[PluggableRunContext].reload(context)


def land(
    settings: Settings,
    destination: Any,  # noqa: ANN401 - dlt's own
    run: Run,
    tables: Tables,
    windows: Callable[[Run], Iterator[Window]] | None,
) -> None:
    """Run one source and load its windows; without `windows`, only make sure that its tables exist.

    Raises what dlt raises when the warehouse fails.
    """
    import dlt

    source = run.report.source
    base_url = run.report.base_url or ""

    @dlt.resource(name="landing", write_disposition="append")
    def landing() -> Iterator[Any]:
        there = dlt.current.source_schema().tables
        typed = tables if isinstance(tables, Mapping) else dict.fromkeys(tables, RECORDS)
        for name, schema in {**typed, **OWN_TABLES}.items():
            if name not in there:
                hints = _bigquery_layout(name, schema)
                yield dlt.mark.with_hints(schema.empty_table(), hints, create_table_variant=True)
            elif not set(schema.names) <= set(there[name]["columns"]):
                # Made by a version with fewer columns; models expect the columns in every source.
                yield _marked(name, schema.empty_table())
        if windows is None:
            return
        state = dlt.current.source_state()
        before = state.get("base_url", "")
        if message := refusal(_place(settings, source), filter(None, [before]), [base_url]):
            run.report.errors.append(message)
            return
        run.memory = state.setdefault("windows", {})
        batches = _Batches(base_url, run.erased)
        for window in windows(run):
            # The warehouse now holds data of the sandbox or of a vendor.
            if is_sandbox(before) is None:
                state["base_url"] = base_url
            yield from batches.add(window)
        yield from batches.rest()

    @dlt.source(name=source)
    def whole() -> Any:  # noqa: ANN401
        return landing

    pipeline = dlt.pipeline(
        pipeline_name=source, destination=destination, dataset_name=settings.raw_schema(source)
    )
    # The steps of `pipeline.run`.
    pipeline.sync_destination()
    pipeline.extract(whole())
    pipeline.normalize()
    with _WRITING if settings.target == "duckdb" else nullcontext():
        pipeline.load()


def _bigquery_layout(table: str, schema: pa.Schema) -> Any:  # noqa: ANN401
    """How BigQuery partitions (by day) and clusters a table when it is created.

    Records are looked up by their windows. The log of extractions grows with every run, and only
    its newest part is read. A typed table carries its layout in the metadata of its schema.
    """
    import dlt
    from dlt.destinations.impl.bigquery.bigquery_adapter import CLUSTER_COLUMNS_HINT

    partition, cluster = "window_start", ["organization"]
    if table == "extractions":
        partition, cluster = "extracted_at", ["resource", "organization"]
    elif schema.metadata:
        partition = schema.metadata[b"partition"].decode()
        cluster = schema.metadata[b"cluster"].decode().split()
    return dlt.mark.make_hints(
        table_name=table,
        columns={partition: {"partition": True}},
        additional_table_hints={CLUSTER_COLUMNS_HINT: cluster},
    )


def _place(settings: Settings, source: str) -> str:
    if settings.target == "duckdb":
        return f"the file {settings.duckdb_path}"
    return f"the dataset {settings.raw_schema(source)}"


OWN_TABLES = {"extractions": EXTRACTIONS, "rejected_records": REJECTED}


class _Batches:
    """Collects rows for each table until there are enough for one Arrow table."""

    def __init__(self, base_url: str, erased: Erased) -> None:
        self._base_url = base_url
        self._erased = erased
        self._waiting: dict[str, list[pa.Table]] = {}
        self._extractions: list[dict[str, Any]] = []
        self._rows = 0
        self._bytes = 0

    def add(self, window: Window) -> Iterator[Any]:
        self._extractions.append(self._extraction(window))
        if window.is_changed and window.rows is not None and window.rows.num_rows:
            self._wait(window.resource, _typed(self._erased.rows(window.rows), window))
        if window.is_changed and window.payloads:
            payloads = [self._erased.record(payload) for payload in window.payloads]
            self._wait(window.resource, _table(RECORDS, window, {"payload": payloads}))
        if window.is_changed and window.rejected:
            self._wait("rejected_records", _rejected(window, self._erased))
        if self._rows >= BATCH_ROWS or self._bytes >= BATCH_BYTES:
            yield from self._flush()

    def rest(self) -> Iterator[Any]:
        yield from self._flush()
        if self._extractions:
            ids = pa.array(_dlt_ids(len(self._extractions)))
            columns = EXTRACTIONS.remove(EXTRACTIONS.get_field_index("_dlt_id"))
            table = pa.Table.from_pylist(self._extractions, schema=columns)
            yield _marked("extractions", table.append_column(EXTRACTIONS.field("_dlt_id"), ids))

    def _wait(self, name: str, table: pa.Table) -> None:
        self._waiting.setdefault(name, []).append(table)
        self._rows += table.num_rows
        self._bytes += table.nbytes

    def _flush(self) -> Iterator[Any]:
        waiting, self._waiting, self._rows, self._bytes = self._waiting, {}, 0, 0
        for name, tables in waiting.items():
            yield _marked(name, pa.concat_tables(tables).combine_chunks())

    def _extraction(self, window: Window) -> dict[str, Any]:
        return {
            "resource": window.resource,
            "window_start": window.start,
            "window_end": window.end,
            "organization": window.organization,
            "request": self._json(window.request),
            "envelope": self._json(window.envelope),
            "base_url": self._base_url,
            "pages": window.pages,
            "records": window.records,
            "rejected": len(window.rejected),
            "content_hash": window.content_hash,
            "is_changed": window.is_changed,
            "is_directory": window.is_directory,
            "extracted_at": window.extracted_at,
        }

    def _json(self, value: dict[str, Any]) -> str:
        return self._erased.record(msgspec.json.encode(value)).decode()


def _marked(name: str, table: pa.Table) -> Any:  # noqa: ANN401
    import dlt

    return dlt.mark.with_table_name(table, name)


def _dlt_ids(count: int) -> list[str]:
    """Made here because dlt would have to write every file a second time to add them."""
    many = secrets.token_urlsafe(9)
    return [f"{many}{number}" for number in range(count)]


def _typed(rows: pa.Table, window: Window) -> pa.Table:
    at = pa.repeat(pa.scalar(window.extracted_at, _LOADED[0].type), rows.num_rows)
    ids = pa.array(_dlt_ids(rows.num_rows))
    return rows.append_column(_LOADED[0], at).append_column(_LOADED[1], ids)


def typed_schema(columns: list[pa.Field], partition: str, cluster: str) -> pa.Schema:
    """The columns of a typed table, and how BigQuery lays it out: the column whose day is its
    partition, and the columns (separated by spaces) that it is clustered by."""
    return pa.schema([*columns, *_LOADED], {"partition": partition, "cluster": cluster})


def _rejected(window: Window, erased: Erased) -> pa.Table:
    payloads = [erased.record(payload) for payload, _ in window.rejected]
    reasons = [erased.text(reason) for _, reason in window.rejected]
    return _table(REJECTED, window, {"payload": payloads, "reason": reasons})


def _table(schema: pa.Schema, window: Window, columns: dict[str, Any]) -> pa.Table:
    rows = len(columns["payload"])
    same = {
        "resource": window.resource,
        "window_start": window.start,
        "window_end": window.end,
        "organization": window.organization,
        "extracted_at": window.extracted_at,
    }
    columns = {**columns, "_dlt_id": _dlt_ids(rows)}
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.repeat(pa.scalar(same[field.name], field.type), rows)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
