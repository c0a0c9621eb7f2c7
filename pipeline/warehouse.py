"""Questions to the warehouse after a run, in plain SQL that both engines understand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.settings import Settings

# Takes SQL, gives rows. Decimals come as Decimal, dates as date. Raises NoTableError.
Ask = Callable[[str], list[tuple[Any, ...]]]
# Takes SQL, gives the rows in parts that fit into memory. Raises NoTableError.
Fetch = Callable[[str], Iterator[pa.RecordBatch]]

_ROWS = 50_000


class NoTableError(Exception):
    """The warehouse, or a table in it, is not there yet."""


@contextmanager
def warehouse(settings: Settings, *, writes: bool = False) -> Iterator[Ask]:
    """The warehouse of the settings, open for questions; on DuckDB read only unless it `writes`."""
    if settings.target == "bigquery":
        yield _bigquery(settings)
        return
    if not settings.duckdb_path.exists():
        raise NoTableError(f"there is no {settings.duckdb_path}")
    connection = duckdb.connect(settings.duckdb_path, read_only=not writes)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(sql).fetchall()
        except duckdb.CatalogException as error:
            raise NoTableError(str(error)) from error

    try:
        yield ask
    finally:
        connection.close()


@contextmanager
def tables(settings: Settings) -> Iterator[Fetch]:
    """The warehouse of the settings, open for answers of many rows."""
    if settings.target == "bigquery":
        yield _bigquery_tables(settings)
        return
    if not settings.duckdb_path.exists():
        raise NoTableError(f"there is no {settings.duckdb_path}")
    connection = duckdb.connect(settings.duckdb_path, read_only=True)

    def fetch(sql: str) -> Iterator[pa.RecordBatch]:
        try:
            yield from connection.execute(sql).to_arrow_reader(_ROWS)
        except duckdb.CatalogException as error:
            raise NoTableError(str(error)) from error

    try:
        yield fetch
    finally:
        connection.close()


def _bigquery_client(settings: Settings, label: str) -> Any:  # noqa: ANN401
    # Imported here: it takes a second, and runs on DuckDB have no use for it.
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    emulator = settings.bigquery_api_endpoint
    return bigquery.Client(
        project=settings.google_cloud_project,
        location=settings.bigquery_location,
        credentials=AnonymousCredentials() if emulator else None,  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": emulator} if emulator else None,
        default_query_job_config=bigquery.QueryJobConfig(
            maximum_bytes_billed=settings.bigquery_maximum_bytes_billed,
            labels={"target": "bigquery", "model": label},
        ),
    )


def _bigquery_tables(settings: Settings) -> Fetch:
    from google.api_core.exceptions import NotFound

    client = _bigquery_client(settings, "focus")

    def fetch(sql: str) -> Iterator[pa.RecordBatch]:
        try:
            # Without the Storage API, which wants a right of its own.
            rows = client.query_and_wait(sql, page_size=_ROWS)
            yield from rows.to_arrow_iterable(bqstorage_client=None)
        except NotFound as error:
            raise NoTableError(str(error)) from error

    return fetch


def _bigquery(settings: Settings) -> Ask:
    from google.api_core.exceptions import NotFound

    client = _bigquery_client(settings, "report")

    def ask(sql: str) -> list[tuple[Any, ...]]:
        try:
            return [tuple(row.values()) for row in client.query_and_wait(sql)]
        except NotFound as error:
            raise NoTableError(str(error)) from error

    return ask
