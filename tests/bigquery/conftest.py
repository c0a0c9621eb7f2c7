"""The project compiled for BigQuery once, for all tests that read it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bigquery_dev.check import Analysis, analyze
from bigquery_dev.compiled import Node, compiled
from tests.bigquery import compiling
from tools.base_company import TODAY

# The days of a daily run of the base company.
DAYS = [str(TODAY - timedelta(days=number)) for number in (3, 2, 1)]


@pytest.fixture(scope="session")
def project_folder() -> Path:
    return compiling.folder("daily", DAYS, str(TODAY))


@pytest.fixture(scope="session")
def project(project_folder: Path) -> dict[str, list[Node]]:
    """The project as `make check-bigquery` compiles it."""
    return compiled(project_folder)


@pytest.fixture(scope="session")
def analysis(project: dict[str, list[Node]]) -> Analysis:
    return analyze(project)
