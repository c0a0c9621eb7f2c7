"""Whenever a run is killed, the next one gives what an undisturbed run would have given."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import SIGKILL
from typing import Any
from unittest import mock

import pytest

from extract import windows
from extract.command import main
from extract.run import EXTRACTORS
from foundation.settings import Settings
from sandbox.server import Running, running
from tests.extract.conftest import current

DAYS = 12
KILLS = 24
KILLS_OF_ONE_WAREHOUSE = 6
# Two that run in parallel; a third would only take longer.
SOURCES_OF_THIS_TEST = ["cursor", "google_sheets"]


Landed = dict[str, list[tuple[Any, ...]]]
Start = Callable[..., BaseProcess]
Whole = Callable[[Path], Landed]

# Where a run is killed: when all is fetched and nothing is loaded, and when the rows of a load are
# in the warehouse and the load is not complete.
POINTS = ("extract.landing._Batches.rest", "dlt.load.load.Load.complete_package")


def extract_run(environment: dict[str, str], killed_at: str | None = None) -> None:
    """`python -m extract run`, in a process whose imports are done already; killed when it calls a
    function."""
    os.environ.update(environment)
    if killed_at:
        mock.patch(killed_at, side_effect=lambda *_, **__: os.kill(os.getpid(), SIGKILL)).start()
    os.environ["LOG_LEVEL"] = "ERROR"
    # What a killed run leaves behind is deleted with the test.
    tempfile.tempdir = str(Path(environment["DUCKDB_PATH"]).parent)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
    # An ordinary run, which trusts the high-water marks, but of no more days than there are.
    windows.FIRST_RUN_DAYS = DAYS
    arguments = [word for source in SOURCES_OF_THIS_TEST for word in ("--source", source)]
    raise SystemExit(main(["run", *arguments]))


@pytest.fixture(scope="module")
def vendors() -> Iterator[Running]:
    with running(people=20, days=DAYS, rate_limits=False) as vendors:
        yield vendors


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["extract.command", "anthropic", "gspread", "dlt", "duckdb"])
    return context


@pytest.fixture
def start(vendors: Running, context: ForkServerContext) -> Start:
    def start(file: Path, killed_at: str | None = None) -> BaseProcess:
        environment = {**vendors.env, "DUCKDB_PATH": str(file)}
        process = context.Process(target=extract_run, args=(environment, killed_at))
        process.start()
        return process

    return start


@pytest.fixture
def whole(start: Start) -> Whole:
    """A run to its end into a file, and what is there then."""

    def whole(file: Path) -> Landed:
        process = start(file)
        process.join(120)
        assert process.exitcode == 0
        return everything(Settings(_env_file=None, duckdb_path=file))

    return whole


@pytest.fixture
def expected(whole: Whole, tmp_path: Path) -> Landed:
    expected = whole(tmp_path / "undisturbed.duckdb")
    assert len(expected["raw_cursor.usage_events"]) > 100
    return expected


def everything(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    return {
        f"raw_{name}.{table}": current(settings, f"raw_{name}", table)
        for name in SOURCES_OF_THIS_TEST
        for table in EXTRACTORS[name].TABLES
    }


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.rpartition(".")[2])
def test_the_next_run_makes_up_for_one_killed_at_a_point(
    expected: Landed, start: Start, whole: Whole, tmp_path: Path, point: str
) -> None:
    file = tmp_path / "killed.duckdb"
    process = start(file, point)
    process.join(120)
    assert process.exitcode == -SIGKILL
    assert whole(file) == expected


@pytest.mark.nightly
def test_the_next_run_makes_up_for_a_killed_one(
    expected: Landed, start: Start, whole: Whole, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    seconds = timed(lambda: whole(tmp_path / "timed.duckdb"))

    kills = warehouses = 0
    while kills < KILLS:
        warehouses += 1
        file = tmp_path / f"{warehouses}.duckdb"
        for _ in range(KILLS_OF_ONE_WAREHOUSE):
            process = start(file)
            process.join(draw.uniform(0, seconds))
            if process.exitcode is None:
                process.kill()
                kills += 1
            process.join()
        assert whole(file) == expected, f"after {kills} kills, warehouse {warehouses}, seed {seed}"


def timed(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began
