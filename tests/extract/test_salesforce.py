"""Salesforce to raw tables: records whenever they were modified, within the limit of requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extract import salesforce
from extract.command import main
from extract.report import RunReport
from extract.run import probe, run
from foundation.settings import Settings
from sandbox.salesforce.access import CLIENT_SECRET
from sandbox.seller import (
    DELETED_ACCOUNTS,
    DELETED_CUSTOMER,
    INCLUDED_USAGE_FIELD,
    company_name,
    long_id,
    moment,
)
from sandbox.server import Running, running
from tests.extract.conftest import current, part, rows

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)
SALESFORCE = ["salesforce"]
QUERIES = "/services/data/v62.0/queryAll"

Ingest = Callable[..., RunReport]


@pytest.fixture(scope="module")
def _org() -> Iterator[Running]:
    options = {"people": 20, "days": 3, "rate_limits": False, "product_database": "duckdb"}
    with running(seller_events=2000, **options) as org:  # type: ignore[arg-type]
        yield org


@pytest.fixture
def org(_org: Running) -> Running:
    _org.control({"reset": True, "rate_limits": False})
    return _org


@pytest.fixture
def settings(org: Running, tmp_path: Path) -> Settings:
    given = {name.lower(): org.env[name] for name in org.env if name.startswith("SALESFORCE")}
    return Settings(_env_file=None, duckdb_path=tmp_path / "warehouse.duckdb", **given)


@pytest.fixture
def ingest(settings: Settings) -> Ingest:
    return lambda **options: run(settings, sources=SALESFORCE, **options)


def payloads(settings: Settings, table: str) -> list[dict[str, Any]]:
    found = rows(settings, f"select payload from raw_salesforce.{table}")
    return [json.loads(payload) for (payload,) in found]


def change(org: Running, kind: str, **record: Any) -> None:
    org.control({"salesforce": {"records": {kind: [record]}}})


# --- what comes in -------------------------------------------------------------------------------


def test_every_record_of_every_object_lands_with_the_fields_that_are_read(
    ingest: Ingest, settings: Settings
) -> None:
    report = ingest()
    assert list(report.sources[0].all_errors()) == []
    assert report.exit_code == 0
    counts = {"accounts": 42, "opportunities": 102, "subscriptions": 45, "users": 12}
    for table, count in {**counts, "subscription_overages": 79}.items():
        found = payloads(settings, table)
        assert len(found) == len({one["Id"] for one in found}) == count
        fields = salesforce.OBJECTS[table].fields.split()
        if table == "subscriptions":
            fields += [INCLUDED_USAGE_FIELD, "included_usage"]
        assert all(list(one) == ["attributes", *fields] for one in found)


def test_the_field_that_settings_name_lands_under_the_name_that_models_know(
    org: Running, settings: Settings
) -> None:
    change(org, "Subscription__c", Id=long_id("Subscription__c", 9), **{INCLUDED_USAGE_FIELD: "9"})
    named = settings.model_copy(
        # SOQL does not mind the case.
        update={"salesforce_included_usage_field": INCLUDED_USAGE_FIELD.upper()}
    )
    report = run(named, sources=SALESFORCE)
    assert report.exit_code == 1, "a text is no amount"
    assert rows(settings, "select reason from raw_salesforce.rejected_records") == [
        ("included_usage: Value error, must be a number",)
    ]
    found = payloads(settings, "subscriptions")
    assert all(one["included_usage"] == one[INCLUDED_USAGE_FIELD] for one in found)
    assert {one["included_usage"] is None for one in found} == {True, False}


def test_without_a_named_field_nothing_says_what_is_included(settings: Settings) -> None:
    unnamed = settings.model_copy(update={"salesforce_included_usage_field": None})
    assert run(unnamed, sources=SALESFORCE).exit_code == 0
    assert all(
        INCLUDED_USAGE_FIELD not in one and "included_usage" not in one
        for one in payloads(settings, "subscriptions")
    )


def test_a_day_is_that_of_system_modstamp_in_utc(ingest: Ingest, settings: Settings) -> None:
    ingest()
    for table in salesforce.TABLES:
        wrong = rows(
            settings,
            f"select count(*) from raw_salesforce.{table} "
            "where (payload ->> 'SystemModstamp')[:10] <> window_start::text",
        )
        assert wrong == [(0,)]


def test_the_first_run_reaches_the_record_that_nobody_touched_for_years(
    ingest: Ingest, settings: Settings
) -> None:
    ingest()
    [(first, windows)] = rows(
        settings,
        "select min(window_start), count(*) from raw_salesforce.extractions "
        "where resource = 'accounts'",
    )
    assert first == TODAY - DAY * 1200
    assert windows < 50, "a day on which nothing was modified is no window"


def test_deleted_records_land_and_are_marked(ingest: Ingest, settings: Settings) -> None:
    ingest()
    deleted = {one["Id"] for one in payloads(settings, "accounts") if one["IsDeleted"]}
    assert deleted == {long_id("Account", n) for n in (DELETED_CUSTOMER, *DELETED_ACCOUNTS)}


def test_money_and_numbers_are_the_bytes_that_arrived(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    ingest()
    found = rows(
        settings,
        "select payload from raw_salesforce.opportunities where payload like '%\"Amount\":4%'",
    )
    assert found
    assert all('"Amount":' + str(json.loads(row)["Amount"]) in row for (row,) in found)


def test_pages_are_read_to_the_last(
    org: Running, ingest: Ingest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salesforce, "PAGE_RECORDS", 200)
    monkeypatch.setattr(salesforce, "MAX_DAYS", 4000)
    many = [
        {
            **payload_of_account(5000 + n),
            "SystemModstamp": moment(TODAY - DAY * 5, n),
        }
        for n in range(550)
    ]
    org.control({"salesforce": {"records": {"Account": many}}})
    report = ingest()
    assert part(report, "salesforce/accounts").pages == 3
    assert len({one["Id"] for one in payloads(settings, "accounts")}) == 592


def payload_of_account(number: int) -> dict[str, Any]:
    return {
        "Id": long_id("Account", number),
        "Name": f"Account {number}",
        "Company_Logo_URL__c": None,
        "SWE_Count__c": None,
        "NumberOfEmployees": None,
        "OwnerId": long_id("User", 3),
        "Technical_Account_Manager__c": None,
        "IsDeleted": False,
        "SystemModstamp": moment(TODAY - DAY, 60),
        "CreatedDate": moment(TODAY - DAY * 30),
    }


# --- again ---------------------------------------------------------------------------------------


def test_a_second_run_lands_nothing_again(ingest: Ingest, settings: Settings) -> None:
    ingest()
    before = {table: len(payloads(settings, table)) for table in salesforce.TABLES}
    report = ingest()
    assert report.exit_code == 0
    assert sum(one.changed for one in report.sources[0].resources) == 0
    assert {table: len(payloads(settings, table)) for table in salesforce.TABLES} == before


def test_a_modified_record_lands_again_on_its_new_day_and_keeps_its_old_version(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    ingest()
    moved = {"Id": long_id("Account", 1), "Name": "Acorn Renamed"}
    change(org, "Account", **moved, SystemModstamp=moment(TODAY - DAY, 5))
    assert part(ingest(), "salesforce/accounts").landed >= 1
    names = [one["Name"] for one in payloads(settings, "accounts") if one["Id"] == moved["Id"]]
    assert sorted(names) == sorted([company_name(1), "Acorn Renamed"])
    assert len(current(settings, "raw_salesforce", "accounts")) >= 43


def test_a_record_modified_every_night_before_the_run_still_lands(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    """Its SystemModstamp is always of today, never of a day that is over."""
    change(org, "Account", Id=long_id("Account", 7), SystemModstamp=moment(TODAY, 1))
    ingest()
    assert long_id("Account", 7) in {one["Id"] for one in payloads(settings, "accounts")}
    change(org, "Account", Id=long_id("Account", 7), Name="Later", SystemModstamp=moment(TODAY, 9))
    ingest()
    names = {one["Name"] for one in payloads(settings, "accounts")}
    assert {"Later", company_name(7)} < names


def test_a_modification_that_appears_late_is_found_by_the_look_back(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    ingest()
    late = {**payload_of_account(6000), "SystemModstamp": moment(TODAY - DAY * 2, 7)}
    change(org, "Account", **late)
    ingest()
    assert late["Id"] in {one["Id"] for one in payloads(settings, "accounts")}


def test_named_days_are_fetched_again(org: Running, ingest: Ingest, settings: Settings) -> None:
    ingest()
    old = {**payload_of_account(6001), "SystemModstamp": moment(TODAY - DAY * 100, 7)}
    change(org, "Account", **old)
    ingest()
    assert old["Id"] not in {one["Id"] for one in payloads(settings, "accounts")}
    ingest(since=TODAY - DAY * 100, until=TODAY - DAY * 99)
    assert old["Id"] in {one["Id"] for one in payloads(settings, "accounts")}


def test_an_object_without_records_is_not_a_failure(
    org: Running, ingest: Ingest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salesforce, "_oldest", lambda *_: None)
    report = ingest()
    assert report.exit_code == 0
    assert part(report, "salesforce/users").windows == 0
    assert payloads(settings, "users") == []


# --- the limit of requests -----------------------------------------------------------------------


def test_the_report_says_how_many_requests_were_used(org: Running, ingest: Ingest) -> None:
    org.control({"salesforce": {"used": 100}})
    report = ingest()
    asked = sum(n for path, n in org.requests().items() if path.startswith("/services/data"))
    [note] = report.sources[0].notes
    used = int(note.partition(" ")[0])
    assert 30 < used <= asked
    assert note == f"{used} API requests used, the org has {14_900 - used:,} left today"


@pytest.mark.parametrize(("share", "most"), [(0.8, 16), (0.5, 10)])
def test_a_run_stops_before_it_uses_more_than_its_share(
    org: Running, settings: Settings, share: float, most: int
) -> None:
    org.control({"salesforce": {"limit": 100, "used": 80}})
    before = sum(org.requests().values())
    report = run(settings.model_copy(update={"salesforce_api_share": share}), sources=SALESFORCE)
    assert report.exit_code == 1
    asked = sum(org.requests().values()) - before - 1  # the login is not counted
    assert asked <= most + 1
    [error] = part(report, "salesforce/users").errors
    assert f"this run may use {share:.0%} of the org's remaining API requests" in error
    assert "SALESFORCE_API_SHARE" in error
    assert part(report, "salesforce/accounts").landed > 0, "what was read before it counts"


def test_requests_of_others_meanwhile_count(org: Running, settings: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        whole = salesforce._oldest

        def meanwhile(api: Any, thing: Any) -> Any:
            if thing.name == "Opportunity":
                org.control({"salesforce": {"used": 14_990}})
            return whole(api, thing)

        patch.setattr(salesforce, "_oldest", meanwhile)
        report = run(settings, sources=SALESFORCE)
    assert report.exit_code == 1
    assert part(report, "salesforce/accounts").status == "ok"
    assert "9 are left for others" in part(report, "salesforce/opportunities").errors[0]


def test_a_used_up_daily_limit_is_not_waited_for(org: Running, ingest: Ingest) -> None:
    fault = {"match": QUERIES, "kind": "429_spend_cap", "times": None}
    before = org.requests().get(f"{QUERIES}/", 0)
    org.control({"faults": [fault]})
    report = ingest()
    assert "TotalRequests Limit exceeded" in part(report, "salesforce/accounts").errors[0]
    assert org.requests()[f"{QUERIES}/"] - before == 5, "each object asked once"


# --- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["429", "500", "504", "cut_body"])
def test_too_many_concurrent_requests_are_retried(
    org: Running, ingest: Ingest, settings: Settings, kind: str
) -> None:
    org.control({"faults": [{"match": QUERIES, "kind": kind, "times": 2, "after": 1}]})
    assert ingest().exit_code == 0
    assert len(payloads(settings, "accounts")) == 42


def test_an_expired_session_is_renewed_once(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    org.control({"faults": [{"match": QUERIES, "kind": "expired_session", "after": 3}]})
    before = org.requests().get("/services/oauth2/token", 0)
    assert ingest().exit_code == 0
    assert org.requests()["/services/oauth2/token"] == before + 2
    assert len(payloads(settings, "users")) == 12


def test_sessions_that_always_expire_are_an_error_and_not_a_loop(
    org: Running, ingest: Ingest
) -> None:
    org.control({"faults": [{"match": QUERIES, "kind": "expired_session", "times": None}]})
    before = org.requests().get("/services/oauth2/token", 0)
    report = ingest()
    assert "a new session is refused as well" in part(report, "salesforce/accounts").errors[0]
    assert org.requests()["/services/oauth2/token"] - before <= 10


def test_an_expired_page_starts_the_query_over(
    org: Running, ingest: Ingest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salesforce, "PAGE_RECORDS", 200)
    many = [
        {**payload_of_account(5000 + n), "SystemModstamp": moment(TODAY - DAY * 5, n)}
        for n in range(250)
    ]
    org.control({"salesforce": {"records": {"Account": many}}})
    org.control({"faults": [{"match": "/query/", "kind": "expired_cursor"}]})
    report = ingest()
    assert report.exit_code == 0
    assert "started over at the first page" in part(report, "salesforce/accounts").notes[0]
    assert len(payloads(settings, "accounts")) == 292


def test_a_missing_field_is_named_with_its_object_and_the_others_land(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    org.control({"salesforce": {"hidden": ["Account.SWE_Count__c"]}})
    report = ingest()
    assert report.exit_code == 1
    [error] = part(report, "salesforce/accounts").errors
    assert "the object Account has no field SWE_Count__c, or the API user may not see it" in error
    assert "permission set" in error
    assert len(payloads(settings, "users")) == 12


def test_a_missing_object_is_named_and_that_of_overages_may_be_missing(
    org: Running, ingest: Ingest
) -> None:
    org.control({"salesforce": {"hidden": ["Subscription__c", "Subscription_Overage__c"]}})
    report = ingest()
    assert report.exit_code == 1
    [error] = part(report, "salesforce/subscriptions").errors
    assert "there is no object Subscription__c, or the API user may not read it" in error
    assert part(report, "salesforce/subscription_overages").status == "not readable"


def test_a_record_that_cannot_be_used_lands_among_the_rejected_ones(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    change(org, "Opportunity", Id=long_id("Opportunity", 101), Amount="a lot")
    change(org, "User", Id="not an id", Name="x", Email=None, ManagerId=None, IsActive=True,
           SystemModstamp=moment(TODAY - DAY, 3))  # fmt: skip
    report = ingest()
    assert report.exit_code == 1
    found = rows(
        settings,
        "select resource, reason, payload ->> 'Id' from raw_salesforce.rejected_records order by 1",
    )
    assert found == [
        ("opportunities", "Amount: Value error, must be a number", long_id("Opportunity", 101)),
        ("users", "Id: String should match pattern '^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$'",
         "not an id"),
    ]  # fmt: skip
    assert len(payloads(settings, "opportunities")) == 101


def test_new_fields_and_types_of_opportunity_are_accepted(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    change(org, "Opportunity", Id=long_id("Opportunity", 101), Type="Barter", StageName="Won-ish")
    org.control({"faults": [{"match": QUERIES, "kind": "unknown_fields", "times": None}]})
    assert ingest(since=TODAY - DAY * 400).exit_code == 0
    assert all("x_new_field" in one for one in payloads(settings, "users"))


# --- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SALESFORCE_CLIENT_ID", "cannot log in: invalid_client_id: client identifier invalid"),
        ("SALESFORCE_CLIENT_SECRET", "cannot log in: invalid_client: invalid client credentials"),
    ],
)
def test_a_wrong_credential_is_reported_but_not_shown(
    org: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    expected: str,
) -> None:
    for setting, value in org.env.items():
        if setting.startswith("SALESFORCE"):
            monkeypatch.setenv(setting, value)
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    assert main(["check", "--source", "salesforce"]) == 0
    monkeypatch.setenv(name, "hush-mistyped")
    assert main(["check", "--source", "salesforce"]) == 1
    report = tmp_path / "report.json"
    assert main(["run", "--source", "salesforce", "--report", str(report)]) == 1
    printed = capsys.readouterr()
    everything = printed.out + printed.err + report.read_text()
    assert expected in everything
    assert "hush" not in everything
    assert CLIENT_SECRET not in everything
    assert "00DSB000000sand!" not in everything


def test_no_session_and_no_secret_is_in_the_warehouse(
    org: Running, ingest: Ingest, settings: Settings
) -> None:
    ingest()
    held = settings.duckdb_path.read_bytes()
    assert CLIENT_SECRET.encode() not in held
    assert b"00DSB000000sand" not in held


def test_check_names_the_missing_field_before_a_run_does(org: Running, settings: Settings) -> None:
    org.control({"salesforce": {"hidden": ["Opportunity.Subtype__c", "Subscription_Overage__c"]}})
    (report,) = probe(settings, ["salesforce"]).sources
    (error,) = report.all_errors()
    assert "Opportunity has no field Subtype__c" in error
    assert [part.resource for part in report.resources if part.status == "not readable"] == [
        "subscription_overages"
    ]
    org.control({"salesforce": {"hidden": []}})
    assert probe(settings, ["salesforce"]).exit_code == 0
