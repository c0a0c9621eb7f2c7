"""What lands of Gemini's use: people's actions in Workspace, metrics by key and model, and of Code
Assist only who and when."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from extract import google_login
from extract.google import code_assist, gemini_enterprise, workspace
from extract.google.api import Api
from extract.http import VendorError
from extract.run import run
from foundation.settings import Settings
from foundation.sources.google import GoogleSettings
from sandbox.google import ledger
from sandbox.google.code_assist import PROMPT
from sandbox.google.ledger import AI_STUDIO, ENTERPRISE_SEATS, ML, SEATS, SUPPORT
from sandbox.options import Options
from sandbox.server import Running
from sandbox.vendors import build_sandbox
from tests.extract.conftest import DAYS, current, part, rows

TODAY = datetime.now(UTC).date()
GOOGLE = ["google"]
ANY_DAY = workspace.Period(TODAY, TODAY + timedelta(days=1))
ACTIVITIES, LOG = "google/workspace_activities", f"{ML}/code_assist_log"


@pytest.fixture
def usage(settings_of: Callable[..., Settings]) -> Settings:
    """Settings without the billing export."""
    return settings_of(google_billing_export_table=None)


def landed(settings: Settings, table: str) -> list[tuple[str, date, dict[str, Any]]]:
    return [
        (organization, day, json.loads(payload))
        for organization, day, payload in current(settings, "raw_google", table)
    ]


def keys_of(activities: list[tuple[str, date, dict[str, Any]]]) -> list[tuple[str, str]]:
    return [(one["id"]["time"], one["id"]["uniqueQualifier"]) for _, _, one in activities]


# --- Workspace -----------------------------------------------------------------------------------


def test_each_action_lands_once_on_its_day_over_several_pages(
    usage: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "EVENTS_PER_PAGE", 7)
    report = run(usage, sources=GOOGLE)
    assert report.exit_code == 0
    found = landed(usage, "workspace_activities")
    assert len(found) == len(set(keys_of(found))) > 50
    assert part(report, ACTIVITIES).pages > 10
    assert all(one["id"]["time"].startswith(str(day)) for _, day, one in found)
    # Where somebody's device was is not asked for.
    assert all(one.keys() == {"id", "actor", "events"} for _, _, one in found)
    # Without an e-mail there is still an account.
    nameless = [one["actor"] for _, _, one in found if "email" not in one["actor"]]
    assert all(actor["profileId"] for actor in nameless)
    assert nameless


def test_an_action_that_is_listed_a_day_late_lands_with_the_next_run(
    company: Running, usage: Settings
) -> None:
    day = TODAY - timedelta(days=2)
    day -= timedelta(days=max(0, day.weekday() - 4))  # nobody works at weekends
    tomorrow, then = day + timedelta(days=1), day + timedelta(days=2)
    company.control({"today": str(tomorrow)})
    run(usage, sources=GOOGLE, until=tomorrow)
    early = set(keys_of(landed(usage, "workspace_activities")))
    company.control({"today": str(then)})
    run(usage, sources=GOOGLE, until=then)
    whole = landed(usage, "workspace_activities")
    late = [one[1] for one in whole if keys_of([one])[0] not in early]
    assert day in late
    assert set(late) <= {day, tomorrow}
    assert len(whole) == len(set(keys_of(whole))) == len(early) + len(late)


def test_an_action_at_midnight_belongs_to_the_day_that_begins() -> None:
    one = workspace.Period(date(2026, 3, 1), date(2026, 3, 2))
    times = ("2026-03-02T00:00:00.000Z", "2026-03-01T23:59:59.999Z")
    activities = [msgspec.Raw(json.dumps({"id": {"time": time}}).encode()) for time in times]
    ((day, kept),) = workspace._before(one, activities)
    assert (day, kept) == (None, [activities[1]])


def test_days_that_the_log_no_longer_has_are_not_asked_for(usage: Settings) -> None:
    """Their answer would be empty, and replace what landed."""
    run(usage, sources=GOOGLE, since=TODAY - timedelta(days=300))
    first = dict(
        rows(
            usage,
            "select resource, min(window_start) from raw_google.extractions group by resource",
        )
    )
    assert first["workspace_activities"] == TODAY - timedelta(days=179)
    assert first["code_assist_log"] == TODAY - timedelta(days=29)
    assert first["gemini_api_tokens"] == TODAY - timedelta(days=300)


# --- Monitoring and keys -------------------------------------------------------------------------


def test_each_point_is_on_its_day_and_tokens_are_what_is_billed(usage: Settings) -> None:
    assert run(usage, sources=GOOGLE).exit_code == 0
    company = build_sandbox(Options(people=20, days=DAYS)).company
    day = TODAY - timedelta(days=4)
    billed = {
        sku: sum(int(row.quantity) for row in ledger.usage_of(company, day) if row.sku is sku)
        for sku in (ledger.GEMINI_OUTPUT, ledger.CLAUDE_INPUT)
    }
    output = [
        (project, int(one["value"]["int64Value"]))
        for project, of_day, one in landed(usage, "gemini_api_tokens")
        if of_day == day and one["metric"]["type"].endswith("usage_output_token_count")
    ]
    assert {project for project, _ in output} == {AI_STUDIO, SUPPORT}
    newest = max(of_day for _, of_day, _ in landed(usage, "gemini_api_tokens"))
    assert newest == TODAY - timedelta(days=1)
    assert sum(tokens for _, tokens in output) == pytest.approx(
        billed[ledger.GEMINI_OUTPUT], rel=0.002
    )
    claude = [
        int(one["value"]["int64Value"])
        for project, of_day, one in landed(usage, "vertex_tokens")
        if (project, of_day) == (ML, day)
        and one["resource"]["labels"]["model_user_id"] == "claude-sonnet-4-6"
    ]
    assert sum(claude) == pytest.approx(billed[ledger.CLAUDE_INPUT], rel=0.002)


def test_the_name_of_a_key_lands_and_a_key_that_is_gone_still_has_requests(usage: Settings) -> None:
    report = run(usage, sources=GOOGLE)
    listed = {one["uid"]: one["displayName"] for _, _, one in landed(usage, "api_keys")}
    assert "research-notebooks" in listed.values()
    used = {
        one["resource"]["labels"]["credential_id"]
        for _, _, one in landed(usage, "gemini_api_requests")
    }
    assert len([one for one in used if one.removeprefix("apikey:") not in listed]) == 2
    # A project may have no keys, and no series.
    assert part(report, f"{ML}/api_keys").status == "ok"
    assert part(report, f"{ML}/gemini_api_requests").records == 0


@pytest.mark.parametrize("path", ["/timeSeries", "/keys", "/entries", "/activity", "/userLicenses"])
@pytest.mark.parametrize("kind", ["429", "500", "cut_body"])
def test_a_failure_in_between_is_tried_again(
    company: Running, usage: Settings, path: str, kind: str
) -> None:
    company.control({"faults": [{"match": path, "kind": kind, "times": 1, "after": 1}]})
    report = run(usage, sources=GOOGLE, since=TODAY - timedelta(days=3))
    assert report.exit_code == 0
    assert not list(report.sources[0].all_notes())


def test_a_403_that_means_too_often_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        httpx.Response(403, json={"error": {"message": "Rate Limit Exceeded"}}),
        httpx.Response(200, json={"items": []}),
    ]
    asked = Api(GoogleSettings(), (), advice="", per_minute=10)
    asked.client = httpx.Client(transport=httpx.MockTransport(lambda _: answers.pop(0)))
    monkeypatch.setattr(asked, "_token", lambda: "token")
    assert [page.parts for page in asked.pages("GET", "admin/x", "items", {})] == [[(None, [])]]


# --- What is not enabled or not permitted --------------------------------------------------------


def test_what_nobody_has_enabled_is_named_and_the_rest_lands(
    company: Running, usage: Settings
) -> None:
    company.control({"google_switched_off": ["monitoring", "logging", "discoveryengine"]})
    report = run(usage, sources=GOOGLE)
    assert report.exit_code == 0
    for name, role in (
        (f"{ML}/vertex_tokens", "Monitoring Viewer"),
        (LOG, "Logs Viewer"),
        (f"{SEATS}/gemini_enterprise_licenses", "Gemini Enterprise Admin"),
    ):
        found = part(report, name)
        assert found.status == "not readable"
        (note,) = found.notes
        assert "has not been used in project 482910573311 before or it is disabled" in note
        assert role in note
    assert landed(usage, "workspace_activities")
    assert landed(usage, "api_keys")


def test_a_project_that_the_account_may_not_read_is_named_and_the_others_land(
    settings_of: Callable[..., Settings],
) -> None:
    settings = settings_of(
        google_billing_export_table=None, google_usage_projects=f"somebody-elses, {SUPPORT}"
    )
    report = run(settings, sources=GOOGLE)
    assert report.exit_code == 0
    (note,) = part(report, "somebody-elses/gemini_api_requests").notes
    assert "Permission denied on resource project somebody-elses" in note
    assert {project for project, _, _ in landed(settings, "gemini_api_requests")} == {SUPPORT}


def test_somebody_who_is_no_administrator_is_named(settings_of: Callable[..., Settings]) -> None:
    settings = settings_of(
        google_billing_export_table=None, google_workspace_admin="intern@example.com"
    )
    report = run(settings, sources=GOOGLE)
    assert report.exit_code == 0
    (note,) = part(report, ACTIVITIES).notes
    assert "Not Authorized to access this resource/api; give the service account" in note


def test_a_workload_identity_acts_for_the_administrator_without_a_key_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Identity:
        service_account_email = "reader@project.iam.gserviceaccount.com"
        universe_domain = "googleapis.com"

    monkeypatch.setattr("google.auth.default", lambda scopes: (Identity(), scopes))
    made = google_login.credentials(
        GoogleSettings(), workspace.SCOPES, may="read", subject="admin@example.com"
    )
    assert made.service_account_email == Identity.service_account_email
    assert made._subject == "admin@example.com"
    Identity.service_account_email = "default"
    with pytest.raises(VendorError, match=r"name no service account that could act for admin@"):
        google_login.credentials(GoogleSettings(), (), may="read", subject="admin@example.com")


# --- Gemini Enterprise ---------------------------------------------------------------------------


def test_who_has_a_seat_lands_over_several_pages_and_how_many_were_bought(
    usage: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_enterprise, "LICENSES_PER_PAGE", 1)
    report = run(usage, sources=GOOGLE)
    assert part(report, f"{SEATS}/gemini_enterprise_licenses").pages == ENTERPRISE_SEATS
    found = [one for _, _, one in landed(usage, "gemini_enterprise_licenses")]
    states = [one["licenseAssignmentState"] for one in found]
    assert sorted(states) == ["ASSIGNED", "ASSIGNED", "NO_LICENSE_ATTEMPTED_LOGIN"]
    assert all(one["userPrincipal"].endswith("@example.com") for one in found)
    bought = [one for _, _, one in landed(usage, "gemini_enterprise_subscriptions")]
    assert {one["licenseCount"] for one in bought if one["state"] == "ACTIVE"} == {"3"}
    # Most projects have none.
    assert part(report, f"{ML}/gemini_enterprise_licenses").status == "ok"


def test_seats_are_asked_for_where_the_companys_data_is() -> None:
    hosts = []

    class Asked:
        def pages(self, _: str, url: str, *_more: object) -> list[object]:
            hosts.append(url)
            return []

    for location in ("global", "eu"):
        list(gemini_enterprise._subscriptions(Asked(), "p", location, ANY_DAY))  # type: ignore[arg-type]
    assert hosts == [
        "discoveryengine.googleapis.com/v1/projects/p/locations/global/licenseConfigs",
        "eu-discoveryengine.googleapis.com/v1/projects/p/locations/eu/licenseConfigs",
    ]


# --- Code Assist ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ignores_filter", [False, True])
def test_nothing_that_somebody_wrote_lands_whatever_google_answers(
    company: Running, usage: Settings, ignores_filter: bool
) -> None:
    company.control({"google_log_ignores_filter": ignores_filter})
    report = run(usage, sources=GOOGLE)
    found = landed(usage, "code_assist_log")
    assert len(found) > 30
    assert part(report, LOG).rejected == 0
    assert {one["logName"].rpartition("%2F")[2] for _, _, one in found} == {"metadata"}
    assert all(one["labels"]["user_id"].endswith("@example.com") for _, _, one in found)
    assert PROMPT.encode() not in usage.duckdb_path.read_bytes()
    for table in ("code_assist_log", "rejected_records", "extractions"):
        ((count,),) = rows(
            usage,
            f"select count(*) from raw_google.{table} as t where t::varchar like '%def settle%'",
        )
        assert count == 0, table


METADATA = {
    "insertId": "i",
    "timestamp": "2026-03-01T10:09:52.226420727Z",
    "logName": "projects/p/logs/cloudaicompanion.googleapis.com%2Fmetadata",
    "labels": {"user_id": "pip@example.com", "product": "code_assist", "method": "CompleteCode"},
    "jsonPayload": {"@type": "type.googleapis.com/g.v1.MetadataLog", "requestId": "r"},
}


@pytest.mark.parametrize(
    "entry",
    [
        METADATA | {"logName": METADATA["logName"].replace("metadata", "request")},  # type: ignore[attr-defined]
        METADATA | {"jsonPayload": {"@type": "type.googleapis.com/g.v1.RequestLog"}},
        METADATA | {"jsonPayload": None, "textPayload": PROMPT},
        {"textPayload": PROMPT},
    ],
)
def test_an_entry_that_is_no_metadata_is_left_out(entry: dict[str, Any]) -> None:
    assert code_assist._metadata([_raw(entry)]) == [(None, [])]


def test_of_metadata_only_named_fields_that_are_short_texts_are_kept() -> None:
    told = {
        **METADATA,
        "textPayload": PROMPT,
        "insertId": {"prompt": PROMPT},
        "labels": {**METADATA["labels"], "prompt": PROMPT, "method": PROMPT * 10},  # type: ignore[dict-item]
        "jsonPayload": {
            **METADATA["jsonPayload"],  # type: ignore[dict-item]
            "apiRequest": {"content": PROMPT},
            "clientName": [PROMPT],
            "clientVersion": "2.61.0",
        },
    }
    ((_, (kept,)),) = code_assist._metadata([_raw(told)])
    assert json.loads(bytes(kept)) == {
        "timestamp": METADATA["timestamp"],
        "logName": METADATA["logName"],
        "labels": {"user_id": "pip@example.com", "product": "code_assist"},
        "jsonPayload": {
            "@type": "type.googleapis.com/g.v1.MetadataLog",
            "requestId": "r",
            "clientVersion": "2.61.0",
        },
    }


def _raw(value: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())
