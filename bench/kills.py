"""Kills `make run` at random moments of each phase, and compares what the next run gives.

    python -m bench.kills [--kills 20] [--phase dbt]... [--seed 7]

Ctrl-C ends it with the table of what was tried so far.

Each kill begins with a copy of a warehouse in which a day was revised since. The run is killed,
either its process alone or with all that it started, and the next run is left alone. Its marts must
be those of a run that was never disturbed, to the row and the cent; only the times and ids of loads
may differ. Exits with 1 if anything is lost. Twenty kills of each kind take hours on two cores.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

from foundation.settings import ROOT, Settings
from sandbox.server import running

# The lines of the log with which each phase begins.
PHASES = {
    "extract": "Configured:",
    "dbt": "extract: ",
    "preview": "dbt build: ",
    "alerts": "preview: ",
}
KINDS = {"parent": "the process alone", "group": "with all that it started"}
SECONDS_TO_END = 30.0

Marts = dict[str, Counter[str]]


@dataclass
class Tally:
    kills: int = 0
    # Runs that had ended before they were to be killed.
    ended: int = 0
    # By the next run, of kills and of runs that had ended.
    repaired: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    dollars: Decimal = field(default_factory=Decimal)
    survivors: int = 0

    def is_good(self) -> bool:
        return self.repaired == self.kills + self.ended and not self.survivors


@contextmanager
def webhook() -> Iterator[str]:
    """The address of something that answers as Slack does, in half a second."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            time.sleep(0.5)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:  # noqa: ANN401
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Bench:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        # Nothing of what this machine is set to.
        hidden = dict.fromkeys((name.upper() for name in Settings.model_fields), "")
        self.environment = os.environ | {"CI": ""} | hidden | environment

    def start(self, file: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", "run"],
            cwd=ROOT,
            env=self.environment | {"DUCKDB_PATH": str(file)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def whole(self, file: Path) -> tuple[int, dict[str, float]]:
        """A run to its end: its exit code, and how many seconds each phase took."""
        begun: dict[str, float] = {}
        with self.start(file) as process:
            for line in process.stderr or ():
                if " ERROR " in line:
                    sys.stderr.write(line)
                for phase, marker in PHASES.items():
                    if marker in line:
                        begun.setdefault(phase, time.monotonic())
        moments = [*begun.values(), time.monotonic()]
        return process.returncode, {
            phase: moments[number + 1] - moments[number] for number, phase in enumerate(begun)
        }

    def kill(self, file: Path, phase: str, kind: str, after: float, tally: Tally) -> None:
        """Start a run and kill it so many seconds after a phase has begun."""
        with self.start(file) as process:
            for line in process.stderr or ():
                if PHASES[phase] in line:
                    break
            threading.Thread(target=lambda: list(process.stderr or ()), daemon=True).start()
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                started = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                for child in started if kind == "group" else ():
                    try:
                        child.kill()
                    except psutil.NoSuchProcess:
                        continue
                _, alive = psutil.wait_procs(started, timeout=SECONDS_TO_END)
                tally.survivors += len(alive)
                tally.kills += 1
            else:
                tally.ended += 1


def copy(base: Path, file: Path) -> None:
    """The warehouse alone in its folder, without what a killed run left beside it."""
    shutil.rmtree(file.parent, ignore_errors=True)
    file.parent.mkdir()
    shutil.copy(base, file)


def marts(file: Path) -> Marts:
    """The rows of every mart but the log of runs, without the times and ids of loads."""
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, list(column_name) from information_schema.columns"
            " where table_schema = 'marts' and data_type not like 'TIMESTAMP%'"
            # Hours are whole: those of one run may be of the next hour. Each run has a row of
            # its own in pipeline_runs.
            " and column_name not in ('load_id', 'hours_since_last_load')"
            " and table_name <> 'pipeline_runs' group by all"
        ).fetchall()
        found: Marts = {}
        for table, names in columns:
            listed = ", ".join(f'"{name}"' for name in names)
            rows = connection.execute(f'select {listed} from marts."{table}"').fetchall()
            found[table] = Counter(map(repr, rows))
        return found


def spent(file: Path) -> Decimal:
    with duckdb.connect(str(file), read_only=True) as connection:
        [(total,)] = connection.execute(
            "select sum(effective_cost_usd) from marts.fct_cost_daily"
        ).fetchall()
        return Decimal(total)


def different(one: Marts, other: Marts) -> Counter[str]:
    """In how many rows each mart differs."""
    empty: Counter[str] = Counter()
    pairs = {
        name: (one.get(name, empty), other.get(name, empty)) for name in one.keys() | other.keys()
    }
    counts = {name: (a - b).total() + (b - a).total() for name, (a, b) in pairs.items()}
    return Counter({name: count for name, count in counts.items() if count})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each kind in each phase")
    parser.add_argument("--phase", action="append", choices=PHASES, help="may be repeated")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    options = parser.parse_args()
    draw = random.Random(options.seed)  # noqa: S311
    console = Console()
    console.print(f"seed {options.seed}")
    with (
        tempfile.TemporaryDirectory(prefix="ai-spend-bench-kills-") as name,
        running(people=20, days=20, rate_limits=False) as vendors,
        webhook() as slack,
    ):
        folder = Path(name)
        bench = Bench(folder, vendors.env | {"SLACK_WEBHOOK_URL": slack})
        # All have the same name, which is in the views.
        base, spared, file = (
            folder / kind / "warehouse.duckdb" for kind in ("base", "spared", "killed")
        )
        code, _ = bench.whole(base)
        console.print(f"the first run ended with {code}")
        day = list(vendors.totals()["cursor"]["cursor"])[-3]
        vendors.control({"revise": {"vendor": "cursor", "date": day, "factor": "1.5"}})
        copy(base, spared)
        expected_code, seconds = bench.whole(spared)
        if seconds.keys() != PHASES.keys():
            console.print(f"the undisturbed run ended early, with {expected_code}: run `make run`")
            return 1
        expected, dollars = marts(spared), spent(spared)
        in_all = sum(counts.total() for counts in expected.values())
        console.print(
            f"undisturbed: code {expected_code}, ${dollars}, {in_all} rows"
            + "".join(f", {phase} {took:.1f} s" for phase, took in seconds.items())
        )
        tallies = {(phase, kind): Tally() for phase in options.phase or PHASES for kind in KINDS}
        # One of each in turn, so that a bench that is stopped has tried all of them.
        with suppress(KeyboardInterrupt):
            for kills in range(1, options.kills + 1):
                for (phase, kind), tally in tallies.items():
                    while tally.kills < kills:
                        copy(base, file)
                        bench.kill(file, phase, kind, draw.uniform(0, seconds[phase]), tally)
                        code, _ = bench.whole(file)
                        lost, rows = abs(spent(file) - dollars), different(marts(file), expected)
                        tally.repaired += code == expected_code and not lost and not rows
                        tally.dollars += lost
                        tally.rows += rows
                    console.print(f"{phase}, {kind}: {tally}")
    console.print(_table(tallies))
    return 0 if all(tally.is_good() for tally in tallies.values()) else 1


def _table(tallies: dict[tuple[str, str], Tally]) -> Table:
    headings = ("phase", "killed", "kills", "had ended", "repaired by the next run")
    table = Table(*headings, "rows different", "dollars lost", "processes left")
    for (phase, kind), tally in tallies.items():
        numbers = (tally.kills, tally.ended, tally.repaired, tally.rows.total(), tally.dollars)
        table.add_row(phase, KINDS[kind], *map(str, numbers), str(tally.survivors))
    return table


if __name__ == "__main__":
    sys.exit(main())
