"""RevOps: a month of a million events built whole, one more day, and the sixteen questions.

    python -m bench.revops [--events 1000000]

A seller's month is landed from its database up to the day before yesterday and the models are
built; then a day passes. Printed are the seconds of `dbt build` as a process, those of its models
alone (dbt takes as long to start whatever it builds), and the median of twenty answers to each
question for the largest customer; one above a tenth of a second is marked. The project is parsed
before, as it is for every run but the first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from foundation.dbt import DBT, environment, on_duckdb
from sandbox.server import running

ROOT = Path(__file__).parents[1]
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
# All models are built, or the run would not be completed and the next one would build everything
# again; other models are for the company's own spend.
DOMAIN = {"salesforce", "product", "revops"}
ASKED, LIMIT_SECONDS = 20, 0.1

OF_TEAM = "team_id = '{team}'"
OF_SUBSCRIPTION = "subscription_id = '{subscription}'"
QUESTIONS = {
    "subscriptions": f"vw_revops_subscriptions where {OF_SUBSCRIPTION}",
    "team search": "vw_revops_teams where lower(team_name) like '%a%'",
    "team by id": f"vw_revops_teams where {OF_TEAM}",
    "teams in bulk": "vw_revops_teams where team_id in ('101', '102', '103', '{team}')",
    "MAU growth": f"fct_revops_monthly_team_metrics where {OF_TEAM}",
    "model spend": f"vw_revops_model_spend where {OF_TEAM}",
    "active users": f"vw_revops_active_users where {OF_TEAM}",
    "feature adoption": f"fct_revops_monthly_team_metrics where {OF_TEAM}",
    "adoption in percent": f"fct_revops_daily_team_metrics where {OF_TEAM}",
    "top users": f"vw_revops_top_users where {OF_TEAM} and spend_rank <= 20",
    "monthly spend, forecast": f"vw_revops_monthly_spend where {OF_TEAM}",
    "overage": f"subscription_overage where {OF_SUBSCRIPTION}",
    "true-ups": f"vw_revops_true_ups where {OF_SUBSCRIPTION}",
    "depth of usage": f"vw_revops_depth_of_usage where {OF_TEAM}",
    "account search": "vw_revops_accounts where lower(account_name) like '%a%'",
    "account opportunities": "vw_revops_account_opportunities where account_id = '{account}'",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.revops")
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    console = Console()
    seller = {"seller_events": options.events, "seller_months": 1}
    with (
        tempfile.TemporaryDirectory() as name,
        running(people=20, days=20, today=YESTERDAY, rate_limits=False, **seller) as sandbox,
    ):
        folder = Path(name)
        path = folder / "warehouse.duckdb"
        env = environment(on_duckdb(path)) | sandbox.env

        def timed(*command: str) -> float:
            begin = time.perf_counter()
            subprocess.run(command, check=True, env=env, cwd=ROOT, capture_output=True)
            return time.perf_counter() - begin

        def built(as_of: str) -> tuple[float, float]:
            timed(*parse, "--vars", f"as_of_date: {as_of}")
            whole = timed(*build, "--vars", f"as_of_date: {as_of}")
            target = folder / "target"
            nodes = json.loads((target / "manifest.json").read_text())["nodes"]
            ours = {one for one, node in nodes.items() if DOMAIN & set(node["fqn"])}
            results = json.loads((target / "run_results.json").read_text())["results"]
            return whole, sum(one["execution_time"] for one in results if one["unique_id"] in ours)

        extract = (sys.executable, "-m", "extract", "run", "--report", str(folder / "report.json"))
        folders = ("--target-path", str(folder / "target"), "--log-path", str(folder / "logs"))
        parse = (DBT, "parse", *folders)
        build = (DBT, "build", "--exclude-resource-type", "unit_test", "test", *folders)
        table = Table(title=f"{options.events:,} events in a month, seconds")
        for heading in ("", "landing", "dbt", "its models"):
            table.add_column(heading, justify="right" if heading else "left")
        for step, day in (("whole", YESTERDAY), ("one more day", TODAY)):
            if day == TODAY:
                sandbox.control({"today": str(TODAY)})
            landing = timed(*extract)
            figures = (landing, *built(str(day)))
            table.add_row(step, *(f"{seconds:.1f}" for seconds in figures))
        console.print(table)
        console.print(answers(path))


def answers(path: Path) -> Table:
    """How long each question takes for the customer with the most usage."""
    table = Table(title="The sixteen questions, for the largest customer")
    for heading in ("", "rows", "seconds"):
        table.add_column(heading, justify="right" if heading else "left")
    with duckdb.connect(str(path), read_only=True) as connection:
        largest = connection.execute(
            "select team_id, subscription_id, account_id from marts.vw_revops_model_spend"
            " where subscription_id != 'unattributed'"
            " group by all order by sum(requests) desc limit 1"
        ).fetchone()
        named = dict(zip(("team", "subscription", "account"), largest or (), strict=False))
        for question, asked in QUESTIONS.items():
            query = f"select * from marts.{asked.format(**named)}"
            seconds = []
            for _ in range(ASKED):
                begin = time.perf_counter()
                rows = len(connection.execute(query).fetchall())
                seconds.append(time.perf_counter() - begin)
            median = statistics.median(seconds)
            mark = " [red]slow[/red]" if median > LIMIT_SECONDS else ""
            table.add_row(question, f"{rows:,}", f"{median:.3f}{mark}")
    return table


if __name__ == "__main__":
    main()
