"""Querying the marts: how long each view takes for a year of a company of 2,000 people.

    python -m bench.views [--people 50] [--days 365] [--times 40] [--warehouse FILE]

A sandbox company is landed, its raw rows are copied under other names until it is large enough,
and the marts are built from them as always. Each view is then asked two questions, twenty times
each: its first amount of money summed by month over all its time, and all its numbers summed over
its last month. Printed are the medians; one above a tenth of a second is marked.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from foundation import dbt
from sandbox.server import running

ROOT = Path(__file__).parents[1]
ASKED, LIMIT_SECONDS = 20, 0.1
# How the vendors' records name people and keys. Changing these names makes a copy another company.
NAMES = ("@example.com", "user_", "apikey_", "svac_")
NUMBERS = ("DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "DOUBLE")
VIEWS = ("vw_", "fct_budget", "fct_cost_r", "fct_cost_a", "fct_data", "focus_")
MONEY = "DECIMAL(38,18)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.views")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--warehouse", type=Path, help="query this one, and build nothing")
    options = parser.parse_args()
    console = Console()
    if options.warehouse:
        console.print(answers(options.warehouse, f"{options.warehouse}"))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with environment(path, options.people, options.days) as env:
            since = datetime.now(UTC).date() - timedelta(days=options.days)
            extract = [sys.executable, "-m", "extract", "run", "--since", str(since)]
            extract += ["--report", f"{folder}/report.json"]
            console.print(f"landing: {timed(*extract, env=env):.0f} s")
        rows = multiply(path, options.times)
        console.print(f"{rows:,} raw records after copying")
        build = [dbt.DBT, "build", "--exclude-resource-type", "unit_test"]
        build += ["--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"]
        console.print(f"full build: {timed(*build, env=env):.0f} s")
        people = options.people * options.times
        console.print(answers(path, f"about {people:,} people, {options.days} days"))


@contextmanager
def environment(path: Path, people: int, days: int) -> Iterator[dict[str, str]]:
    """Settings for a sandbox that runs as long as the block."""
    with running(people=people, days=days, rate_limits=False) as sandbox:
        yield dbt.environment(dbt.on_duckdb(path)) | sandbox.env


def timed(*command: str, env: dict[str, str]) -> float:
    """Seconds that a command takes; prints its output if it fails."""
    begin = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return time.perf_counter() - begin


def multiply(path: Path, times: int) -> int:
    """Copy each raw record that names somebody `times` - 1 times, under other names; returns how
    many records there are then."""
    with duckdb.connect(str(path)) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.columns"
            " where table_schema like 'raw_%' and column_name = 'payload'"
            " and table_name != 'rejected_records'"
        ).fetchall()
        copied = "payload"
        for name in NAMES:
            new = f"copy || '{name}'" if name.startswith("@") else f"'{name}' || copy"
            copied = f"replace({copied}, '{name}', {new})"
        total = 0
        for (table,) in tables:
            connection.execute(
                f"insert into {table} select * exclude copy replace"
                f" ({copied} as payload, _dlt_id || copy as _dlt_id)"
                f" from {table} cross join"
                f" (select 'x' || range as copy from range(1, {times}))"
                # A plan, or a budget of the whole company, must exist only once.
                f" where {copied} != payload"
            )
            ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
            total += rows
        return total


def answers(path: Path, title: str) -> Table:
    """A row for each view: its number of rows, and the median time of each question."""
    table = Table(title=f"{title}: seconds to answer, median of {ASKED}")
    for heading in ("view", "rows", "the year", "the last month", ""):
        table.add_column(heading, justify="left" if heading in ("view", "") else "right")
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
            " order by table_name"
        ).fetchall()
        for (name,) in names:
            if not name.startswith(VIEWS):
                continue
            ((rows,),) = connection.execute(f"select count(*) from marts.{name}").fetchall()
            medians = [_median(connection, question) for question in questions(connection, name)]
            verdict = "" if max(medians) < LIMIT_SECONDS else "slow"
            table.add_row(name, f"{rows:,}", *(f"{median:.3f}" for median in medians), verdict)
    return table


def questions(connection: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    """Money by month over the whole time, and every number for the last month."""
    columns = connection.execute(f"describe marts.{view}").fetchall()
    ((day,), *_) = [(name,) for name, kind, *_ in columns if kind in ("DATE", "TIMESTAMP")]
    numbers = [f'sum("{name}")' for name, kind, *_ in columns if kind.split("(")[0] in NUMBERS]
    money = [f'sum("{name}")' for name, kind, *_ in columns if kind == MONEY]
    month = f"date_trunc('month', \"{day}\")"
    return [
        f"select {month}, {(money or numbers)[0]} from marts.{view} group by 1",
        f"select {', '.join(numbers)} from marts.{view}"
        f' where "{day}" >= (select date_trunc(\'month\', max("{day}")) from marts.{view})',
    ]


def _median(connection: duckdb.DuckDBPyConnection, question: str) -> float:
    return statistics.median(_seconds(connection, question) for _ in range(ASKED))


def _seconds(connection: duckdb.DuckDBPyConnection, question: str) -> float:
    begin = time.perf_counter()
    connection.execute(question).fetchall()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
