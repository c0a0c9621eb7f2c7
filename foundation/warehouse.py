"""Queries on the warehouse after a run, in plain SQL that both engines understand."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pyarrow as pa

from foundation.logs import RUN_ID
from foundation.settings import Settings

# Takes SQL, returns rows. Decimals are Decimal, dates are date. Raises NoTableError.
Ask = Callable[[str], list[tuple[Any, ...]]]
# Takes SQL, yields the rows in batches that fit into memory. Raises NoTableError.
Fetch = Callable[[str], Iterator[pa.RecordBatch]]

_ROWS = 50_000

# DuckDB's error when another process has the file open.
LOCK_ERROR = re.compile(r"Conflicting lock is held in (.+) \(PID (\d+)\)")
MAX_COMMAND_LENGTH = 120


class NoTableError(Exception):
    """The warehouse, or a table in it, does not exist yet."""


class WarehouseError(Exception):
    """The warehouse cannot be opened, read or written; the message says why and what to do."""


class TooLittleMemoryError(WarehouseError):
    """What one statement reads or writes needs more memory than DuckDB may have."""


# The catalog of the warehouse's file where it is attached.
CATALOG = "warehouse"

# What DuckDB raises when the file is damaged or the disk is full.
BROKEN = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException)
_NOT_WRITTEN = re.compile(r"Could not (read|write|sync)|No space left")


def open_file(
    path: Path,
    *,
    read_only: bool = False,
    config: dict[str, Any] | None = None,
    row_group: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection to the warehouse's file. Only its owner may read a file that this makes, since
    people and what they cost are in it. With `row_group`, so many rows are written together, and
    the file is not the connection's own database but one named CATALOG. Raises WarehouseError, also
    if another process has it open."""
    is_new = not read_only and not path.exists()
    try:
        if is_new:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if row_group:
            connection = _attached(path, config or {}, row_group)
        else:
            connection = duckdb.connect(path, read_only=read_only, config=config or {})
        if is_new:
            path.chmod(0o600)
    except (duckdb.Error, OSError) as error:
        is_newer = "newer version of DuckDB" in str(error)
        advice = "use the version of this project that wrote it" if is_newer else "move it away"
        message = who_holds(path, str(error)) or (
            f"{path} cannot be opened ({_reason(error)}): {advice}, or name another file with "
            "DUCKDB_PATH"
        )
        raise WarehouseError(message) from None
    return connection


def _attached(path: Path, config: dict[str, Any], row_group: int) -> duckdb.DuckDBPyConnection:
    """DuckDB only takes the size of row groups for a file that is attached."""
    connection = duckdb.connect(config={"temp_directory": f"{path}.tmp"} | config)
    try:
        attach(connection, path, CATALOG, f"row_group_size {row_group}")
    except duckdb.Error:
        connection.close()
        raise
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, catalog: str, option: str) -> None:
    """Attach a DuckDB file, with an option such as `read_only`. Raises duckdb.Error."""
    file = str(path).replace("'", "''")
    connection.execute(f"attach '{file}' as {catalog} ({option})")


def broken(path: Path, error: BaseException) -> WarehouseError | None:
    """If DuckDB's error is about a damaged file, a full disk or too little memory, what it means;
    otherwise None."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return TooLittleMemoryError(
            f"DuckDB has too little memory for what it reads or writes ({_reason(error)}): set "
            "DUCKDB_MEMORY_LIMIT to more, for example 2GB"
        )
    is_transaction = isinstance(error, duckdb.TransactionException)
    if not isinstance(error, BROKEN) and not (is_transaction and _NOT_WRITTEN.search(str(error))):
        return None
    return WarehouseError(
        f"{path} cannot be read or written ({_reason(error)}): if the disk is full, make room; "
        "if the file is damaged, move it away and run again, or restore a copy"
    )


def _reason(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def who_holds(path: Path, error: str) -> str | None:
    """If DuckDB's error is about a file that another process has open, a sentence that names the
    process and says what to do; otherwise None."""
    found = LOCK_ERROR.search(error)
    if not found:
        return None
    program, pid = found[1], int(found[2])
    try:
        command = " ".join(psutil.Process(pid).cmdline()) or program
    except psutil.Error:
        # It has ended, or belongs to somebody else.
        command = program
    command = textwrap.shorten(command, MAX_COMMAND_LENGTH, placeholder=" …")
    return (
        f"{path} is in use by process {pid} ({command}): wait until that is done or end it with "
        f"`kill {pid}`, and run this again"
    )


def refuse_if_held(settings: Settings) -> None:
    """Raises WarehouseError if the warehouse is a file that cannot be written now."""
    if settings.target == "duckdb":
        path = settings.duckdb_path
        is_new = not path.exists()
        open_file(path).close()
        if is_new:
            path.unlink()


@contextmanager
def warehouse(settings: Settings, *, writes: bool = False) -> Iterator[Ask]:
    """The warehouse of the settings, open for queries; on DuckDB read-only unless it `writes`.
    Raises NoTableError and WarehouseError."""
    if settings.target == "bigquery":
        yield _bigquery(settings)
        return
    if not settings.duckdb_path.exists():
        raise NoTableError(f"there is no {settings.duckdb_path}")
    connection = open_file(settings.duckdb_path, read_only=not writes)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(sql).fetchall()
        except duckdb.CatalogException as error:
            raise NoTableError(str(error)) from error
        except duckdb.Error as error:
            raise broken(settings.duckdb_path, error) or error from None

    try:
        yield ask
    finally:
        connection.close()


def quoted(settings: Settings, text: str) -> str:
    """A text as a literal in SQL."""
    if settings.target == "bigquery":
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{escaped}'"
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def tables(settings: Settings) -> Iterator[Fetch]:
    """The warehouse of the settings, open for results of many rows. Raises NoTableError and
    WarehouseError."""
    if settings.target == "bigquery":
        yield _bigquery_tables(settings)
        return
    if not settings.duckdb_path.exists():
        raise NoTableError(f"there is no {settings.duckdb_path}")
    connection = open_file(settings.duckdb_path, read_only=True)

    def fetch(sql: str) -> Iterator[pa.RecordBatch]:
        try:
            yield from connection.execute(sql).to_arrow_reader(_ROWS)
        except duckdb.CatalogException as error:
            raise NoTableError(str(error)) from error
        except duckdb.Error as error:
            raise broken(settings.duckdb_path, error) or error from None

    try:
        yield fetch
    finally:
        connection.close()


def expiring(settings: Settings, datasets: Iterable[str]) -> list[str]:
    """The tables of these datasets that lose rows by themselves; only BigQuery has such."""
    if settings.target != "bigquery":
        return []
    from google.api_core.exceptions import NotFound

    client, found = bigquery_client(settings, "report"), list[str]()
    for dataset in datasets:
        with suppress(NotFound):
            found += [
                f"{dataset}.{table.table_id}"
                for table in client.list_tables(dataset)
                if table.partition_expiration or table.expires
            ]
    return found


def bigquery_client(settings: Settings, label: str) -> Any:  # noqa: ANN401
    """A client whose jobs have the `label` as their model. Untyped, as its library is not loaded on
    DuckDB."""
    # Imported here: it takes a second, and runs on DuckDB do not need it.
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    emulator = settings.bigquery_api_endpoint
    with asking_bigquery():
        return bigquery.Client(
            project=settings.google_cloud_project,
            location=settings.bigquery_location,
            credentials=AnonymousCredentials() if emulator else None,  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": emulator} if emulator else None,
            default_query_job_config=bigquery.QueryJobConfig(
                maximum_bytes_billed=settings.bigquery_maximum_bytes_billed,
                labels={
                    "target": "bigquery",
                    "model": label,
                    "run_id": os.environ.get(RUN_ID, "none"),
                },
            ),
        )


@contextmanager
def asking_bigquery() -> Iterator[None]:
    """Raises NoTableError, and WarehouseError if Google does not let us or does not answer. A
    statement that it does not understand is a mistake of ours, and its error stays."""
    from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except NotFound as error:
        raise NoTableError(str(error)) from error
    except BadRequest:
        raise
    except GoogleAuthError as error:
        raise WarehouseError(
            f"Google's login fails ({_reason(error)}): set GOOGLE_APPLICATION_CREDENTIALS to the "
            "key file of a service account, or call `gcloud auth application-default login`"
        ) from None
    except GoogleAPIError as error:
        raise WarehouseError(
            f"BigQuery refuses or does not answer ({_reason(error)}): docs/bigquery.md lists the "
            "roles that are needed; if it does not answer, run again later"
        ) from None


def _bigquery_tables(settings: Settings) -> Fetch:
    client = bigquery_client(settings, "focus")

    def fetch(sql: str) -> Iterator[pa.RecordBatch]:
        with asking_bigquery():
            # Without the Storage API, which needs a separate permission.
            rows = client.query_and_wait(sql, page_size=_ROWS)
            yield from rows.to_arrow_iterable(bqstorage_client=None)

    return fetch


def _bigquery(settings: Settings) -> Ask:
    client = bigquery_client(settings, "report")

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with asking_bigquery():
            return [tuple(row.values()) for row in client.query_and_wait(sql)]

    return ask
