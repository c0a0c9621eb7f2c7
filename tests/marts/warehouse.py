"""A warehouse of its own for a test: extractors and dbt as people run them, and what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).parents[2]
FACTS = {"marts.fct_cost_daily": "cost_date", "marts.fct_usage_daily": "usage_date"}


@dataclass
class Warehouse:
    """`env` are the settings of the sandbox; everything is written into `folder`."""

    folder: Path
    env: dict[str, str]

    @property
    def path(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def extract(self, *arguments: str, succeeds: bool = True) -> str:
        """`python -m extract run`; what it printed."""
        command = [sys.executable, "-m", "extract", "run"]
        command += ["--report", str(self.folder / "extract.json"), *arguments]
        return self._call(command, succeeds)

    def build(self, *arguments: str, as_of: str | None = None, succeeds: bool = True) -> str:
        """`dbt build` without tests unless told otherwise; what it printed."""
        selected = arguments or ("--exclude-resource-type", "test", "unit_test")
        variables = ("--vars", f"as_of_date: {as_of}") if as_of else ()
        return self._call([*self.dbt("build"), *selected, *variables], succeeds)

    def test_models(self) -> str:
        """The unit tests of the models, which `dbt build` runs only beside their models."""
        return self._call([*self.dbt("test"), "--select", "test_type:unit"], succeeds=True)

    def dbt(self, command: str) -> list[str]:
        """A dbt command that keeps its files in the folder."""
        folders = ["--target-path", str(self.folder / "target")]
        folders += ["--log-path", str(self.folder / "logs")]
        return [str(Path(sys.executable).with_name("dbt")), command, *folders]

    def environment(self) -> dict[str, str]:
        """What extractors and dbt are started with."""
        folders = {"DBT_PROJECT_DIR": "dbt_project", "DBT_PROFILES_DIR": "dbt_project"}
        settings = {"TARGET": "duckdb", "DUCKDB_PATH": str(self.path)}
        return os.environ | self.env | folders | settings

    def _call(self, command: Sequence[str], succeeds: bool) -> str:
        env = self.environment()
        done = subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) is succeeds, output
        return output

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, money as Decimal."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def value(self, sql: str, *parameters: Any) -> Any:
        """The one value of a query."""
        ((value,),) = self.rows(sql, *parameters)
        return value

    def facts(self, where: str = "true") -> dict[str, list[tuple[Any, ...]]]:
        """Every row of both facts that fits, in order."""
        return {
            table: self.rows(f"select * from {table} where {where} order by all") for table in FACTS
        }

    def rebuilt_days(self, model: str) -> int:
        """On how many days the model's rows are to be built again by the next run."""
        days: int = self.value(
            "select count(distinct changed_date) from intermediate.int_changed_days"
            " where model_name = ?",
            model,
        )
        return days
