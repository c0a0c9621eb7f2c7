"""From the vendors' answers to the raw tables: versions, failures, and what the warehouse knows."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import httpx
import msgspec
import pytest

from extract import anthropic, landing
from extract.http import TransientError
from extract.landing import EXTRACTIONS
from extract.report import SourceReport
from extract.run import EXTRACTORS, probe, run
from extract.windows import Run
from foundation import sample_data
from foundation.settings import Settings
from foundation.sources import SOURCES
from foundation.sources.source import Source
from foundation.warehouse import CATALOG, open_file
from sandbox.google_sheets.tabs import TABS, default_tab
from sandbox.options import Options
from sandbox.server import Running
from sandbox.vendors import build_sandbox
from tests.extract.conftest import DAYS, current, part, rows
from tools import base_company

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)
YESTERDAY = TODAY - DAY
FIRST = TODAY - DAY * DAYS
CURSOR = ["cursor"]
EVENTS = "/teams/filtered-usage-events"

SETTINGS = "select current_setting('memory_limit'), current_setting('threads')"

SettingsOf = Callable[..., Settings]


def landed_rows(settings: Settings) -> dict[str, int]:
    tables = rows(
        settings,
        "select table_schema, table_name from information_schema.tables "
        "where table_schema like 'raw_%' and table_name not like '\\_dlt%' escape '\\'",
    )
    return {
        f"{schema}.{name}": rows(settings, f"select count(*) from {schema}.{name}")[0][0]
        for schema, name in tables
        if name != "extractions"
    }


def asked_events(company: Running, start: date, end: date) -> list[bytes]:
    """The events of [start, end) as the vendor sends them."""
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp() * 1000
    query = {
        "startDate": int(midnight),
        "endDate": int(midnight) + (end - start).days * 86_400_000 - 1,
        "page": 1,
        "pageSize": 1000,
    }
    answer = httpx.post(
        f"{company.url}{EVENTS}", json=query, auth=(company.env["CURSOR_API_KEY"], "")
    )
    envelope = msgspec.json.decode(answer.content, type=dict[str, msgspec.Raw])
    found = msgspec.json.decode(envelope["usageEvents"], type=list[msgspec.Raw])
    return [bytes(one) for one in found]


NOT_OF_OPENAI = (
    *("costs_by_identity", "usage_moderations", "usage_images", "usage_audio_speeches"),
    *("usage_audio_transcriptions", "usage_file_search_calls", "usage_vector_stores"),
    "usage_code_interpreter_sessions",
)


# --- what comes in -------------------------------------------------------------------------------


def test_everything_of_every_source_lands(settings: Settings) -> None:
    report = run(settings, since=FIRST)
    assert list(report.sources[0].all_errors()) == []
    assert report.exit_code == 0
    counts = landed_rows(settings)
    missing = {name for name, count in counts.items() if not count} - {
        "raw_anthropic.service_accounts",  # not readable with an Admin key
        "raw_anthropic.usage_report_messages",  # the analytics have these days
        "raw_anthropic.cost_report",
        "raw_google_sheets.invoices",  # no month is complete
        *(f"{settings.raw_schema(source)}.rejected_records" for source in EXTRACTORS),
        # The organization gets no costs by key, and uses few kinds.
        *(f"raw_openai.{table}" for table in NOT_OF_OPENAI),
        # The company of this test sells nothing.
        *(f"raw_salesforce.{table}" for table in EXTRACTORS["salesforce"].TABLES),
        *(f"raw_product.{table}" for table in EXTRACTORS["product_database"].TABLES),
    }
    assert missing == set()
    assert part(report, "console/service_accounts").status == "not readable"
    workspaces = [json.loads(one) for _, _, one in current(settings, "raw_anthropic", "workspaces")]
    assert "Default" in {workspace["name"] for workspace in workspaces}


DIRECTORIES = {
    "anthropic": {"users", "api_keys", "workspaces", "service_accounts", "spend_limits"},
    "cursor": {"members", "spend", "groups"},
    "github": {"copilot_seats", "saml_identities"},
    "google": {"api_keys", "gemini_enterprise_licenses", "gemini_enterprise_subscriptions"},
    "google_sheets": set(TABS),
    "openai": {"users", "projects", "project_api_keys", "service_accounts"},
    "salesforce": set(),
    "product_database": {"teams", "team_members"},
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_log_says_whether_each_resource_is_a_directory(source: Source) -> None:
    """Models have no other way to know. A new source has to be listed here."""
    company = Settings(_env_file=None, duckdb_path=base_company.landed())
    recorded = dict(
        rows(
            company, f"select distinct resource, is_directory from {source.raw_schema}.extractions"
        )
    )
    directories = DIRECTORIES[source.name]
    assert recorded == {name: name in directories for name in recorded}
    not_landed = set(EXTRACTORS[source.name].TABLES) - set(recorded)
    # Not readable with the company's keys, or of days that the analytics have.
    of_anthropic = {"service_accounts", "usage_report_messages", "cost_report"}
    assert not_landed <= {*of_anthropic, *NOT_OF_OPENAI}


def test_an_older_warehouse_gets_the_column_even_if_nothing_is_configured(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = EXTRACTIONS.remove(EXTRACTIONS.get_field_index("is_directory"))
    with monkeypatch.context() as patched:
        patched.setattr(landing, "EXTRACTIONS", before)
        patched.setitem(landing.OWN_TABLES, "extractions", before)
        run(settings, sources=["cursor", "google_sheets"], since=YESTERDAY)
        landed = rows(settings, "select count(*) from raw_cursor.extractions")
    run(settings.model_copy(update={"google_sheets_id": None}), since=YESTERDAY)
    counts = "select count(*) filter (is_directory is null), count(is_directory) from"
    ((null, recorded),) = rows(settings, f"{counts} raw_cursor.extractions")
    assert [(null,)] == landed
    assert recorded == null
    ((null, recorded),) = rows(settings, f"{counts} raw_google_sheets.extractions")
    assert null > 0
    assert recorded == 0


def test_payloads_are_the_vendors_bytes_and_no_event_is_lost_or_doubled(
    company: Running, settings: Settings
) -> None:
    run(settings, sources=CURSOR, since=FIRST)
    found = [payload.encode() for _, _, payload in current(settings, "raw_cursor", "usage_events")]
    asked = [
        one
        for day in range(DAYS)
        for one in asked_events(company, FIRST + DAY * day, FIRST + DAY * (day + 1))
    ]
    assert sorted(found) == sorted(asked)
    assert len(found) > len(set(found)), "the company has true twins"


def test_an_event_of_the_last_or_first_millisecond_belongs_to_its_day(settings: Settings) -> None:
    run(settings, sources=CURSOR, since=FIRST)
    wrong = rows(
        settings,
        """
        select count(*) from raw_cursor.usage_events
        where make_timestamp(1000 * (payload ->> 'timestamp')::bigint)::date <> window_start
        """,
    )
    assert wrong == [(0,)]


def test_events_are_asked_for_up_to_the_last_millisecond_of_a_day(settings: Settings) -> None:
    """Both bounds are inclusive: with midnight as the end an event would come twice."""
    run(settings, sources=CURSOR, since=FIRST)
    spans = rows(
        settings,
        """
        select distinct
            ((request ->> 'endDate')::bigint - (request ->> 'startDate')::bigint + 1) / 86400000
        from raw_cursor.extractions where resource = 'usage_events' order by 1
        """,
    )
    assert spans == [(6,), (7,)]


def test_daily_usage_includes_inactive_members(settings: Settings) -> None:
    # On a Sunday nobody of a small company is active.
    run(settings, sources=CURSOR, since=YESTERDAY - timedelta(days=6))
    active = rows(
        settings, "select distinct payload ->> 'isActive' from raw_cursor.daily_usage order by 1"
    )
    assert active == [("false",), ("true",)]


def test_one_source_at_a_time_writes_within_duckdbs_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them holds a row group of records, and as much again while it compresses that."""
    writing = most = written = 0
    load = dlt.Pipeline.load

    def counted(pipeline: dlt.Pipeline) -> object:
        nonlocal writing, most, written
        writing, written = writing + 1, written + 1
        most = max(most, writing)
        time.sleep(0.05)
        with pipeline.sql_client() as client:
            assert client.execute_sql(SETTINGS) == [("143.0 MiB", 1)]
        done = load(pipeline)
        writing -= 1
        return done

    monkeypatch.setattr(dlt.Pipeline, "load", counted)
    assert run(settings, since=YESTERDAY).exit_code == 0
    assert written == len(SOURCES)
    assert most == 1


def test_a_row_group_is_small(tmp_path: Path) -> None:
    """DuckDB holds one twice while it compresses it, so payloads would take hundreds of MB."""
    path = tmp_path / "it's a warehouse.duckdb"
    rows = landing.ROW_GROUP * 2
    with open_file(path, row_group=landing.ROW_GROUP) as connection:
        connection.execute(f"create table {CATALOG}.t as select range::text from range({rows})")
    with open_file(path, read_only=True) as connection:
        groups = connection.execute("select distinct row_group_id from pragma_storage_info('t')")
        assert len(groups.fetchall()) == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_each_source_is_read_by_the_extractor_of_its_name() -> None:
    assert list(EXTRACTORS) == [source.name for source in SOURCES]
    for extractor in EXTRACTORS.values():
        assert extractor.TABLES
        assert callable(extractor.extract)


def test_all_tables_are_there_even_when_nothing_is_configured(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, duckdb_path=tmp_path / "empty.duckdb")
    report = run(settings)
    assert report.exit_code == 2
    assert set(landed_rows(settings)) == {
        f"{settings.raw_schema(name)}.{table}"
        for name, source in EXTRACTORS.items()
        for table in (*source.TABLES, "rejected_records")
    }
    columns = rows(
        settings,
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'raw_cursor' and table_name = 'usage_events'",
    )
    assert columns == [
        ("window_start", "DATE"),
        ("window_end", "DATE"),
        ("organization", "VARCHAR"),
        ("payload", "VARCHAR"),
        ("extracted_at", "TIMESTAMP WITH TIME ZONE"),
        ("_dlt_id", "VARCHAR"),
        ("_dlt_load_id", "VARCHAR"),
    ]


# --- versions ------------------------------------------------------------------------------------


def test_a_second_run_lands_no_row_again(settings: Settings) -> None:
    run(settings, since=FIRST)
    before = landed_rows(settings)
    report = run(settings, since=FIRST)
    assert report.exit_code == 0
    assert landed_rows(settings) == before
    assert sum(one.changed for source in report.sources for one in source.resources) == 0
    assert rows(settings, "select count(*) > 0 from raw_cursor.extractions where not is_changed")


def test_an_overlapping_backfill_lands_no_row_again(settings: Settings) -> None:
    run(settings, sources=CURSOR, since=FIRST)
    before = landed_rows(settings)
    report = run(settings, sources=CURSOR, since=FIRST + DAY * 3, until=FIRST + DAY * 9)
    assert part(report, "cursor/usage_events").windows == 6
    assert landed_rows(settings) == before


def test_a_revised_day_lands_again_and_keeps_the_earlier_version(
    company: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extract.windows.FIRST_RUN_DAYS", DAYS)
    run(settings, sources=CURSOR)
    before = current(settings, "raw_cursor", "usage_events")
    day = YESTERDAY - DAY * 2
    company.control({"revise": {"vendor": "cursor", "date": str(day), "factor": "1.5"}})
    report = run(settings, sources=CURSOR)
    assert part(report, "cursor/usage_events").changed == 1
    after = current(settings, "raw_cursor", "usage_events")
    assert {row for row in after if row[1] != day} == {row for row in before if row[1] != day}
    assert {row for row in after if row[1] == day} != {row for row in before if row[1] == day}
    kept = rows(settings, "select organization, window_start, payload from raw_cursor.usage_events")
    assert set(before) < set(kept)


def test_a_day_that_was_emptied_is_a_new_version_without_rows(
    company: Running, settings: Settings
) -> None:
    run(settings, sources=["anthropic"], since=YESTERDAY - DAY * 3)
    empty = {"vendor": "anthropic", "organization": "console", "date": str(YESTERDAY - DAY)}
    company.control({"empty": empty})
    run(settings, sources=["anthropic"], since=YESTERDAY - DAY * 3)
    assert rows(
        settings,
        f"""
        select resource, records, is_changed from raw_anthropic.extractions
        where organization = 'console' and window_start = date '{YESTERDAY - DAY}'
            and resource like 'analytics_%'
        qualify row_number() over (partition by resource order by extracted_at desc) = 1
        order by resource
        """,
    ) == [("analytics_cost", 0, True), ("analytics_usage", 0, True)]
    costs = current(settings, "raw_anthropic", "analytics_cost")
    assert {day for organization, day, _ in costs if organization == "console"} == {
        YESTERDAY - DAY * 3,
        YESTERDAY - DAY * 2,
        YESTERDAY,
    }


def test_what_landed_is_known_from_the_warehouse_and_not_from_the_machine(
    settings_of: SettingsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    one, other = (settings_of(duckdb_path=tmp_path / name) for name in ("one.duckdb", "o.duckdb"))
    monkeypatch.setattr("extract.windows.FIRST_RUN_DAYS", DAYS)
    run(one, sources=CURSOR)
    run(other, sources=CURSOR)
    assert landed_rows(one) == landed_rows(other)
    moved = settings_of(duckdb_path=tmp_path / "elsewhere" / "restored.duckdb")
    moved.duckdb_path.parent.mkdir()
    one.duckdb_path.rename(moved.duckdb_path)
    assert part(run(moved, sources=CURSOR), "cursor/usage_events").changed == 0
    assert landed_rows(moved) == landed_rows(other)
    assert list(home.iterdir()) == []


def test_a_load_that_did_not_complete_does_not_count(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(settings, sources=CURSOR, since=FIRST)
    expected = current(settings, "raw_cursor", "usage_events")
    fresh = settings.model_copy(update={"duckdb_path": settings.duckdb_path.with_name("f.duckdb")})

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr("dlt.load.load.Load.complete_package", fail)
        report = run(fresh, sources=CURSOR, since=FIRST)
    assert report.exit_code == 1
    assert "nothing from this run landed" in report.sources[0].errors[0]
    assert part(report, "cursor/usage_events").landed == 0
    assert current(fresh, "raw_cursor", "usage_events") == []
    run(fresh, sources=CURSOR, since=FIRST)
    assert current(fresh, "raw_cursor", "usage_events") == expected


# --- failures ------------------------------------------------------------------------------------


def test_a_failed_page_lands_nothing_of_its_days_and_the_next_run_completes_them(
    company: Running, settings: Settings, settings_of: SettingsOf
) -> None:
    company.control({"faults": [{"match": EVENTS, "kind": "500", "times": None, "after": 1}]})
    report = run(settings, sources=CURSOR, since=FIRST)
    assert report.exit_code == 1
    events = part(report, "cursor/usage_events")
    assert events.windows == 7
    assert f"{FIRST + DAY * 7}..{FIRST + DAY * 13}: HTTP 500" in events.errors[0]
    assert part(report, "cursor/daily_usage").windows == DAYS, "the others land"
    days = {day for _, day, _ in current(settings, "raw_cursor", "usage_events")}
    assert max(days) < FIRST + DAY * 7

    company.control({"faults": []})
    assert run(settings, sources=CURSOR).exit_code == 0
    whole = settings_of(duckdb_path=settings.duckdb_path.with_name("whole.duckdb"))
    run(whole, sources=CURSOR, since=FIRST)
    found, expected = (current(s, "raw_cursor", "usage_events") for s in (settings, whole))
    assert found == expected


def test_temporary_failures_leave_no_trace(company: Running, settings: Settings) -> None:
    faults = [
        {"match": path, "kind": kind, "retry_after": "0"}
        for path in ("/teams/members", EVENTS, "/analytics/cost", "/v1/organizations/users")
        for kind in ("429", "429_retry_after", "529", "504", "cut_body")
    ]
    company.control({"faults": faults})
    report = run(settings, sources=["anthropic", "cursor"], since=YESTERDAY)
    assert report.exit_code == 0
    found = [payload.encode() for _, _, payload in current(settings, "raw_cursor", "usage_events")]
    assert sorted(found) == sorted(asked_events(company, YESTERDAY, TODAY))


def test_temporary_failures_of_google_are_retried_too(company: Running, settings: Settings) -> None:
    faults = [{"match": "/v4/", "kind": kind} for kind in ("429", "500", "cut_body")]
    company.control({"faults": [*faults, {"match": "/token", "kind": "500"}]})
    assert run(settings, sources=["google_sheets"]).exit_code == 0


def test_an_expired_cursor_restarts_its_query(
    company: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anthropic, "ROWS_PER_PAGE", 200)
    run(settings, sources=["anthropic"], since=FIRST)
    expected = current(settings, "raw_anthropic", "analytics_cost")
    again = settings.model_copy(update={"duckdb_path": settings.duckdb_path.with_name("a.duckdb")})
    company.control({"faults": [{"match": "/analytics/cost", "kind": "expired_cursor"}]})
    report = run(again, sources=["anthropic"], since=FIRST)
    assert report.exit_code == 0
    restarted = [one.notes for one in report.sources[0].resources if one.notes]
    assert "started over at the first page" in str(restarted)
    assert current(again, "raw_anthropic", "analytics_cost") == expected


def test_one_source_that_fails_does_not_stop_another(company: Running, settings: Settings) -> None:
    company.control({"faults": [{"match": "/v1/", "kind": "429_spend_cap", "times": None}]})
    before = company.requests().get("/v1/organizations/api_keys", 0)
    report = run(settings, since=YESTERDAY)
    assert report.exit_code == 1
    assert [one.status for one in report.sources[:3]] == ["failed", "ok", "ok"]
    asked = company.requests()["/v1/organizations/api_keys"] - before
    assert asked == 2, "once for each organization: a spend cap is not asked again"


def test_a_malformed_record_lands_separately_and_fails_the_run_at_the_end(
    company: Running, settings: Settings
) -> None:
    company.control({"faults": [{"match": EVENTS, "kind": "malformed_record", "times": None}]})
    report = run(settings, sources=CURSOR, since=YESTERDAY - DAY)
    assert report.exit_code == 1
    assert part(report, "cursor/usage_events").rejected >= 1
    refused = rows(
        settings,
        "select resource, reason, payload ->> 'chargedCents' from raw_cursor.rejected_records",
    )
    assert refused[0] == (
        "usage_events",
        "chargedCents: Input should be a valid number",
        "a lot",
    )
    good = current(settings, "raw_cursor", "usage_events")
    asked = asked_events(company, YESTERDAY - DAY, TODAY)
    assert len(good) + len(refused) == len(asked)
    before = landed_rows(settings)
    assert run(settings, sources=CURSOR, since=YESTERDAY - DAY).exit_code == 1
    assert landed_rows(settings) == before, "it does not land again every day"
    company.control({"faults": []})
    assert run(settings, sources=CURSOR, since=YESTERDAY - DAY).exit_code == 0
    assert len(current(settings, "raw_cursor", "usage_events")) == len(asked)


@pytest.mark.parametrize("kind", ["unknown_fields", "id_type_change"])
def test_new_fields_and_other_types_of_ids_are_not_errors(
    company: Running, settings: Settings, kind: str
) -> None:
    faults = [{"match": path, "kind": kind, "times": None} for path in ("/teams/", "/v1/")]
    company.control({"faults": faults})
    report = run(settings, sources=["anthropic", "cursor"], since=YESTERDAY)
    assert report.exit_code == 0, [list(one.all_errors()) for one in report.sources]


# --- organizations and what they have ------------------------------------------------------------


def test_an_organization_without_the_analytics_uses_the_legacy_reports(
    company: Running, settings_of: SettingsOf
) -> None:
    company.control({"analytics": {"console": False}})
    settings = settings_of(anthropic_enterprise_key=None)
    report = run(settings, sources=["anthropic"], since=FIRST)
    assert report.exit_code == 0
    assert part(report, "console/analytics_cost").status == "not readable"
    (note,) = part(report, "console/analytics_cost").notes
    assert note.endswith("they count on days that have no analytics yet")
    days = {day for _, day, _ in current(settings, "raw_anthropic", "cost_report")}
    assert len(days) > DAYS / 2
    assert current(settings, "raw_anthropic", "usage_report_messages")
    request = rows(
        settings,
        "select distinct request ->> 'group_by' from raw_anthropic.extractions "
        "where resource = 'cost_report'",
    )
    assert request == [('["workspace_id","description"]',)]


def test_days_before_the_analytics_began_come_from_the_legacy_reports(
    settings_of: SettingsOf,
) -> None:
    settings = settings_of(anthropic_enterprise_key=None)
    # They begin with 2026, and reach a year back.
    first = max(date(2026, 1, 1), TODAY - 364 * DAY)
    report = run(settings, sources=["anthropic"], since=first - 2 * DAY, until=first + DAY)
    assert part(report, "console/cost_report").windows == 2
    assert part(report, "console/analytics_cost").windows == 1


def test_cost_that_cannot_be_read_fails_the_source(
    company: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.control({"analytics": {"enterprise": False}})
    report = run(settings, sources=["anthropic"], since=YESTERDAY)
    assert report.exit_code == 1
    assert part(report, "enterprise/cost_report").status == "failed"
    assert "HTTP 403" in part(report, "enterprise/cost_report").errors[0]


def test_two_keys_of_one_organization_land_nothing(
    company: Running, settings_of: SettingsOf
) -> None:
    settings = settings_of(anthropic_enterprise_key=company.env["ANTHROPIC_ADMIN_KEY"])
    report = run(settings, sources=["anthropic"], since=YESTERDAY)
    assert report.exit_code == 1
    (error,) = report.sources[0].all_errors()
    assert "both read the organization" in error
    assert report.sources[0].resources == []
    assert probe(settings, ["anthropic"]).exit_code == 1


def test_a_key_of_the_parent_of_the_other_keys_organization_lands_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = anthropic._through_sdk

    def with_child(method: Callable[..., Any], query: dict[str, Any]) -> bytes:
        answer = json.loads(ask(method, query))
        if query.get("group_by") == ["organization_id"]:
            answer["data"].append({"group": {"organization_id": "child"}, "cost": {}})
        return json.dumps(answer).encode()

    monkeypatch.setattr(anthropic, "_through_sdk", with_child)
    report = run(settings, sources=["anthropic"], since=YESTERDAY)
    (error,) = report.sources[0].all_errors()
    assert "both read the organization child, and its cost would count twice" in error
    assert report.sources[0].resources == []


@pytest.mark.parametrize(
    ("landed_to", "since", "pieces"),
    [
        (None, None, 6),
        (None, TODAY - 61 * DAY, 2),
        (YESTERDAY, None, 1),
    ],
)
def test_whose_keys_are_is_looked_up_over_the_days_that_are_fetched(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    landed_to: date | None,
    since: date | None,
    pieces: int,
) -> None:
    # A child of the first key's organization cost something only on the first day fetched.
    asked: list[tuple[str, str]] = []

    def answer(method: Callable[..., Any], query: dict[str, Any]) -> bytes:
        if not query:
            return b'{"id": "%d"}' % len(asked)
        asked.append((query["starting_at"][:10], query["ending_at"][:10]))
        groups = [{"group": {"organization_id": "child"}}] if query["starting_at"] == first else []
        return json.dumps({"data": groups}).encode()

    days = (TODAY - since) if since else DAY * (31 if landed_to else 180)
    first = f"{max(date(2026, 1, 1), TODAY - days)}T00:00:00Z"
    monkeypatch.setattr(anthropic, "_through_sdk", answer)
    known = {"high_water": str(landed_to)} if landed_to else {}
    memory = {f"{label}/analytics_cost": known for label in ("console", "enterprise")}
    report = SourceReport("anthropic")
    windows = anthropic.extract(settings, Run(report, since, TODAY, TODAY, memory))
    assert list(windows) == []
    assert "both read the organization child" in report.errors[0]
    assert len(asked) == 2 * pieces
    assert asked[-1][1] == str(TODAY)


def test_two_keys_land_nothing_while_it_is_unknown_whose_they_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = anthropic._through_sdk

    def busy(method: Callable[..., Any], query: dict[str, Any]) -> bytes:
        if query.get("group_by") == ["organization_id"]:
            raise TransientError("HTTP 529: overloaded", retry_after=0)
        return ask(method, query)

    monkeypatch.setattr(anthropic, "_through_sdk", busy)
    report = run(settings, sources=["anthropic"], since=YESTERDAY)
    (error,) = report.sources[0].all_errors()
    assert "console: which organization the key reads: HTTP 529" in error
    assert report.sources[0].resources == []


def test_a_team_without_billing_groups_is_not_a_failure(
    company: Running, settings: Settings
) -> None:
    company.control({"cursor_groups": False})
    report = run(settings, sources=CURSOR, since=YESTERDAY)
    assert report.exit_code == 0
    assert "not readable with this key: cursor/groups" in next(report.sources[0].all_notes())


def test_activity_that_is_not_published_yet_comes_with_the_next_run(
    company: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extract.windows.FIRST_RUN_DAYS", DAYS)
    company.control({"users_lag": 3})
    report = run(settings, sources=["anthropic"])
    assert report.exit_code == 0
    late = part(report, "enterprise/analytics_users")
    assert late.windows == DAYS - 3
    company.control({"users_lag": 1})
    assert part(run(settings), "enterprise/analytics_users").changed == 2


# --- sheets --------------------------------------------------------------------------------------


def sheet_errors(settings: Settings) -> str:
    report = run(settings, sources=["google_sheets"])
    assert report.exit_code == 1
    return "\n".join(report.sources[0].all_errors())


def csv_files(company: Running, folder: Path) -> dict[str, list[list[str]]]:
    """The company's tabs, written as CSV files."""
    sandbox = build_sandbox(Options(people=20, days=DAYS))
    folder.mkdir()
    tabs = {name: default_tab(sandbox, name) for name in TABS}
    for name, lines in tabs.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(lines)
    return tabs


def test_google_and_csv_files_land_the_same_records(
    company: Running, settings_of: SettingsOf, tmp_path: Path
) -> None:
    csv_files(company, tmp_path / "sheets")
    google = settings_of()
    files = settings_of(
        google_sheets_id=None,
        sheets_dir=tmp_path / "sheets",
        duckdb_path=tmp_path / "files.duckdb",
    )
    for settings in (google, files):
        assert run(settings, sources=["google_sheets"]).exit_code == 0
    for name in EXTRACTORS["google_sheets"].TABLES:
        found = current(google, "raw_google_sheets", name)
        assert found == current(files, "raw_google_sheets", name)
        assert found or name == "invoices"


def test_an_emptied_tab_is_an_error_and_leaves_its_last_version_in_force(
    company: Running, settings: Settings
) -> None:
    run(settings, sources=["google_sheets"])
    before = current(settings, "raw_google_sheets", "api_key_mappings")
    company.control({"sheet": {"tab": "api_key_mappings", "rows": [["api_key_id"]]}})
    assert "sheets/api_key_mappings" in (found := sheet_errors(settings))
    assert f"had {len(before)} rows and now has none" in found
    assert current(settings, "raw_google_sheets", "api_key_mappings") == before


def test_a_tab_that_never_existed_is_empty_and_one_that_vanished_is_an_error(
    company: Running, settings_of: SettingsOf, tmp_path: Path
) -> None:
    csv_files(company, tmp_path / "sheets")
    (tmp_path / "sheets" / "budgets.csv").unlink()
    settings = settings_of(google_sheets_id=None, sheets_dir=tmp_path / "sheets")
    assert run(settings, sources=["google_sheets"]).exit_code == 0
    (tmp_path / "sheets" / "seat_plans.csv").unlink()
    assert "sheets/seat_plans" in sheet_errors(settings)


def test_a_tab_with_a_mistake_lands_nothing_and_the_other_tabs_land(
    company: Running, settings: Settings
) -> None:
    run(settings, sources=["google_sheets"])
    before = current(settings, "raw_google_sheets", "employees")
    lines = [["email", "start_date"], ["new@example.com", "next monday"]]
    company.control({"sheet": {"tab": "employees", "rows": lines}})
    alias = ["old@example.com", "new@example.com"]
    company.control({"sheet": {"tab": "email_aliases", "append": [alias]}})
    assert "employees row 2, column start_date: 'next monday' is not a day" in sheet_errors(
        settings
    )
    assert current(settings, "raw_google_sheets", "employees") == before
    aliases = current(settings, "raw_google_sheets", "email_aliases")
    assert json.loads(aliases[-1][2])["alias"] == "old@example.com"


def test_a_number_that_its_format_rounds_leaves_the_last_version_of_its_tab_in_force(
    company: Running, settings: Settings
) -> None:
    run(settings, sources=["google_sheets"])
    before = current(settings, "raw_google_sheets", "exchange_rates")
    header = ["currency", "valid_from", "usd_per_unit"]
    good = ["GBP", "2026-01-01", {"shows": "1.2700", "holds": 1.27}]
    rounded = ["EUR", "2026-01-01", {"shows": "1.08", "holds": 1.0842}]
    lines = [header, good, rounded]
    company.control({"sheet": {"tab": "exchange_rates", "rows": lines}})
    number = {"shows": "00123", "holds": 123}
    lines = [["vendor", "account", "email"], ["github", number, "new@example.com"]]
    company.control({"sheet": {"tab": "vendor_accounts", "rows": lines}})
    assert (
        "exchange_rates row 3, column usd_per_unit: '1.08' is what the cell shows, but it holds "
        "1.0842: round it with ROUND" in sheet_errors(settings)
    )
    assert current(settings, "raw_google_sheets", "exchange_rates") == before
    [(*_, account)] = current(settings, "raw_google_sheets", "vendor_accounts")
    assert json.loads(account)["account"] == "00123"
    company.control({"sheet": {"tab": "exchange_rates", "rows": [header, good]}})
    assert run(settings, sources=["google_sheets"]).exit_code == 0
    [(*_, rate)] = current(settings, "raw_google_sheets", "exchange_rates")
    assert json.loads(rate)["usd_per_unit"] == "1.2700"


def test_other_tabs_are_named_and_not_read(company: Running, settings: Settings) -> None:
    company.control({"sheet": {"tab": "employes", "rows": [["a"], ["b"]]}})
    report = run(settings, sources=["google_sheets"])
    (note,) = report.sources[0].notes
    assert note.endswith("not names of known tabs: employes (rename it to employees?)")


def test_two_tabs_of_one_name_are_refused_and_the_others_land(
    company: Running, settings: Settings
) -> None:
    lines = [["scope_type", "scope", "month", "amount_usd"], ["team", "Data", "2026-01", "1"]]
    company.control({"sheet": {"tab": "Budgets ", "rows": lines}})
    assert "budgets and Budgets  are both the tab budgets" in sheet_errors(settings)
    assert current(settings, "raw_google_sheets", "employees")
    assert not current(settings, "raw_google_sheets", "budgets")


def test_a_sheet_that_cannot_be_read_fails_the_source_once(settings_of: SettingsOf) -> None:
    report = run(settings_of(google_sheets_id="another"), sources=["google_sheets"])
    assert report.exit_code == 1
    assert len(list(report.sources[0].all_errors())) == 1
    assert "HTTP 404: NOT_FOUND" in report.sources[0].errors[0]


# --- what a warehouse may hold -------------------------------------------------------------------


@pytest.mark.parametrize("sandbox", ["127.0.0.1", "localhost"], ids=["first", "second"])
def test_the_sandbox_and_a_real_company_never_share_a_warehouse(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, sandbox: str
) -> None:
    monkeypatch.setattr(sample_data, "is_sandbox", lambda url: f"//{sandbox}:" in url)
    assert run(settings, sources=CURSOR, since=YESTERDAY).exit_code == 0
    before = landed_rows(settings)
    other = settings.cursor_base_url.replace("127.0.0.1", "localhost")
    report = run(settings.model_copy(update={"cursor_base_url": other}), sources=CURSOR)
    assert report.exit_code == 1
    assert str(settings.duckdb_path) in report.sources[0].errors[0]
    assert "set another DUCKDB_PATH" in report.sources[0].errors[0]
    assert landed_rows(settings) == before


def test_a_folder_of_files_does_not_decide_what_a_warehouse_holds(
    settings_of: SettingsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets = ["google_sheets"]
    (tmp_path / "employees.csv").write_text("email\nana@example.com\n")
    folder = settings_of(sheets_dir=tmp_path, google_sheets_id=None)
    assert run(folder, sources=sheets).exit_code == 0
    sample = settings_of()
    assert run(sample, sources=sheets).exit_code == 0
    real = settings_of(google_sheets_base_url="https://sheets.googleapis.com")
    report = run(real, sources=sheets)
    assert "holds the sandbox's sample data" in report.sources[0].errors[0]


def test_no_secret_is_in_the_warehouse_the_log_or_the_report(
    company: Running,
    settings_of: SettingsOf,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level("DEBUG")
    wrong = {"anthropic_enterprise_key": "sk-ant-wrong-one", "cursor_api_key": "key_wrong_one"}
    company.control(
        {"faults": [{"match": "/v1/organizations/users", "kind": "500", "times": None}]}
    )
    texts = []
    for settings in (settings_of(), settings_of(**wrong)):
        report = run(settings, since=YESTERDAY)
        report.write(tmp_path / "report.json", [])
        texts.append((tmp_path / "report.json").read_text())
    whole = "\n".join([*texts, caplog.text]).encode() + settings.duckdb_path.read_bytes()
    private_key = json.loads(Path(company.env["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    for secret in (
        *(company.env[name] for name in company.env if name.endswith("_KEY")),
        *wrong.values(),
        private_key["private_key"].splitlines()[1],
        "ya29.",
        "Bearer ",
    ):
        assert secret.encode() not in whole, secret
