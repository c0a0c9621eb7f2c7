"""The next build makes up for a build that was killed at any point."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from decimal import Decimal
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools import base_company
from tools.base_company import COMPANY, TODAY, at, landed

# Decides at each of dbt's events whether to be killed now.
IsTime = Callable[[str, str, str], bool]


def a_table_is_there_and_none_after_it(name: str, node: str, _sql: str) -> bool:
    return (name, node) == ("NodeFinished", "int_costs")


def all_is_built_and_nothing_says_so(name: str, _node: str, sql: str) -> bool:
    return name == "SQLQuery" and "insert into" in sql and "completed_runs" in sql


class AfterEvents:
    """Kill after this many events of the build."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, *_event: str) -> bool:
        self.left -= 1
        return self.left < 0


POINTS: tuple[IsTime, ...] = (
    a_table_is_there_and_none_after_it,
    all_is_built_and_nothing_says_so,
)
# At night: so many kills of each warehouse, somewhere in the events of a build.
RANDOM_KILLS, MOST_EVENTS = 4, 2_000


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb", "tools.base_company"])
    return context


def test_a_killed_first_build_leaves_no_trace(
    base: Warehouse, context: ForkServerContext, tmp_path: Path
) -> None:
    killed = Warehouse.copy_of(landed(), tmp_path / "killed")
    for is_time in POINTS:
        kill_a_build(context, killed, is_time)
    killed.build()
    assert killed.facts() == base.facts()


def test_a_killed_later_build_leaves_no_trace(
    base: Warehouse, context: ForkServerContext, tmp_path: Path
) -> None:
    with running(**COMPANY) as sandbox:
        killed, spared = revised_twins(base, tmp_path, sandbox)
    for is_time in POINTS:
        kill_a_build(context, killed, is_time)
    killed.build()
    assert killed.facts() == spared.facts() != base.facts()


@pytest.mark.nightly
def test_a_build_killed_again_and_again_leaves_no_trace(
    base: Warehouse, context: ForkServerContext, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    first = Warehouse.copy_of(landed(), tmp_path / "first")
    with running(**COMPANY) as sandbox:
        killed, spared = revised_twins(base, tmp_path, sandbox)
    for warehouse, expected in ((first, base), (killed, spared)):
        for _ in range(RANDOM_KILLS):
            kill_a_build(context, warehouse, AfterEvents(draw.randrange(MOST_EVENTS)))
        warehouse.build()
        assert warehouse.facts() == expected.facts(), f"seed {seed}"


def revised_twins(base: Warehouse, folder: Path, sandbox: Running) -> tuple[Warehouse, Warehouse]:
    """The base company twice, with a day that was revised since: landed in both, and built in the
    second."""
    killed = Warehouse.copy_of(base.path, folder / "killed", sandbox.env)
    first = TODAY.replace(day=1)
    days = sandbox.totals(str(first), str(TODAY))["anthropic"]["console"]
    day = max(days, key=lambda day: Decimal(days[day]["billed"]))
    sandbox.control({"revise": {"vendor": "anthropic", "date": day, "factor": "1.5"}})
    with at(TODAY):
        killed.extract(sources=["anthropic"], since=first)
    spared = Warehouse.copy_of(killed.path, folder / "spared")
    spared.build()
    return killed, spared


def kill_a_build(context: ForkServerContext, warehouse: Warehouse, is_time: IsTime) -> None:
    """`dbt build` in a process of its own, killed when it is time."""
    process = context.Process(target=build_until, args=(warehouse.path, is_time))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


def build_until(path: Path, is_time: IsTime) -> None:
    def on_event(event: Any) -> None:
        node = getattr(getattr(event.data, "node_info", None), "node_name", "")
        if is_time(event.info.name, node, getattr(event.data, "sql", "")):
            os.kill(os.getpid(), signal.SIGKILL)

    base_company.build(path, *MODELS_ONLY, on_event=on_event)
