"""An emulator of BigQuery behind the gate, for as long as a block runs.

The emulator is a test tool with dependencies of its own, so it has its own virtual environment,
`.venv-emulator`, which `python -m bigquery_dev.emulator install` creates.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from bigquery_dev import gate
from bigquery_dev.bridges import Json
from foundation.settings import ROOT

PROJECT = "emulated"
HOST = "127.0.0.1"
ENVIRONMENT = ROOT / ".venv-emulator"
REQUIREMENTS = Path(__file__).with_name("emulator_requirements.txt")
READY_SECONDS = 60

_START = Path(__file__).with_name("emulator_start.py")
_PYTHON = ENVIRONMENT / "bin" / "python"
# The exact text of the requirements that were installed.
_STAMP = ENVIRONMENT / "installed.txt"
_LISTENS = re.compile(r'"port": (\d+), "event": "rest.listen"')
# The extension comes in a package, but DuckDB looks for it under the home directory.
_ADD_EXTENSION = "from duckdb_extensions import import_extension as add; add('spatial')"


class EmulatorError(Exception):
    """The emulator does not run; the message says why and what to do."""


@dataclass(frozen=True)
class Running:
    """An emulator that starts empty and answers at `url`, through the gate."""

    url: str
    project: str
    _requests: Path

    def requests(self) -> list[Json]:
        """All requests so far: method, path, and body if that is JSON."""
        return [json.loads(line) for line in self._requests.read_text().splitlines()]


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Serve BigQuery on a free port until the block ends; files go into `folder`."""
    requests = folder / "requests.jsonl"
    requests.touch()
    with _emulator(folder) as emulator, _gate(emulator, requests) as url:
        yield Running(url, PROJECT, requests)


def install() -> None:
    """Create the emulator's environment, unless it already matches the requirements."""
    wanted = REQUIREMENTS.read_text()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
    subprocess.run([str(_PYTHON), "-c", _ADD_EXTENSION], env=_variables(ENVIRONMENT), check=True)
    _STAMP.write_text(wanted)


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    """The emulator's own URL."""
    if not _STAMP.exists() or _STAMP.read_text() != REQUIREMENTS.read_text():
        raise EmulatorError("the emulator is not installed: `make test-bigquery` installs it")
    command = [str(_PYTHON), str(_START), "start", "--project", PROJECT]
    log = folder / "emulator.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--rest-port", "0", "--grpc-port", "0"],
            env=_variables(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"http://{HOST}:{_port(process, log)}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the emulator writes into its log once it listens."""
    for _ in range(READY_SECONDS * 10):
        if found := _LISTENS.search(log.read_text()):
            return int(found[1])
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise EmulatorError(f"the emulator did not start; the end of its log, {log}:\n{_end(log)}")


def _end(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-10:])


def _variables(folder: Path) -> dict[str, str]:
    """The emulator's environment variables; its temporary files go to `folder`."""
    return os.environ | {
        "HOME": str(ENVIRONMENT),
        "TMPDIR": str(folder),
        # It would download these from outside the package index.
        "BQEMU_ENABLE_FORMAT_EXTENSIONS": "false",
        "BQEMU_QUERY_CACHE_TTL_SECONDS": "0",
    }


@contextmanager
def _gate(emulator: str, requests: Path) -> Iterator[str]:
    listening = socket.create_server((HOST, 0))
    config = uvicorn.Config(gate.application(emulator, requests), log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bigquery_dev.emulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="create the emulator's environment")
    serve = commands.add_parser("serve", help="run it until Ctrl-C")
    serve.add_argument("folder", type=Path, help="for its log and the requests")
    options = parser.parse_args()
    if options.command == "install":
        install()
        return
    with running(options.folder) as emulator, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{emulator.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
