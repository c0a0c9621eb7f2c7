"""Who may read what at Anthropic, directories, and the official SDK against the sandbox."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from anthropic import Anthropic

from sandbox.server import Running
from tests.sandbox.asking import TODAY, exact, pages, zulu

YESTERDAY = TODAY - timedelta(days=1)


def test_without_a_key_nothing_is_answered(sandbox: Running) -> None:
    url = f"{sandbox.url}/v1/organizations/users"
    version = {"anthropic-version": "2026-10-21"}
    nobody = httpx.get(url, headers=version)
    assert (nobody.status_code, nobody.json()["error"]["type"]) == (401, "authentication_error")
    assert httpx.get(url, headers={**version, "x-api-key": "sk-wrong"}).status_code == 401


def test_the_key_may_travel_as_a_bearer_token(sandbox: Running) -> None:
    key = sandbox.env["ANTHROPIC_ADMIN_KEY"]
    headers = {"authorization": f"Bearer {key}", "anthropic-version": "2026-10-21"}
    assert httpx.get(f"{sandbox.url}/v1/organizations/users", headers=headers).status_code == 200


@pytest.mark.parametrize("version", [None, "2020-01-01"])
def test_a_known_version_must_be_named(sandbox: Running, version: str | None) -> None:
    headers = {"x-api-key": sandbox.env["ANTHROPIC_ADMIN_KEY"]}
    if version:
        headers["anthropic-version"] = version
    assert httpx.get(f"{sandbox.url}/v1/organizations/users", headers=headers).status_code == 400


def test_analytics_want_their_beta_header(sandbox: Running) -> None:
    headers = {
        "x-api-key": sandbox.env["ANTHROPIC_ADMIN_KEY"],
        "anthropic-version": "2026-10-21",
    }
    url = f"{sandbox.url}/v1/organizations/analytics/cost"
    query = {"starting_at": zulu(YESTERDAY)}
    refused = httpx.get(url, headers=headers, params=query)
    assert refused.status_code == 400
    assert "anthropic-beta" in refused.json()["error"]["message"]
    headers["anthropic-beta"] = "something-else,analytics-usage-cost-2026-08-24"
    assert httpx.get(url, headers=headers, params=query).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "users",
        "api_keys",
        "workspaces",
        "service_accounts",
        "usage_report/messages",
        "cost_report",
        "usage_report/claude_code",
    ],
)
def test_an_enterprise_key_reads_no_console_resource(enterprise: httpx.Client, path: str) -> None:
    assert enterprise.get(path).status_code == 403


@pytest.mark.parametrize("path", ["analytics/users", "spend_limits/effective"])
def test_an_admin_key_reads_no_enterprise_resource(anthropic: httpx.Client, path: str) -> None:
    assert anthropic.get(path).status_code == 403


def test_service_accounts_are_hidden_from_an_admin_key_unless_allowed(
    sandbox: Running, anthropic: httpx.Client
) -> None:
    assert anthropic.get("service_accounts").status_code == 403
    sandbox.control({"service_accounts": True})
    assert len(pages(anthropic, "service_accounts")) == 2


def test_an_unknown_resource_is_not_found(anthropic: httpx.Client) -> None:
    response = anthropic.get("moon_phases")
    assert response.status_code == 404
    assert response.json()["error"]["type"] == "not_found_error"


def test_directories_page_by_id(anthropic: httpx.Client) -> None:
    whole = exact(anthropic.get("users", params={"limit": 1000}))
    first = exact(anthropic.get("users", params={"limit": 5}))
    second = exact(anthropic.get("users", params={"limit": 5, "after_id": first["last_id"]}))
    back = exact(anthropic.get("users", params={"limit": 5, "before_id": second["first_id"]}))
    assert not whole["has_more"]
    assert first["has_more"]
    assert first["data"] + second["data"] == whole["data"][:10]
    assert back["data"] == first["data"]
    assert anthropic.get("users", params={"limit": 1001}).status_code == 400
    assert anthropic.get("users", params={"after_id": "user_nobody"}).status_code == 400


def test_people_who_left_are_in_the_reports_but_not_in_the_directory(
    sandbox: Running, anthropic: httpx.Client
) -> None:
    emails = {user["email"] for user in pages_by_id(anthropic, "users")}
    rows = pages(
        anthropic,
        "analytics/cost",
        starting_at="2026-07-01T00:00:00Z",
        ending_at="2026-08-01T00:00:00Z",
        limit=1000,
        group_by=["actor"],
    )
    actors = [row["group"]["actor"] for row in rows if row["group"]["actor"]]
    left = {a["email_address"] for a in actors if a.get("deleted")}
    assert left
    assert not left & emails


def pages_by_id(client: httpx.Client, path: str, **query: str) -> list[dict[str, object]]:
    body = exact(client.get(path, params={"limit": "1000", **query}))
    assert not body["has_more"]
    records: list[dict[str, object]] = body["data"]
    return records


def test_workspaces_leave_out_the_default_and_the_archived_one(anthropic: httpx.Client) -> None:
    listed = {str(workspace["name"]) for workspace in pages_by_id(anthropic, "workspaces")}
    archived = {
        str(workspace["name"])
        for workspace in pages_by_id(anthropic, "workspaces", include_archived="true")
    }
    assert listed == {"Production", "Data Platform", "Research", "Claude Code"}
    assert archived == listed | {"Prototype"}


def test_keys_belong_to_people_to_services_to_their_creator_or_to_nobody(
    anthropic: httpx.Client,
) -> None:
    keys = pages_by_id(anthropic, "api_keys")
    principals = {(key["principal"] or {}).get("type") for key in keys}  # type: ignore[attr-defined]
    assert principals == {"user_actor", "service_account_actor", None}
    assert any(key["created_by"] and not key["principal"] for key in keys)
    assert any(not key["created_by"] and not key["principal"] for key in keys)
    used = {
        row["group"]["api_key_id"]
        for row in pages(
            anthropic,
            "analytics/usage",
            starting_at=zulu(TODAY - timedelta(days=30)),
            ending_at=zulu(TODAY),
            limit=1000,
            group_by=["api_key_id"],
        )
    }
    assert len(used - {key["id"] for key in keys} - {None}) == 1


def test_user_activity_too_recent_names_the_newest_day(
    sandbox: Running, enterprise: httpx.Client
) -> None:
    refused = enterprise.get("analytics/users", params={"date": YESTERDAY.isoformat()})
    assert refused.status_code == 400
    newest = (YESTERDAY - timedelta(days=1)).isoformat()
    assert newest in refused.json()["error"]["message"]
    rows = pages(enterprise, "analytics/users", date=newest, limit=3)
    assert len({row["user"]["id"] for row in rows}) == len(rows) > 3
    sandbox.control({"users_lag": 0})
    assert enterprise.get("analytics/users", params={"date": YESTERDAY.isoformat()}).is_success


def test_spend_limits_hold_what_was_spent_this_month(enterprise: httpx.Client) -> None:
    spent = {
        row["actor"]["user_id"]: Decimal(row["period_to_date_spend"])
        for row in pages(enterprise, "spend_limits/effective", limit=7)
    }
    rows = pages(
        enterprise,
        "analytics/cost",
        starting_at="2026-11-01T00:00:00Z",
        ending_at=zulu(TODAY),
        limit=1000,
        group_by=["actor"],
    )
    reported = {
        row["group"]["actor"]["user_id"]: Decimal(row["cost"]["amount"])
        for row in rows
        if row["group"]["actor"]
    }
    assert {user: cents for user, cents in spent.items() if cents} == {
        user: cents for user, cents in reported.items() if user in spent
    }


def test_the_official_sdk_pages_through_everything(sandbox: Running) -> None:
    admin = Anthropic(
        api_key=sandbox.env["ANTHROPIC_ADMIN_KEY"], base_url=sandbox.url, max_retries=0
    )
    users = list(admin.organization.users.list(limit=7))
    keys = list(admin.organization.api_keys.list(limit=7))
    workspaces = list(admin.organization.workspaces.list(include_archived=True, limit=2))
    assert (len(users), len(keys), len(workspaces)) == (
        len({user.id for user in users}), len({key.id for key in keys}), 5,
    )  # fmt: skip
    assert len(users) > 14
    assert keys[0].scope.type == "workspace"
    costs = list(
        admin.beta.organization.analytics.cost.list(
            starting_at="2026-11-01T00:00:00Z",
            ending_at="2026-11-21T00:00:00Z",
            time_bucket_width="1d",
            group_by=["actor", "model", "cost_type", "token_type"],
            order_by="time",
            order="asc",
            limit=50,
        )
    )
    truth = sandbox.totals("2026-11-01")["anthropic"]["console"]
    assert sum(Decimal(row.cost.amount) for row in costs) / 100 == sum(
        Decimal(sums["billed"]) for sums in truth.values()
    )
    usage = list(
        admin.beta.organization.analytics.usage.list(
            starting_at="2026-11-01T00:00:00Z",
            ending_at="2026-11-21T00:00:00Z",
            time_bucket_width="1d",
            group_by=["actor", "api_key_id"],
            limit=50,
        )
    )
    assert len(usage) > 50


def test_the_official_sdk_reads_the_enterprise_organization(sandbox: Running) -> None:
    client = Anthropic(
        api_key=sandbox.env["ANTHROPIC_ENTERPRISE_KEY"], base_url=sandbox.url, max_retries=0
    )
    activity = list(client.organization.analytics.users.list(date="2026-11-11", limit=5))
    limits = list(client.organization.spend_limits.effective.list(limit=5))
    assert len(activity) > 5
    assert activity[0].user is not None
    assert len(limits) > 5
    assert limits[0].actor.type == "user_actor"
