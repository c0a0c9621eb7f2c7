"""The seller's product database: a PostgreSQL that lives as long as the sandbox, or a DuckDB file.

PostgreSQL is looked for on the PATH and where Debian puts it. It runs on the loopback interface as
a child of this process, ends with it however it ends, and all its files are in a folder that goes
away. Its superuser is not root, which PostgreSQL refuses to be.
"""

from __future__ import annotations

import csv
import io
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from foundation.scratch import scratch_folder
from sandbox.seller import (
    ACTIVITY_COLUMNS,
    EVENT_COLUMNS,
    MEMBER_COLUMNS,
    TEAM_COLUMNS,
    Seller,
)

HOST: Final = "127.0.0.1"
# The pipeline knows by this name that the data are made up.
DATABASE: Final = "ai_spend_sandbox"
USER: Final = "product"
START_SECONDS: Final = 20
INSTALL: Final = "apt-get install postgresql, or put initdb on the PATH"

Columns = tuple[tuple[str, str], ...]

# A cluster for a moment: nothing of it needs to survive.
_OPTIONS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    "timezone": "UTC",
    "logging_collector": "off",
    "log_min_messages": "panic",
}


@contextmanager
def serving(seller: Seller | None) -> Iterator[str | None]:
    """The address of a database with the seller's product, until the block ends."""
    if seller is None:
        yield None
        return
    kind = seller.options.product_database
    programs = find_postgresql() if kind != "duckdb" else None
    if kind == "postgresql" and programs is None:
        raise RuntimeError(f"there is no PostgreSQL here: {INSTALL}")
    with ExitStack() as stack:
        place = stack.enter_context(scratch_folder("ai-spend-product-"))
        url = None
        if programs is not None:
            try:
                url = stack.enter_context(_postgresql(programs, place))
            except (RuntimeError, OSError) as error:
                if kind == "postgresql":
                    raise
                # The first run should need nothing of the machine.
                print(f"a DuckDB file takes PostgreSQL's place: {error}", file=sys.stderr)
        if url is None:
            url = _duckdb(seller, place)
        else:
            _fill_postgresql(seller, url)
        yield url


def find_postgresql() -> Path | None:
    """The folder with initdb and postgres, if there is one."""
    found = shutil.which("initdb")
    here = [Path(found).resolve().parent] if found else []
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return next(
        (p for p in [*here, *versions] if (p / "initdb").exists() and (p / "postgres").exists()),
        None,
    )


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


@contextmanager
def _postgresql(programs: Path, folder: Path) -> Iterator[str]:
    password, data = secrets.token_hex(12), folder / "data"
    as_user = _as_somebody_else(folder)
    password_file = folder / "password"
    password_file.write_text(password)
    if as_user:
        shutil.chown(password_file, folder.owner(), folder.group())
    initdb = [
        *(str(programs / "initdb"), "--pgdata", str(data), "--username", USER),
        *("--pwfile", str(password_file), "--auth", "scram-sha-256"),
        *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
    ]
    done = subprocess.run([*as_user, *initdb], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")
    port = _free_port()
    settings = [word for name, value in _OPTIONS.items() for word in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), *settings]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*(as_user or _with_parent()), *command],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        server = f"postgresql://{USER}:{password}@{HOST}:{port}"
        _make_database(server, process, folder / "log")
        yield f"{server}/{DATABASE}"
    finally:
        # At once, without a last checkpoint: the files go away anyway.
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# What root preloads, such as another clock, need not be readable to another user.
_NOTHING_PRELOADED = ("env", "-u", "LD_PRELOAD")


def _as_somebody_else(folder: Path) -> list[str]:
    """What to put before a command so that it is not run by root; the folder becomes theirs."""
    if os.geteuid() != 0:
        return []
    names = ("postgres", "nobody")
    user = next((pwd.getpwnam(name) for name in names if _is_user(name)), None)
    if user is None:
        raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if shutil.which("setpriv"):
        return [*_NOTHING_PRELOADED, "setpriv", *identity, "--pdeathsig=SIGQUIT"]
    return [*_NOTHING_PRELOADED, "runuser", "-u", user.pw_name, "--"]


def _with_parent() -> list[str]:
    """What to put before a command so that it ends with this process, even if that is killed."""
    has_setpriv = sys.platform == "linux" and shutil.which("setpriv")
    return ["setpriv", "--pdeathsig=SIGQUIT"] if has_setpriv else []


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _make_database(server: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f"create database {DATABASE}")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}") from None
            time.sleep(0.05)


# --- Tables ---


def _tables(seller: Seller) -> dict[str, tuple[Columns, Iterable[tuple[Any, ...]]]]:
    members = ((m.user_id, m.team_id, m.email, m.joined, m.left) for m in seller.members)
    events = (
        (*event[:10], dollars(event[10]), dollars(event[11]), *event[12:])
        for event in seller.events
    )
    return {
        "teams": (TEAM_COLUMNS, seller.teams),
        "team_members": (MEMBER_COLUMNS, members),
        "usage_events": (EVENT_COLUMNS, events),
        "daily_activity": (ACTIVITY_COLUMNS, seller.activity),
    }


def dollars(nano: int) -> str:
    """Billionths of a dollar as dollars."""
    return f"{nano // 10**9}.{nano % 10**9:09d}"


def _create(name: str, columns: Columns) -> str:
    return f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns)})"


def _csv(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Rows as CSV, some at a time; null is nothing between two commas, no text is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_cell(value) for value in row])
        if number % 5_000 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.isoformat() if isinstance(value, datetime | date) else value


def _fill_postgresql(seller: Seller, url: str) -> None:
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for name, (columns, rows) in _tables(seller).items():
            cursor.execute(_create(name, columns))
            with cursor.copy(f"copy {name} from stdin (format csv)") as copy:
                for text in _csv(rows):
                    copy.write(text)
        cursor.execute("alter table usage_events add primary key (id)")
        cursor.execute("create index on usage_events (occurred_at)")
        cursor.execute("create index on daily_activity (activity_date)")
        cursor.execute("analyze")


def _duckdb(seller: Seller, folder: Path) -> str:
    import duckdb

    file = folder / f"{DATABASE}.duckdb"
    with duckdb.connect(str(file)) as connection:
        for name, (columns, rows) in _tables(seller).items():
            connection.execute(_create(name, columns))
            text = folder / f"{name}.csv"
            with text.open("w", newline="") as lines:
                lines.writelines(_csv(rows))
            connection.execute(f"copy {name} from '{text}' (format csv, header false)")
            text.unlink()
    return f"duckdb:///{file}"
