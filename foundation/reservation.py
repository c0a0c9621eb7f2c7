"""The warehouse for one run at a time: the second one ends and names the first.

On DuckDB a run holds a lock on a file beside the warehouse, which the system releases however the
run ends. On BigQuery it holds a row with an expiry, which it renews while it works.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from foundation.settings import Settings
from foundation.warehouse import NoTableError, WarehouseError, asking_bigquery, bigquery_client

log = logging.getLogger(__name__)

# In the environment of our children: the process that holds the reservation for them.
HOLDER = "WAREHOUSE_RESERVED_BY"
# After a kill the row keeps others out for so long; a run renews it several times meanwhile.
LEASE_MINUTES = 5
RENEWAL_SECONDS = 60.0


class BusyError(Exception):
    """Another run is at work on the warehouse; the message says which."""

    exit_code = 3


@contextmanager
def reserved(settings: Settings) -> Iterator[None]:
    """The warehouse for this process and the children that it starts meanwhile. Raises BusyError,
    which names who has it, and WarehouseError."""
    if os.environ.get(HOLDER) in (str(os.getpid()), str(os.getppid())):
        yield
        return
    hold = _lease if settings.target == "bigquery" else _lock
    with hold(settings):
        os.environ[HOLDER] = str(os.getpid())
        try:
            yield
        finally:
            del os.environ[HOLDER]


def _me() -> str:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})


def _busy(written: str, until: str = "") -> BusyError:
    try:
        who = json.loads(written)
        name = f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (ValueError, LookupError, TypeError):
        name = "a process that has just begun"
    return BusyError(
        f"another run is at work on this warehouse ({name}): wait until it is done{until}"
    )


# --- DuckDB ---------------------------------------------------------------------------------------


@contextmanager
def _lock(settings: Settings) -> Iterator[None]:
    path = settings.duckdb_path.with_name(f"{settings.duckdb_path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise WarehouseError(
            f"{path} cannot be written ({error.strerror}): name another file with DUCKDB_PATH"
        ) from None
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _busy(file.read()) from None
        file.truncate()
        file.write(_me())
        file.flush()
        # The file stays: whoever has opened it and whoever makes a new one must not both hold it.
        yield


# --- BigQuery -------------------------------------------------------------------------------------


@contextmanager
def _lease(settings: Settings) -> Iterator[None]:
    table = f"{settings.dataset('intermediate')}.run_lease"
    lease, is_over = Lease(bigquery_client(settings, "lease"), table), Event()
    try:
        with asking_bigquery():
            lease.take()
    except NoTableError as error:
        # The dataset is there, and still a query does not find it.
        reason = str(error).splitlines()[0]
        raise WarehouseError(
            f"BigQuery does not find its datasets ({reason}): they are in "
            f"another location than BIGQUERY_LOCATION, {settings.bigquery_location}, or there is "
            f"no project GOOGLE_CLOUD_PROJECT, {settings.google_cloud_project}"
        ) from None
    Thread(target=lease.renew_until, args=(is_over,), daemon=True).start()
    try:
        yield
    finally:
        is_over.set()
        lease.release()


class Lease:
    """A row that says who runs and until when. Times are BigQuery's own, so that clocks of machines
    do not matter. Of two updates of one row BigQuery commits one; the other one finds what the
    first has written, or fails."""

    def __init__(self, client: Any, table: str) -> None:  # noqa: ANN401
        self._client = client
        self._table = table
        # Cloud Run starts a task that was killed again, as the same execution: it goes on at once.
        self._holder = os.environ.get("CLOUD_RUN_EXECUTION") or secrets.token_hex(8)

    def take(self) -> None:
        """Raises BusyError if somebody else has the row."""
        from google.api_core.exceptions import BadRequest

        self._create()
        try:
            is_taken = self._update(
                f"holder = '{self._holder}', who = '{_me()}', {self._extended()}",
                f"expires_at < current_timestamp or holder = '{self._holder}'",
            )
        except BadRequest as error:
            if "concurrent update" not in str(error):
                raise
            is_taken = False
        if not is_taken:
            [(who, expires_at)] = self._ask(f"select who, expires_at from {self._table}")
            raise _busy(who, f"; if it was killed, until {expires_at:%H:%M} UTC")

    def renew_until(self, is_over: Event) -> None:
        """Renew until told that it is over. If somebody else has the row, stop the process: two
        runs would write at once."""
        while not is_over.wait(RENEWAL_SECONDS):
            try:
                is_mine = self._update(self._extended(), f"holder = '{self._holder}'")
            except Exception as error:  # noqa: BLE001 - the next time may go well
                log.warning("The lease of the warehouse could not be renewed: %s", error)
                continue
            if not is_mine and not is_over.is_set():
                log.error("Another run has taken the warehouse, since this one was silent too long")
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def release(self) -> None:
        """Never raises: the row expires by itself."""
        try:
            mine = f"holder = '{self._holder}'"
            self._update("holder = '', expires_at = timestamp '1970-01-01'", mine)
        except Exception as error:  # noqa: BLE001
            log.warning("The lease of the warehouse could not be released: %s", error)

    def _create(self) -> None:
        from google.api_core.exceptions import BadRequest, NotFound

        create = (
            f"create table if not exists {self._table} as"
            " select '' as holder, '' as who, timestamp '1970-01-01' as expires_at"
        )
        try:
            self._ask(create)
        except (NotFound, BadRequest):
            # The first run of all: there is no dataset, which an emulator calls a bad request.
            self._client.create_dataset(self._table.partition(".")[0], exists_ok=True)
            self._ask(create)

    def _extended(self) -> str:
        return f"expires_at = current_timestamp + interval {LEASE_MINUTES} minute"

    def _update(self, values: str, condition: str) -> bool:
        """Whether there was a row that fits."""
        sql = f"update {self._table} set {values} where {condition}"
        return bool(self._client.query_and_wait(sql).num_dml_affected_rows)

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self._client.query_and_wait(sql)]
