"""The sandbox as a process: one line when ready, and never an orphan."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = [
        sys.executable, "-m", "sandbox", "serve", "--people", "20", "--days", "5",
        "--today", "2026-11-21", "--ready-file", str(tmp_path / "ready.json"),
    ]  # fmt: skip
    with subprocess.Popen(
        arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        yield started
        started.kill()


def ready(process: subprocess.Popen[str]) -> dict[str, dict[str, str]]:
    assert process.stdout is not None
    line: dict[str, dict[str, str]] = json.loads(process.stdout.readline())
    return line


def test_it_prints_its_address_and_ends_with_its_parent(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    line = ready(process)
    assert json.loads((tmp_path / "ready.json").read_text()) == line
    env = line["env"]
    answer = httpx.get(f"{line['url']}/teams/members", auth=(env["CURSOR_API_KEY"], ""))
    assert answer.status_code == 200
    credentials = Path(env["GOOGLE_APPLICATION_CREDENTIALS"])
    assert credentials.exists()
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    assert not credentials.exists()


def test_it_ends_when_told_to(process: subprocess.Popen[str]) -> None:
    credentials = Path(ready(process)["env"]["GOOGLE_APPLICATION_CREDENTIALS"])
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert not credentials.exists()
