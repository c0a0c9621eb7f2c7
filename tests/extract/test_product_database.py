"""A product's database to typed raw tables: every event once, every change, and nothing secret."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import random
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract import product_database
from extract.command import main
from extract.http import VendorError
from extract.product_database import database, events
from extract.product_database.events import _is_among, _remember
from extract.product_database.tables import TABLES
from extract.product_database.tables import asked as asked_columns
from extract.report import RunReport
from extract.run import run
from foundation.settings import Settings
from sandbox.seller import USERS_WITHOUT_EVENTS
from tests.extract.conftest import part, rows
from tests.extract.sellers import Product

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)
PRODUCT = ["product_database"]
EVENT = (
    "insert into usage_events values ({id}, 1001, 101, '{at}', 'agent', 'default', 1, 2, 3, 4,"
    " 0.5, 0, false, false, false)"
)


def ingest(product: Product, **options: Any) -> RunReport:
    return run(product.settings, sources=PRODUCT, **options)


def landed(product: Product, table: str, columns: str = "count(*)") -> list[tuple[Any, ...]]:
    return rows(product.settings, f"select {columns} from raw_product.{table} order by all")


def add_event(product: Product, number: int, day: date) -> None:
    product.execute(EVENT.format(id=number, at=f"{day} 10:00:00+00"))


def newest_id(product: Product) -> int:
    [(number,)] = product.execute("select max(id) from usage_events")
    return number


# --- what comes in -------------------------------------------------------------------------------


def test_everything_lands_as_it_is_in_the_database(product: Product) -> None:
    report = ingest(product)
    assert list(report.sources[0].all_errors()) == []
    assert report.exit_code == 0
    for table in TABLES:
        asked = ", ".join(field.name for field in asked_columns(table))
        there = product.execute(f"select {asked} from {table}")
        assert len(there) > 50
        found = rows(product.settings, f"select {asked} from raw_product.{table}")
        assert sorted(found, key=repr) == sorted(there, key=repr)
        assert part(report, f"product/{table}").landed == len(there)


def test_columns_have_these_names_and_types_whether_there_are_rows_or_not(
    product: Product, tmp_path: Path
) -> None:
    ingest(product)
    empty = Settings(_env_file=None, duckdb_path=tmp_path / "empty.duckdb")
    assert run(empty).exit_code == 2
    for settings in (product.settings, empty):
        columns = rows(
            settings,
            """
            select table_name, string_agg(column_name || ' ' || data_type, ', ' order by
                ordinal_position)
            from information_schema.columns
            where table_schema = 'raw_product' and table_name not like '\\_dlt%' escape '\\'
                and table_name not in ('extractions', 'rejected_records')
            group by table_name
            """,
        )
        rest = "extracted_at TIMESTAMP WITH TIME ZONE, _dlt_id VARCHAR, _dlt_load_id VARCHAR"
        assert dict(columns) == {
            "teams": "snapshot_date DATE, id BIGINT, name VARCHAR, seats BIGINT, is_enterprise "
            f"BOOLEAN, membership_type VARCHAR, sf_subscription_id VARCHAR, {rest}",
            "team_members": "snapshot_date DATE, user_id BIGINT, team_id BIGINT, email VARCHAR, "
            "joined_at TIMESTAMP WITH TIME ZONE, left_at TIMESTAMP WITH TIME ZONE, " + rest,
            "usage_events": "usage_date DATE, id BIGINT, user_id BIGINT, owning_team BIGINT, "
            "occurred_at TIMESTAMP WITH TIME ZONE, usage_type VARCHAR, model VARCHAR, input_tokens "
            "BIGINT, output_tokens BIGINT, cache_read_tokens BIGINT, cache_write_tokens BIGINT, "
            "api_price_usd DECIMAL(38,18), token_fee_usd DECIMAL(38,18), uses_rules BOOLEAN, "
            f"uses_mcp BOOLEAN, uses_plan_mode BOOLEAN, {rest}",
            "daily_activity": "user_id BIGINT, team_id BIGINT, activity_date DATE, agent_requests "
            "BIGINT, tab_accepts BIGINT, tab_suggestions BIGINT, chat_requests BIGINT, "
            f"cmd_k_requests BIGINT, bugbot_reviews BIGINT, lines_accepted BIGINT, {rest}",
        }


def test_money_keeps_eighteen_decimals(product: Product) -> None:
    product.execute("update usage_events set api_price_usd = 0.123456789012345678 where id = 1")
    ingest(product)
    [(price,)] = rows(
        product.settings, "select api_price_usd::text from raw_product.usage_events where id = 1"
    )
    assert price == "0.123456789012345678"


def test_money_in_floats_has_the_digits_that_people_wrote(real: Product) -> None:
    real.execute(
        "alter table usage_events alter api_price_usd type double precision",
        "update usage_events set api_price_usd = 0.1",
    )
    ingest(real)
    found = rows(real.settings, "select distinct api_price_usd::text from raw_product.usage_events")
    assert found == [("0.100000000000000000",)]


def test_a_second_run_lands_nothing_again(product: Product) -> None:
    ingest(product)
    before = {table: landed(product, table) for table in TABLES}
    report = ingest(product)
    assert report.exit_code == 0
    assert {table: landed(product, table) for table in TABLES} == before
    assert sum(one.changed for one in report.sources[0].resources) == 0


# --- usage events --------------------------------------------------------------------------------


def test_an_event_that_arrives_weeks_late_lands_alone(product: Product) -> None:
    ingest(product)
    newest = newest_id(product)
    add_event(product, newest + 1, TODAY - DAY * 25)
    report = ingest(product)
    assert part(report, "product/usage_events").landed == 1
    [(at,)] = rows(
        product.settings,
        f"select usage_date from raw_product.usage_events where id = {newest + 1}",
    )
    assert at == TODAY - DAY * 25
    assert rows(
        product.settings,
        "select window_start, records from raw_product.extractions"
        " where resource = 'usage_events' and is_changed"
        " qualify extracted_at = max(extracted_at) over ()",
    ) == [(at, 1)]


def test_a_transaction_that_commits_after_newer_ones_is_not_lost(real: Product) -> None:
    newest = newest_id(real)
    with psycopg.connect(real.url) as slow:
        slow.execute(EVENT.format(id=newest + 1, at=f"{TODAY - DAY} 10:00:00+00"))
        add_event(real, newest + 2, TODAY - DAY)
        ingest(real)
        assert landed(real, "usage_events", "max(id)") == [(newest + 2,)]
    for _ in range(2):
        ingest(real)
        found = rows(
            real.settings, f"select id from raw_product.usage_events where id > {newest} order by 1"
        )
        assert found == [(newest + 1,), (newest + 2,)]


def test_what_becomes_visible_after_the_look_back_comes_with_a_backfill(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "EVENT_LOOK_BACK_IDS", 100)
    newest = newest_id(product)
    product.execute(f"delete from usage_events where id in ({newest - 99}, {newest - 100})")
    ingest(product)
    for number in (newest - 99, newest - 100):
        add_event(product, number, TODAY - DAY * 5)
    assert part(ingest(product), "product/usage_events").landed == 1
    assert landed(product, "usage_events", f"count(*) filter (id = {newest - 99})") == [(1,)]
    assert landed(product, "usage_events", f"count(*) filter (id = {newest - 100})") == [(0,)]
    ingest(product, since=TODAY - DAY * 5, until=TODAY - DAY * 4)
    assert landed(product, "usage_events", f"count(*) filter (id = {newest - 100})") == [(1,)]


def test_a_backfill_lands_the_events_of_its_days_again_as_they_were(product: Product) -> None:
    ingest(product)
    since, until = TODAY - DAY * 9, TODAY - DAY * 6
    report = ingest(product, since=since, until=until)
    [(wanted,)] = product.execute(
        "select count(*) from usage_events "
        f"where occurred_at >= '{since} 00:00:00+00' and occurred_at < '{until} 00:00:00+00'"
    )
    assert part(report, "product/usage_events").landed == wanted > 0
    asked = ", ".join(field.name for field in asked_columns("usage_events"))
    assert rows(
        product.settings,
        f"select count(*) from (select {asked} from raw_product.usage_events "
        f"group by {asked} having count(*) = 2)",
    ) == [(wanted,)]
    assert part(ingest(product), "product/usage_events").landed == 0


def test_sparse_ids_land_again_as_they_were(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_RANGES", 2)
    product.execute("delete from usage_events where id % 3 = 0")
    ingest(product)
    [(before,)] = landed(product, "usage_events")
    ingest(product)
    assert landed(product, "usage_events", "count(*), count(distinct id)") == [(before * 2, before)]


def test_a_failure_midway_keeps_what_was_read_before_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHUNK_ROWS", 500)
    whole = events.keep_good_rows
    calls = []

    def failing(name: str, chunk: Any, window: Any) -> Any:
        calls.append(name)
        if name == "usage_events" and calls.count(name) == 3:
            raise VendorError("the line is cut")
        return whole(name, chunk, window)

    monkeypatch.setattr(events, "keep_good_rows", failing)
    report = ingest(product)
    assert report.exit_code == 1
    assert part(report, "product/usage_events").landed == 1000
    assert part(report, "product/daily_activity").status == "ok"
    monkeypatch.setattr(events, "keep_good_rows", whole)
    ingest(product)
    assert landed(product, "usage_events", "count(*), count(distinct id)") == [(3000, 3000)]


@given(
    st.lists(
        st.lists(st.integers(0, 400), min_size=1, unique=True).map(sorted), min_size=1, max_size=6
    )
)
def test_only_ids_landed_within_the_look_back_are_remembered(
    runs: list[list[int]],
) -> None:
    known: dict[str, Any] = {}
    seen: set[int] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "EVENT_LOOK_BACK_IDS", 50)
        for ids in runs:
            _remember(known, np.array(ids))
            seen |= set(ids)
            mark = max(seen)
            assert known["high_water_id"] == mark
            near = np.arange(mark - 49, mark + 60)
            among = _is_among(near, known["landed_ids"])
            assert set(near[among].tolist()) == {n for n in seen if n > mark - 50}
    json.dumps(known)


# --- snapshots and days --------------------------------------------------------------------------


def test_a_snapshot_lands_whole_when_anything_in_it_changed(product: Product) -> None:
    ingest(product)
    [(members,)] = product.execute("select count(*) from team_members")
    product.execute(f"update team_members set left_at = '{TODAY} 00:00:00+00' where user_id = 1002")
    report = ingest(product)
    assert part(report, "product/team_members").landed == members
    assert part(report, "product/teams").landed == 0
    found = landed(
        product, "team_members", "max(snapshot_date), count(*), count(distinct _dlt_load_id)"
    )
    assert found == [(TODAY, members * 2, 2)]


def test_an_emptied_table_of_teams_is_an_error_and_its_last_version_stays(product: Product) -> None:
    ingest(product)
    product.execute("delete from teams")
    report = ingest(product)
    assert report.exit_code == 1
    assert "had 60 rows and now has none" in part(report, "product/teams").errors[0]
    assert part(report, "product/team_members").status == "ok"
    assert landed(product, "teams") == [(60,)]


def test_a_day_of_activity_lands_whole_again_when_it_changed_within_the_look_back(
    product: Product,
) -> None:
    ingest(product)
    near, far = TODAY - DAY * 3, TODAY - DAY * 6
    product.execute(
        f"update daily_activity set lines_accepted = 1 where activity_date in ('{near}', '{far}')"
    )
    report = ingest(product)
    [(wanted,)] = product.execute(
        f"select count(*) from daily_activity where activity_date = '{near}'"
    )
    activity = part(report, "product/daily_activity")
    assert (activity.windows, activity.changed, activity.landed) == (3, 1, wanted)
    report = ingest(product, since=far, until=far + DAY)
    assert part(report, "product/daily_activity").changed == 1


def test_the_first_run_begins_with_the_oldest_activity_and_ends_with_yesterday(
    product: Product,
) -> None:
    for day in (TODAY - DAY * 900, TODAY):
        product.execute(f"insert into daily_activity values (1, 2, '{day}', 1, 1, 1, 1, 1, 1, 1)")
    ingest(product)
    span = landed(product, "daily_activity", "min(activity_date), max(activity_date)")
    assert span == [(TODAY - DAY * 900, TODAY - DAY)]


def test_somebody_who_did_nothing_is_still_a_member(product: Product) -> None:
    ingest(product)
    silent = ", ".join(map(str, USERS_WITHOUT_EVENTS))
    query = "select count(distinct user_id) from raw_product.{} where user_id in ({})"
    assert rows(product.settings, query.format("team_members", silent)) == [(20,)]
    assert rows(product.settings, query.format("usage_events", silent)) == [(0,)]


# --- what cannot be read -------------------------------------------------------------------------


def test_a_view_can_rename_and_another_schema_can_be_named(real: Product) -> None:
    real.execute(
        "create schema reporting",
        *(f"alter table {table} set schema reporting" for table in TABLES),
        "alter table reporting.teams rename to t",
        "alter table reporting.t rename column name to title",
        "create view reporting.teams as select id, title as name, seats, is_enterprise, "
        "membership_type, sf_subscription_id, now() as more from reporting.t",
    )
    settings = real.settings_with(product_database_schema="reporting")
    report = run(settings, sources=PRODUCT)
    assert report.exit_code == 0
    assert landed(real, "teams") == [(60,)]


def test_times_without_a_zone_are_utc(real: Product) -> None:
    real.execute(
        "alter database " + real.url.rpartition("/")[2] + " set timezone to 'Asia/Tokyo'",
        "alter table team_members alter joined_at type timestamp using '2026-01-02 03:04:05'",
    )
    ingest(real)
    found = rows(
        real.settings,
        "select distinct (joined_at at time zone 'UTC')::text from raw_product.team_members",
    )
    assert found == [("2026-01-02 03:04:05",)]
    [(wanted,)] = real.execute("set timezone to 'UTC'", "select max(occurred_at) from usage_events")
    [(newest,)] = rows(real.settings, "select max(occurred_at) from raw_product.usage_events")
    assert newest == wanted


def test_a_backfill_takes_times_without_a_zone_for_utc(real: Product) -> None:
    real.execute(
        "alter database " + real.url.rpartition("/")[2] + " set timezone to 'Asia/Tokyo'",
        "set timezone to 'UTC'",
        "alter table usage_events alter occurred_at type timestamp",
    )
    day = TODAY - DAY * 2
    found = part(ingest(real, since=day, until=day + DAY), "product/usage_events")
    [(wanted,)] = real.execute(
        f"select count(*) from usage_events where occurred_at::date = '{day}'"
    )
    assert found.landed == wanted > 0
    assert landed(real, "usage_events", "distinct usage_date") == [(day,)]


def test_a_missing_table_is_named_and_the_others_land(product: Product) -> None:
    product.execute("drop table teams")
    report = ingest(product)
    assert report.exit_code == 1
    [error] = part(report, "product/teams").errors
    assert "cannot read teams in " in error
    assert "docs/revops_sources.md" in error
    assert part(report, "product/usage_events").landed == 3000


def test_missing_columns_are_named(product: Product) -> None:
    product.execute(
        "create table other as select * from team_members",
        "drop table team_members",
        "create view team_members as select user_id, team_id, email from other",
    )
    [error] = part(ingest(product), "product/team_members").errors
    assert "team_members has no column joined_at, left_at, but user_id, team_id, email" in error


def test_a_column_of_another_kind_is_named(real: Product) -> None:
    real.execute("alter table teams alter seats type text using 'many'")
    report = ingest(real)
    [error] = part(report, "product/teams").errors
    assert "teams.seats cannot be read as int64" in error
    assert "many" not in error
    assert part(report, "product/usage_events").landed == 3000


def test_rows_without_required_values_are_rejected_and_the_run_fails_at_the_end(
    real: Product,
) -> None:
    real.execute(
        "alter table daily_activity alter user_id drop not null",
        f"update daily_activity set user_id = null where activity_date = '{TODAY - DAY * 2}'",
    )
    report = ingest(real)
    refused = part(report, "product/daily_activity").rejected
    assert refused > 0
    assert report.exit_code == 1
    assert "see raw_product.rejected_records" in " ".join(report.sources[0].all_errors())
    found = rows(
        real.settings,
        "select resource, reason, count(*), min(payload ->> 'activity_date') "
        "from raw_product.rejected_records group by all",
    )
    assert found == [("daily_activity", "user_id: is null", refused, str(TODAY - DAY * 2))]
    assert landed(real, "daily_activity", "count(*) filter (user_id is null)") == [(0,)]


def test_an_unreadable_table_is_named(real: Product) -> None:
    name = real.url.rpartition("/")[2]
    real.execute(
        f"create role {name} login password 'hush-reader'",
        f"grant select on teams, team_members, daily_activity to {name}",
    )
    server = real.url.partition("@")[2]
    settings = real.settings_with(product_database_url=f"postgresql://{name}:hush-reader@{server}")
    report = run(settings, sources=PRODUCT)
    [error] = part(report, "product/usage_events").errors
    assert "permission denied for table usage_events" in error
    assert part(report, "product/teams").landed == 60


def test_an_error_about_a_value_does_not_quote_it(real: Product) -> None:
    real.execute(
        "alter table teams rename to kept_teams",
        "create view teams as select id, name, ('person@example.com' || seats)::bigint as seats,"
        " is_enterprise, membership_type, sf_subscription_id from kept_teams",
    )
    report = ingest(real)
    [error] = part(report, "product/teams").errors
    assert "cannot read teams in postgresql://" in error
    assert "a value cannot be read (InvalidTextRepresentation)" in error
    assert "person@example.com" not in error


def test_a_lost_connection_is_not_reported_as_a_missing_table(real: Product) -> None:
    real.execute(
        "alter table teams rename to kept_teams",
        "create view teams as select kept_teams.*, pg_terminate_backend(pg_backend_pid())::int as x"
        " from kept_teams",
    )
    [error] = part(ingest(real), "product/teams").errors
    assert "run again; if it happens again" in error
    assert "there must be a table" not in error


# --- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://reader:hush@127.0.0.1:1/product",
            "cannot connect to postgresql://127.0.0.1",
        ),
        (
            "postgresql://reader:hush@nowhere.invalid/product",
            "postgresql://nowhere.invalid/product",
        ),
        ("oracle://reader:hush@127.0.0.1/product", "no driver for oracle"),
        ("nonsense://reader:hush@127.0.0.1/product", "no driver for nonsense"),
        ("reader:hush@127.0.0.1", "PRODUCT_DATABASE_URL is not the address of a database"),
        ("postgresql://reader:hush@127.0.0.1:port/product", "is not the address of a database"),
        ("postgresql://reader:p@ss=hush@127.0.0.1:1/product", "is not the address of a database"),
        ("postgresql://reader:p@s/s=hush@127.0.0.1:1/product", "is not the address of a database"),
        ("duckdb:////nowhere/hush.duckdb?password=hush", "cannot connect to duckdb://"),
    ],
)
def test_an_unreachable_database_is_named_without_the_password(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    expected: str,
) -> None:
    monkeypatch.setenv("PRODUCT_DATABASE_URL", url)
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    report = tmp_path / "report.json"
    assert main(["run", "--source", "product_database", "--report", str(report)]) == 1
    assert main(["check", "--source", "product_database"]) == 1
    printed = capsys.readouterr()
    everything = printed.out + printed.err + report.read_text()
    assert expected in everything
    assert ":hush" not in everything
    assert "=hush" not in everything


def test_a_wrong_password_is_in_no_message_and_in_no_table(
    real: Product,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    password = real.url.partition(":")[2].partition(":")[2].partition("@")[0]
    monkeypatch.setenv("DUCKDB_PATH", str(real.settings.duckdb_path))
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    caplog.set_level(logging.DEBUG)
    report = tmp_path / "report.json"
    arguments = ["run", "--source", "product_database", "--report", str(report)]
    written = ""
    for url, code in ((real.url, 0), (real.url.replace(password, f"wrong-{password}"), 1)):
        monkeypatch.setenv("PRODUCT_DATABASE_URL", url)
        assert main(arguments) == code
        written += report.read_text()
    printed = capsys.readouterr()
    assert "password authentication failed" in printed.out
    everything = printed.out + printed.err + caplog.text + written
    assert password not in everything
    assert password.encode() not in real.settings.duckdb_path.read_bytes()


def test_an_unexpected_failure_does_not_show_the_password_either(
    real: Product, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    password = real.url.partition(":")[2].partition(":")[2].partition("@")[0]

    def broken(*_: object) -> None:
        raise RuntimeError(f"cannot use {real.url}")

    monkeypatch.setattr(product_database, "_snapshot", broken)
    monkeypatch.setenv("DUCKDB_PATH", str(real.settings.duckdb_path))
    monkeypatch.setenv("PRODUCT_DATABASE_URL", real.url)
    assert main(["run", "--source", "product_database"]) == 1
    printed = capsys.readouterr()
    assert "unexpected RuntimeError" in printed.out
    assert password not in printed.out + printed.err


# --- kills ---------------------------------------------------------------------------------------


def extract_run(url: str, file: str) -> None:
    """`python -m extract run`, in a process whose imports are done already."""
    os.environ.update(PRODUCT_DATABASE_URL=url, DUCKDB_PATH=file, LOG_LEVEL="ERROR")
    # What a killed run leaves behind is deleted with the test.
    tempfile.tempdir = str(Path(file).parent)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
    raise SystemExit(main(["run", "--source", "product_database"]))


@pytest.mark.nightly
def test_the_next_run_makes_up_for_a_killed_one(real: Product) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["extract.command", "dlt", "duckdb", "psycopg"])
    draw = random.Random()

    def start() -> multiprocessing.process.BaseProcess:
        process = context.Process(
            target=extract_run, args=(real.url, str(real.settings.duckdb_path))
        )
        process.start()
        return process

    began = time.monotonic()
    process = start()
    process.join(120)
    assert process.exitcode == 0
    seconds = time.monotonic() - began
    real.settings.duckdb_path.unlink()

    for _ in range(5):
        process = start()
        process.join(draw.uniform(0.3, 1) * seconds)
        process.kill()
        process.join()
    assert ingest(real).exit_code == 0

    completed = (
        "where _dlt_load_id in (select load_id from raw_product._dlt_loads where status = 0)"
    )
    for table in TABLES:
        asked = ", ".join(field.name for field in asked_columns(table))
        found = rows(real.settings, f"select {asked} from raw_product.{table} {completed}")
        there = real.execute(f"select {asked} from {table}")
        assert sorted(found, key=repr) == sorted(there, key=repr)
