"""An emulator of BigQuery with nothing in it, and settings that point a small company at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bigquery_dev import emulator
from bigquery_dev.emulator import Running
from foundation.settings import Settings
from sandbox.server import Running as Company
from sandbox.server import running


@pytest.fixture(scope="session")
def bigquery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with emulator.running(tmp_path_factory.mktemp("emulator")) as service:
        yield service


@pytest.fixture(scope="session")
def company() -> Iterator[Company]:
    """The vendors of a company of 20 people and 10 days."""
    with running(people=20, days=10, rate_limits=False) as company:
        yield company


@pytest.fixture(scope="session")
def settings_of(bigquery: Running, company: Company) -> Callable[[str], Settings]:
    """Settings for the company and the datasets with a prefix."""

    def make(dataset: str) -> Settings:
        given = {name.lower(): value for name, value in company.env.items()}
        warehouse = {
            "target": "bigquery",
            "google_cloud_project": bigquery.project,
            "bigquery_dataset": dataset,
            "bigquery_location": "EU",
            "bigquery_api_endpoint": bigquery.url,
        }
        settings = Settings(_env_file=None, **given | warehouse)
        settings.tell_google()
        return settings

    return make


@pytest.fixture(scope="session")
def assert_golden() -> Callable[[str, str], None]:
    """Compare a text with a file in `golden/`, or write the file with GOLDEN=write."""
    folder = Path(__file__).with_name("golden")

    def compare(name: str, text: str) -> None:
        text += "\n"
        if os.environ.get("GOLDEN") == "write":
            (folder / name).write_text(text)
        assert text == (folder / name).read_text()

    return compare
