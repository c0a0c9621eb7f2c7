"""A sample company's journey through two warehouses at once, one of them BigQuery.

The extractors land it and dbt builds it with its tests; then come a new day, a day that a vendor
revised and one that a vendor emptied. After every step both warehouses must hold the same facts, to
the last digit.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from foundation.dbt import DBT, environment
from foundation.settings import ROOT, Settings
from foundation.warehouse import warehouse
from sandbox.server import Running, running

log = logging.getLogger(__name__)

# With the day on which BigQuery requires a condition.
FACTS = {"fct_cost_daily": "cost_date", "fct_usage_daily": "usage_date"}
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)

Rows = list[tuple[Any, ...]]


class JourneyError(Exception):
    """A command failed, or the warehouses differ; the message says where."""


@dataclass(frozen=True)
class Side:
    """One of the warehouses, with the settings to reach it; files go into `folder`."""

    name: str
    settings: dict[str, str]
    folder: Path

    def extract(self, until: date) -> None:
        arguments = ["--until", str(until), "--report", str(self.folder / "extract.json")]
        command = [sys.executable, "-m", "extract", "run", *arguments]
        self._run(command, os.environ | self.settings)

    def dbt(self, *arguments: str, as_of: date) -> None:
        folders = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder)]
        variables = ["--vars", json.dumps({"as_of_date": str(as_of)})]
        self._run([DBT, *arguments, *variables, *folders], environment(self.settings))

    def facts(self) -> dict[str, Rows]:
        """The rows of both facts, ordered, with the columns that their contracts list."""
        manifest = json.loads((self.folder / "target" / "manifest.json").read_text())
        found = {}
        for fact, day in FACTS.items():
            columns = ", ".join(manifest["nodes"][f"model.ai_spend.{fact}"]["columns"])
            table = self.table("marts", fact)
            rows = self.ask(f"select {columns} from {table} where {day} >= date '1900-01-01'")
            found[fact] = sorted(rows, key=str)
        return found

    def ask(self, sql: str) -> Rows:
        """The rows of a query in the warehouse."""
        with warehouse(self._settings()) as ask:
            return ask(sql)

    def table(self, schema: str, name: str) -> str:
        """A table's name for a query."""
        return f"{self._settings().dataset(schema)}.{name}"

    def _settings(self) -> Settings:
        values = {name.lower(): value for name, value in self.settings.items()}
        return Settings(_env_file=None, **values)  # type: ignore[call-arg,arg-type]

    def _run(self, command: list[str], variables: dict[str, str]) -> None:
        log.info("%s: %s", self.name, " ".join(command[1:4]))
        done = subprocess.run(
            command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            output = (done.stdout + done.stderr).splitlines()
            raise JourneyError("\n".join([f"{self.name}: {' '.join(command)}", *output[-60:]]))


def travel(here: Side, there: Side, sandbox: Running) -> None:
    """Take both sides through the whole journey. Raises JourneyError where they differ.

    The sandbox's company must end yesterday, so that there is one more day to come.
    """
    sides = (here, there)
    log.info("The company as it was yesterday, from scratch")
    _stop(sides, YESTERDAY)
    log.info("A new day")
    sandbox.control({"today": str(TODAY)})
    _stop(sides, TODAY)
    log.info("A day that a vendor revised, and one that a vendor emptied")
    revised, emptied = TODAY - timedelta(days=3), TODAY - timedelta(days=4)
    sandbox.control({"revise": {"vendor": "anthropic", "date": str(revised), "factor": "1.25"}})
    sandbox.control({"empty": {"vendor": "cursor", "date": str(emptied)}})
    before = there.facts()
    _stop(sides, TODAY)
    if there.facts() == before:
        raise JourneyError("the revised and the emptied day changed nothing")
    # Those of all models take half an hour on an emulator, and parity tests run their SQL anyway.
    log.info("Unit tests of the facts, and freshness")
    there.dbt("test", "--select", *(f"{fact},test_type:unit" for fact in FACTS), as_of=TODAY)
    there.dbt("source", "freshness", as_of=TODAY)


def _stop(sides: tuple[Side, Side], until: date) -> None:
    here, there = sides
    for side, without in ((here, ["test", "unit_test"]), (there, ["unit_test"])):
        side.extract(until)
        side.dbt("build", "--exclude-resource-type", *without, as_of=until)
    mine, theirs = here.facts(), there.facts()
    for fact, rows in mine.items():
        if not rows:
            raise JourneyError(f"{fact} is empty on {here.name}")
        if rows != theirs[fact]:
            raise JourneyError(_difference(fact, here, rows, there, theirs[fact]))
        log.info("%s: %d rows, equal to the last digit", fact, len(rows))


def _difference(fact: str, here: Side, mine: Rows, there: Side, theirs: Rows) -> str:
    only_here, only_there = set(mine) - set(theirs), set(theirs) - set(mine)
    lines = [f"{fact}: {len(mine)} rows on {here.name}, {len(theirs)} on {there.name}"]
    for name, rows in ((here.name, only_here), (there.name, only_there)):
        lines += [f"only on {name}: {row}" for row in sorted(rows, key=str)[:5]]
    return "\n".join(lines)


@contextmanager
def company(people: int = 20, days: int = 10) -> Iterator[Running]:
    """A small company as it was yesterday."""
    with running(people=people, days=days, today=YESTERDAY, rate_limits=False) as sandbox:
        yield sandbox
