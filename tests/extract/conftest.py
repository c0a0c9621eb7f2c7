"""A small company to extract from, and a way to look at what landed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tenacity.wait import wait_none

from extract.report import ResourceReport, RunReport
from foundation import retrying
from foundation.settings import Settings
from sandbox.product_database.postgresql import INSTALL, find_postgresql
from sandbox.server import Running, running
from tests.extract.sellers import Product, copy_of

DAYS = 20


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow each other at once."""
    monkeypatch.setattr(retrying, "BACKOFF", wait_none())


@pytest.fixture(scope="session")
def _company() -> Iterator[Running]:
    with running(people=20, days=DAYS, rate_limits=False) as company:
        yield company


@pytest.fixture
def company(_company: Running) -> Running:
    """The vendors of a company of 20 people and 20 days, as they were at the start."""
    _company.control({"reset": True, "rate_limits": False})
    return _company


@pytest.fixture
def settings_of(company: Running, tmp_path: Path) -> Callable[..., Settings]:
    """Settings for the company, with changes."""

    def make(**changes: Any) -> Settings:
        given = {name.lower(): value for name, value in company.env.items()}
        given["duckdb_path"] = tmp_path / "warehouse.duckdb"
        return Settings(_env_file=None, **{**given, **changes})

    return make


@pytest.fixture
def settings(settings_of: Callable[..., Settings]) -> Settings:
    return settings_of()


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.duckdb_path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def part(report: RunReport, name: str) -> ResourceReport:
    """What the report says about `organization/resource`."""
    found = [one for source in report.sources for one in source.resources if one.name == name]
    assert len(found) == 1, f"{name} is in the report {len(found)} times"
    return found[0]


def current(settings: Settings, schema: str, table: str) -> list[tuple[Any, ...]]:
    """(organization, window, payload) of the newest version of each window, from completed
    loads."""
    return rows(
        settings,
        f"""
        with versions as (
            select e.*, row_number() over (
                partition by organization, window_start order by extracted_at desc
            ) as age
            from {schema}.extractions as e
            inner join {schema}._dlt_loads as l on l.load_id = e._dlt_load_id and l.status = 0
            where resource = '{table}' and is_changed
        )
        select r.organization, r.window_start, r.payload
        from {schema}.{table} as r
        inner join versions as v
            on v.age = 1 and v._dlt_load_id = r._dlt_load_id
            and v.organization = r.organization and v.window_start = r.window_start
        order by all
        """,
    )


# --- the seller ----------------------------------------------------------------------------------


def _seller_with(kind: str) -> Iterator[Running]:
    with running(
        people=20, days=3, rate_limits=False, seller_events=3000, product_database=kind
    ) as seller:
        yield seller


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Running]:
    """The seller, with its product in PostgreSQL."""
    if find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL, SO NOTHING IS TESTED AGAINST A REAL ONE: {INSTALL}")
    yield from _seller_with("postgresql")


@pytest.fixture(scope="session")
def duckdb_file() -> Iterator[Running]:
    """The seller, with its product in a DuckDB file."""
    yield from _seller_with("duckdb")


@pytest.fixture(params=["postgresql", "duckdb_file"])
def product(request: pytest.FixtureRequest, tmp_path: Path) -> Product:
    """A product database of each kind that the test may change."""
    return copy_of(request.getfixturevalue(request.param), tmp_path)


@pytest.fixture
def real(postgresql: Running, tmp_path: Path) -> Product:
    """A product database in PostgreSQL that the test may change."""
    return copy_of(postgresql, tmp_path)
