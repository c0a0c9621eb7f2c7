"""No test may see the settings of the machine that it runs on: a developer's `.env` has real keys.

They are set to nothing rather than removed, since an empty variable also hides what `.env` says;
processes that tests start inherit them. The same goes for CI, in which a run refuses sample data.
"""

import os

import pytest
from hypothesis import settings

from dashboards.catalog import Catalog
from foundation.settings import Settings
from tests.marts.warehouse import ROOT, Warehouse
from tools import base_company

os.environ.update({name.upper(): "" for name in (*Settings.model_fields, "CI")})


@pytest.fixture(scope="session")
def base() -> Warehouse:
    """The base company in the marts, for reading. A test that writes starts from a copy of it."""
    return Warehouse(base_company.built().parent)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The contracts of the marts as dbt parses them."""
    return Catalog(base_company.parsed() / "manifest.json")


# How long an example takes means nothing while other tests run in parallel.
settings.register_profile("side by side", deadline=None)
settings.load_profile("side by side")

# The modules that take longest, longest first: what comes last should be short, so that all test
# processes end at about the same time.
SLOWEST_FIRST = (
    "bigquery/test_parity.py",
    "marts/test_changes.py",
    "marts/test_kills.py",
    "bigquery/test_analyzed_project.py",
    "marts/test_conservation.py",
    "extract/test_product_database.py",
    "dashboards/test_preview_in_browser.py",
    "marts/test_restatements.py",
    "extract/test_landing.py",
    "marts/test_builds.py",
    "marts/test_properties.py",
    "marts/test_revops.py",
    "changes/test_diff.py",
    "marts/test_bills.py",
    "pipeline/test_stops.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first. A module runs in one process, as its tests share fixtures."""

    def place(item: pytest.Item) -> int:
        file = str(item.path.relative_to(ROOT / "tests"))
        return SLOWEST_FIRST.index(file) if file in SLOWEST_FIRST else len(SLOWEST_FIRST)

    items.sort(key=place)
