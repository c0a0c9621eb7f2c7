"""A throw-away PostgreSQL, found on the PATH or where Debian puts it.

It runs on the loopback interface as a child of this process, ends with it however it ends, and all
its files are in a folder that is deleted. It must not run as root, which PostgreSQL refuses.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
USER: Final = "product"
START_SECONDS: Final = 20
INSTALL: Final = "apt-get install postgresql, or put initdb on the PATH"
# Nothing in the cluster needs to survive.
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
def cluster(programs: Path, folder: Path, database: str) -> Iterator[str]:
    """The address of a new, empty database in a cluster that ends with the block."""
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
        _make_database(server, database, process, folder / "log")
        yield f"{server}/{database}"
    finally:
        # Immediately, without a last checkpoint: the files are deleted anyway.
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# A library that root preloads, such as one for another clock, may not be readable by another user.
_NOTHING_PRELOADED = ("env", "-u", "LD_PRELOAD")


def _as_somebody_else(folder: Path) -> list[str]:
    """The prefix for a command so that root does not run it; the folder becomes the other
    user's."""
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
    """The prefix for a command so that it ends with this process, even if that is killed."""
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


def _make_database(server: str, database: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f"create database {database}")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}") from None
            time.sleep(0.05)
