"""Cursor: bounds, pages, members, and events that add up."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.server import Running, running
from tests.sandbox.asking import TODAY, all_events, exact, milliseconds

START = TODAY - timedelta(days=150)
DAY = date(2026, 11, 11)
DAY_RANGE = {"startDate": milliseconds(DAY), "endDate": milliseconds(DAY + timedelta(days=1)) - 1}


@pytest.fixture(scope="module")
def history(clients: dict[str, httpx.Client]) -> list[Any]:
    return all_events(clients["cursor"], START, TODAY)


def charge(event: Any) -> Decimal:
    if "chargedCents" in event:
        return Decimal(event["chargedCents"])
    usage = event["tokenUsage"]
    discount = Decimal(usage.get("discountPercentOff", 0))
    fee = Decimal(event.get("cursorTokenFee", 0))
    return Decimal(usage["totalCents"]) * (100 - discount) / 100 + fee


def bucket(event: Any) -> str:
    kind = event["kind"]
    if kind in ("Usage-based", "USAGE_EVENT_KIND_USAGE_BASED"):
        return "on_demand"
    included = kind in ("Included in Business", "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS")
    return "included" if included else "other"


def test_the_default_company_has_about_twenty_thousand_events(history: list[Any]) -> None:
    assert 15_000 <= len(history) <= 25_000


def test_the_events_are_those_that_tests_compare_with(sandbox: Running, history: list[Any]) -> None:
    cents: Counter[tuple[str, str]] = Counter()
    for event in history:
        day = date.fromordinal(719163 + int(event["timestamp"]) // 86_400_000).isoformat()
        cents[day, bucket(event)] += charge(event)  # type: ignore[assignment]
    truth = sandbox.totals()["cursor"]["cursor"]
    assert len(truth) == 150
    for day, sums in truth.items():
        for name in ("on_demand", "included", "other"):
            assert Decimal(cents[day, name]) / 100 == Decimal(sums[name])


def test_the_charge_is_always_total_less_discount_plus_fee(history: list[Any]) -> None:
    metered = [e for e in history if "tokenUsage" in e and "chargedCents" in e]
    assert any(e["tokenUsage"].get("discountPercentOff") for e in metered)
    assert any(e.get("cursorTokenFee") for e in metered)
    for event in metered:
        shown = {name: value for name, value in event.items() if name != "chargedCents"}
        assert charge(shown) == event["chargedCents"]


def test_every_oddity_of_the_vendor_is_there(history: list[Any]) -> None:
    assert any("userEmail" not in e and "serviceAccountId" not in e for e in history)
    assert any("serviceAccountId" in e for e in history)
    assert any("tokenUsage" not in e for e in history)
    assert any("chargedCents" not in e and bucket(e) == "on_demand" for e in history)
    assert any(e.get("chargedCents", 0) < 0 for e in history)
    assert any(e["kind"].startswith("USAGE_EVENT_KIND_") for e in history)
    assert any(e["model"] == "moonbeam-experimental" for e in history)
    assert Decimal("40.16699999999999") in {e.get("chargedCents") for e in history}
    kinds = {e["kind"] for e in history if not e["kind"].startswith("USAGE_EVENT_KIND_")}
    assert kinds == {
        "Usage-based", "Included in Business", "Errored, Not Charged", "Aborted, Not Charged",
        "User API Key", "Free Credit",
    }  # fmt: skip


def test_numbers_are_written_without_float_noise(cursor: httpx.Client) -> None:
    events = all_events(cursor, START, START + timedelta(days=60))
    assert all(
        len(str(e["chargedCents"])) < 20
        for e in events
        if isinstance(e.get("chargedCents"), Decimal)
    )


def test_twins_of_one_millisecond_are_there(history: list[Any]) -> None:
    whole = Counter(repr(sorted(event.items(), key=lambda item: item[0])) for event in history)
    key = Counter((e["timestamp"], e.get("userEmail"), e["model"]) for e in history)
    identical = sum(count - 1 for count in whole.values())
    same_key = sum(count - 1 for count in key.values())
    assert identical >= 10
    assert same_key - identical >= 10


def test_one_weekday_has_no_events(history: list[Any]) -> None:
    days = {int(event["timestamp"]) // 86_400_000 for event in history}
    (empty,) = (
        set(range(milliseconds(START) // 86_400_000, milliseconds(TODAY) // 86_400_000)) - days
    )
    assert date.fromordinal(719163 + empty).weekday() < 5


def test_both_bounds_of_a_range_belong_to_it(cursor: httpx.Client) -> None:
    events = all_events(cursor, DAY, DAY + timedelta(days=1))
    stamps = sorted(int(event["timestamp"]) for event in events)
    inner = {"startDate": stamps[3], "endDate": stamps[-4], "pageSize": 1000}
    body = exact(cursor.post("filtered-usage-events", json=inner))
    expected = [stamp for stamp in stamps if stamps[3] <= stamp <= stamps[-4]]
    assert sorted(int(event["timestamp"]) for event in body["usageEvents"]) == expected
    assert body["totalUsageEventsCount"] == len(expected)


def test_pages_of_events_hold_every_event_once(cursor: httpx.Client) -> None:
    whole = all_events(cursor, DAY - timedelta(days=2), DAY + timedelta(days=1))
    query = {**DAY_RANGE, "startDate": milliseconds(DAY - timedelta(days=2)), "pageSize": 37}
    paged: list[Any] = []
    for page in range(1, 100):
        body = exact(cursor.post("filtered-usage-events", json={**query, "page": page}))
        paged += body["usageEvents"]
        assert body["pagination"]["currentPage"] == page
        if not body["pagination"]["hasNextPage"]:
            assert page == body["pagination"]["numPages"]
            break
    assert paged == whole
    default = exact(cursor.post("filtered-usage-events", json=DAY_RANGE))
    assert len(default["usageEvents"]) == 100


@pytest.mark.parametrize("path", ["filtered-usage-events", "daily-usage-data"])
@pytest.mark.parametrize(
    "changed",
    [
        {"startDate": DAY_RANGE["startDate"] - 31 * 86_400_000},
        {"startDate": None},
        {"startDate": "2026-11-11"},
        {"startDate": DAY_RANGE["startDate"] // 1000},
        {"endDate": DAY_RANGE["startDate"] - 1},
        {"pageSize": 1001},
        {"page": 0},
    ],
)
def test_wrong_ranges_and_pages_are_refused(
    cursor: httpx.Client, path: str, changed: dict[str, Any]
) -> None:
    response = cursor.post(path, json={**DAY_RANGE, "page": 1, "pageSize": 10, **changed})
    assert response.status_code == 400
    assert response.json()["error"] == "Bad Request"


def test_only_basic_authentication_with_an_empty_password_is_accepted(sandbox: Running) -> None:
    url, key = f"{sandbox.url}/teams/members", sandbox.env["CURSOR_API_KEY"]
    for auth in ((key, "password"), ("wrong", "")):
        refused = httpx.get(url, auth=auth)
        assert refused.status_code == 401
        assert refused.json() == {"error": "Unauthorized", "message": "Invalid API key"}
    assert httpx.get(url, headers={"authorization": f"Bearer {key}"}).status_code == 401
    assert httpx.get(url).status_code == 401


def test_reports_are_posted(cursor: httpx.Client) -> None:
    assert cursor.get("daily-usage-data").status_code == 405


def test_members_who_have_left_are_marked(cursor: httpx.Client) -> None:
    members = exact(cursor.get("members"))["teamMembers"]
    assert {member["isRemoved"] for member in members} == {True, False}
    assert all(str(member["id"]).startswith("user_") for member in members)


def test_daily_usage_brings_inactive_members_only_when_paged(cursor: httpx.Client) -> None:
    active = exact(cursor.post("daily-usage-data", json=DAY_RANGE))
    assert "pagination" not in active
    assert all(row["isActive"] for row in active["data"])
    rows: list[Any] = []
    page = 1
    while page:
        query = {**DAY_RANGE, "page": page, "pageSize": 10}
        body = exact(cursor.post("daily-usage-data", json=query))
        rows += body["data"]
        page = page + 1 if body["pagination"]["hasNextPage"] else 0
    assert body["pagination"]["totalUsers"] == len(rows)
    assert [row for row in rows if row["isActive"]] == active["data"]
    idle = [row for row in rows if not row["isActive"]]
    assert idle
    assert all(row["mostUsedModel"] is None and row["totalApplies"] == 0 for row in idle)


def test_daily_usage_counts_the_events_of_the_ledger(cursor: httpx.Client) -> None:
    events = all_events(cursor, DAY, DAY + timedelta(days=1))
    counted = Counter(
        e["userEmail"] for e in events if "userEmail" in e and bucket(e) == "on_demand"
    )
    rows = exact(cursor.post("daily-usage-data", json=DAY_RANGE))["data"]
    reported = {row["email"]: row["usageBasedReqs"] for row in rows if row["usageBasedReqs"]}
    assert reported == counted


def test_the_end_of_daily_usage_is_exclusive(cursor: httpx.Client) -> None:
    query = {**DAY_RANGE, "endDate": milliseconds(DAY + timedelta(days=1))}
    rows = exact(cursor.post("daily-usage-data", json=query))["data"]
    assert {row["day"] for row in rows} == {DAY.isoformat()}


def test_spend_is_the_on_demand_cost_of_the_current_cycle(cursor: httpx.Client) -> None:
    first = TODAY.replace(day=1)
    on_demand: Counter[str] = Counter()
    overall: Counter[str] = Counter()
    for event in all_events(cursor, first, TODAY):
        email = event.get("userEmail")
        if email and bucket(event) != "other":
            overall[email] += charge(event)  # type: ignore[assignment]
            if bucket(event) == "on_demand":
                on_demand[email] += charge(event)  # type: ignore[assignment]
    body = exact(cursor.post("spend", json={"page": 1, "pageSize": 20}))
    assert body["subscriptionCycleStart"] == milliseconds(first)
    assert "hasNextPage" not in body
    rows = []
    for page in range(1, body["totalPages"] + 1):
        rows += exact(cursor.post("spend", json={"page": page, "pageSize": 20}))["teamMemberSpend"]
    assert len(rows) == body["totalMembers"] > 20
    for row in rows:
        assert row["spendCents"] == on_demand[row["email"]]
        assert row["overallSpendCents"] == overall[row["email"]]


def test_groups_hold_every_member_once(sandbox: Running, cursor: httpx.Client) -> None:
    body = exact(cursor.get("groups"))
    groups = [*body["groups"], body["unassignedGroup"]]
    emails = [member["email"] for group in groups for member in group["currentMembers"]]
    members = exact(cursor.get("members"))["teamMembers"]
    assert sorted(emails) == sorted(m["email"] for m in members if not m["isRemoved"])
    assert body["unassignedGroup"]["memberCount"] > 0
    for group in groups:
        assert sum(day["spendCents"] for day in group["dailySpend"]) == group["spendCents"]
    sandbox.control({"cursor_groups": False})
    assert cursor.get("groups").status_code == 403


def test_a_revised_day_keeps_the_formula(sandbox: Running, cursor: httpx.Client) -> None:
    before = all_events(cursor, DAY, DAY + timedelta(days=1))
    sandbox.control({"revise": {"vendor": "cursor", "date": DAY.isoformat(), "factor": "1.1"}})
    after = all_events(cursor, DAY, DAY + timedelta(days=1))
    assert sum(map(charge, after)) == sum(map(charge, before)) * Decimal("1.1")
    for event in after:
        shown = {name: value for name, value in event.items() if name != "chargedCents"}
        if "tokenUsage" in event:
            assert charge(shown) == charge(event)


def test_an_emptied_day_has_no_events_and_idle_members(
    sandbox: Running, cursor: httpx.Client
) -> None:
    sandbox.control({"empty": {"vendor": "cursor", "date": DAY.isoformat()}})
    assert all_events(cursor, DAY, DAY + timedelta(days=1)) == []
    assert exact(cursor.post("daily-usage-data", json=DAY_RANGE))["data"] == []


def test_each_route_has_its_own_limit_per_minute() -> None:
    with running(today=TODAY, people=20, days=3) as sandbox:
        auth = (sandbox.env["CURSOR_API_KEY"], "")
        with httpx.Client(base_url=f"{sandbox.url}/teams/", auth=auth) as client:
            query = {**DAY_RANGE, "pageSize": 1}
            members = [client.get("members").status_code for _ in range(21)]
            usage = [client.post("daily-usage-data", json=query).status_code for _ in range(21)]
            events = [
                client.post("filtered-usage-events", json=query).status_code for _ in range(61)
            ]
            assert members == usage == [200] * 20 + [429]
            assert events == [200] * 60 + [429]
            sandbox.control({"rate_limits": False})
            assert client.get("members").status_code == 200
