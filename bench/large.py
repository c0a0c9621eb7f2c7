"""The whole run of a large company: the first one, with a history, and the next day's.

    python -m bench.large PEOPLE DAYS [--keep FILE.duckdb]

A sandbox of so many people and days answers from a process of its own. `python -m pipeline run`
fetches its history up to the day before yesterday, builds and draws; then a day passes, and it runs
again. Both runs are on one day of the calendar, so the first lists of seats come a second time, and
all days that they share out are built again: a real next day builds less. Fetching mostly waits for
the vendors' limits of requests per minute.

Printed are the seconds of each step and the peak memory of the process that does it; the sandbox's
own are not counted, but it uses the same processors. Peaks are read from /proc, so this needs
Linux. It writes to `target/` as any run does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

from foundation.dbt import environment, on_duckdb
from foundation.processes import child
from sandbox.server import Running

ROOT = Path(__file__).parents[1]
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
# The step that each process does, by the module that it runs, and its column in the log of runs.
STEPS = {
    "extract": ("extract", "extract_seconds"),
    "pipeline": ("dbt build", "build_seconds"),
    "dashboards": ("preview", "preview_seconds"),
}
QUIET = {"SLACK_WEBHOOK_URL": "", "HEARTBEAT_URL": "", "LOG_LEVEL": "INFO"}


@contextmanager
def company(people: int, days: int) -> Iterator[Running]:
    arguments = ["-m", "sandbox", "serve", "--no-rate-limits", "--seller-events", "0"]
    arguments += ["--people", str(people), "--days", str(days), "--today", str(YESTERDAY)]
    with child(arguments, os.environ, subprocess.PIPE, subprocess.PIPE) as process:
        ready = json.loads(process.stdout.readline() if process.stdout else "")
        yield Running(ready["url"], ready["env"])


def measured(env: dict[str, str]) -> dict[str, float]:
    """Run the pipeline; returns the peak resident megabytes of each of its processes."""
    peaks: dict[str, float] = {}
    with child(["-m", "pipeline", "run"], env, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            this = psutil.Process(run.pid)
            for process in [this, *this.children()]:
                # It may have ended, or not have become its program yet.
                with suppress(psutil.Error, OSError, ValueError):
                    arguments = process.cmdline()
                    module = arguments[arguments.index("-m") + 1]
                    peaks[module] = max(peaks.get(module, 0), peak(process.pid))
            time.sleep(0.1)
    return peaks


def peak(pid: int) -> float:
    """The most megabytes that a process has had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024


def seconds_of_last_run(warehouse: Path) -> dict[str, float]:
    columns = [column for _, column in STEPS.values()]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute(
            f"select {', '.join(columns)}, run_seconds from marts.pipeline_runs"
            " order by started_at desc limit 1"
        ).fetchone()
    return dict(zip([*columns, "run_seconds"], map(float, row or ()), strict=True))


def let_a_day_pass(sandbox: Running, warehouse: Path) -> None:
    """As if the first run had been yesterday: a daily run also builds what depends on the day."""
    sandbox.control({"today": str(TODAY)})
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"update intermediate.finished_builds set as_of_date = '{YESTERDAY}'")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large")
    parser.add_argument("people", type=int)
    parser.add_argument("days", type=int)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep the warehouse in this file")
    options = parser.parse_args()
    table = Table(title=f"{options.people:,} people, {options.days} days")
    for heading in ("", "step", "seconds", "peak memory MB"):
        table.add_column(heading, justify="right" if heading[:4] in ("seco", "peak") else "left")
    with (
        tempfile.TemporaryDirectory(prefix="bench_") as name,
        company(options.people, options.days) as sandbox,
    ):
        warehouse = options.keep or Path(name) / "warehouse.duckdb"
        env = environment(on_duckdb(warehouse)) | sandbox.env | QUIET
        first = {
            "EXTRACT_SINCE": str(YESTERDAY - timedelta(days=options.days)),
            "EXTRACT_UNTIL": str(YESTERDAY),
        }
        for run, days in (("first run", first), ("one more day", {})):
            if not days:
                let_a_day_pass(sandbox, warehouse)
            peaks = measured(env | days)
            seconds = seconds_of_last_run(warehouse)
            for module, (step, column) in STEPS.items():
                table.add_row(run, step, f"{seconds[column]:.1f}", f"{peaks[module]:.0f}")
            table.add_row(run, "whole run", f"{seconds['run_seconds']:.1f}", "", end_section=True)
        table.caption = f"warehouse: {warehouse.stat().st_size / 1e6:,.0f} MB"
    Console().print(table)


if __name__ == "__main__":
    main()
