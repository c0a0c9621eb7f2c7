"""Child processes that never outlive the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from foundation.settings import ROOT
from foundation.stopping import PARENT

WITH_PARENT = str(Path(__file__).with_name("with_parent.py"))
SECONDS_TO_STOP = 10


@contextmanager
def child(
    arguments: list[str],
    environment: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run `python …` in the project's folder, and stop it on the way out if it still runs.

    It has a process group of its own: Ctrl-C only reaches this process, which then stops its
    children one after the other. So a child cannot read from the terminal.

    On Linux it gets SIGTERM when the thread that started it ends, even by SIGKILL, so start it from
    the main thread. On other systems a child outlives a parent that was killed, except for the
    sandbox, which notices.
    """
    command = [sys.executable, *arguments]
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", WITH_PARENT, str(os.getpid()), *command]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, PARENT: str(os.getpid())},
        stdin=stdin,
        stdout=stdout,
        text=True,
        process_group=0,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                # Kill everything that it started too.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def sandbox(environment: Mapping[str, str]) -> Iterator[Callable[[], dict[str, str]]]:
    """Start the stand-in for the vendors on a free port. Yields a function that waits until it is
    ready and returns the settings that point at it.

    Its standard input stays open as long as this process lives, and it exits when that closes, even
    if this process is killed.
    """
    arguments = ["-m", "sandbox", "serve", "--port", "0"]
    with child(arguments, environment, subprocess.PIPE, subprocess.PIPE) as process:

        def ready() -> dict[str, str]:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                code = process.wait()
                raise RuntimeError(f"the sandbox ended with code {code} before it was ready")
            settings: dict[str, str] = json.loads(line)["env"]
            return settings

        yield ready
