"""Break models on purpose, one breakage at a time, and list those that no test notices.

A breakage is a small change of a model's SQL: a join flipped, a condition dropped, a constant
changed (tools/breakages.py). dbt builds the models once and runs their tests; what it sent to the
warehouse is then sent again for each breakage, with that one put in. So a breakage takes
milliseconds where the model's unit tests notice it, and the time of a build where its data tests
must. Nothing is written to the project or to the warehouse: both are copied first.

Breakages that change no result are listed, each with its reason, in mutate_equivalent.toml.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.breakages import Breakage, breakages, put_in
from tools.marks import Jinja, marked

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "dbt_project"
EQUIVALENT = Path(__file__).with_name("mutate_equivalent.toml")
# A broken join may multiply rows without end; nobody overlooks a build that does not finish.
SECONDS = 60


@dataclass
class Trial:
    """What dbt sent for one model."""

    model: str
    file: str
    jinja: Jinja
    unit_tests: dict[str, str] = field(default_factory=dict)
    # What the contract is compared with, and what builds the model.
    described: str | None = None
    statements: list[str] = field(default_factory=list)
    # Data tests that would fail the build: what they prepare, and what they ask.
    data_tests: dict[str, list[str]] = field(default_factory=dict)

    def breakages(self) -> list[Breakage]:
        """What can be broken in it, also where only a unit test renders it."""
        sent = (*self.statements, *self.unit_tests.values())
        return list(dict.fromkeys(one for sql in sent for one in breakages(sql, self.jinja)))


def capture(project: str, warehouse: str, models: list[str]) -> tuple[Any, ...]:
    """Build models and run their tests; what each node sent, and what each test depends on.

    In a process of its own: dbt keeps its connection open, and its settings.
    """
    os.environ |= {"DUCKDB_PATH": warehouse, "TARGET": "duckdb", "DO_NOT_TRACK": "1"}
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from dbt_common.events.base_types import EventMsg

    sent: dict[str, list[str]] = {}

    def listen(event: EventMsg) -> None:
        if event.info.name == "SQLQuery":
            sent.setdefault(event.data.node_info.unique_id, []).append(event.data.sql)

    folders = ["--project-dir", project, "--profiles-dir", project]
    folders += ["--target-path", f"{project}/target", "--log-path", f"{project}/logs"]
    command = ["--quiet", "--no-partial-parse", "build", "--full-refresh", *folders]
    runner = dbtRunner(callbacks=[listen])
    done = runner.invoke([*command, "--select", *models])
    if not isinstance(done.result, RunExecutionResult):
        raise RuntimeError(f"dbt broke off: {done.exception}")
    bad = [
        f"{result.node.name}: {result.message}"
        for result in done.result.results
        if result.status not in ("success", "pass", "warn")
    ]
    nodes = {
        result.node.unique_id: (
            str(result.node.resource_type),
            list(getattr(result.node.depends_on, "nodes", [])),
            str(getattr(result.node.config, "severity", "ERROR")).upper(),
        )
        for result in done.result.results
    }
    return bad, nodes, sent


def fill(trials: list[Trial], captured: tuple[Any, ...]) -> None:
    """Sort what dbt sent to the models that it was sent for."""
    _, nodes, sent = captured
    found = {f"model.ai_spend.{trial.model}": trial for trial in trials}
    for unique_id, (kind, parents, severity) in nodes.items():
        statements = sent.get(unique_id, [])
        if kind == "model":
            trial = found[unique_id]
            described = [sql for sql in statements if re.search(r"\bDESCRIBE \(", sql)]
            trial.described = described[0] if described else None
            trial.statements = [
                sql for sql in statements
                if re.search(r"(?s)^\s*(?:/\*.*?\*/)?\s*(?:create|alter)\s", sql)
            ]  # fmt: skip
        elif kind == "unit_test":
            trial = found[".".join(["model", *unique_id.split(".")[1:3]])]
            asked = [sql for sql in statements if "from dbt_internal_unit_test_expected" in sql]
            trial.unit_tests[unique_id.split(".")[-1]] = asked[-1]
        elif kind == "test" and severity != "WARN":
            made = [
                re.sub(r"(?s)^(\s*(?:/\*.*?\*/)?\s*create)\s+table", r"\1 or replace table", sql)
                for sql in statements
                if re.search(r"(?s)^\s*(?:/\*.*?\*/)?\s*create\s+table", sql)
            ]
            asked = [sql for sql in statements if "as should_error" in sql]
            for parent in set(parents) & set(found):
                found[parent].data_tests[unique_id] = [*made, asked[-1]]


# ------------------------------------------------------------------------------ trying them out

# Syntax that the rules made wrong breaks nothing that a test could notice.
STILLBORN = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
_connections: dict[str, duckdb.DuckDBPyConnection] = {}
_sound: set[str] = set()


def _connect(warehouse: str) -> duckdb.DuckDBPyConnection:
    """This process's own copy of the warehouse. Views are qualified with its file's name."""
    if warehouse not in _connections:
        folder = Path(warehouse).parent / f"worker-{os.getpid()}"
        folder.mkdir()
        copy = shutil.copy(warehouse, folder)
        connection = duckdb.connect(copy, config={"threads": 1})
        connection.execute("set timezone = 'UTC'")
        _connections[warehouse] = connection
    return _connections[warehouse]


def attempt(warehouse: str, trial: Trial, broken: list[Breakage]) -> list[tuple[str, str]]:
    """What became of each breakage: `unit`, `data`, `unnoticed` or `stillborn`, and the test that
    noticed."""
    connection = _connect(warehouse)
    if trial.model not in _sound:
        for name, sql in trial.unit_tests.items():
            if not _agrees(connection, put_in(sql, trial.jinja, None)):
                raise RuntimeError(f"{trial.model}: {name} fails before anything is broken")
        _sound.add(trial.model)
    return [_attempt(connection, trial, one) for one in broken]


def _attempt(
    connection: duckdb.DuckDBPyConnection, trial: Trial, broken: Breakage
) -> tuple[str, str]:
    for name, sql in trial.unit_tests.items():
        changed = put_in(sql, trial.jinja, broken)
        if changed != sql:
            try:
                if not _agrees(connection, changed):
                    return "unit", name
            except STILLBORN as error:
                return "stillborn", str(error).splitlines()[0]
            except duckdb.Error as error:
                return "unit", f"{name}: {str(error).splitlines()[0]}"
    return _attempt_on_data(connection, trial, broken)


def _agrees(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    rows = connection.execute(sql).fetchall()
    sides: dict[str, Counter[tuple[Any, ...]]] = {"actual": Counter(), "expected": Counter()}
    for *values, side in rows:
        sides[side][tuple(values)] += 1
    return sides["actual"] == sides["expected"]


def _attempt_on_data(
    connection: duckdb.DuckDBPyConnection, trial: Trial, broken: Breakage
) -> tuple[str, str]:
    changed = [put_in(sql, trial.jinja, broken) for sql in trial.statements]
    if changed == trial.statements:
        return "unnoticed", ""
    timer = threading.Timer(SECONDS, connection.interrupt)
    timer.start()
    connection.execute("begin")
    try:
        if trial.described:
            types = connection.execute(trial.described).fetchall()
            described = put_in(trial.described, trial.jinja, broken)
            if _kinds(types) != _kinds(connection.execute(described).fetchall()):
                return "data", "contract"
        for sql in changed:
            connection.execute(sql)
        for name, (*made, asked) in trial.data_tests.items():
            for sql in made:
                connection.execute(sql)
            row = connection.execute(asked).fetchone()
            if row and row[2]:
                return "data", name.split(".")[2]
    except STILLBORN as error:
        return "stillborn", str(error).splitlines()[0]
    except duckdb.InterruptException:
        return "data", "does not end"
    except duckdb.Error as error:
        return "data", str(error).splitlines()[0]
    finally:
        timer.cancel()
        connection.execute("rollback")
    return "unnoticed", ""


def _kinds(described: list[tuple[Any, ...]]) -> list[tuple[str, str]]:
    return [(row[0], row[1].split("(")[0]) for row in described]


# ------------------------------------------------------------------------------------ the report


@dataclass
class Outcome:
    model: str
    file: str
    line: int
    cte: str
    change: str
    result: str
    # A test, or the reason why nothing can notice it.
    noticed_by: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.cte}) {self.change}"


def equivalents() -> dict[tuple[str, str, str], str]:
    """The reasons of breakages that change no result, by model, CTE and change."""
    if not EQUIVALENT.exists():
        return {}
    entries = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
    return {(one["model"], one["cte"], one["change"]): one["reason"] for one in entries}


def default_models(project: Path) -> list[str]:
    """All marts, and what lies between staging and them."""
    files = [*project.glob("models/marts/**/*.sql"), *project.glob("models/intermediate/**/*.sql")]
    return [file.stem for file in sorted(files, reverse=True)]


def mark(project: Path, models: Iterable[str]) -> list[Trial]:
    """Put marks into the models' files."""
    trials = []
    for model in models:
        files = list(project.glob(f"models/**/{model}.sql"))
        if len(files) != 1:
            sys.exit(f"There is no model {model}.")
        text, jinja = marked(files[0].read_text())
        files[0].write_text(text)
        trials.append(Trial(model, str(files[0].relative_to(project.parent)), jinja))
    return trials


def run(
    models: list[str], warehouse: Path, limit: int | None, workers: int, console: Console
) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="mutate-") as temporary:
        folder = Path(temporary)
        project = folder / "dbt_project"
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
        copy = Path(shutil.copy(warehouse, folder))
        trials = mark(project, models or default_models(project))
        context = multiprocessing.get_context("spawn")
        told = "dbt builds the models and runs their tests"
        with console.status(told), ProcessPoolExecutor(1, mp_context=context) as pool:
            names = [trial.model for trial in trials]
            captured = pool.submit(capture, str(project), str(copy), names).result()
        if captured[0]:
            raise SystemExit("\n".join(["Red before anything is broken:", *captured[0]]))
        fill(trials, captured)
        found = {trial.model: trial.breakages() for trial in trials}
        allowed = equivalents()
        named = {(model, one.cte, one.change) for model, all_ in found.items() for one in all_}
        if stale := [key for key in allowed if key[0] in found and key not in named]:
            raise SystemExit(
                "\n".join([f"{EQUIVALENT.name} names what is not there:", *map(str, stale)])
            )
        outcomes = []
        for trial in trials:
            found[trial.model] = found[trial.model][:limit]
            for one in list(found[trial.model]):
                if reason := allowed.get((trial.model, one.cte, one.change)):
                    outcomes.append(_outcome(trial, one, "equivalent", reason))
                    found[trial.model].remove(one)
        return outcomes + _try_all(trials, found, copy, workers, console)


def _outcome(trial: Trial, broken: Breakage, result: str, noticed_by: str) -> Outcome:
    return Outcome(trial.model, trial.file, **asdict(broken), result=result, noticed_by=noticed_by)


def _try_all(
    trials: list[Trial],
    broken: dict[str, list[Breakage]],
    warehouse: Path,
    workers: int,
    console: Console,
) -> list[Outcome]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    outcomes: list[Outcome] = []
    context = multiprocessing.get_context("spawn")
    with (
        Progress(*columns, console=console) as progress,
        ProcessPoolExecutor(workers, mp_context=context) as pool,
    ):
        task = progress.add_task("Breaking", total=sum(map(len, broken.values())))
        pending = {}
        for trial in trials:
            waiting = broken[trial.model]
            for start in range(0, len(waiting), 10):
                some = waiting[start : start + 10]
                pending[pool.submit(attempt, str(warehouse), trial, some)] = trial, some
        for future in as_completed(pending):
            trial, some = pending.pop(future)
            for one, found in zip(some, future.result(), strict=True):
                outcome = _outcome(trial, one, *found)
                outcomes.append(outcome)
                if outcome.result == "unnoticed":
                    console.print(str(outcome), markup=False, highlight=False, soft_wrap=True)
                progress.advance(task)
    return outcomes


def show(outcomes: list[Outcome], console: Console) -> None:
    table = Table()
    table.add_column("model", no_wrap=True)
    for name in ("breakages", "unit tests", "data tests", "equivalent", "unnoticed"):
        table.add_column(name, justify="right")
    by_model: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        by_model.setdefault(outcome.model, Counter())[outcome.result] += 1
    total: Counter[str] = Counter()
    for model, counts in [*sorted(by_model.items()), ("all", total)]:
        if counts is not total:
            total += counts
        names = ("unit", "data", "equivalent", "unnoticed")
        values = [counts[name] for name in names]
        table.add_row(model, str(sum(values)), *map(str, values))
    console.print(table)
    console.print(f"{total['stillborn']} more are not SQL.")
    unnoticed = [one for one in outcomes if one.result == "unnoticed"]
    for outcome in sorted(unnoticed, key=lambda one: (one.file, one.line)):
        console.print(str(outcome), markup=False, highlight=False, soft_wrap=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("models", nargs="*", help="all marts and intermediate models if none")
    default = os.environ.get("DUCKDB_PATH") or str(ROOT / "data" / "warehouse.duckdb")
    parser.add_argument("--warehouse", type=Path, default=Path(default), help="a built warehouse")
    parser.add_argument("--limit", type=int, help="so many breakages per model at most")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--report", type=Path, help="write what was found as JSON")
    arguments = parser.parse_args()
    if not arguments.warehouse.exists():
        print(f"There is no {arguments.warehouse}: `make run` builds one.", file=sys.stderr)
        return 2
    console = Console()
    start = time.monotonic()
    outcomes = run(
        arguments.models, arguments.warehouse, arguments.limit, arguments.workers, console
    )
    show(outcomes, console)
    console.print(f"{time.monotonic() - start:.0f} s")
    if arguments.report:
        found = [asdict(one) for one in outcomes]
        arguments.report.write_text(json.dumps(found, indent=2, ensure_ascii=False))
    return int(any(one.result == "unnoticed" for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
