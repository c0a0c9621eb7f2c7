"""Compiling for BigQuery, which all test processes share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigquery_dev.compiled import SETTINGS, compile_project
from foundation import dbt
from tools import base_company


def folder(name: str, days: Sequence[str], as_of_date: str) -> Path:
    """The folder with the project compiled for days; see `bigquery.compiled.compiled`."""

    def compile_into(folder: Path) -> None:
        manifest = dbt.read_manifest(base_company.parsed(SETTINGS))
        compile_project(days, folder, as_of_date, manifest)

    key = base_company.content_key(
        *("dbt_project", "requirements.lock", "bigquery_dev/compiled.py", "foundation/dbt.py"),
        values=[as_of_date, *days],
    )
    return base_company.kept(f"compiled-{name}", key, compile_into)
