"""A warehouse for a test: extractors and dbt write to it, in this process; tests read it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.report import RunReport
from foundation import dbt
from tools import base_company

ROOT = Path(__file__).parents[2]
FACTS = {"marts.fct_cost_daily": "cost_date", "marts.fct_usage_daily": "usage_date"}
# What `build` leaves out unless it is told what to build.
MODELS_ONLY = ("--exclude-resource-type", "test", "unit_test")
# Tables that say when something was or will be built, rather than what was found.
BOOKKEEPING = (
    "completed_runs",
    "finished_builds",
    "built_models",
    "int_changed_",
    "stg_google__changed_",
)


@dataclass
class Warehouse:
    """`env` are the settings of the sandbox; everything is written into `folder`."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @classmethod
    def copy_of(cls, file: Path, folder: Path, env: dict[str, str] | None = None) -> Warehouse:
        """A warehouse that begins with what is in a file."""
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder / "warehouse.duckdb")
        return cls(folder, env or {})

    def extract(self, *, succeeds: bool = True, **options: Any) -> RunReport:
        """`python -m extract run` with its options; its report."""
        report: RunReport = base_company.extract(self.env, self.path, **options)
        assert (report.exit_code == 0) is succeeds, list(_errors(report))
        return report

    def build(
        self,
        *arguments: str,
        as_of: date = base_company.TODAY,
        succeeds: bool = True,
        command: str = "build",
    ) -> str:
        """`dbt build` without tests unless told otherwise; what failed or warned."""
        arguments = arguments or MODELS_ONLY
        if succeeds:
            return base_company.build(self.path, *arguments, as_of=as_of, command=command)
        with pytest.raises(base_company.BuildError) as error:
            base_company.build(self.path, *arguments, as_of=as_of, command=command)
        return str(error.value)

    def environment(self) -> dict[str, str]:
        """What extractors and dbt are started with, where a test starts processes of its own."""
        return dbt.environment(dbt.on_duckdb(self.path)) | self.env

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


def rows_that_differ(
    one: Warehouse, other: Warehouse, without: tuple[str, ...] = ()
) -> dict[str, int]:
    """For each table of `other` that differs, in how many rows."""
    with duckdb.connect() as connection:
        for name, warehouse in (("one", one), ("other", other)):
            connection.execute(f"attach '{warehouse.path}' as {name} (read_only)")
        tables = connection.execute(
            "select table_schema || '.' || table_name, string_agg(column_name, ', ')"
            " from information_schema.columns join information_schema.tables"
            " using (table_catalog, table_schema, table_name)"
            " where table_catalog = 'other' and table_type = 'BASE TABLE'"
            " and table_schema in ('staging', 'intermediate', 'marts', 'seeds', 'snapshots')"
            " group by 1"
        ).fetchall()
        found = {}
        for table, columns in tables:
            if table.partition(".")[2].startswith((*BOOKKEEPING, *without)):
                continue
            sides = [f"select {columns} from {name}.{table}" for name in ("one", "other")]
            pairs = (sides, sides[::-1])
            different = " union all ".join(f"({a} except all {b})" for a, b in pairs)
            ((count,),) = connection.execute(f"select count(*) from ({different})").fetchall()
            if count:
                found[table] = count
    return found


def _errors(report: RunReport) -> Any:
    for source in report.sources:
        yield from source.all_errors()
