"""OpenAI to the raw tables: every digit, what it refuses, and what it no longer lists."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest

from extract import openai
from extract.report import RunReport, SourceReport
from extract.run import probe, run
from extract.windows import Page, Period, Resource, Run
from foundation.settings import Settings
from sandbox.openai.vendor import ADMIN_KEY, USAGE_KEY
from sandbox.server import Running
from tests.extract.conftest import DAYS, current, part, rows

SettingsOf = Callable[..., Settings]

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)
FIRST = TODAY - DAY * DAYS
COSTS, BY_IDENTITY = "openai/costs", "openai/costs_by_identity"
_exact = msgspec.json.Decoder(float_hook=Decimal)


def fetched(settings: Settings, **options: Any) -> RunReport:
    report = run(settings, sources=["openai"], **options)
    assert list(report.sources[0].all_errors()) == []
    return report


def dollars(settings: Settings, table: str = "costs") -> dict[str, Decimal]:
    """What landed by day, from the bytes."""
    days: dict[str, Decimal] = {}
    for _, day, payload in current(settings, "raw_openai", table):
        amount = Decimal(_exact.decode(payload)["amount"]["value"])
        days[str(day)] = days.get(str(day), Decimal(0)) + amount
    return days


def billed(company: Running) -> dict[str, Decimal]:
    totals = company.totals(str(FIRST), str(TODAY))["openai"]["openai"]
    return {day: Decimal(amounts["billed"]) for day, amounts in totals.items()}


def values(settings: Settings, table: str, name: str) -> set[Any]:
    return {
        msgspec.json.decode(payload)[name]
        for _, _, payload in current(settings, "raw_openai", table)
    }


def windows(settings: Settings, resource: str) -> list[date]:
    found = rows(
        settings,
        "select distinct window_start from raw_openai.extractions"
        f" where resource = '{resource}' order by 1",
    )
    return [day for (day,) in found]


@pytest.mark.parametrize("are_text", [False, True])
@pytest.mark.parametrize("buckets", [1, 4, 31])
def test_every_dollar_of_every_day_lands(
    settings: Settings,
    company: Running,
    monkeypatch: pytest.MonkeyPatch,
    buckets: int,
    are_text: bool,
) -> None:
    monkeypatch.setattr(openai, "BUCKETS_PER_PAGE", buckets)
    company.control({"openai_amounts_are_text": are_text})
    report = fetched(settings, since=FIRST)
    assert dollars(settings) == billed(company)
    assert part(report, COSTS).pages == -(-DAYS // buckets)


def test_costs_by_key_and_by_user_are_refused_with_a_note(
    settings: Settings, company: Running
) -> None:
    report = fetched(settings, since=FIRST)
    assert report.exit_code == 0
    (note,) = part(report, COSTS).notes
    assert "refuses costs by api_key_id and by user_id" in note
    assert windows(settings, "costs_by_identity") == []


@pytest.mark.parametrize("identity", ["api_key_id", "user_id"])
def test_costs_by_key_or_user_land_beside_the_costs_if_they_are_answered(
    settings: Settings, company: Running, identity: str
) -> None:
    company.control({"openai_costs_by": {identity: str(FIRST)}})
    report = fetched(settings, since=FIRST)
    assert part(report, COSTS).notes == []
    assert dollars(settings, "costs_by_identity") == dollars(settings) == billed(company)
    assert len(values(settings, "costs_by_identity", identity)) > 2


def test_costs_by_key_are_preferred_to_costs_by_user(settings: Settings, company: Running) -> None:
    company.control({"openai_costs_by": {"user_id": str(FIRST), "api_key_id": str(FIRST)}})
    fetched(settings, since=FIRST)
    assert values(settings, "costs_by_identity", "user_id") == {None}
    assert values(settings, "costs_by_identity", "api_key_id") != {None}


def test_costs_by_key_land_from_the_day_from_which_they_are_answered(
    settings: Settings, company: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "DAYS", 5)
    begun = FIRST + DAY * 7
    company.control({"openai_costs_by": {"api_key_id": str(begun)}})
    report = fetched(settings, since=FIRST)
    # The first chunk of five days that is answered as a whole.
    assert windows(settings, "costs_by_identity")[0] == FIRST + DAY * 10
    assert f"only from {FIRST + DAY * 10} on" in part(report, COSTS).notes[0]


def test_another_error_of_costs_by_key_is_an_error(settings: Settings, company: Running) -> None:
    company.control({"openai_costs_by": {"api_key_id": str(FIRST)}})
    company.control({"faults": [{"match": "/costs", "kind": "500", "after": 1, "times": None}]})
    report = run(settings, sources=["openai"], since=FIRST)
    assert part(report, BY_IDENTITY).status == "failed"
    assert dollars(settings) == billed(company)
    assert report.exit_code == 1


def test_an_archived_project_is_listed_and_that_it_hides_its_keys_is_no_error(
    settings: Settings,
) -> None:
    report = fetched(settings, since=FIRST)
    assert "old prototype" in values(settings, "projects", "name")
    archived = {
        msgspec.json.decode(payload)["id"]
        for _, _, payload in current(settings, "raw_openai", "projects")
        if msgspec.json.decode(payload)["status"] == "archived"
    }
    assert archived & values(settings, "costs", "project_id")
    assert part(report, "openai/project_api_keys").status == "ok"


def test_an_entry_of_a_project_names_it(settings: Settings) -> None:
    fetched(settings, since=FIRST)
    projects = values(settings, "projects", "id")
    for table in ("project_api_keys", "service_accounts"):
        found = [payload for _, _, payload in current(settings, "raw_openai", table)]
        assert found
        assert all(payload.startswith('{"project_id":"proj_') for payload in found)
        assert values(settings, table, "project_id") <= projects


def test_a_key_that_was_deleted_leaves_the_directory_and_keeps_its_usage(
    settings: Settings, company: Running
) -> None:
    fetched(settings, since=FIRST)
    before = values(settings, "project_api_keys", "id")
    company.control({"openai_delete_key": "nightly batch"})
    fetched(settings)
    (deleted,) = before - values(settings, "project_api_keys", "id")
    assert deleted in values(settings, "usage_completions", "api_key_id")


def test_long_lists_are_read_to_their_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "ENTRIES_PER_PAGE", 2)
    report = fetched(settings, since=FIRST)
    assert len(values(settings, "users", "id")) == 5
    assert part(report, "openai/users").pages == 3


def test_a_revised_day_and_an_emptied_one_land_again_and_nothing_else_does(
    settings: Settings, company: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extract.windows.FIRST_RUN_DAYS", DAYS)
    fetched(settings)
    assert part(fetched(settings), COSTS).changed == 0
    revised, emptied, too_old = (TODAY - DAY * age for age in (3, 4, 15))
    company.control({"revise": {"vendor": "openai", "date": str(revised), "factor": "1.1"}})
    company.control({"revise": {"vendor": "openai", "date": str(too_old), "factor": "3"}})
    company.control({"empty": {"vendor": "openai", "date": str(emptied)}})
    assert part(fetched(settings), COSTS).changed == 2
    expected = billed(company)
    assert expected.pop(str(emptied)) == 0
    held = dollars(settings)
    assert held.pop(str(too_old)) * 3 == expected.pop(str(too_old))
    assert held == expected
    # Replaying names the day.
    replayed = fetched(settings, since=too_old, until=too_old + DAY)
    assert part(replayed, COSTS).changed == 1
    assert dollars(settings)[str(too_old)] == billed(company)[str(too_old)]


def test_a_kind_of_usage_leaves_nothing_until_it_is_used(
    settings: Settings, company: Running
) -> None:
    images = "/v1/organization/usage/images"
    fetched(settings)
    assert windows(settings, "usage_images") == []
    assert windows(settings, "usage_embeddings")[0] == FIRST
    before = company.requests()[images]
    fetched(settings)
    # The days before are known to have had none.
    assert company.requests()[images] == before + 1


def test_a_backfill_without_use_says_nothing_of_the_days_before_it() -> None:
    yesterday = TODAY - DAY
    memory: dict[str, Any] = {}

    def unused_to(since: date | None) -> str | None:
        asked: list[Period] = []

        def pages(period: Period) -> Iterator[Page]:
            asked.append(period)
            yield Page([(period.start, [])], {}, {})

        kind = Resource("usage_images", pages=pages, max_days=31, is_directory=False)
        run = Run(SourceReport("openai"), since, TODAY, TODAY, memory)
        assert list(openai._if_used(kind, run)) == []
        assert asked
        found: str | None = memory["openai/usage_images"].get("unused_to")
        return found

    assert unused_to(since=yesterday) is None
    assert unused_to(since=None) == str(TODAY)
    memory["openai/usage_images"]["unused_to"] = str(yesterday)
    assert unused_to(since=yesterday) == str(TODAY)
    memory["openai/usage_images"]["unused_to"] = str(yesterday - DAY)
    assert unused_to(since=yesterday) == str(yesterday - DAY)


def test_a_key_without_the_management_scope_still_brings_the_costs(
    settings_of: SettingsOf, company: Running
) -> None:
    settings = settings_of(openai_admin_key=USAGE_KEY)
    report = fetched(settings, since=FIRST)
    assert part(report, "openai/users").status == "not readable"
    assert part(report, "openai/project_api_keys").status == "not readable"
    assert dollars(settings) == billed(company)


def test_a_wrong_key_is_an_error_that_says_what_to_do(settings_of: SettingsOf) -> None:
    report = run(settings_of(openai_admin_key="sk-admin-wrong"), sources=["openai"])
    assert report.exit_code == 1
    assert "check the key in the settings" in part(report, COSTS).errors[0]


def test_a_check_asks_each_resource_once_and_says_what_is_refused(
    settings: Settings, company: Running
) -> None:
    before = company.requests()
    report = probe(settings, sources=["openai"])
    assert report.exit_code == 0
    asked = {path: n - before.get(path, 0) for path, n in company.requests().items()}
    assert asked["/v1/organization/usage/images"] == 1
    # By project; and in vain by key and by user.
    assert asked["/v1/organization/costs"] == 3
    assert "refuses costs by api_key_id and by user_id" in part(report, COSTS).notes[0]
    assert all(one.brings for one in report.sources[0].resources)
    company.control({"openai_costs_by": {"api_key_id": str(FIRST)}})
    assert part(probe(settings, sources=["openai"]), BY_IDENTITY).status == "ok"


def test_a_busy_vendor_is_asked_again(settings: Settings, company: Running) -> None:
    company.control({"faults": [{"match": "/organization/", "kind": "429", "times": 3}]})
    fetched(settings, since=FIRST)
    assert dollars(settings) == billed(company)


def test_a_cost_without_a_usable_amount_is_rejected_and_the_rest_lands(
    settings: Settings, company: Running
) -> None:
    company.control({"faults": [{"match": "/costs", "kind": "malformed_record"}]})
    report = run(settings, sources=["openai"], since=FIRST)
    assert part(report, COSTS).rejected == 1
    ((reason,),) = rows(settings, "select reason from raw_openai.rejected_records")
    assert "amount.value: Value error, must be a decimal string of dollars" in reason


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_key_does_not_follow_a_redirect(settings_of: SettingsOf) -> None:
    asked = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(dict(self.headers))

        def log_message(self, *_: object) -> None:
            return

    with _served(Stranger) as elsewhere:

        class Redirecting(Stranger):
            def do_GET(self) -> None:
                self.send_response(307)
                self.send_header("location", elsewhere + self.path)
                self.end_headers()

        with _served(Redirecting) as url:
            report = run(settings_of(openai_base_url=url), sources=["openai"])
    assert "HTTP 307" in part(report, COSTS).errors[0]
    assert asked == []


def test_no_secret_is_in_the_warehouse_the_log_or_the_report(
    settings: Settings, company: Running, caplog: pytest.LogCaptureFixture
) -> None:
    company.control({"faults": [{"match": "/costs", "kind": "500", "times": 2}]})
    report = fetched(settings, since=FIRST)
    assert ADMIN_KEY not in str(report.as_json())
    assert ADMIN_KEY not in caplog.text
    assert ADMIN_KEY.encode() not in settings.duckdb_path.read_bytes()
