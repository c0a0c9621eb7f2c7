"""The product's database: a PostgreSQL that leaves nothing behind, or a DuckDB file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from foundation.sample_data import SANDBOX_DATABASE
from sandbox.options import Options
from sandbox.product_database import postgresql
from sandbox.product_database.postgresql import INSTALL, find_postgresql
from sandbox.product_database.serving import DATABASE, serving
from sandbox.product_database.tables import dollars
from sandbox.product_database.vendor import ProductDatabase
from sandbox.seller import build_seller
from sandbox.vendors import build_sandbox
from tests.sandbox.asking import TODAY

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["postgresql", "duckdb"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "postgresql" and find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL: {INSTALL}")
    options = Options(seller_events=600, today=TODAY, product_database=request.param)
    with serving(build_seller(options)) as url:
        yield url


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchall()
    with duckdb.connect(url.removeprefix("duckdb:///"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_tables_hold_every_row(url: str) -> None:
    kind = "postgresql" if url.startswith("postgresql") else "duckdb"
    sold = build_seller(Options(seller_events=600, today=TODAY, product_database=kind))
    assert SANDBOX_DATABASE == DATABASE
    assert SANDBOX_DATABASE in url
    wanted = {"teams": 60, "team_members": 901, "usage_events": 600}
    for table, count in {**wanted, "daily_activity": len(sold.activity)}.items():
        assert ask(url, f"select count(*) from {table}") == [(count,)]
    event = sold.events[7]
    found = ask(
        url,
        "select occurred_at, model, api_price_usd, token_fee_usd, uses_rules from usage_events "
        f"where id = {event[0]}",
    )
    [(at, *rest)] = found
    assert at.astimezone(UTC) == event[3]
    price, fee = (Decimal(dollars(nano)) for nano in event[10:12])
    assert rest == [event[5], price, fee, event[12]]
    assert ask(url, "select count(*) from teams where sf_subscription_id is null") == [(11,)]
    assert ask(url, "select count(*) from teams where sf_subscription_id = ''") == [(0,)]
    assert ask(url, "select count(*) from usage_events where owning_team is null") == [
        (sum(event[2] is None for event in sold.events),)
    ]


def test_nothing_of_the_database_is_left_while_this_process_goes_on() -> None:
    if find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL: {INSTALL}")
    options = Options(seller_events=60, today=TODAY, product_database="postgresql")
    with serving(build_seller(options)) as url:
        folder = folder_of(url)
    assert is_gone(url)
    assert not folder.parent.exists()


def test_a_postgresql_that_does_not_start_is_replaced_unless_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("initdb", "postgres"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
        program.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(postgresql, "find_postgresql", lambda: tmp_path)
    small = {"seller_events": 60, "today": TODAY}
    with serving(build_seller(Options(**small))) as url:  # type: ignore[arg-type]
        assert url.startswith("duckdb:")
    asked = build_seller(Options(**small, product_database="postgresql"))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="initdb failed"), serving(asked):
        pass


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="product-database must be one of"):
        Options(product_database="oracle")


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox with a PostgreSQL, in a process of its own, and the database's address."""
    if find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL: {INSTALL}")
    command = [
        *(sys.executable, "-m", "sandbox", "serve", "--people", "20", "--days", "3"),
        *("--seller-events", "300", "--product-database", "postgresql"),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["env"]["PRODUCT_DATABASE_URL"]
        # Not killed: the cluster's folder goes away with it.
        process.terminate()


def folder_of(url: str) -> Path:
    """The folder of the cluster, as it says itself."""
    [(folder,)] = ask(url, "show data_directory")
    return Path(folder)


def is_gone(url: str) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "input closes"])
def test_postgresql_is_stopped_and_removed_with_the_sandbox(
    served: tuple[subprocess.Popen[str], str], way: str
) -> None:
    process, url = served
    folder = folder_of(url)
    assert folder.exists()
    if way == "input closes":
        assert process.stdin is not None
        process.stdin.close()
    else:
        process.send_signal(getattr(signal, way))
    process.wait(timeout=15)
    assert is_gone(url)
    assert not folder.parent.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_postgresql_ends_even_when_the_sandbox_is_killed(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    folder = folder_of(url)
    process.kill()
    process.wait(timeout=10)
    assert is_gone(url)
    # Nobody is left to remove it.
    subprocess.run(["rm", "-rf", str(folder.parent)], check=True)


def test_postgresql_listens_on_the_loopback_only_and_wants_its_password(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    _, url = served
    assert ask(url, "show listen_addresses") == [("127.0.0.1",)]
    password = url.partition(":")[2].partition(":")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guess"))
    if os.geteuid() == 0:
        assert folder_of(url).owner() != "root"


def test_no_database_is_started_without_a_seller() -> None:
    sandbox = build_sandbox(Options(people=20, days=3))
    with sandbox.vendor(ProductDatabase).settings("http://127.0.0.1") as settings:
        assert settings == {}
