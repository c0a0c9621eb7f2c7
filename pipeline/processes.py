"""Child processes that never outlive the run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pipeline.settings import ROOT


@contextmanager
def child(
    arguments: list[str],
    environment: Mapping[str, str],
    stdin: int | None = None,
    stdout: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """`python …` in the project's folder; stopped on the way out if it still runs."""
    command = [sys.executable, *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=stdin, stdout=stdout, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def sandbox(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The stand-in for the vendors on a free port, and the settings that point at it.

    Its standard input stays open as long as this process lives: it ends when that closes, even if
    this process is killed.
    """
    arguments = ["-m", "sandbox", "serve", "--port", "0"]
    with child(arguments, environment, subprocess.PIPE, subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"the sandbox ended with code {process.wait()} before it was ready")
        yield json.loads(line)["env"]
