"""python -m bigquery check: what BigQuery would say of the models, without BigQuery."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def check() -> int:
    """Print each problem with its model, line and reason; 1 when there is any."""
    # Imported here: the analyzer takes a second, and a broken one must be told from bad SQL.
    try:
        from bigquery.check import analyze
        from bigquery.googlesql import GoogleSql

        GoogleSql().analyze("select 1")
    except Exception as error:  # noqa: BLE001 - whatever a foreign binary may raise
        print(
            f"Google's analyzer (package zetasql) does not load on this machine: {error!r}\n"
            "Nothing was checked. It needs a 64-bit machine and room in the temporary folder; "
            "`make setup` installs it.",
            file=sys.stderr,
        )
        return 1
    from bigquery.compiled import CompileError, compile_project
    from bigquery.style import style

    start = time.monotonic()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("dbt compiles, whole and incremental")
        try:
            project = compile_project([str(yesterday - timedelta(days=1)), str(yesterday)])
        except CompileError as error:
            print(error, file=sys.stderr)
            return 1
        progress.update(task, description="Google's analyzer reads every statement")
        problems = analyze(project).problems
        progress.update(task, description="sqlfluff reads what is new")
        problems += style(project)
    for problem in sorted(problems, key=lambda p: (p.reason.startswith("could not"), p.node)):
        place = f"{problem.node}:{problem.line}" if problem.line else problem.node
        print(f"{place} ({problem.branch}): {problem.reason}\n    dbt_project/{problem.path}")
    count = sum(node.kind in ("model", "snapshot", "test") for node in project["full"])
    seconds = time.monotonic() - start
    verdict = f"{len(problems)} problems" if problems else "valid on BigQuery"
    print(f"{count} models, snapshots and tests in both branches: {verdict} ({seconds:.0f} s)")
    return int(bool(problems))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bigquery")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check every statement without BigQuery")
    options = parser.parse_args()
    return {"check": check}[options.command]()


if __name__ == "__main__":
    sys.exit(main())
