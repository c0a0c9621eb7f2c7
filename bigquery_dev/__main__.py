"""python -m bigquery_dev check | plan | smoke.

`check` and `plan` need no BigQuery; `smoke` needs a real project.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from foundation.settings import load_settings

if TYPE_CHECKING:
    from bigquery_dev.plan import Step


def check() -> int:
    """Print each problem with its model, line and reason; returns 1 if there is any."""
    # Imported here: the analyzer takes a second, and a broken one must not look like bad SQL.
    try:
        from bigquery_dev.check import analyze
        from bigquery_dev.googlesql import GoogleSql

        GoogleSql().analyze("select 1")
    except Exception as error:  # noqa: BLE001 - whatever a foreign binary may raise
        print(
            f"Google's analyzer (package zetasql) does not load on this machine: {error!r}\n"
            "Nothing was checked. It needs a 64-bit machine and room in the temporary folder; "
            "`make setup` installs it.",
            file=sys.stderr,
        )
        return 1
    from bigquery_dev import billing_export
    from bigquery_dev.charts import charts
    from bigquery_dev.compiled import TARGET, CompileError, compile_project
    from bigquery_dev.style import style

    start = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("dbt compiles, whole and incremental")
        try:
            project = compile_project()
        except CompileError as error:
            print(error, file=sys.stderr)
            return 1
        progress.update(task, description="Google's analyzer reads every statement")
        drawn = charts(project["full"], TARGET / "full" / "manifest.json")
        problems = analyze(project | {"full": project["full"] + drawn}).problems
        progress.update(task, description="sqlfluff reads what is new")
        problems += style(project)
        problems += billing_export.problems()
    for problem in sorted(problems, key=lambda p: (p.reason.startswith("could not"), p.node)):
        place = f"{problem.node}:{problem.line}" if problem.line else problem.node
        file = (
            problem.path
            if problem.path.startswith(("dashboards/", "extract/"))
            else f"dbt_project/{problem.path}"
        )
        print(f"{place} ({problem.branch}): {problem.reason}\n    {file}")
    count = sum(node.kind in ("model", "snapshot", "test") for node in project["full"])
    seconds = time.monotonic() - start
    verdict = f"{len(problems)} problems" if problems else "valid on BigQuery"
    asked = f"{count} models, snapshots and tests in both branches, {len(drawn) // 2} charts"
    print(f"{asked}: {verdict} ({seconds:.0f} s)")
    return int(bool(problems))


def plan(people: int, history: int) -> int:
    """Print what each statement of the daily run reads, and the same for ten times the history."""
    from bigquery_dev.check import analyze
    from bigquery_dev.compiled import TARGET, compile_project
    from bigquery_dev.plan import Company, Plan, Warehouse, totals

    path = load_settings().duckdb_path
    if not path.exists():
        print(
            f"There is no {path} to measure rows and columns in: run `make run` first.",
            file=sys.stderr,
        )
        return 1
    warehouse = Warehouse(path)
    days = warehouse.last_changed_days()
    project = compile_project([str(day) for day in days], TARGET / "plan")
    made = Plan(project["incremental"], analyze(project), warehouse)
    steps = list(made.steps(Company(people, history), warehouse.as_of_date))
    console = Console()
    table = Table(
        title=f"Daily run, {people:,} people, {history:,} days of history,"
        f" {len(days)} days changed: {', '.join(map(str, days[-4:]))}",
        caption=f"Rows and widths measured in {path}, with {warehouse.people:,} people.",
    )
    for heading, justify in (
        ("statement", "left"),
        ("reads (partitions)", "left"),
        ("MB", "right"),
        ("writes", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for step in sorted((s for s in steps if s.kind != "test"), key=lambda step: -step.read):
        table.add_row(step.name, _readings(step), f"{step.read / 1e6:,.1f}", step.writes)
    tests = [step for step in steps if step.kind == "test"]
    largest = max(tests, key=lambda step: step.read)
    table.add_row(
        f"{len(tests)} data tests",
        f"the largest: {_readings(largest)}",
        f"{totals(tests)[0] / 1e6:,.1f}",
        "",
    )
    console.print(table)
    longer = list(made.steps(Company(people, history * 10), warehouse.as_of_date))
    for name, now, then in zip(("read", "billed"), totals(steps), totals(longer), strict=True):
        console.print(
            f"{name}: {now / 1e9:,.2f} GB a day; with {history * 10:,} days of history"
            f" {then / 1e9:,.2f} GB, {then / now:.2f} times as much"
        )
    return 0


def _readings(step: Step, most: int = 3) -> str:
    largest = sorted(step.readings, key=lambda reading: -reading.size)
    shown = [
        reading.table if reading.partitions is None else f"{reading.table} ({reading.partitions})"
        for reading in largest[:most]
    ]
    more = len(largest) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bigquery_dev")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check every statement without BigQuery")
    planning = commands.add_parser("plan", help="list what the daily run reads, in bytes")
    planning.add_argument("--people", type=int, default=5_000)
    planning.add_argument("--history", type=int, default=365, help="days (default: 365)")
    commands.add_parser(
        "smoke", help="run everything on a real project, in datasets that it drops again"
    )
    options = parser.parse_args()
    if options.command == "plan":
        return plan(options.people, options.history)
    if options.command == "smoke":
        from bigquery_dev.smoke import smoke

        return smoke()
    return check()


if __name__ == "__main__":
    sys.exit(main())
