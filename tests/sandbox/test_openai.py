"""OpenAI in the sandbox: pages of days, what it refuses, and what it hides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.openai.vendor import ADMIN_KEY, USAGE_KEY
from sandbox.server import Running
from tests.sandbox.asking import TODAY, exact

WEEK = TODAY - timedelta(days=7)


@pytest.fixture
def openai(sandbox: Running) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    with httpx.Client(base_url=f"{sandbox.url}/v1/organization/", headers=headers) as client:
        yield client


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def week(**more: Any) -> dict[str, Any]:
    return {"start_time": seconds(WEEK), "end_time": seconds(TODAY)} | more


def buckets(client: httpx.Client, path: str, **query: Any) -> list[Any]:
    found, page = [], {}
    while True:
        body = exact(client.get(path, params=query | page))
        found += body["data"]
        if not body["has_more"]:
            return found
        page = {"page": body["next_page"]}


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_go_over_days_and_costs_are_the_totals(
    openai: httpx.Client, sandbox: Running, limit: int
) -> None:
    found = buckets(openai, "costs", **week(group_by=["project_id", "line_item"], limit=limit))
    assert [bucket["start_time"] for bucket in found] == [
        seconds(WEEK + timedelta(days=n)) for n in range(7)
    ]
    reported = sandbox.totals(str(WEEK), str(TODAY))["openai"]["openai"]
    assert {
        str(datetime.fromtimestamp(bucket["start_time"], UTC).date()): sum(
            Decimal(row["amount"]["value"]) for row in bucket["results"]
        )
        for bucket in found
    } == {day: Decimal(amounts["billed"]) for day, amounts in reported.items()}


def test_a_day_that_has_not_been_is_an_empty_bucket(openai: httpx.Client) -> None:
    later = {"start_time": seconds(TODAY), "limit": 2}
    assert [bucket["results"] for bucket in buckets(openai, "costs", **later)[:2]] == [[], []]


def test_amounts_are_numbers_or_text(openai: httpx.Client, sandbox: Running) -> None:
    def kinds() -> set[type]:
        found = buckets(openai, "costs", **week(group_by="line_item"))
        return {type(row["amount"]["value"]) for bucket in found for row in bucket["results"]}

    assert kinds() <= {int, Decimal}
    sandbox.control({"openai_amounts_are_text": True})
    assert kinds() == {str}


@pytest.mark.parametrize("identity", ["api_key_id", "user_id"])
def test_costs_by_key_or_user_are_answered_from_a_day_on_if_at_all(
    openai: httpx.Client, sandbox: Running, identity: str
) -> None:
    query = week(group_by=["project_id", identity])
    refused = openai.get("costs", params=query)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "group_by")
    sandbox.control({"openai_costs_by": {identity: str(WEEK)}})
    named = {row[identity] for b in buckets(openai, "costs", **query) for row in b["results"]}
    assert len(named) > 1
    sandbox.control({"openai_costs_by": {identity: str(WEEK + timedelta(days=1))}})
    assert openai.get("costs", params=query).status_code == 400


def test_input_includes_what_was_cached(openai: httpx.Client) -> None:
    rows = [row for b in buckets(openai, "usage/completions", **week()) for row in b["results"]]
    assert all(row["input_tokens"] > row["input_cached_tokens"] > 0 for row in rows)


def test_an_archived_project_is_hidden_unless_asked_for_and_has_costs(openai: httpx.Client) -> None:
    shown = exact(openai.get("projects"))["data"]
    everything = exact(openai.get("projects", params={"include_archived": "true"}))["data"]
    (hidden,) = [project for project in everything if project not in shown]
    assert (hidden["status"], hidden["name"]) == ("archived", "old prototype")
    long_ago = {"start_time": seconds(TODAY - timedelta(days=140)), "limit": 7}
    found = exact(openai.get("costs", params=long_ago | {"group_by": "project_id"}))["data"]
    assert hidden["id"] in {row["project_id"] for bucket in found for row in bucket["results"]}
    assert openai.get(f"projects/{hidden['id']}/api_keys").status_code == 404


def listed(openai: httpx.Client) -> set[str]:
    projects = exact(openai.get("projects"))["data"]
    return {
        key["id"]
        for project in projects
        for key in exact(openai.get(f"projects/{project['id']}/api_keys"))["data"]
    }


def test_a_key_that_was_deleted_is_not_listed_and_has_usage(
    openai: httpx.Client, sandbox: Running
) -> None:
    rows = buckets(openai, "usage/completions", **week(group_by="api_key_id"))
    used = {row["api_key_id"] for bucket in rows for row in bucket["results"]} - {None}
    assert used - listed(openai)
    before = listed(openai)
    sandbox.control({"openai_delete_key": "nightly batch"})
    assert len(before - listed(openai)) == 1


def test_lists_continue_after_the_last_id(openai: httpx.Client) -> None:
    found, after = [], {}
    while True:
        body = exact(openai.get("users", params={"limit": 2} | after))
        found += body["data"]
        if not body["has_more"]:
            break
        after = {"after": body["last_id"]}
    assert found == exact(openai.get("users"))["data"]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "start_time"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "0", "limit": "181"}, "limit"),
        ({"start_time": "0", "bucket_width": "1h"}, "bucket_width"),
        ({"start_time": "0", "page": "next"}, "page"),
        ({"start_time": "0", "group_by": "weather"}, "group_by"),
    ],
)
def test_a_wrong_parameter_is_refused(
    openai: httpx.Client, query: dict[str, str], param: str
) -> None:
    refused = openai.get("costs", params=query)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_each_key_reads_what_its_scopes_allow(openai: httpx.Client, sandbox: Running) -> None:
    start = {"start_time": seconds(WEEK)}
    nobody = httpx.get(f"{sandbox.url}/v1/organization/costs", params=start)
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "invalid_api_key")
    openai.headers["authorization"] = f"Bearer {USAGE_KEY}"
    assert openai.get("costs", params=start).status_code == 200
    refused = openai.get("users")
    assert (refused.status_code, "Missing scopes" in refused.json()["error"]) == (403, True)


def test_faults_answer_in_openais_words(openai: httpx.Client, sandbox: Running) -> None:
    sandbox.control({"faults": [{"match": "/costs", "kind": "429_retry_after"}]})
    refused = openai.get("costs", params=week())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert openai.get("usage/nothing", params=week()).status_code == 404
