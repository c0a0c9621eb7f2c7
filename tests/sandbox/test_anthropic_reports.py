"""Usage and cost at Anthropic: one ledger, whichever way it is asked."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.server import Running
from tests.sandbox.asking import TODAY, exact, pages, zulu

START = date(2026, 11, 1)
RANGE = {"starting_at": zulu(START), "ending_at": zulu(TODAY)}
DAILY: dict[str, Any] = {**RANGE, "time_bucket_width": "1d", "limit": 1000}
DIMENSIONS = ["actor", "api_key_id", "workspace_id", "model", "product"]


def billed(rows: list[Any]) -> Decimal:
    return sum((Decimal(row["cost"]["amount"]) for row in rows), Decimal(0))


def tokens(usage: Any) -> tuple[int, ...]:
    return (
        usage["uncached_input_tokens"],
        usage["cache_read_input_tokens"],
        usage["cache_creation"]["ephemeral_5m_input_tokens"],
        usage["cache_creation"]["ephemeral_1h_input_tokens"],
        usage["output_tokens"],
        usage["server_tool_use"]["web_search_requests"],
    )


def total_tokens(rows: list[Any]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*(tokens(row) for row in rows), strict=True))


@pytest.mark.parametrize(
    "group_by",
    [
        ["actor"],
        ["actor_type"],
        ["api_key_id"],
        ["workspace_id"],
        ["model"],
        ["product"],
        ["context_window", "service_tier", "inference_geo", "speed"],
        ["cost_type"],
        ["cost_type", "token_type"],
        [*DIMENSIONS, "cost_type", "token_type"],
    ],
)
def test_grouped_costs_sum_to_the_ungrouped_cost(
    anthropic: httpx.Client, group_by: list[str]
) -> None:
    (whole,) = pages(anthropic, "analytics/cost", **RANGE)
    grouped = pages(anthropic, "analytics/cost", **DAILY, group_by=group_by)
    assert len(grouped) > 1
    assert billed(grouped) == Decimal(whole["cost"]["amount"])
    assert sum(Decimal(row["cost"]["list_amount"]) for row in grouped) == Decimal(
        whole["cost"]["list_amount"]
    )


def test_grouped_usage_sums_to_the_ungrouped_usage(anthropic: httpx.Client) -> None:
    (whole,) = pages(anthropic, "analytics/usage", **RANGE)
    grouped = pages(anthropic, "analytics/usage", **DAILY, group_by=DIMENSIONS)
    assert total_tokens([row["usage"] for row in grouped]) == tokens(whole["usage"])
    for count in ("requests", "total_tokens"):
        assert sum(row["usage"][count] for row in grouped) == whole["usage"][count]


def test_a_row_is_one_combination_of_day_and_group(anthropic: httpx.Client) -> None:
    rows = pages(
        anthropic, "analytics/cost", **DAILY, group_by=[*DIMENSIONS, "cost_type", "token_type"]
    )
    keys = [(row["starting_at"], repr(row["group"])) for row in rows]
    assert len(set(keys)) == len(keys)


def test_rows_are_null_in_every_dimension_that_was_not_asked_for(anthropic: httpx.Client) -> None:
    rows = pages(anthropic, "analytics/cost", **DAILY, group_by=["model"])
    assert {name for row in rows for name, value in row["group"].items() if value} == {"model"}
    assert set(rows[0]["group"]) >= {"actor", "cost_type", "token_type", "rbac_group_id"}


def test_token_types_alone_leave_out_what_is_not_tokens(anthropic: httpx.Client) -> None:
    by_type = pages(anthropic, "analytics/cost", **RANGE, group_by=["cost_type"])
    by_token = pages(anthropic, "analytics/cost", **RANGE, group_by=["token_type"])
    assert {row["group"]["cost_type"] for row in by_token} == {"tokens"}
    assert len({row["group"]["token_type"] for row in by_token}) == 5
    (of_tokens,) = [row for row in by_type if row["group"]["cost_type"] == "tokens"]
    assert billed(by_token) == Decimal(of_tokens["cost"]["amount"])
    assert {row["group"]["cost_type"] for row in by_type} == {
        "tokens", "web_search", "code_execution", "session_usage",
    }  # fmt: skip


def test_requests_are_null_by_cost_component_only(anthropic: httpx.Client) -> None:
    by_model = pages(anthropic, "analytics/cost", **RANGE, group_by=["model"])
    assert all(row["cost"]["requests"] > 0 for row in by_model)
    by_type = pages(anthropic, "analytics/cost", **RANGE, group_by=["model", "cost_type"])
    assert all(row["cost"]["requests"] is None for row in by_type)


def test_components_do_not_count_toward_the_limit(anthropic: httpx.Client) -> None:
    body = exact(
        anthropic.get(
            "analytics/cost",
            params={
                **DAILY,
                "limit": 3,
                "group_by[]": [*DIMENSIONS, "cost_type", "token_type"],
            },
        )
    )
    groups = {
        (row["starting_at"], repr([row["group"][name] for name in DIMENSIONS]))
        for row in body["data"]
    }
    assert len(groups) == 3
    assert len(body["data"]) > 3


def test_pages_hold_the_same_rows_as_one_page(anthropic: httpx.Client) -> None:
    whole = pages(anthropic, "analytics/cost", **DAILY, group_by=["model", "workspace_id"])
    paged = pages(
        anthropic, "analytics/cost", **{**DAILY, "limit": 7}, group_by=["model", "workspace_id"]
    )
    assert paged == whole


def test_rows_come_in_the_order_asked_for(anthropic: httpx.Client) -> None:
    rows = pages(
        anthropic, "analytics/cost", **DAILY, order_by="time", order="asc", group_by=["model"]
    )
    days = [row["starting_at"] for row in rows]
    assert days == sorted(days)
    assert len(set(days)) > 10
    first_day = [Decimal(row["cost"]["amount"]) for row in rows if row["starting_at"] == days[0]]
    assert first_day == sorted(first_day, reverse=True)
    ranked = [Decimal(r["cost"]["amount"]) for r in pages(anthropic, "analytics/cost", **DAILY)]
    assert ranked == sorted(ranked, reverse=True)


def test_team_groups_overlap(enterprise: httpx.Client) -> None:
    (whole,) = pages(enterprise, "analytics/cost", **RANGE)
    by_team = pages(enterprise, "analytics/cost", **RANGE, group_by=["rbac_group_id"])
    assert billed(by_team) > Decimal(whole["cost"]["amount"])


@pytest.mark.parametrize("organization", ["console", "enterprise"])
def test_the_daily_costs_are_those_that_tests_compare_with(
    sandbox: Running, anthropic: httpx.Client, enterprise: httpx.Client, organization: str
) -> None:
    client = anthropic if organization == "console" else enterprise
    truth = sandbox.totals(START.isoformat())["anthropic"][organization]
    rows = pages(client, "analytics/cost", **DAILY)
    for measure, name in (("amount", "billed"), ("list_amount", "list")):
        reported = {r["starting_at"][:10]: Decimal(r["cost"][measure]) / 100 for r in rows}
        assert reported == {day: Decimal(sums[name]) for day, sums in truth.items()}


def legacy(client: httpx.Client, path: str, **extra: Any) -> list[Any]:
    return pages(client, path, **RANGE, limit=31, **extra)


def test_the_legacy_reports_agree_with_the_analytics(anthropic: httpx.Client) -> None:
    cost = {
        bucket["starting_at"]: sum(Decimal(row["amount"]) for row in bucket["results"])
        for bucket in legacy(anthropic, "cost_report")
    }
    usage = {
        bucket["starting_at"]: total_tokens(bucket["results"])
        for bucket in legacy(anthropic, "usage_report/messages")
    }
    new_cost = pages(anthropic, "analytics/cost", **DAILY)
    new_usage = pages(anthropic, "analytics/usage", **DAILY)
    assert cost == {row["starting_at"]: Decimal(row["cost"]["amount"]) for row in new_cost}
    assert usage == {row["starting_at"]: tokens(row["usage"]) for row in new_usage}


def test_grouped_legacy_reports_sum_to_the_ungrouped_ones(anthropic: httpx.Client) -> None:
    plain = legacy(anthropic, "cost_report")
    grouped = legacy(anthropic, "cost_report", group_by=["workspace_id", "description"])
    for one, many in zip(plain, grouped, strict=True):
        assert sum(Decimal(row["amount"]) for row in many["results"]) == Decimal(
            one["results"][0]["amount"]
        )
    dimensions = ["api_key_id", "workspace_id", "model", "service_tier", "context_window",
                  "account_id", "service_account_id"]  # fmt: skip
    plain = legacy(anthropic, "usage_report/messages")
    grouped = legacy(anthropic, "usage_report/messages", group_by=dimensions)
    for one, many in zip(plain, grouped, strict=True):
        assert total_tokens(many["results"]) == tokens(one["results"][0])
        keys = [tuple(row[name] for name in dimensions) for row in many["results"]]
        assert len(set(keys)) == len(keys)


def test_the_default_workspace_is_null_only_in_the_legacy_reports(anthropic: httpx.Client) -> None:
    old: dict[str | None, Decimal] = defaultdict(Decimal)
    for bucket in legacy(anthropic, "cost_report", group_by=["workspace_id"]):
        for row in bucket["results"]:
            old[row["workspace_id"]] += Decimal(row["amount"])
    new = {
        row["group"]["workspace_id"]: Decimal(row["cost"]["amount"])
        for row in pages(anthropic, "analytics/cost", **RANGE, group_by=["workspace_id"])
    }
    (default,) = set(new) - set(old)
    assert default.startswith("wrkspc_")
    assert new[default] == old[None]


def test_usage_and_cost_do_not_match_one_to_one(anthropic: httpx.Client) -> None:
    tiers = legacy(anthropic, "usage_report/messages", group_by=["service_tier"])
    assert any(row["service_tier"] == "priority" for b in tiers for row in b["results"])
    lines = [
        row
        for bucket in legacy(anthropic, "cost_report", group_by=["description"])
        for row in bucket["results"]
    ]
    assert not any(row["service_tier"] == "priority" for row in lines)
    assert {row["cost_type"] for row in lines} >= {"tokens", "web_search", "code_execution"}
    assert all(row["model"] is None for row in lines if row["cost_type"] != "tokens")


def test_legacy_limits_count_days_and_empty_days_come_too(
    sandbox: Running, anthropic: httpx.Client
) -> None:
    empty_day = "2026-11-05"
    sandbox.control({"empty": {"vendor": "anthropic", "date": empty_day}})
    body = exact(anthropic.get("cost_report", params={"starting_at": zulu(START)}))
    assert [bucket["starting_at"] for bucket in body["data"]] == [
        zulu(START + timedelta(days=i)) for i in range(7)
    ]
    assert body["has_more"]
    assert [b["starting_at"][:10] for b in body["data"] if not b["results"]] == [empty_day]
    refused = anthropic.get("cost_report", params={"starting_at": zulu(START), "limit": 32})
    assert refused.status_code == 400
    whole = pages(anthropic, "cost_report", **RANGE, limit=31)
    assert pages(anthropic, "cost_report", **RANGE, limit=4) == whole


def test_there_is_a_day_without_anything_in_the_console(sandbox: Running) -> None:
    console = sandbox.totals("2026-08-15", "2026-09-15")["anthropic"]["console"]
    assert len([day for day, sums in console.items() if sums["list"] == "0"]) == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"ending_at": "2026-12-03T00:00:00Z"}, "31 days"),
        ({"starting_at": "2025-12-31T00:00:00Z"}, "2026-01-01"),
        ({"starting_at": "2026-11-01T00:00:00"}, "time zone"),
        ({"ending_at": None}, "ending_at"),
        ({"starting_at": None}, "starting_at"),
        ({"time_bucket_width": "1w"}, "time_bucket_width"),
        ({"limit": 1001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"group_by[]": [*DIMENSIONS, "speed"]}, "at most 5"),
        ({"group_by[]": ["color"]}, "color"),
        ({"order_by": "color"}, "order_by"),
        ({"page": "page_abc"}, "page"),
        ({"group_by": "model"}, "unknown parameter"),
    ],
)
def test_wrong_analytics_parameters_are_refused(
    anthropic: httpx.Client, changed: dict[str, Any], says: str
) -> None:
    parameters = {name: v for name, v in {**DAILY, **changed}.items() if v is not None}
    response = anthropic.get("analytics/cost", params=parameters)
    assert response.status_code == 400
    assert response.json()["type"] == "error"
    assert says in response.json()["error"]["message"]


def test_usage_has_no_cost_components(anthropic: httpx.Client) -> None:
    parameters = {**DAILY, "group_by[]": "cost_type"}
    assert anthropic.get("analytics/usage", params=parameters).status_code == 400


def test_the_end_of_the_range_is_exclusive(anthropic: httpx.Client) -> None:
    day = {"starting_at": zulu(START), "ending_at": zulu(START + timedelta(days=1))}
    (row,) = pages(anthropic, "analytics/cost", **day, time_bucket_width="1d")
    assert (row["starting_at"], row["ending_at"]) == (day["starting_at"], day["ending_at"])
    hours = pages(anthropic, "analytics/cost", **day, time_bucket_width="1h")
    assert len(hours) > 5
    assert billed(hours) == Decimal(row["cost"]["amount"])


def test_a_range_may_begin_and_end_within_a_day(anthropic: httpx.Client) -> None:
    noon, midnight = "2026-11-10T12:00:00Z", "2026-11-11T00:00:00Z"
    (whole,) = pages(anthropic, "analytics/cost", starting_at=zulu(date(2026, 11, 10)),
                     ending_at=midnight)  # fmt: skip
    (morning,) = pages(anthropic, "analytics/cost", starting_at=zulu(date(2026, 11, 10)),
                       ending_at=noon)  # fmt: skip
    (afternoon,) = pages(anthropic, "analytics/cost", starting_at=noon, ending_at=midnight)
    assert billed([morning]) > 0
    assert billed([afternoon]) > 0
    assert billed([morning, afternoon]) == billed([whole])


def test_analytics_reach_back_365_days(sandbox: Running, anthropic: httpx.Client) -> None:
    sandbox.control({"today": "2027-03-01"})
    query = {"ending_at": "2026-03-02T00:00:00Z", "time_bucket_width": "1d"}
    assert anthropic.get(
        "analytics/cost", params={**query, "starting_at": "2026-03-01T00:00:00Z"}
    ).is_success
    assert anthropic.get(
        "analytics/cost", params={**query, "starting_at": "2026-02-28T00:00:00Z"}
    ).is_client_error


def test_a_cursor_is_good_for_its_own_query_only(anthropic: httpx.Client) -> None:
    body = exact(anthropic.get("analytics/cost", params={**DAILY, "limit": 2}))
    other = {**DAILY, "limit": 2, "group_by[]": "model", "page": body["next_page"]}
    assert anthropic.get("analytics/cost", params=other).status_code == 400


def test_an_organization_without_analytics_keeps_its_legacy_reports(
    sandbox: Running, anthropic: httpx.Client, enterprise: httpx.Client
) -> None:
    sandbox.control({"analytics": {"console": False}})
    for path in ("analytics/cost", "analytics/usage"):
        assert anthropic.get(path, params=DAILY).status_code == 404
        assert enterprise.get(path, params=DAILY).status_code == 200
    assert anthropic.get("cost_report", params=RANGE).status_code == 200


def test_the_real_bill_is_served_as_it_came(sandbox: Running, anthropic: httpx.Client) -> None:
    sandbox.control({"real_bill": True})
    day = {"starting_at": "2026-08-17T00:00:00Z", "ending_at": "2026-08-18T00:00:00Z"}
    (bucket,) = pages(anthropic, "cost_report", **day, group_by=["description"])
    lines = {(row["token_type"] or row["cost_type"], row["amount"]) for row in bucket["results"]}
    assert lines == {
        ("uncached_input_tokens", "217.3762"), ("output_tokens", "77.829"), ("web_search", "69"),
    }  # fmt: skip
    rows = pages(
        anthropic,
        "analytics/cost",
        **day,
        time_bucket_width="1d",
        group_by=["cost_type", "token_type"],
    )
    assert sorted(row["cost"]["amount"] for row in rows) == ["217.3762", "69", "77.829"]
    for path, name in (("analytics/usage", "usage"), ("usage_report/messages", "results")):
        (row,) = pages(anthropic, path, **day)
        usage = row[name] if name == "usage" else row[name][0]
        assert tokens(usage) == (1_086_881, 0, 0, 0, 77_829, 69)
    truth = sandbox.totals("2026-08-17", "2026-08-18")["anthropic"]["console"]
    assert truth == {"2026-08-17": {"billed": "3.642052", "list": "3.642052"}}


def test_a_revised_day_has_other_amounts_and_the_same_tokens(
    sandbox: Running, anthropic: httpx.Client
) -> None:
    before = pages(anthropic, "analytics/cost", **DAILY)
    usage = pages(anthropic, "analytics/usage", **DAILY)
    sandbox.control({"revise": {"vendor": "anthropic", "date": "2026-11-10", "factor": "1.1"}})
    after = pages(anthropic, "analytics/cost", **DAILY)
    old = {row["starting_at"]: Decimal(row["cost"]["amount"]) for row in before}
    new = {row["starting_at"]: Decimal(row["cost"]["amount"]) for row in after}
    assert new == old | {"2026-11-10T00:00:00Z": old["2026-11-10T00:00:00Z"] * Decimal("1.1")}
    assert pages(anthropic, "analytics/usage", **DAILY) == usage
    sandbox.control({"clear": True})
    assert pages(anthropic, "analytics/cost", **DAILY) == before


def test_actors_are_of_every_kind(anthropic: httpx.Client, enterprise: httpx.Client) -> None:
    rows = pages(anthropic, "analytics/cost", **RANGE, limit=1000, group_by=["actor"])
    kinds = {(row["group"]["actor"] or {}).get("type") for row in rows}
    assert kinds == {
        "user_actor", "service_account_actor", "federated_actor", "api_actor", None,
    }  # fmt: skip
    since = {"starting_at": "2026-07-20T00:00:00Z", "ending_at": "2026-08-20T00:00:00Z"}
    rows = pages(enterprise, "analytics/cost", **since, limit=1000, group_by=["actor"])
    people = [row["group"]["actor"] for row in rows if row["group"]["actor"]]
    gone = [actor for actor in people if actor["deleted"]]
    assert [a["name"] for a in gone if a["email_address"] is None] == ["Deleted User"]
    assert any(actor["email_address"] for actor in gone)


def test_products_include_an_unknown_one(enterprise: httpx.Client) -> None:
    rows = pages(enterprise, "analytics/cost", **RANGE, group_by=["product", "api_key_id"])
    assert {row["group"]["product"] for row in rows} >= {
        "chat", "claude_code", "cowork", "office_agent", "aurora_canvas", None,
    }  # fmt: skip
    assert {row["group"]["api_key_id"] for row in rows} == {None}


def test_claude_code_reports_a_day_of_the_ledger(anthropic: httpx.Client) -> None:
    day = date(2026, 11, 11)
    rows = pages(anthropic, "usage_report/claude_code", starting_at=day.isoformat(), limit=5)
    metered = [row for row in rows if row["customer_type"] == "api"]
    (ledger,) = [
        row["cost"]
        for row in pages(
            anthropic,
            "analytics/cost",
            starting_at=zulu(day),
            ending_at=zulu(day + timedelta(days=1)),
            time_bucket_width="1d",
            group_by=["product"],
        )
        if row["group"]["product"] == "claude_code"
    ]
    estimates = [m["estimated_cost"]["amount"] for r in metered for m in r["model_breakdown"]]
    assert sum(estimates) == Decimal(ledger["list_amount"])
    assert {row["actor"]["type"] for row in rows} == {"user_actor", "api_actor"}
    assert any(row["customer_type"] == "subscription" for row in rows)
    keys = [
        (repr(r["actor"]), r["customer_type"], r["terminal_type"], r["is_remote"]) for r in rows
    ]
    assert len(set(keys)) == len(keys)


def test_claude_code_accepts_one_day_per_call(anthropic: httpx.Client) -> None:
    for wrong in ("2026-11-11T00:00:00Z", "yesterday", ""):
        response = anthropic.get("usage_report/claude_code", params={"starting_at": wrong})
        assert response.status_code == 400
