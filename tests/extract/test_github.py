"""What lands of GitHub Copilot: every line once with exact numbers, reports that take their time,
links that expire, and a token that goes to nobody else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from extract import github
from extract.github import ai_credits, billing_look_back, saml
from extract.http import UnreadableError, VendorError
from extract.report import SourceReport
from extract.run import run
from extract.windows import Run
from foundation.settings import Settings
from sandbox.github.ledger import APPS
from sandbox.github.vendor import ENTERPRISE, TOKEN
from sandbox.server import Running
from tests.extract.conftest import DAYS, current, part, rows

TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=DAYS)
GITHUB = ["github"]
REPORTS = f"/enterprises/{ENTERPRISE}/settings/billing/reports"


@pytest.fixture(autouse=True)
def of_few_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first run reaches no further back than the company; nobody waits for a report."""
    monkeypatch.setattr("extract.windows.FIRST_RUN_DAYS", DAYS)
    monkeypatch.setattr(ai_credits.time, "sleep", lambda _: None)


def landed(settings: Settings, table: str) -> list[tuple[date, dict[str, Any]]]:
    """The records as last reported, with every number as it was written."""
    return [
        (day, json.loads(payload, parse_float=Decimal))
        for _, day, payload in current(settings, "raw_github", table)
    ]


def credits_by_day(settings: Settings, column: str) -> dict[date, Decimal]:
    found: dict[date, Decimal] = {}
    for day, row in landed(settings, "ai_credits"):
        found[day] = found.get(day, Decimal(0)) + Decimal(row[column])
    return found


def test_the_days_add_up_to_what_is_billed_to_the_last_digit(
    company: Running, settings: Settings
) -> None:
    assert run(settings, sources=GITHUB).exit_code == 0
    sums: dict[str, Decimal] = {}
    for day, line in landed(settings, "billing_usage"):
        if line["product"] == "copilot":
            sums[str(day)] = sums.get(str(day), Decimal(0)) + line["netAmount"]
    totals = company.totals()["github"]["github"]
    assert sums == {day: Decimal(amounts["billed"]) for day, amounts in totals.items()}
    assert len(sums) == DAYS


def test_a_seat_is_a_fraction_of_a_month_and_lands_as_it_is_written(settings: Settings) -> None:
    run(settings, sources=GITHUB)
    texts = [payload for *_, payload in current(settings, "raw_github", "billing_usage")]
    assert any('"quantity":0.099999999' in text or ".033333333" in text for text in texts)
    seats = [line for _, line in landed(settings, "billing_usage") if "business" in line["sku"]]
    assert seats
    assert all(line["quantity"] * 19 == line["grossAmount"] for line in seats)


def test_every_seat_lands_although_the_total_counts_people(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has a seat in two organizations, so there is a seat more than people: with pages of
    as many seats as there are people, the first is full and holds all that GitHub counts."""
    run(settings, sources=GITHUB)
    seats = [seat for _, seat in landed(settings, "copilot_seats")]
    people = {seat["assignee"]["id"] for seat in seats}
    assert len(seats) == len(people) + 1
    for size, pages in ((len(people), 2), (len(seats), 2), (len(seats) + 1, 1)):
        monkeypatch.setattr("extract.github.SEATS_PAGE", size)
        found = part(run(settings, sources=GITHUB), "github/copilot_seats")
        assert (found.status, found.pages, found.records) == ("ok", pages, len(seats))
        assert found.changed == 0


def test_ai_credits_by_user_add_up_to_the_lines_of_their_skus(settings: Settings) -> None:
    run(settings, sources=GITHUB)
    billed: dict[date, Decimal] = {}
    for day, line in landed(settings, "billing_usage"):
        if line["unitType"] == "ai-credits":
            billed[day] = billed.get(day, Decimal(0)) + line["grossAmount"]
    assert credits_by_day(settings, "gross_amount") == billed
    columns = set(landed(settings, "ai_credits")[0][1])
    assert "date" in columns
    assert not any(name.startswith("\ufeff") for name in columns)


def test_a_report_that_is_being_made_is_waited_for(company: Running, settings: Settings) -> None:
    company.control({"github_report_polls": 4})
    report = run(settings, sources=GITHUB)
    found = part(report, "github/ai_credits")
    assert (found.status, found.changed) == ("ok", DAYS)
    assert found.landed > DAYS


def test_a_report_of_somebody_else_is_waited_for(company: Running, settings: Settings) -> None:
    company.control({"github_report_polls": 2})
    body = {"report_type": "ai_credit", "start_date": "2026-01-01", "end_date": "2026-01-02"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    first = httpx.post(company.url + REPORTS, json=body, headers=headers)
    second = httpx.post(company.url + REPORTS, json=body, headers=headers)
    assert (first.status_code, second.status_code) == (202, 409)
    report = run(settings, sources=GITHUB)
    assert part(report, "github/ai_credits").status == "ok"


@pytest.mark.parametrize(
    ("says", "status", "said"),
    [
        (["in_progress", "completed"], "ok", ""),
        (["in_progress"], "failed", "is still in_progress after 0 minutes"),
        (["in_progress", "canceled"], "failed", "it is canceled"),
    ],
)
def test_only_a_report_that_is_completed_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, says: list[str], status: str, said: str
) -> None:
    """An answer without links would be an empty day, and replace what landed."""
    monkeypatch.setattr(ai_credits, "PATIENCE_SECONDS", 0.0 if len(says) == 1 else 60.0)
    decoded = ai_credits._decoded
    # The first answer is that of the order.
    words = iter(["processing", *says])

    def in_other_words(answer: bytes) -> dict[str, Any]:
        report = decoded(answer)
        report["status"] = next(words, says[-1])
        return report if report["status"] == "completed" else report | {"download_urls": []}

    run(settings, sources=GITHUB, since=TODAY - timedelta(days=7))
    before = landed(settings, "ai_credits")
    monkeypatch.setattr(ai_credits, "_decoded", in_other_words)
    report = run(settings, sources=GITHUB, since=TODAY - timedelta(days=7))
    found = part(report, "github/ai_credits")
    assert (found.status, found.changed) == (status, 0)
    assert said in "".join(found.errors)
    assert landed(settings, "ai_credits") == before != []


WAITING = """
import os, signal, sys, time
import extract.windows
from extract.command import main
from extract.github import ai_credits
extract.windows.FIRST_RUN_DAYS = int(sys.argv[1])
ai_credits.time.sleep = lambda _: os.kill(os.getpid(), signal.SIGKILL)
main(["run", "--source", "github"])
"""


def orders(company: Running) -> int:
    """How many reports the enterprise has."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(company.url + REPORTS, headers=headers).json()
    return len(answer["usage_report_exports"])


def test_a_run_takes_up_the_report_that_a_killed_one_ordered(
    company: Running, settings: Settings
) -> None:
    company.control({"github_report_polls": 3})
    environment = os.environ | company.env | {"DUCKDB_PATH": str(settings.duckdb_path)}
    killed = subprocess.run(
        [sys.executable, "-c", WAITING, str(DAYS)], env=environment, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    assert orders(company) == 1
    found = part(run(settings, sources=GITHUB), "github/ai_credits")
    assert orders(company) == 1
    assert (found.status, found.changed) == ("ok", DAYS)
    assert found.landed > DAYS


@pytest.mark.parametrize("table", ["ai_credits", "copilot_users"])
def test_a_link_that_expired_is_asked_for_again(
    company: Running, settings: Settings, table: str
) -> None:
    before = sum(company.requests().values())
    # Reports of AI credits are downloaded before those of users.
    company.control({"github_expired_links": 1})
    if table == "copilot_users":
        company.control({"faults": [{"match": "/billing/reports", "kind": "500", "times": None}]})
    report = run(settings, sources=GITHUB)
    found = part(report, f"github/{table}")
    assert (found.status, found.errors) == ("ok", [])
    assert any("a link to a report no longer works" in note for note in found.notes)
    assert "sig=" not in str(report)
    assert sum(company.requests().values()) > before
    if table == "ai_credits":
        assert orders(company) == 1


def test_the_token_goes_to_github_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[bool, set[str | None]] = {True: set(), False: set()}
    handle = httpx.HTTPTransport.handle_request

    def noted(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        is_file = request.url.path.startswith("/github-files/")
        seen[is_file].add(request.headers.get("authorization"))
        return handle(transport, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", noted)
    assert run(settings, sources=GITHUB).exit_code == 0
    assert seen == {True: {None}, False: {f"Bearer {TOKEN}"}}


def test_the_host_of_the_files_refuses_a_token(company: Running) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{company.url}/github-files/report-0", headers=headers)
    assert answer.status_code == 400


def test_a_day_that_is_not_published_waits_for_a_later_run(
    company: Running, settings: Settings
) -> None:
    report = run(settings, sources=GITHUB)
    users = part(report, "github/copilot_users")
    assert (users.status, report.exit_code) == ("ok", 0)
    days = {day for day, _ in landed(settings, "copilot_users")}
    assert max(days) <= TODAY - timedelta(days=2)
    assert TODAY - timedelta(days=1) not in days
    assert any("not published yet" in note for note in users.notes)


def test_users_of_a_day_are_read_again_until_they_are_final(
    company: Running, settings: Settings
) -> None:
    day = TODAY - timedelta(days=3)
    company.control({"today": str(TODAY - timedelta(days=1))})
    run(settings, sources=GITHUB, until=TODAY - timedelta(days=1))
    asked = "user_initiated_interaction_count"
    early = sum(row[asked] for at, row in landed(settings, "copilot_users") if at == day)
    company.control({"today": str(TODAY)})
    run(settings, sources=GITHUB)
    final = sum(row[asked] for at, row in landed(settings, "copilot_users") if at == day)
    assert 0 < early < final or early == final == 0


@pytest.mark.parametrize(
    ("newest", "today", "first"),
    [
        ("2026-11-20", "2026-11-21", "2026-11-15"),
        ("2026-11-06", "2026-11-06", "2026-11-01"),
        ("2026-11-05", "2026-11-05", "2026-10-01"),
        ("2026-11-01", "2026-11-02", "2026-10-01"),
        # No run on the days on which October became final.
        ("2026-10-20", "2026-11-09", "2026-10-01"),
        ("2026-01-02", "2026-01-03", "2025-12-01"),
    ],
)
def test_a_month_is_read_again_until_it_is_final(newest: str, today: str, first: str) -> None:
    day = date.fromisoformat(today)
    memory = {"github/billing_usage": {"high_water": newest}}
    asked = Run(SourceReport("github"), None, day, day, memory)
    back = timedelta(days=billing_look_back(asked, "billing_usage"))
    assert date.fromisoformat(newest) - back == date.fromisoformat(first)


def test_who_asks_too_often_is_told_when_to_ask_again(company: Running, settings: Settings) -> None:
    fault = {"kind": "429_retry_after", "retry_after": "0", "times": 2}
    company.control({"faults": [{"match": "/billing/usage", **fault}]})
    assert part(run(settings, sources=GITHUB), "github/billing_usage").status == "ok"


@pytest.mark.parametrize("of_enterprise", [True, False])
def test_a_limit_that_is_used_up_for_an_hour_ends_the_run_and_says_until_when(
    company: Running, settings_of: Any, of_enterprise: bool
) -> None:
    where = {} if of_enterprise else {"github_enterprise": None, "github_organization": APPS}
    settings = settings_of(**where)
    reset = int(time.time()) + 3600
    company.control({"github_used_up_until": reset})
    before = sum(company.requests().values())
    report = run(settings, sources=GITHUB)
    assert report.exit_code == 1
    assert sum(company.requests().values()) - before == 1
    (error,) = part(report, "github/copilot_seats").errors
    at = datetime.fromtimestamp(reset, UTC)
    assert f"the rate limit is used up until {at:%Y-%m-%d %H:%M:%S} UTC: run again then" in error
    assert len(report.sources[0].resources) == 1


def test_an_organization_whose_seats_fail_still_has_its_costs(
    company: Running, settings_of: Any
) -> None:
    company.control({"faults": [{"match": "/billing/seats", "kind": "500", "times": None}]})
    settings = settings_of(github_enterprise=None, github_organization=APPS)
    report = run(settings, sources=GITHUB)
    assert report.exit_code == 1
    assert part(report, "github/billing_usage").changed == DAYS
    assert "HTTP 500" in part(report, "github/ai_credits").errors[0]


def test_who_loses_the_seat_keeps_the_ai_credits_of_the_days_before(
    settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(github_enterprise=None, github_organization=APPS)
    run(settings, sources=GITHUB)
    before = sorted(map(str, landed(settings, "ai_credits")))
    _, newest = max(landed(settings, "ai_credits"), key=lambda one: one[0])
    seats = github._seats

    def fewer(api: Any, _: Any = None) -> Any:
        for page in seats(api):
            [(day, found)] = page.parts
            left = [raw for raw in found if newest["username"].encode() not in bytes(raw)]
            assert len(left) == len(found) - 1
            yield replace(page, parts=[(day, left)])

    monkeypatch.setattr(github, "_seats", fewer)
    for _ in range(2):
        found = part(run(settings, sources=GITHUB), "github/ai_credits")
        assert (found.status, found.windows > 0, found.changed) == ("ok", True, 0)
    assert sorted(map(str, landed(settings, "ai_credits"))) == before


def test_seats_that_may_not_be_read_take_no_ai_credits_away(
    settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(github_enterprise=None, github_organization=APPS)
    run(settings, sources=GITHUB)
    before = landed(settings, "ai_credits")

    def refused(*_: Any) -> Any:
        raise UnreadableError("no", status=403)

    monkeypatch.setattr("extract.github._seats", refused)
    found = part(run(settings, sources=GITHUB), "github/ai_credits")
    assert (found.status, found.windows) == ("not readable", 0)
    assert "HTTP 403" in found.notes[0]
    assert landed(settings, "ai_credits") == before != []


def test_a_seat_that_is_rejected_stops_no_ai_credits_of_others(
    company: Running, settings_of: Any
) -> None:
    fault = {"match": "/billing/seats", "kind": "malformed_record", "times": None}
    company.control({"faults": [fault]})
    settings = settings_of(github_enterprise=None, github_organization=APPS)
    report = run(settings, sources=GITHUB)
    assert part(report, "github/copilot_seats").rejected == 1
    found = part(report, "github/ai_credits")
    assert (found.status, found.records > 0) == ("ok", True)


def test_what_the_token_may_not_read_stops_nothing_else(
    company: Running, settings: Settings
) -> None:
    company.control({"github_only_costs": True})
    report = run(settings, sources=GITHUB)
    assert report.exit_code == 0
    assert part(report, "github/billing_usage").changed == DAYS
    assert part(report, "github/ai_credits").status == "not readable"
    assert part(report, "github/copilot_users").status == "not readable"
    assert part(report, "github/saml_identities").status == "not readable"


def test_an_organization_without_an_enterprise_is_asked_user_by_user(
    company: Running, settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = 4
    settings = settings_of(github_enterprise=None, github_organization=APPS)
    monkeypatch.setattr("extract.github.REQUESTS_FOR_USERS", 7 * logins)
    report = run(settings, sources=GITHUB)
    found = part(report, "github/ai_credits")
    assert report.exit_code == 0
    assert any("were left out" in note for note in found.notes)
    rows_of_users = landed(settings, "ai_credits")
    assert rows_of_users
    assert min(day for day, _ in rows_of_users) >= TODAY - timedelta(days=14)
    assert all(row["username"] and row["grossAmount"] > 0 for _, row in rows_of_users)


@pytest.mark.parametrize("of_enterprise", [True, False])
def test_whose_login_is_whose_lands_over_several_pages(
    settings_of: Any, monkeypatch: pytest.MonkeyPatch, of_enterprise: bool
) -> None:
    monkeypatch.setattr(saml, "IDENTITIES_PER_PAGE", 2)
    where = {} if of_enterprise else {"github_enterprise": None, "github_organization": APPS}
    settings = settings_of(**where)
    report = run(settings, sources=GITHUB)
    found = [one for _, one in landed(settings, "saml_identities")]
    assert part(report, "github/saml_identities").pages == (len(found) + 1) // 2 > 1
    mails = [one["samlIdentity"]["nameId"] for one in found if "@" in one["samlIdentity"]["nameId"]]
    assert len(mails) == len(set(mails)) == len(found) - 1
    assert [one for one in found if one["user"] is None]


def test_a_company_without_saml_is_told_what_it_would_need(
    company: Running, settings: Settings
) -> None:
    company.control({"github_saml": False})
    report = run(settings, sources=GITHUB)
    assert report.exit_code == 0
    found = part(report, "github/saml_identities")
    assert (found.status, found.notes) == ("not readable", [saml.ADVICE])


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"data": {"organization": None}}, UnreadableError, "no SAML identity provider"),
        ({"errors": [{"type": "FORBIDDEN", "message": "no"}]}, UnreadableError, "FORBIDDEN: no"),
        ({"errors": [{"type": "RATE_LIMITED", "message": "m"}]}, VendorError, "run again later"),
        ({"errors": [{"type": "X", "message": "m"}]}, VendorError, "X: m"),
    ],
)
def test_an_answer_of_200_may_be_a_refusal(
    answer: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        saml._identities_in(json.dumps(answer).encode(), saml.PATHS[saml.OF_ORGANIZATION])


def test_no_secret_is_in_the_report_or_the_warehouse(settings: Settings) -> None:
    report = run(settings, sources=GITHUB)
    assert TOKEN not in str(report)
    for table in ("billing_usage", "ai_credits", "copilot_seats", "copilot_users", "extractions"):
        text = str(rows(settings, f"select * from raw_github.{table}"))
        assert TOKEN not in text
        assert "sig=expiring" not in text
