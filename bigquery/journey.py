"""A sample company's way through two warehouses at once, one of them BigQuery.

Landed by the extractors, built by dbt with its tests, then a new day, a day that a vendor revised
and one that a vendor emptied. At every stop both warehouses must hold the same facts, to the last
digit.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.dbt import DBT, PROJECT
from pipeline.settings import ROOT, Settings
from pipeline.warehouse import warehouse
from sandbox.server import Running, running

log = logging.getLogger(__name__)

# Every column of a fact, in the order of its name; BigQuery wants a condition on the day.
FACTS = {"fct_cost_daily": "cost_date", "fct_usage_daily": "usage_date"}
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)

Rows = list[tuple[Any, ...]]


class JourneyError(Exception):
    """A command failed, or the warehouses differ; the message says where."""


@dataclass(frozen=True)
class Side:
    """One of the warehouses, by the settings with which it is reached; files go into `folder`."""

    name: str
    settings: dict[str, str]
    folder: Path

    def extract(self, until: date) -> None:
        arguments = ["--until", str(until), "--report", str(self.folder / "extract.json")]
        self._run(sys.executable, "-m", "extract", "run", *arguments)

    def dbt(self, *arguments: str, as_of: date) -> None:
        folders = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder)]
        variables = ["--vars", json.dumps({"as_of_date": str(as_of)})]
        self._run(DBT, *arguments, *variables, *folders)

    def facts(self) -> dict[str, Rows]:
        """The rows of both facts, each with its columns in the order of their names."""
        with self._ask() as ask:
            return {fact: _sorted(ask, self._table(fact), day) for fact, day in FACTS.items()}

    def rows(self, sql: str) -> Rows:
        """The rows of a query over one table, whose name stands as {schema.table} in it."""
        with self._ask() as ask:
            return ask(sql)

    def _table(self, fact: str) -> str:
        return f"{self._settings().dataset('marts')}.{fact}"

    def _settings(self) -> Settings:
        values = {name.lower(): value for name, value in self.settings.items()}
        return Settings(_env_file=None, **values)  # type: ignore[call-arg,arg-type]

    @contextmanager
    def _ask(self) -> Iterator[Callable[[str], Rows]]:
        with warehouse(self._settings()) as ask:
            yield ask

    def _run(self, *command: str) -> None:
        log.info("%s: %s", self.name, " ".join(command[1:4]))
        folders = {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT)}
        environment = os.environ | folders | self.settings
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            output = (done.stdout + done.stderr).splitlines()
            raise JourneyError("\n".join([f"{self.name}: {' '.join(command)}", *output[-60:]]))
