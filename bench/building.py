"""Building the marts: whole, and after one new day, with a history and with ten times as much.

    python -m bench.building [--people 60] [--days 60] [--times 10]

Each history is landed from a sandbox of its own up to the day before yesterday; then the marts are
built whole, a day passes, and they are built again. `dbt build` is timed as a process, tests
included, and once more without a change. Printed is also how the two histories compare.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from foundation.dbt import DBT, environment, on_duckdb
from sandbox.server import running

ROOT = Path(__file__).parents[1]
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
STEPS = ("landing", "full build", "landing one more day", "incremental build", "nothing new")


def measure(people: int, days: int) -> dict[str, float]:
    """Seconds of each of the `STEPS`."""
    with (
        tempfile.TemporaryDirectory() as name,
        running(people=people, days=days, today=YESTERDAY, rate_limits=False) as sandbox,
    ):
        folder = Path(name)
        # An Enterprise organization has no reports from the years before its analytics.
        console_only = {"ANTHROPIC_ENTERPRISE_KEY": ""}
        duckdb = environment(on_duckdb(folder / "warehouse.duckdb"))
        env = duckdb | sandbox.env | console_only

        def timed(*command: str) -> float:
            begin = time.perf_counter()
            subprocess.run(command, check=True, env=env, cwd=ROOT, capture_output=True)
            return time.perf_counter() - begin

        extract = (sys.executable, "-m", "extract", "run", "--report", str(folder / "report.json"))
        build = (DBT, "build", "--exclude-resource-type", "unit_test")
        build += ("--target-path", str(folder / "target"), "--log-path", str(folder / "logs"))
        first = str(YESTERDAY - timedelta(days=days))
        seconds = [
            timed(*extract, "--since", first, "--until", str(YESTERDAY)),
            timed(*build, "--vars", f"as_of_date: {YESTERDAY}"),
        ]
        sandbox.control({"today": str(TODAY)})
        seconds += [timed(*extract), timed(*build), timed(*build)]
    return dict(zip(STEPS, seconds, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.building")
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    once = measure(options.people, options.days)
    more = measure(options.people, options.days * options.times)
    table = Table(title=f"{options.people} people, seconds")
    columns = (f"{options.days} days", f"{options.days * options.times} days", "ratio")
    for heading in ("", *columns):
        table.add_column(heading, justify="right" if heading else "left")
    for step in STEPS:
        ratio = more[step] / once[step]
        table.add_row(step, f"{once[step]:.1f}", f"{more[step]:.1f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
