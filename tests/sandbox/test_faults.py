"""Faults on demand: each does what its name says, as often as requested, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.server import Running
from tests.sandbox.asking import TODAY, exact, milliseconds, zulu

COST: dict[str, Any] = {
    "starting_at": zulu(TODAY - timedelta(days=10)),
    "ending_at": zulu(TODAY),
    "time_bucket_width": "1d",
    "limit": 5,
}
EVENTS: dict[str, Any] = {
    "startDate": milliseconds(TODAY - timedelta(days=3)),
    "endDate": milliseconds(TODAY) - 1,
    "pageSize": 10,
}


def inject(sandbox: Running, **fault: Any) -> None:
    sandbox.control({"faults": [fault]})


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("429", 429, "rate_limit_error"),
        ("429_retry_after", 429, "rate_limit_error"),
        ("429_spend_cap", 429, "rate_limit_error"),
        ("500", 500, "api_error"),
        ("504", 504, "timeout_error"),
        ("529", 529, "overloaded_error"),
    ],
)
def test_anthropic_refuses_in_its_own_words(
    sandbox: Running, anthropic: httpx.Client, kind: str, status: int, error: str
) -> None:
    inject(sandbox, match="/analytics/cost", kind=kind)
    response = anthropic.get("analytics/cost", params=COST)
    assert response.status_code == status
    assert response.json()["error"]["type"] == error
    assert ("retry-after" in response.headers) == (kind == "429_retry_after")
    assert ("details" in response.json()["error"]) == (kind == "429_spend_cap")
    assert anthropic.get("analytics/cost", params=COST).status_code == 200


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", "Too Many Requests"),
        ("429_spend_cap", "Too Many Requests"),
        ("500", "Internal Server Error"),
    ],
)
def test_cursor_refuses_in_its_own_words(
    sandbox: Running, cursor: httpx.Client, kind: str, error: str
) -> None:
    inject(sandbox, match="/members", kind=kind)
    response = cursor.get("members")
    assert response.status_code == int(kind[:3])
    assert set(response.json()) == {"error", "message"}
    assert response.json()["error"] == error


def test_faults_begin_late_and_end(sandbox: Running, cursor: httpx.Client) -> None:
    inject(sandbox, match="/members", kind="500", times=2, after=1)
    assert [cursor.get("members").status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    assert cursor.get("groups").status_code == 200


def test_a_fault_can_stay_until_it_is_taken_back(sandbox: Running, cursor: httpx.Client) -> None:
    inject(sandbox, match="/members", kind="500", times=None)
    assert [cursor.get("members").status_code for _ in range(4)] == [500] * 4
    sandbox.control({"faults": []})
    assert cursor.get("members").status_code == 200


def test_a_cursor_expires_only_where_there_is_one(
    sandbox: Running, anthropic: httpx.Client
) -> None:
    inject(sandbox, match="/analytics/cost", kind="expired_cursor")
    first = exact(anthropic.get("analytics/cost", params=COST))
    following = {**COST, "page": first["next_page"]}
    assert anthropic.get("analytics/cost", params=following).status_code == 410
    assert anthropic.get("analytics/cost", params=following).status_code == 200


def test_a_cut_connection_breaks_the_body(sandbox: Running, cursor: httpx.Client) -> None:
    inject(sandbox, match="/filtered-usage-events", kind="cut_body")
    with pytest.raises(httpx.RemoteProtocolError):
        cursor.post("filtered-usage-events", json=EVENTS)
    assert cursor.post("filtered-usage-events", json=EVENTS).status_code == 200


def test_unknown_fields_appear_in_records_and_inside_them(
    sandbox: Running, anthropic: httpx.Client, cursor: httpx.Client
) -> None:
    plain = exact(cursor.post("filtered-usage-events", json=EVENTS))
    sandbox.control({"faults": [{"match": "/", "kind": "unknown_fields", "times": 2}]})
    grown = exact(cursor.post("filtered-usage-events", json=EVENTS))
    for before, after in zip(plain["usageEvents"], grown["usageEvents"], strict=True):
        assert after.pop("x_new_field")
        if "tokenUsage" in after:
            assert after["tokenUsage"].pop("x_new_field")
        assert after == before
    cost = exact(anthropic.get("analytics/cost", params=COST))
    assert "x_new_field" in cost["data"][0]["group"]


def test_ids_change_their_type(sandbox: Running, cursor: httpx.Client) -> None:
    sandbox.control({"faults": [{"match": "/teams", "kind": "id_type_change", "times": None}]})
    members = exact(cursor.get("members"))["teamMembers"]
    assert all(isinstance(member["id"], int) for member in members)
    spend = exact(cursor.post("spend", json={}))["teamMemberSpend"]
    ids = {member["email"]: member["id"] for member in members}
    assert all(row["userId"] == ids[row["email"]] for row in spend)


def test_one_record_is_malformed(
    sandbox: Running, anthropic: httpx.Client, cursor: httpx.Client
) -> None:
    inject(sandbox, match="/filtered-usage-events", kind="malformed_record")
    events = exact(cursor.post("filtered-usage-events", json=EVENTS))["usageEvents"]
    assert [event["chargedCents"] == "a lot" for event in events] == [True] + [False] * 9
    inject(sandbox, match="/cost", kind="malformed_record", times=2)
    cost = exact(anthropic.get("analytics/cost", params=COST))["data"]
    assert ["amount" in row["cost"] for row in cost] == [False] + [True] * 4
    (first, *_) = exact(anthropic.get("cost_report", params={"starting_at": COST["starting_at"]}))[
        "data"
    ]
    assert "amount" not in first["results"][0]


def test_a_path_of_no_vendor_is_not_there_with_and_without_faults(sandbox: Running) -> None:
    inject(sandbox, match="/elsewhere", kind="500")
    response = httpx.get(f"{sandbox.url}/elsewhere")
    assert response.status_code == 404
    assert response.json() == {"error": "Not Found", "message": "No route /elsewhere"}


def test_nonsense_is_refused_by_the_control_itself(sandbox: Running) -> None:
    for change in (
        {"faults": [{"match": "/", "kind": "earthquake"}]},
        {"revise": {"vendor": "nobody", "date": "2026-11-01", "factor": "2"}},
        {"weather": "rain"},
        {"analytics": {"moon": False}},
    ):
        with pytest.raises(ValueError, match="unknown"):
            sandbox.control(change)


def test_requests_are_counted_by_path(sandbox: Running, cursor: httpx.Client) -> None:
    before = sandbox.requests().get("/teams/members", 0)
    cursor.get("members")
    assert sandbox.requests()["/teams/members"] == before + 1
