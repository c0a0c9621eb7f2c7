"""A build that is killed at any point is made up for by the next one."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from decimal import Decimal
from pathlib import Path

from sandbox.server import running
from tests.marts.warehouse import ROOT, Warehouse

KILLS = 8
LONGEST = 16.0


def test_a_build_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path: Path) -> None:
    draw = random.Random(20261121)
    with running(people=20, days=20, rate_limits=False) as sandbox:
        killed = Warehouse(tmp_path / "killed", sandbox.env)
        spared = Warehouse(tmp_path / "spared", sandbox.env)
        killed.folder.mkdir()
        spared.folder.mkdir()
        killed.extract()
        shutil.copy(killed.path, spared.path)
        spared.build()
        # The first builds are killed from nothing, the later ones while days are replaced.
        for number in range(KILLS):
            if number == KILLS // 2:
                killed.build()
                days = sandbox.totals()["anthropic"]["console"]
                day = max(days, key=lambda day: Decimal(days[day]["billed"]))
                change = {"vendor": "anthropic", "date": day, "factor": "1.5"}
                sandbox.control({"revise": change})
                killed.extract()
                spared.extract()
                spared.build()
            _kill_a_build(killed, draw.uniform(2.0, LONGEST))
        killed.build()
        assert killed.facts() == spared.facts()


def _kill_a_build(warehouse: Warehouse, seconds: float) -> None:
    command = [*warehouse.dbt("build"), "--exclude-resource-type", "test", "unit_test"]
    process = subprocess.Popen(
        command,
        env=warehouse.environment(),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
