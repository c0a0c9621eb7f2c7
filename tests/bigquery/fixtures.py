"""Raw tables of a small company in which every value is there because engines might treat it
differently.

The run is on 2024-03-06. The data is around ends of a week, a month, a year and a leap day; records
are JSON text as a vendor could send it, which the extractors would accept.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from bigquery_dev.compiled import raw_columns

AS_OF = "2024-03-06"
# Days that an incremental run builds again. New windows it looks for among the loads since a week
# before the first; a snapshot it compares with the one before, which must be among them.
REBUILT = ["2023-12-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-03-04"]
# Snapshots, and days on which there are seats and nothing else.
REBUILT += ["2024-01-01", "2023-12-15", "2023-12-01", "2023-01-01"]

NEW_YEARS_EVE, NEW_YEAR = "2023-12-31", "2024-01-01"
BEFORE_LEAP, LEAP, MARCH = "2024-02-28", "2024-02-29", "2024-03-01"
# Days of the same weekday before the leap day, of which there are costs to compare it with.
EARLIER_THURSDAYS = ("2024-01-25", "2024-02-08", "2024-02-15")
SATURDAY, SUNDAY, MONDAY, TUESDAY = "2024-03-02", "2024-03-03", "2024-03-04", "2024-03-05"
FIRST_SNAPSHOT, SECOND_SNAPSHOT, THIRD_SNAPSHOT = "2023-12-15", LEAP, TUESDAY

RESOURCES = {
    "anthropic": (
        "users",
        "api_keys",
        "workspaces",
        "service_accounts",
        "spend_limits",
        "analytics_usage",
        "analytics_cost",
        "analytics_users",
        "usage_report_messages",
        "cost_report",
        "usage_report_claude_code",
    ),
    "cursor": ("members", "spend", "groups", "daily_usage", "usage_events"),
    "github": ("billing_usage", "ai_credits", "copilot_seats", "copilot_users", "saml_identities"),
    "google": (
        "billing_export",
        "project_totals",
        "workspace_activities",
        "api_keys",
        "gemini_api_requests",
        "gemini_api_tokens",
        "vertex_tokens",
        "code_assist_log",
        "gemini_enterprise_licenses",
        "gemini_enterprise_subscriptions",
    ),
    "google_sheets": (
        "employees",
        "email_aliases",
        "api_key_mappings",
        "project_mappings",
        "vendor_accounts",
        "seat_plans",
        "seat_assignments",
        "budgets",
        "invoices",
        "exchange_rates",
        "annotations",
    ),
    "openai": (
        "users",
        "projects",
        "project_api_keys",
        "service_accounts",
        "costs",
        "costs_by_identity",
        "usage_completions",
        "usage_embeddings",
        "usage_moderations",
        "usage_images",
        "usage_audio_speeches",
        "usage_audio_transcriptions",
        "usage_web_search_calls",
        "usage_file_search_calls",
        "usage_code_interpreter_sessions",
        "usage_vector_stores",
    ),
    "salesforce": ("accounts", "opportunities", "subscriptions", "users", "subscription_overages"),
    "product": ("teams", "team_members", "usage_events", "daily_activity"),
}

# Of all other resources each day is a window.
DIRECTORIES = {
    *("users", "api_keys", "workspaces", "service_accounts", "spend_limits"),
    *("members", "spend", "groups", "copilot_seats", "saml_identities"),
    *RESOURCES["google"][-2:],
    *RESOURCES["google_sheets"],
    *RESOURCES["openai"][:4],
    *("teams", "team_members"),
}

# Cursor's billing cycle began with the last moment of a day.
ENVELOPES = {"spend": '{"subscriptionCycleStart":1706831999999,"totalMembers":2}'}


@dataclass(frozen=True)
class Window:
    """Records are JSON text, or what JSON text is made of."""

    resource: str
    organization: str
    start: str
    records: list = field(default_factory=list)
    is_changed: bool = True


@dataclass(frozen=True)
class Load:
    """One load of a source; status 0 is complete."""

    source: str
    load_id: str
    inserted_at: str
    windows: list[Window]
    status: int = 0


def raw_tables(loads: list[Load] | None = None) -> dict[str, list[dict]]:
    """The rows of every raw table, by "raw_source.table"; of these loads if any are given."""
    tables: dict[str, list[dict]] = {
        f"raw_{source}.{table}": []
        for source, resources in RESOURCES.items()
        for table in (*resources, "extractions", "rejected_records", "_dlt_loads")
    }
    counts: defaultdict[str, int] = defaultdict(int)
    for load in LOADS if loads is None else loads:
        schema = f"raw_{load.source}"
        inserted_at = dt.datetime.fromisoformat(load.inserted_at)
        tables[f"{schema}._dlt_loads"].append(
            {
                "load_id": load.load_id,
                "schema_name": load.source,
                "status": load.status,
                "inserted_at": inserted_at,
                "schema_version_hash": "hash",
            }
        )
        for window in load.windows:
            start = dt.date.fromisoformat(window.start)
            landed = {
                "window_start": start,
                "window_end": start + dt.timedelta(days=1),
                "organization": window.organization,
                "extracted_at": inserted_at - dt.timedelta(minutes=1),
                "_dlt_load_id": load.load_id,
            }
            counts[schema] += 1
            tables[f"{schema}.extractions"].append(
                landed
                | {
                    "resource": window.resource,
                    "request": "{}",
                    "envelope": ENVELOPES.get(window.resource, '{"data_refreshed_at": null}'),
                    "base_url": "https://vendor.invalid",
                    "pages": 1,
                    "records": len(window.records),
                    "rejected": 0,
                    "content_hash": f"{window.resource}-{load.load_id}",
                    "is_changed": window.is_changed,
                    "is_directory": is_directory(load, window),
                    "_dlt_id": f"extraction-{counts[schema]}",
                }
            )
            for record in window.records if window.is_changed else []:
                counts[schema] += 1
                row = landed | {"_dlt_id": f"record-{counts[schema]}"}
                if load.source == "product":
                    row |= record
                else:
                    row["payload"] = as_json(record, is_escaped=counts[schema] % 2 == 0)
                known = columns_of(f"{schema}.{window.resource}")
                tables[f"{schema}.{window.resource}"].append(
                    {name: row.get(name) for name in known}
                )
    return tables


def is_directory(load: Load, window: Window) -> bool | None:
    """What the extractor records; in loads before the leap day it did not do so yet."""
    if load.inserted_at < LEAP:
        return None
    return load.source != "salesforce" and window.resource in DIRECTORIES


def as_json(record: str | dict, *, is_escaped: bool) -> str:
    """Characters that need a surrogate pair are not escaped: Google's engine cannot read such
    pairs."""
    if isinstance(record, str):
        return record
    text = json.dumps(record, ensure_ascii=False)
    return json.dumps(record) if is_escaped and max(text) <= "\uffff" else text


def columns_of(table: str) -> dict[str, str]:
    """BigQuery's names of the types of a raw table's columns."""
    schema, name = table.split(".")
    return raw_columns(name, schema)


# --- Anthropic -----------------------------------------------------------------------------------

ADA = {"type": "user_actor", "user_id": "user_ada", "email_address": " Ada.Alder@Example.COM "}
BO = {"type": "user_actor", "user_id": "user_bo", "email_address": "bo@example.com"}
DELETED = {"type": "user_actor", "user_id": "user_gone", "email_address": None, "deleted": True}
UNLISTED = {"type": "user_actor", "user_id": "user_nobody_knows"}
ALIAS = {"type": "user_actor", "user_id": None, "email_address": "ADA@old.example.com"}
FEDERATED = {"type": "federated_actor", "subject": "spiffe://naïve/東京", "user_id": 7}
SERVICE = {"type": "service_account_actor", "service_account_id": "svac_listed"}
STRANGE_SERVICE = {"type": "service_account_actor", "service_account_id": "svac_unlisted"}


def by_key(key: str | int) -> dict:
    return {"type": "api_actor", "api_key_id": key}


def cost(actor, amount, listed=None, **group) -> dict:
    group = {"cost_type": "tokens", "token_type": "output_tokens", "actor": actor} | group
    currency = group.pop("currency", "USD")
    money = {"amount": amount, "list_amount": listed or amount, "currency": currency}
    return {"starting_at": "x", "group": group, "cost": money}


def usage(actor, uncached=0, output=0, **more) -> dict:
    names = ("api_key_id", "workspace_id", "model", "product")
    group = {"actor": actor} | {name: more.pop(name) for name in names if name in more}
    counts = {"uncached_input_tokens": uncached, "cache_read_input_tokens": 0}
    return {"group": group, "usage": counts | {"output_tokens": output} | more}


def message_usage(key, output, model="claude-opus-4-8", workspace="wrkspc_a", **more) -> dict:
    return {
        "api_key_id": key,
        "workspace_id": workspace,
        "model": model,
        "uncached_input_tokens": more.pop("uncached", 0),
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
    } | more


def legacy_cost(amount, model="claude-opus-4-8", workspace="wrkspc_a", **more) -> dict:
    return {
        "amount": amount,
        "currency": "USD",
        "workspace_id": workspace,
        "model": model,
        "cost_type": "tokens",
        "token_type": "output_tokens",
        "description": "Claude Opus 4.8 Usage - Output Tokens",
    } | more


# Thirds, of which the ones without a key and without a person tie; a sixth, which would round up;
# tokens above 2**53.
LEGACY_USAGES = [
    message_usage("key_b", 1000),
    message_usage("key_a", 1000),
    message_usage(None, 1000),
    message_usage(None, 1000, account_id="user_ada"),
    message_usage("key_a", 7, "claude-sonnet-5", uncached=11),
    message_usage("key_bot", 9007199254740993, "claude-sonnet-5"),
    message_usage("key_b", 1, "claude-sonnet-5"),
    message_usage("key_code", 5, workspace="wrkspc_code", service_account_id="svac_listed"),
    message_usage("key_b", 2, "claude-nimbus", None, account_id="user_bo"),
    message_usage(None, 2, "claude-nimbus", None, account_id="user_bo"),
    message_usage("key_a", 4, "claude-sixths"),
    message_usage("key_b", 1, "claude-sixths"),
    message_usage("key_code", 1, "claude-sixths"),
    message_usage("key_zero", 0, "claude-nimbus", "wrkspc_zero"),
    message_usage(42, 3, "claude-haiku-4-5", 42, uncached="12"),
]
LEGACY_COSTS = [
    legacy_cost("100"),
    legacy_cost("-100.00"),
    legacy_cost("0.0000000000000001"),
    legacy_cost("12.3456789012345678", "claude-sonnet-5"),
    legacy_cost("1", "claude-sonnet-5", token_type="uncached_input_tokens"),
    legacy_cost("33.33", "claude-unused"),
    legacy_cost("100", "claude-sixths"),
    legacy_cost("-100", "claude-sixths"),
    legacy_cost("10.01", None, cost_type="web_search", token_type=None),
    legacy_cost("0.5", workspace="wrkspc_code"),
    legacy_cost("7.7", "claude-nimbus", None),
    legacy_cost("1.1", "claude-nimbus", "wrkspc_zero"),
    legacy_cost("2.2", None, "wrkspc_unused", cost_type=None, token_type=None),
    legacy_cost("3.000000001", "claude-haiku-4-5", 42),
]
LEGACY_AT_NEW_YEAR = [
    Window("usage_report_messages", "console", NEW_YEARS_EVE, LEGACY_USAGES),
    Window("cost_report", "console", NEW_YEARS_EVE, LEGACY_COSTS),
    Window("usage_report_messages", "console", NEW_YEAR, [message_usage("key_b", 5)]),
    Window("cost_report", "console", NEW_YEAR, [legacy_cost("5"), legacy_cost("5")]),
]
ANALYTICS_COSTS = [
    cost(ADA, "17.008", "18.9", product="chat", model="claude-haiku-4-5"),
    cost(ADA, "-3.3333333333333333", product="claude_code", api_key_id="key_a"),
    cost(BO, "0.0000000000000001", product="cowork", token_type="cache_read_input_tokens"),
    cost(BO, "1e2", product="brand_new", model="claude-nimbus", token_type="brand_new"),
    cost(DELETED, "18.81", "20.9", token_type="cache_creation.ephemeral_5m_input_tokens"),
    cost(UNLISTED, "1"),
    cost(ALIAS, "2.5", model=None, workspace_id=None),
    cost(FEDERATED, "4"),
    cost(FEDERATED, "12.34567890123456", "20", currency="eur"),
    cost(ADA, "5", currency="GBP"),
    cost(SERVICE, "26.519306", workspace_id="wrkspc_a", api_key_id="key_bot"),
    cost(STRANGE_SERVICE, "8", token_type=None, cost_type="code_execution"),
    cost(None, "9.99", cost_type=None, token_type=None),
    cost(by_key("key_mapped"), "1234567.8901234567890123", api_key_id="key_mapped"),
    cost(by_key("key_principal"), "3"),
    cost(by_key("key_creator"), "3"),
    cost(by_key("key_bot"), "5", workspace_id="wrkspc_a"),
    cost(by_key("key_strange_bot"), "6"),
    cost(by_key("key_nobody_knows"), "7", workspace_id="wrkspc_mapped"),
    cost(by_key(42), "0.07", workspace_id=42),
    cost({"type": "unknown"}, "0", "0"),
]
EARLIER_COSTS = [
    [cost(by_key("key_mapped"), amount, api_key_id="key_mapped"), cost(BO, other), cost(None, "1")]
    for amount, other in (("5000.0000001", "2.5"), ("6000", "0.3333333333"), ("4000.25", "9"))
]
ANALYTICS_USAGES = [
    usage(ADA, 387417, 60742, product="chat", model="claude-haiku-4-5", requests=18),
    usage(ADA, 9007199254740993, 1, product="claude_code", api_key_id="key_a", requests=None),
    usage(BO, 0, 0, product="cowork"),
    usage(DELETED, 1, 2, cache_creation={"ephemeral_5m_input_tokens": 3}),
    usage(DELETED, 1, 2, cache_creation=None, server_tool_use={"web_search_requests": 4}),
    usage(SERVICE, 5, 5, workspace_id="wrkspc_a", api_key_id="key_bot"),
    usage(STRANGE_SERVICE, 5, 5, model=None),
    usage(by_key("key_mapped"), 7, 7, api_key_id="key_mapped", model="claude-nimbus"),
    usage(by_key("key_nobody_knows"), 7, 7, workspace_id="wrkspc_mapped"),
    usage(None, 1, 1),
]


def code_day(actor, sessions=1, **more) -> dict:
    metrics = {
        "num_sessions": sessions,
        "lines_of_code": {"added": 120.0, "removed": "3"},
        "commits_by_claude_code": None,
    }
    tools = {"edit_tool": {"accepted": 4, "rejected": 1}, "write_tool": {"accepted": 2}}
    return {"actor": actor, "core_metrics": metrics | more, "tool_actions": tools}


CODE_DAYS = [
    code_day({"type": "user_actor", "email_address": "ADA.alder@example.com"}, is_remote=True)
    | {"is_remote": True, "customer_type": "api", "terminal_type": "vscode"},
    code_day({"type": "api_actor", "api_key_name": " Unique "}, 12.0),
    code_day({"type": "api_actor", "api_key_name": "Shared"}),
    code_day({"type": "api_actor", "api_key_name": "Nobody's"}) | {"tool_actions": None},
    code_day({"type": "user_actor", "email_address": "bo@example.com"}, 0, lines_of_code={}),
]


def activity(email, user="user_x", **more) -> dict:
    return {"user": {"id": user, "email_address": email}} | more


ACTIVITIES = [
    activity(
        "Ada.Alder@example.com",
        chat_metrics={
            "distinct_conversation_count": 4,
            "message_count": 77.0,
            "distinct_artifacts_created_count": "2",
            "distinct_projects_created_count": None,
            "distinct_files_uploaded_count": 3.0,
        },
        cowork_metrics={"distinct_session_count": "2", "message_count": 37},
        office_metrics={"excel": {"distinct_session_count": 1}, "word": {"message_count": 5}},
        claude_code_metrics={
            "core_metrics": {"distinct_session_count": 3, "lines_of_code": {"added_count": 9}},
            "tool_actions": {
                "edit_tool": {"accepted_count": 2, "rejected_count": 1},
                "notebook_edit_tool": {"accepted_count": None},
            },
        },
    ),
    activity("idle@example.com", chat_metrics={"message_count": 0}),
    activity("bo@example.com", chat_metrics=None, web_search_count=6.0),
    activity(None, None, science_metrics={"message_count": 1}, design_metrics=None),
]


def user(identifier, email, name="", **more) -> dict:
    return {"id": identifier, "email": email, "name": name, "role": "user", "type": "user"} | more


def api_key(identifier, name, **more) -> dict:
    return {"id": identifier, "name": name, "status": "active"} | more


def directories(day: str, users: list, keys: list, workspaces: list, accounts: list) -> list:
    return [
        Window("users", "console", day, users),
        Window("api_keys", "console", day, keys),
        Window("workspaces", "console", day, workspaces),
        Window("service_accounts", "console", day, accounts),
    ]


KEYS = [
    api_key(
        "key_a",
        "Shared",
        principal={"user_id": "user_ada", "type": "user"},
        created_by={"id": "user_bo"},
        workspace_id="wrkspc_a",
        created_at="2024-03-01T00:30:00+05:30",
        expires_at="2024-12-31T23:30:00.123456-01:00",
        partial_key_hint="sk-ant-api03-R2D...igAA",
    ),
    api_key("key_b", "Shared", created_by={"id": "user_bo"}, scope={"workspace_id": "wrkspc_a"}),
    api_key("key_code", " Unique ", workspace_id="wrkspc_code", created_at=None),
    api_key(
        "key_principal", "naïve 東京", principal={"id": "user_bo"}, created_by={"id": "nobody"}
    ),
    api_key("key_creator", 'say "hi"\n\t\\', created_by={"id": "user_gone", "type": "user"}),
    api_key("key_bot", "", principal={"service_account_id": "svac_listed"}, created_by={"id": 7}),
    api_key("key_strange_bot", None, principal={"id": "svac_unlisted"}, created_by={"id": 7}),
    api_key("key_mapped", "Mapped", created_by={"id": "user_bo"}),
    api_key(42, "Number", created_by={"id": 7}, workspace_id=42, status="archived"),
]
USERS = [
    user("user_ada", " Ada.Alder@Example.COM ", " Ada Alder ", added_at="2023-12-31T23:59:59.5Z"),
    user("user_bo", "bo@example.com", "Bo Ōkami 🌍"),
    user("user_gone", "gone@example.com", "  "),
    user(7, "seven@example.com", None, added_at=None),
]
WORKSPACES = [
    {"id": "wrkspc_a", "name": " Alpha ", "created_at": "2024-01-01T00:00:00+14:00"},
    {"id": "wrkspc_code", "name": "Claude Code", "created_at": "2022-02-28T12:00:00Z"},
    {"id": 42, "name": "Forty-two", "archived_at": "2024-02-29T23:59:59.999999Z"},
]
ACCOUNTS = [
    {"id": "svac_listed", "name": "Bot ", "created_by_actor_id": "user_bo", "description": ""},
]
LIMITS = [
    {
        "spend_limit_id": "limit_1",
        "actor": {"user_id": "user_ada", "email_address": "ADA.alder@example.com"},
        "scope": {"type": "user"},
        "amount": "5000",
        "period": "monthly",
        "period_to_date_spend": "1234.5678901234567",
        "currency": "USD",
    },
    {
        "spend_limit_id": "limit_3",
        "actor": {"user_id": "user_bo", "email_address": None},
        "amount": "1000.5",
        "period_to_date_spend": "800.4",
        "currency": "EUR",
    },
    {"spend_limit_id": "limit_2", "actor": None, "scope": {"type": "organization"}, "amount": None},
]

# --- Cursor --------------------------------------------------------------------------------------


def milliseconds(moment: str) -> int:
    return round(dt.datetime.fromisoformat(moment).timestamp() * 1000)


def event(moment, kind, email="bo@example.com", charged=None, total=None, **more) -> dict:
    tokens = {"inputTokens": 9587, "outputTokens": 552}
    tokens |= {} if total is None else {"totalCents": total}
    tokens |= more.pop("tokens", {})
    event = {"timestamp": str(milliseconds(moment)), "userEmail": email, "kind": kind}
    event |= {"model": "gpt-5", "tokenUsage": tokens}
    return event | ({} if charged is None else {"chargedCents": charged}) | more


LEAP_DAYS_EVENTS = [
    event("2024-02-29T00:00:00Z", "Usage-based", charged=3.883475, total=3.383375, maxMode=False),
    event("2024-02-29T23:59:59.999Z", "USAGE_EVENT_KIND_USAGE_BASED", charged=0.1, isHeadless=True),
    event("2024-02-29T12:00:00Z", "Included in Pro Plus", "Bo@Example.com ", 12.773175, 11.968725),
    event("2024-02-29T12:00:00Z", "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS", total=5),
    event("2024-02-29T12:00:00Z", "Errored, Not Charged", charged=0, cursorTokenFee=0.25),
    event("2024-02-29T12:00:00Z", "Free Credit", charged=1e-7, total=2.5e-07),
    event("2024-02-29T12:00:00Z", "User API Key", total=1.5, cursorTokenFee=0.80445),
    event("2024-02-29T12:00:00Z", "Something new", "ada.alder@example.com", charged=7),
    event("2024-02-29T12:00:00Z", None, None, charged=-0.5, serviceAccountId="svac_listed"),
    event("2024-02-29T12:00:00Z", "Usage-based", None, serviceAccountId=99, model=None),
    # Without a charge: what it costs less a discount that does not divide, plus the fee.
    event("2024-02-29T12:00:00Z", "Usage-based", total=0.1234567890123456, cursorTokenFee=0.07)
    | {"tokenUsage": {"totalCents": 0.1234567890123456, "discountPercentOff": 33.333333333}},
    event("2024-02-29T12:00:00Z", "Usage-based", total=12.5, tokens={"discountPercentOff": 20}),
    event("2024-02-29T12:00:00Z", "Usage-based", total=25000.5),
    event("2024-02-29T12:00:00Z", "Usage-based")
    | {"tokenUsage": None, "timestamp": 1709208000000.0},
    # The hours of fewer than five people are not shown.
    *(
        event("2024-02-29T20:00:00Z", "Usage-based", f"{name}@example.com", charged=1)
        for name in ("dee", "eve", "fay", "gus", "hal")
    ),
]
FIRST_EVENTS = [
    event("2024-01-01T00:00:00Z", "Included in Business", "new@example.com", 1, 1),
    event("2024-01-01T23:59:59.999Z", "Usage-based", "new@example.com", 1, 1)
    | {"timestamp": milliseconds("2024-01-01T23:59:59.999Z")},
]


def member(email, identifier="user_m", **more) -> dict:
    return {"id": identifier, "email": email, "name": " Member ", "role": "member"} | more


# One leaves and returns; one is there as removed first.
FIRST_MEMBERS = [member("bo@example.com"), member("new@example.com", 17)]
SECOND_MEMBERS = [
    member("bo@example.com", None),
    member("Ada.Alder@example.com", isRemoved=True),
]
THIRD_MEMBERS = [
    member("BO@example.com"),
    member("new@example.com", 17, isRemoved=False),
    member("ada.alder@example.com"),
]
DAILY_USAGES = [
    {
        "email": "BO@example.com",
        "userId": 1,
        "isActive": True,
        "totalLinesAdded": 100,
        "acceptedLinesAdded": 40,
        "totalTabsShown": 9,
        "totalTabsAccepted": 3,
        "totalApplies": 5,
        "totalAccepts": 4,
        "composerRequests": 1,
        "chatRequests": 2,
        "agentRequests": 3,
        "cmdkUsages": 4,
        "bugbotUsages": 5,
        "mostUsedModel": "gpt-5",
    },
    {"email": "idle@example.com", "isActive": False, "totalLinesAdded": 0},
    {"email": None, "userId": "user_x", "isActive": None, "agentRequests": 2},
]
SPEND = [
    {
        "userId": "user_m",
        "email": "Bo@example.com",
        "spendCents": 83.862871875,
        "overallSpendCents": 1e-7,
        "hardLimitOverrideDollars": 0,
        "monthlyLimitDollars": 12.5,
    },
    {"userId": 5, "email": "ada.alder@example.com", "spendCents": 0, "monthlyLimitDollars": None},
]
GROUPS = [
    {"id": "group_1", "name": " Data ", "type": "BILLING", "memberCount": 2, "spendCents": 4.4012},
    {"id": None, "name": "", "memberCount": 0, "currentMembers": [{"userId": "user_m"}]},
    {
        "id": "group_unassigned",
        "name": "Naïve 東京",
        "currentMembers": [{"email": " ADA@old.example.com "}, {}, {"email": "bo@example.com"}],
    },
    {"id": "group_2", "name": "Data", "currentMembers": []},
]

# --- Google Sheets -------------------------------------------------------------------------------


def tab(columns: str, *lines: str) -> list[dict]:
    """Rows as the extractor lands them: the text of cells, written between bars."""
    names = columns.split()
    return [
        {"_row": number} | dict(zip(names, line.split("|"), strict=True))
        for number, line in enumerate(lines, start=2)
    ]


_EMPLOYEE = (
    "email full_name team manager_email cost_center ai_budget_monthly_usd start_date end_date"
)
FIRST_ROSTER = tab(
    _EMPLOYEE,
    "ada.alder@example.com|Ada Alder|Data|bo@example.com|CC-1|150.5|2022-01-01|",
    "bo@example.com|Bo|Apps||CC-2|100|2023-01-01|",
    "cy@example.com|Cy|Apps||CC-2||2023-01-01|2024-02-29",
    "di@example.com|Di|Ops||CC-3|0.123456789|2023-01-01|",
)
SECOND_ROSTER = tab(
    _EMPLOYEE,
    " Ada.Alder@Example.com|Ada Alder |Data| Bo@example.com|CC-1|150.50|2022-01-01|",
    "bo@example.com|Bo|Apps||CC-2|100|2023-01-01|2024-02-29",
    "bo@example.com|Bo|Platform||CC-4|120.00|2024-03-01|",
    "di@example.com|Di|Ops\t||CC-3|0.123456789|2023-01-01|2024-03-05",
    "ed@example.com|Ed \u00a0|Ops||CC-3|19.99||2024-03-06",
)
_MAPPING = "api_key_id email purpose cost_center is_active confidence valid_from valid_to"
MAPPINGS = tab(
    _MAPPING,
    "key_mapped |ada@old.example.com|coding|CC-7|TRUE|0.12345||2024-02-28",
    "key_mapped|bo@example.com|Research |CC-8|true|0.9|2024-02-29|",
    "key_b|||CC-5|FALSE|||",
    "key_code|cy@example.com||CC-5|FALSE||2023-12-01|2023-12-31",
    "wrkspc_mapped||knowledge|CC-6||0.6|2024-02-29|9999-12-31",
    "svac_listed||coding|CC-9|TRUE|1.0||",
    "svac_unlisted|\tdi@example.com\n||CC-9\u00a0|TRUE|0||",
)
ALIASES = tab("alias email", "ADA@OLD.example.com |ada.alder@example.com", "b|bo@example.com")
PLANS = tab(
    "platform plan seat_price_usd billing_cycle valid_from valid_to",
    "Cursor|Business|40.00|monthly||2024-02-14",
    "cursor|business |32.123456|Monthly|2024-02-15|",
    "cursor|pro|20|monthly||9999-12-31",
    "claude_ai|enterprise|365.01|annual||2024-02-28",
    "claude_ai|enterprise|500|annual|2024-02-29|",
    "claude_ai|team|10.000000001|quarterly||",
    "windsurf|basic|7|monthly|2024-02-29|2024-03-31",
)
ASSIGNMENTS = tab(
    "platform email plan assigned_from assigned_to",
    "cursor|bo@example.com|pro|2024-02-20|2024-02-29",
    "cursor|Bo@example.com|business|2024-03-01|",
    "claude_ai|ada.alder@example.com|enterprise|2024-02-25|2024-03-02",
    "claude_ai|bo@example.com|enterprise|2023-12-30|2024-01-02",
    "claude_ai|di@example.com|Team|2024-02-28|9999-12-31",
    "windsurf|di@example.com|basic|2024-02-01|",
    "claude_ai|ed@example.com|no such plan||",
)
BUDGETS = tab(
    "scope_type scope month amount_usd",
    "Team|Data |2024-02|720",
    "company||2024-03|105.50",
    "user|ada.alder@example.com|2024-03|0.000001",
)
# A credit, a sum that no cost divides, one that begins and ends within months, a vendor for all of
# its platforms (of one organization, too), a number twice, cells that are empty, nobody's platform.
INVOICES = tab(
    "platform organization invoice_id period_start period_end amount_usd status amount currency",
    "Cursor||INV-1|2024-02-01|2024-02-29|-105.505| Paid||",
    "cursor||INV-11|2024-02-01|2024-02-29|700|open||",
    "claude_api|| INV-2|2023-12-01|2023-12-31|123456789012.123456|||",
    "Anthropic ||INV-3|2023-12-31|2024-03-02|100.0000000000001|Draft||",
    "anthropic|Enterprise|INV-4|2024-02-29|2024-03-04|1.005|disputed||",
    "claude_ai||INV-5|2024-02-01|2024-02-29|365.01|paid||",
    "claude_ai||inv-5|2024-02-01|2024-02-29|365.02|paid||",
    "gemini||INV-6|2024-02-01|2024-02-29|12.345|||",
    "windsurf||INV-7|2024-02-01|2024-03-31|7|||",
    "||INV-8|2024-02-10|2024-02-11|8|||",
    "cursor||INV-9|2024-02-10||9|||",
    "cursor||INV-10|2024-02-10|2024-02-11||||",
    "claude_code||INV-12|2024-02-01|2024-02-29||paid|100.105|eur ",
    "claude_code||INV-13|2024-03-01|2024-03-02||paid|100|GBP",
)

# Of one currency two rates, of which the second begins on the leap day.
RATES = tab("currency valid_from usd_per_unit", " eur|2024-01-01|1.08425001", "EUR|2024-02-29|1.1")
# Two of one day, and a word in two cases.
ANNOTATIONS = tab(
    "date text scope",
    "2024-02-29| A leap day|company",
    "2024-02-29|New price, \u201cpro\u201d|Cursor",
    "2024-03-01|new models|claude_api",
)
LATER_RATE = [{"_row": 4, "currency": "EUR", "valid_from": "2024-03-02", "usd_per_unit": "1.2"}]


# A project of one person, one in parts, one that is also in the tab of keys.
PROJECTS = tab(
    "vendor project email cost_center purpose confidence share valid_from valid_to",
    "Google|ai-prod| Ada.Alder@example.com||Research|0.75||2024-02-01|",
    "google|ml-shared||CC-7|||33.5||2024-12-31",
    "google|ml-shared|bo@example.com||||66.5||2024-12-31",
    "google|wrkspc_a||CC-8|||||",
    "openai|proj_a||CC-8|coding||||",
)

# Another spelling, an id in place of a login, a span, an account that nobody has.
VENDOR_ACCOUNTS = tab(
    "vendor account email valid_from valid_to",
    "GitHub | Ada-Alder_ACME|ada.alder@example.com||",
    "github|1002|bo@example.com|2024-02-01|2024-03-03",
    "github|nobody|di@example.com||9999-12-31",
)


def tabs(day: str, roster: list, mappings: list) -> Iterator[Window]:
    for resource, rows in (
        ("employees", roster),
        ("email_aliases", ALIASES),
        ("api_key_mappings", mappings),
        ("project_mappings", PROJECTS),
        ("vendor_accounts", VENDOR_ACCOUNTS),
        ("seat_plans", PLANS),
        ("seat_assignments", ASSIGNMENTS),
        ("budgets", BUDGETS),
        ("invoices", INVOICES),
        ("exchange_rates", RATES),
        ("annotations", ANNOTATIONS),
    ):
        yield Window(resource, "sheets", day, rows)


# --- GitHub --------------------------------------------------------------------------------------


def line(sku, quantity, gross, net, organization="acme", product="copilot", **more) -> str:
    """JSON text, in which numbers are written as GitHub writes them."""
    texts = {"sku": sku, "product": product, "organizationName": organization} | more
    numbers = f'"quantity":{quantity},"grossAmount":{gross},"netAmount":{net}'
    return f'{{"date":"2024-02-29T00:00:00Z",{numbers},{json.dumps(texts)[1:]}'


# Fractions and float noise, spellings, a line for each repository, a refund, what no seed knows,
# what is not Copilot's.
LINES = [
    line("copilot_for_business", "0.099999999", "1.899999981", "1.0000000010000003"),
    line("copilot_enterprise", "0.033333333", "1.3", "1.3", "Beta Labs"),
    line("copilot_for_business", 1, 19, 19, "nobody-has-a-seat"),
    line("Copilot AI Credits", 868.70365, 8.6870365, 2.26185275, repositoryName="acme/web"),
    line("copilot_ai_credit", 100, 1, "1e0", "ACME"),
    line("coding_agent_ai_credit", 351.13242, "3.5113242", "1.22896346"),
    line("copilot_ai_credit", -1, -0.01, -0.01, "Beta Labs"),
    line("copilot_premium_request", 3, 0.12, 0.12, None),
    line("actions_linux", 100, 0.6, 0.6, product="actions", repositoryName="acme/web"),
]


def credit(username, gross, model, sku="copilot_ai_credit", organization="acme") -> dict:
    return {
        "date": "2024-02-29",
        "username": username,
        "sku": sku,
        "model": model,
        "gross_amount": gross,
        "organization": organization,
    }


# Less than was billed, more than was billed, thirds of a line, nobody.
CREDITS = [
    credit("ada-alder_acme", "1.1253", "Claude Sonnet 4.6"),
    credit("Bo_acme", "1.1253", "Auto: Claude Haiku 4.5"),
    credit("", "0.091", "Code Review model"),
    credit("bo_acme", "3.6", "Coding Agent model", "coding_agent_ai_credit"),
    credit("zero_acme", "0", "GPT-5"),
    {"username": "di-of-org", "sku": "copilot_ai_credit", "grossAmount": 2.5, "model": None},
]


def seat(login, number, created="2023-01-03T09:00:00Z", **more) -> dict:
    who = {"login": login, "id": number} if login else None
    return {"assignee": who, "created_at": created, "plan_type": "business"} | more


ACME, BETA = {"organization": {"login": "ACME", "id": 1}}, {"organization": {"login": "beta labs"}}
SEATS = [
    seat("Ada-Alder_acme", 1001, **ACME),
    seat("Ada-Alder_acme", 1001, "2023-01-04T09:00:00Z", **BETA),
    seat("bo_acme", 1002, **ACME),
    seat("cy_acme", "1003", plan_type="unknown"),
    seat("di_acme", 1004, None, plan_type="enterprise", **BETA),
    seat("late_acme", 1005, "2024-03-01T00:00:00Z", **ACME),
    seat(None, None, **ACME),
]
LATER_SEATS = [seat("ada-new_acme", 1001, **ACME), *SEATS[2:]]


def user_day(login, number, asked=0, shown=0, **more) -> dict:
    counts = {"user_initiated_interaction_count": asked, "code_generation_activity_count": shown}
    return {"user_login": login, "user_id": number, "organization_id": "1"} | counts | more


USER_DAYS = [
    user_day("Ada-Alder_acme", 1001, 50, 40, loc_suggested_to_add_sum=200, loc_added_sum=88),
    user_day("Ada-Alder_acme", 1001, 50, 40, organization_id="2", loc_suggested_to_add_sum=200),
    user_day("bo_acme", "1002", totals_by_cli={"prompt_count": 9}),
    user_day("idle_acme", 1006),
    user_day("no-id_acme", None, 3, code_acceptance_activity_count=1),
]

# --- Google --------------------------------------------------------------------------------------


def billed(project, sku, cost, at, month, of_project=(), **more) -> dict:
    """A row of the export; numbers with a fraction are text, as the extractor lands them."""
    service, name = {
        "flash": ("AEFD-7695-64FA", "Generate content output token count gemini 2.5 flash"),
        "cached": (
            "AEFD-7695-64FA",
            "Generate_content cached input token count gemini 3 flash",
        ),
        "claude": ("SOME-SERVICE", "Claude Sonnet 4.6 — Input Tokens — global"),
        "seat": ("719A-983F-202D", "Gemini Code Assist Standard subscription"),
        "seats": ("74B1-77CF-C302", "Gemini Enterprise Standard subscription"),
        "new": ("C7E2-9256-1C43", "Vertex AI something new"),
        "tax": ("CDD1-2F4A-93B0", "Tax"),
    }[sku]
    return {
        "cost_type": "regular",
        "invoice": {"month": month},
        "service": {"id": service, "description": "A service"},
        "sku": {"id": f"sku-{sku}", "description": name},
        "usage_start_time": f"{at}+00:00",
        "project": {"id": project, "name": f"The {project}", "labels": of_project}
        if project
        else None,
        "cost": cost,
        "currency": "USD",
        "currency_conversion_rate": "1.0",
        "credits": [],
    } | more


EUR = {"currency": "EUR", "currency_conversion_rate": "0.9187"}
TWO_CREDITS = {"credits": [{"amount": "-0.1"}, {"amount": "-0.000000000000000001"}]}
CC_7, CC_8, UNKNOWN_LABEL = (
    [{"key": "team", "value": "search"}, {"key": "cost_center", "value": value}]
    for value in ("cc-7", "cc-8", "not-known")
)
EXPORTED_AT_LEAP = [
    billed("ai-prod", "flash", "1.1532", "2024-02-28T23:59:59.999", "202402", **TWO_CREDITS),
    # Two rows that are equal and both real.
    billed("ai-prod", "cached", "0.0000412", "2024-02-28T10:00:00", "202402"),
    billed("ai-prod", "cached", "0.0000412", "2024-02-28T10:00:00", "202402"),
    billed("ml-shared", "claude", "123456.789012345678", "2024-02-29T00:00:00", "202402", **EUR),
    billed("ml-shared", "seat", "0.6333333333333333", "2024-02-29T00:00:00", "202402", **EUR),
    # A project and its requests with labels, and requests with a label that nobody knows.
    billed("labeled", "flash", "0.5", "2024-02-28T12:00:00", "202402", CC_8, labels=CC_7),
    billed("labeled", "flash", "0.25", "2024-02-29T12:00:00", "202402", CC_8, labels=CC_7, **EUR),
    billed("labeled", "seat", "0.75", "2024-02-29T12:00:00", "202402", CC_8),
    billed("ai-prod", "flash", "0.125", "2024-02-29T13:00:00", "202402", labels=UNKNOWN_LABEL),
    # Three seats, of which two people have one each.
    billed("ai-prod", "seats", "1.0000000000000001", "2024-02-29T00:00:00", "202402"),
    billed(None, "new", "7", "2024-02-29T01:00:00", "202402", cost_at_list="8.5"),
]
EXPORTED_IN_MARCH = [
    # On the invoice of the day's month, and on the next one.
    billed("ai-prod", "flash", "3", "2024-03-01T00:00:00", "202402"),
    billed("ml-shared", "claude", "-123456.789012345678", "2024-02-29T00:00:00", "202403", **EUR),
    billed("ml-shared", "claude", "1", "2024-02-29T00:00:00", "202403", **EUR),
    billed("ai-prod", "tax", "1", "2024-02-01T07:00:00", "202402", cost_type="tax"),
    billed("labeled", "tax", "0.31", "2024-02-01T07:00:00", "202402", CC_7, cost_type="tax"),
    # The project has lost its label.
    billed("labeled", "flash", "0.25", "2024-03-01T12:00:00", "202403"),
    billed("shop", "tax", "100", "2024-02-01T07:00:00", "202402", cost_type="tax"),
    billed("ml-shared", "tax", "0.1", "2024-02-01T07:00:00", "202402", cost_type="tax", **EUR),
    # A day that is built again.
    billed("ml-shared", "tax", "0.2", "2024-03-01T07:00:00", "202403", cost_type="tax", **EUR),
    billed(None, "tax", "-0.003211", "2024-02-01T07:00:00", "202402", cost_type="rounding_error"),
]


def total(project, month, net) -> dict:
    return {"project_id": project, "invoice_month": month, "net_cost": net}


TOTALS_AT_LEAP = [
    total("ai-prod", "202402", "1.153282"),
    total("ml-shared", "202402", "200000"),
    total("labeled", "202402", "2"),
    total("shop", "202402", "55.5"),
    total(None, "202402", "7"),
]


def seat_holder(email, created_at, state="ASSIGNED") -> dict:
    return {
        "userPrincipal": email,
        "licenseAssignmentState": state,
        "createTime": created_at,
        "lastLoginTime": "2024-02-28T08:00:00.123456789Z",
    }


SEAT_HOLDERS = [
    seat_holder("Ada.Alder@example.com", "2024-01-02T08:00:00Z"),
    seat_holder("bo@example.com", "2024-02-29T23:00:00Z"),
    seat_holder("di@example.com", "2024-01-02T08:00:00Z", state="UNASSIGNED"),
]
BOUGHT_SEATS = [
    {"name": "projects/1/licenseConfigs/a", "state": "ACTIVE", "licenseCount": "3"},
    {"name": "projects/1/licenseConfigs/b", "state": "EXPIRED", "licenseCount": "9"},
]


def did(moment, email, *values, qualifier="-1") -> dict:
    """An activity in Google Workspace with an event for each pair of an action and an app."""
    return {
        "id": {"time": moment, "uniqueQualifier": qualifier},
        "actor": {"email": email, "profileId": "105"} if email else {"profileId": "106"},
        "events": [
            {
                "name": "feature_utilization",
                "parameters": [
                    {"name": "feature_source"},
                    {"name": "app_name", "value": app},
                    {"name": "action", "value": action},
                ],
            }
            for action, app in values
        ],
    }


LAST_MOMENT = "2024-02-29T23:59:59.999Z"
ACTIVITIES = [
    did(LAST_MOMENT, "Ada.Alder@example.com", ("summarize", "gmail")),
    # Listed twice.
    did(LAST_MOMENT, "Ada.Alder@example.com", ("summarize", "gmail")),
    did(LAST_MOMENT, None, ("générer", "Docs"), ("proofread", None), qualifier="9"),
]
LATE_ACTIVITY = did("2024-02-29T00:00:00Z", "bo@example.com", ("new_action", "東京"))


def point(count, kind="", resource=None, **labels) -> dict:
    """A day of a series; Google leaves out a count of zero."""
    return {
        "metric": {"type": f"generativelanguage.googleapis.com/{kind}", "labels": labels},
        "resource": {"type": "x", "labels": resource or {}},
        "value": {"int64Value": str(count)} if count else {},
    }


def called(count, credential, method="GenerativeService.GenerateContent", code="200") -> dict:
    method = f"google.ai.generativelanguage.v1beta.{method}"
    caller = {"credential_id": credential, "method": method}
    return point(count, resource=caller, response_code=code)


KEYS_OF_PROJECT = [
    {"uid": "3b1f", "displayName": "prod-bot é", "createTime": "2024-01-06T07:08:09.101112131Z"},
    {"uid": "77c0", "displayName": "shared", "deleteTime": "2024-02-28T00:00:00Z"},
]
CALLS = [
    called(9007199254740993, "apikey:3b1f"),
    called(14, "apikey:3b1f", code="429"),
    called(3, "apikey:77c0", "ModelService.ListModels"),
    called(75, "serviceaccount:110022003300440055006"),
    called(0, ""),
]
OUTPUT, INPUT = "generate_content_usage_output_token_count", "quota/paid_tier_2_input/usage"
TOKENS = [
    point(461280, OUTPUT, model="gemini-2.5-flash", thinking_enabled="true"),
    point(0, OUTPUT, model="gemini-3-flash"),
    point(1000, INPUT, model="gemini-2.5-flash", limit_name="PerMinute"),
    point(100, INPUT, model="gemini-2.5-flash", limit_name="PerMinute"),
    point(1099, INPUT, model="gemini-2.5-flash", limit_name="PerDay"),
]
ON_VERTEX = [
    point(7, resource={"publisher": "anthropic", "model_user_id": "claude-x"}, type="input"),
    point(8, resource={"publisher": "google", "model_user_id": "gemini-3-pro"}, type="output"),
    point(9, resource={"publisher": "meta"}, type="output"),
]


def completed(moment, request, email=None) -> dict:
    return {
        "insertId": f"insert-{request}",
        "timestamp": moment,
        "labels": {"user_id": email, "method": "CompleteCode"} if email else {},
        "jsonPayload": {"requestId": request} if request else {},
    }


COMPLETIONS = [
    completed("2024-02-29T23:59:59.999999999Z", "r1", "Ada.Alder@example.com"),
    completed("2024-02-29T23:59:59.999999Z", "r1", "Ada.Alder@example.com"),
    completed("2024-02-29T00:00:00Z", None),
]


# --- What was landed, in the order of time -------------------------------------------------------

# --- OpenAI --------------------------------------------------------------------------------------


def billed_item(value, line_item, project="proj_a", currency="usd", **more) -> dict:
    amount = {"value": value, "currency": currency}
    return {"amount": amount, "line_item": line_item, "project_id": project} | more


def completions(key, output, model="gpt-6-astra", project="proj_a", **more) -> dict:
    counts = {"input_tokens": more.pop("input_tokens", 0), "output_tokens": output}
    named = {"project_id": project, "api_key_id": key, "user_id": None, "model": model}
    return counts | named | {"batch": False, "service_tier": "default"} | more


def openai_key(identifier, project, owner, **more) -> dict:
    kind = "user" if owner.startswith("user") else "service_account"
    owned = {"type": kind, kind: {"id": owner}}
    return {"project_id": project, "id": identifier, "name": " Desk ", "owner": owned} | more


# Thirds, of which two tie; a tier that no usage has; digits that a float does not hold.
OPENAI_COSTS = [
    billed_item(1, "gpt-6-astra, output_tokens"),
    billed_item(-0.25, "gpt-6-astra, output_tokens"),
    '{"amount": {"value": 1234567.012345678901234567, "currency": "usd"},'
    ' "line_item": "gpt-6-astra, batch output_tokens", "project_id": "proj_a"}',
    '{"amount":{"currency":"USD","value":1.5E-7},"line_item":"gpt-6-astra, cached_input_tokens",'
    '"project_id":"proj_a"}',
    billed_item("0.100000000000000001", " GPT-6-astra, flex output "),
    billed_item("12.3456789012", "gpt-6-astra, input_tokens", currency="eur"),
    billed_item("3", "gpt-6-astra, input_tokens", currency="gbp"),
    billed_item("0.07", "web search tool calls"),
    billed_item("0.0042", "text-embedding-3-large", None),
    billed_item("5", "東京 rides", "proj_old"),
    billed_item("-2", "Goodwill credit", None),
    billed_item("0.5", None, "proj_a"),
]
OPENAI_USAGES = [
    completions("key_openai_b", 100, input_tokens=9007199254740993, input_cached_tokens=3),
    completions("key_openai_a", 100, user_id="user-ada"),
    completions(None, 100, user_id="user-ada", service_tier=None),
    completions(
        "key_openai_bot", 7, input_tokens="50", input_cached_tokens=20.0,
        input_cache_write_tokens=15, input_cache_write_12h_tokens=5, batch=True,
    ),
    completions(42, 0, "gpt-6-astra-mini", "proj_old", num_model_requests=3),
    completions(None, 1, "gpt-6-astra", None, user_id="user-gone"),
]  # fmt: skip
OPENAI_BY_KEY = [
    billed_item("2.5", "gpt-6-astra, output_tokens", api_key_id="key_openai_bot"),
    billed_item("0.25", "web search tool calls", api_key_id=None),
]
OPENAI_KEYS = [
    openai_key("key_openai_a", "proj_a", "user-ada", created_at=1704067199, expires_at=None),
    openai_key("key_openai_bot", "proj_a", "svc_acct_bot", redacted_value="sk-...xyz"),
]
OPENAI_PROJECTS = [
    {"id": "proj_a", "name": " Naïve 東京 ", "created_at": 1703980800, "archived_at": None},
    {"id": "proj_old", "name": "old prototype", "archived_at": 1709251199, "status": "archived"},
]
OPENAI_AT_LEAP = [
    Window("users", "openai", LEAP, [{"id": "user-ada", "email": " Ada.Alder@Example.com"}]),
    Window("projects", "openai", LEAP, OPENAI_PROJECTS),
    Window("project_api_keys", "openai", LEAP, OPENAI_KEYS),
    Window("service_accounts", "openai", LEAP, [{"project_id": "proj_a", "id": "svc_acct_b"}]),
    Window("costs", "openai", BEFORE_LEAP, OPENAI_COSTS[:1]),
    Window("usage_completions", "openai", BEFORE_LEAP, OPENAI_USAGES[:1]),
    Window("costs", "openai", LEAP, OPENAI_COSTS),
    Window("usage_completions", "openai", LEAP, OPENAI_USAGES),
    Window(
        "usage_embeddings",
        "openai",
        LEAP,
        [{"input_tokens": 42, "num_model_requests": 2, "model": "text-embedding-3-large"}],
    ),
    Window(
        "usage_web_search_calls",
        "openai",
        LEAP,
        [{"num_requests": 7, "num_model_requests": 7, "project_id": "proj_a"}],
    ),
]
# A user, a key and an account are no longer listed; a day is emptied, one is now by key.
OPENAI_LATER = [
    Window("users", "openai", TUESDAY, [{"id": "user-bo", "email": "bo@example.com"}]),
    Window("project_api_keys", "openai", TUESDAY, OPENAI_KEYS[:1]),
    Window("service_accounts", "openai", TUESDAY, []),
    Window("costs", "openai", BEFORE_LEAP, []),
    Window("costs", "openai", MONDAY, OPENAI_COSTS[:2]),
    Window("costs_by_identity", "openai", MONDAY, OPENAI_BY_KEY),
    Window("usage_completions", "openai", MONDAY, OPENAI_USAGES[:2]),
]

# --- Salesforce and the product's database -------------------------------------------------------

# Ids of 15 characters and of 18, and two that differ in upper and lower case only.
ACME, BETA = "001SB0000000001AAA", "001SB0000000002"
SUBSCRIPTION, CASE_TWIN, DELETED_ONE = "a0XSB0000caseAbAAQ", "a0XSB0000caseaB", "a0XSB0000000003AAA"


def stamped(moment: str, **record) -> dict:
    return {"SystemModstamp": f"{moment}.000+0000", "IsDeleted": False} | record


OLD_NAME = stamped("2024-02-28T10:00:00", Id=ACME, Name="Acme & Söhne ", OwnerId=None)
SALES_AT_LEAP = [
    Window("accounts", "salesforce", BEFORE_LEAP, [OLD_NAME]),
    Window(
        "accounts",
        "salesforce",
        LEAP,
        [
            stamped(
                "2024-02-29T23:59:59",
                Id=ACME,
                Name="Acme 東京",
                SWE_Count__c=12.0,
                NumberOfEmployees=40,
                OwnerId="005SB0000000001AAA",
            ),
            stamped("2024-02-29T01:00:00", Id=BETA, Name=None, IsDeleted=True),
        ],
    ),
    Window(
        "users",
        "salesforce",
        LEAP,
        [
            stamped("2024-02-29T01:00:00", Id="005SB0000000001AAA", Name="Sam", ManagerId=None),
        ],
    ),
    Window(
        "subscriptions",
        "salesforce",
        LEAP,
        [
            stamped(
                "2024-02-29T01:00:00",
                Id=SUBSCRIPTION,
                Name="First",
                Account__c=ACME[:15],
                Total_Licensed_Seats__c=5.0,
                All_Cursor_Team_IDs__c=" 101;102 , 999",
                Start_Date__c="2024-01-01",
                End_Date__c="2024-12-31",
                Open_Renewal__c="006SB0000000001AAA",
            ),
            stamped("2024-02-29T01:00:00", Id=CASE_TWIN, Name="Twin", Start_Date__c="2024-02-01"),
            stamped("2024-02-29T01:00:00", Id=DELETED_ONE, Name="Gone", IsDeleted=True),
        ],
    ),
    Window(
        "opportunities",
        "salesforce",
        LEAP,
        [
            stamped(
                "2024-02-29T01:00:00",
                Id="006SB0000000001AAA",
                Name="Renewal",
                AccountId=ACME,
                Type="Renewal",
                StageName="Open",
                CloseDate="2024-12-01",
                Amount=1000.55,
                License_Count__c=3.0,
                True_Up_Number__c=1.0,
                Subscription__c=CASE_TWIN,
                Cursor_Team_ID__c="103",
            ),
            stamped(
                "2024-02-29T01:00:00",
                Id="006SB0000000002AAA",
                Name="New",
                AccountId=ACME,
                Type="New Business",
                Cursor_Team_ID__c="104",
            ),
            stamped(
                "2024-02-29T01:00:00",
                Id="006SB0000000003AAA",
                Name="Lost",
                AccountId=ACME,
                Type="Expansion",
                StageName="Closed Lost",
                True_Up_Number__c="1.2E1",
                Cursor_Team_ID__c="1.2345678E7",
            ),
        ],
    ),
    Window(
        "subscription_overages",
        "salesforce",
        LEAP,
        [
            stamped(
                "2024-02-29T01:00:00",
                Id="a0YSB0000000001AAA",
                Subscription__c=SUBSCRIPTION,
                Period_Start__c="2024-02-01",
                Amount__c=0.3,
            ),
        ],
    ),
]


def moment_of(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def team(number: int, subscription: str | None, **more) -> dict:
    known = {"snapshot_date": dt.date.fromisoformat(LEAP), "id": number, "name": f"Team {number}"}
    known |= {"seats": 4, "is_enterprise": number % 2 == 0, "membership_type": "team"}
    return known | {"sf_subscription_id": subscription} | more


def membership(user: int, number: int, left: str | None = None) -> dict:
    return {
        "snapshot_date": dt.date.fromisoformat(LEAP),
        "user_id": user,
        "team_id": number,
        "email": f" U{user}@Seller.Example",
        "joined_at": moment_of("2024-01-15T09:00:00"),
        "left_at": left and moment_of(left),
    }


def product_event(number: int, at: str, kind="agent", price="0.1", fee="0.01", **more) -> dict:
    """Somebody's request; by user 1 in team 101 unless told otherwise."""
    event = {"id": number, "user_id": 1, "owning_team": 101, "occurred_at": moment_of(at)}
    event |= {"usage_date": dt.date.fromisoformat(at[:10])}
    event |= {"usage_type": kind, "model": "gpt-5-codex", "input_tokens": 1_000_001}
    event |= {"output_tokens": 7, "cache_read_tokens": 3, "cache_write_tokens": None}
    event |= {"api_price_usd": Decimal(price), "token_fee_usd": Decimal(fee)}
    return event | {"uses_rules": True, "uses_mcp": None, "uses_plan_mode": False} | more


EVENTS = [
    product_event(1, "2024-02-28T23:59:59.999999"),
    product_event(2, "2024-02-29T00:29:59", price="0.123456788012345678"),
    product_event(3, "2024-02-29T01:00:00", model="default", fee="0"),
    product_event(4, "2024-02-29T01:10:00", user_id=2, price="120"),
    product_event(5, "2024-02-29T01:10:00", "bugBot", user_id=3, price="7"),
    product_event(6, "2024-03-01T00:00:00", "chat", owning_team=None),
    product_event(7, "2024-03-01T12:00:00", "tab", user_id=None, price="0", fee="0"),
    product_event(8, "2024-03-02T12:00:00", owning_team=555),
    product_event(9, "2024-03-04T12:00:00", owning_team=103, user_id=4, model=None),
]


def worked(user: int, day: str, accepts: int) -> dict:
    names = ("agent_requests", "chat_requests", "cmd_k_requests", "bugbot_reviews")
    known = {"user_id": user, "team_id": 101, "activity_date": dt.date.fromisoformat(day)}
    known |= {"tab_accepts": accepts, "tab_suggestions": accepts * 2, "lines_accepted": None}
    return known | dict.fromkeys(names, 0)


PRODUCT_AT_LEAP = [
    Window(
        "teams",
        "product",
        LEAP,
        [
            team(101, SUBSCRIPTION),
            team(102, CASE_TWIN),
            team(103, "nonsense"),
            team(104, None),
            team(105, DELETED_ONE, seats=None),
        ],
    ),
    Window(
        "team_members",
        "product",
        LEAP,
        [membership(1, 101), membership(2, 101, "2024-03-01T08:00:00"), membership(5, 102)],
    ),
    Window("usage_events", "product", LEAP, EVENTS[:7]),
    Window("daily_activity", "product", LEAP, [worked(1, LEAP, 60), worked(5, LEAP, 3)]),
]
# A day of activity came again, and an event too.
PRODUCT_LATER = [
    Window("usage_events", "product", MONDAY, EVENTS[6:]),
    Window("daily_activity", "product", LEAP, [worked(1, LEAP, 61)]),
]

# A login that the tab vendor_accounts does not have, and one that the company calls by a number.
SAML_IDENTITIES = [
    {
        "user": {"databaseId": 1009, "login": "Di-Acme"},
        "samlIdentity": {"nameId": "Di@example.com"},
    },
    {"user": {"databaseId": 1002, "login": "bo_acme"}, "samlIdentity": {"nameId": "4711"}},
]

LOADS = [
    Load(
        "github",
        "1709272001.0",
        "2024-03-01T05:46:41+00:00",
        [
            Window("billing_usage", "github", NEW_YEAR, LINES[:1]),
            Window("billing_usage", "github", LEAP, LINES[1:3]),
            Window("ai_credits", "github", LEAP, CREDITS),
            Window("copilot_seats", "github", LEAP, SEATS),
            Window("copilot_users", "github", LEAP, USER_DAYS),
            Window("saml_identities", "github", LEAP, SAML_IDENTITIES),
        ],
    ),
    # A day that was restated, a day of which no credits are known, and an account with a new name.
    Load(
        "github",
        "1709617001.0",
        "2024-03-05T05:36:41+00:00",
        [
            Window("billing_usage", "github", LEAP, LINES),
            Window("billing_usage", "github", MONDAY, LINES),
            Window("copilot_seats", "github", MONDAY, LATER_SEATS),
            Window("copilot_users", "github", MONDAY, [user_day("ada-new_acme", 1001, 1)]),
        ],
    ),
    Load(
        "google",
        "1709272000.0",
        "2024-03-01T05:46:40+00:00",
        [
            Window("billing_export", "google", LEAP, EXPORTED_AT_LEAP),
            Window("project_totals", "google", LEAP, TOTALS_AT_LEAP),
            Window("workspace_activities", "google", LEAP, ACTIVITIES),
            Window("api_keys", "ai-prod", LEAP, KEYS_OF_PROJECT),
            Window("gemini_api_requests", "ai-prod", LEAP, CALLS),
            Window("gemini_api_tokens", "ai-prod", LEAP, TOKENS),
            Window("vertex_tokens", "ml-shared", LEAP, ON_VERTEX),
            Window("code_assist_log", "ml-shared", LEAP, COMPLETIONS),
            Window("gemini_enterprise_licenses", "ai-prod", LEAP, SEAT_HOLDERS),
            Window("gemini_enterprise_subscriptions", "ai-prod", LEAP, BOUGHT_SEATS),
        ],
    ),
    # The day of exports again, without one of its rows; then a correction and taxes.
    Load(
        "google",
        "1709617000.0",
        "2024-03-05T05:36:40+00:00",
        [
            Window("billing_export", "google", LEAP, EXPORTED_AT_LEAP[1:]),
            Window("workspace_activities", "google", LEAP, [*ACTIVITIES, LATE_ACTIVITY]),
            Window("billing_export", "google", MONDAY, EXPORTED_IN_MARCH),
            Window("project_totals", "google", MONDAY, [total("ai-prod", "202402", "3.25")]),
        ],
    ),
    Load("openai", "1709272100.0", "2024-03-01T05:48:20+00:00", OPENAI_AT_LEAP),
    Load("openai", "1709617100.0", "2024-03-05T05:38:20+00:00", OPENAI_LATER),
    Load("salesforce", "1709251000.0", "2024-03-01T00:30:00+00:00", SALES_AT_LEAP),
    Load("product", "1709251100.0", "2024-03-01T00:31:00+00:00", PRODUCT_AT_LEAP),
    Load("product", "1709600000.0", "2024-03-05T01:00:00+00:00", PRODUCT_LATER),
    Load(
        "anthropic",
        "1702600000.0",
        "2023-12-15T05:00:00+00:00",
        directories(FIRST_SNAPSHOT, USERS, KEYS[:6], WORKSPACES[:2], ACCOUNTS),
    ),
    Load(
        "anthropic",
        "1704175200.000001",
        "2024-01-02T06:00:00.000001+00:00",
        LEGACY_AT_NEW_YEAR,
    ),
    Load(
        "anthropic",
        "1709272799.9",
        "2024-03-01T05:59:59.999999+00:00",
        [
            Window("usage_report_messages", "console", BEFORE_LEAP, [message_usage("key_a", 3)]),
            Window("cost_report", "console", BEFORE_LEAP, [legacy_cost("1")]),
            Window("usage_report_messages", "console", LEAP, [message_usage("key_a", 3)]),
            Window("cost_report", "console", LEAP, [legacy_cost("1")]),
            Window("analytics_cost", "console", LEAP, [cost(BO, "999")]),
            *(
                Window("analytics_cost", "console", day, costs)
                for day, costs in zip(EARLIER_THURSDAYS, EARLIER_COSTS, strict=True)
            ),
            Window("analytics_usage", "console", LEAP, ANALYTICS_USAGES),
            Window("analytics_cost", "enterprise", LEAP, ANALYTICS_COSTS[:4]),
            Window("usage_report_claude_code", "console", LEAP, CODE_DAYS),
            Window("analytics_users", "enterprise", LEAP, ACTIVITIES),
            Window("analytics_users", "console", LEAP, ACTIVITIES[:1]),
            Window("spend_limits", "enterprise", LEAP, LIMITS),
            *directories(SECOND_SNAPSHOT, USERS, KEYS, WORKSPACES, ACCOUNTS),
        ],
    ),
    # Rows arrived, but the load never finished: none of it counts.
    Load(
        "anthropic",
        "1709359200.0",
        "2024-03-02T06:00:00+00:00",
        [
            Window("analytics_cost", "console", LEAP, [cost(BO, "55555")]),
            Window("analytics_usage", "enterprise", SATURDAY, ANALYTICS_USAGES),
        ],
        status=1,
    ),
    # A day reported again, one emptied, one found unchanged; cost from one source and usage from
    # the other.
    Load(
        "anthropic",
        "1709618400.0",
        "2024-03-05T06:00:00+00:00",
        [
            Window("analytics_cost", "console", LEAP, ANALYTICS_COSTS),
            Window("cost_report", "console", BEFORE_LEAP, []),
            Window("analytics_usage", "console", LEAP, ANALYTICS_USAGES, is_changed=False),
            Window("analytics_usage", "console", MARCH, []),
            Window("analytics_cost", "console", MARCH, ANALYTICS_COSTS[-6:]),
            Window("usage_report_messages", "console", MARCH, [message_usage("key_b", 8)]),
            Window("cost_report", "console", SUNDAY, [legacy_cost("1.5")]),
            Window("analytics_usage", "console", SUNDAY, ANALYTICS_USAGES[5:]),
            Window("analytics_cost", "enterprise", MONDAY, [cost(BO, "1")]),
            Window("analytics_cost", "enterprise", MONDAY.replace("-04", "-06"), [cost(BO, "6")]),
            *directories(
                THIRD_SNAPSHOT,
                [user("user_ada", "ada@new.example.com"), *USERS[3:]],
                [*KEYS[:2], api_key("key_code", "Renamed"), *KEYS[6:]],
                [{"id": "wrkspc_a", "name": "Alpha II"}],
                [],
            ),
        ],
    ),
    # As soon as the one before: the greater id counts.
    Load(
        "anthropic",
        "1709618400.1",
        "2024-03-05T06:00:00+00:00",
        [Window("analytics_cost", "enterprise", MONDAY, ANALYTICS_COSTS[2:6])],
    ),
    Load(
        "cursor",
        "1704175201.0",
        "2024-01-02T07:00:00+01:00",
        [
            Window("members", "cursor", NEW_YEAR, FIRST_MEMBERS),
            Window("usage_events", "cursor", NEW_YEAR, FIRST_EVENTS),
            Window("daily_usage", "cursor", NEW_YEARS_EVE, DAILY_USAGES),
        ],
    ),
    Load(
        "cursor",
        "1709272800.0",
        "2024-03-01T06:00:00+00:00",
        [
            Window("members", "cursor", LEAP, SECOND_MEMBERS),
            Window("usage_events", "cursor", LEAP, LEAP_DAYS_EVENTS),
            Window("daily_usage", "cursor", LEAP, DAILY_USAGES),
            Window("spend", "cursor", LEAP, SPEND),
            Window("groups", "cursor", LEAP, GROUPS),
        ],
    ),
    Load(
        "cursor",
        "1709618401.0",
        "2024-03-05T06:30:00+00:00",
        [
            Window("members", "cursor", TUESDAY, THIRD_MEMBERS),
            Window("usage_events", "cursor", MONDAY, FIRST_EVENTS[:1] + LEAP_DAYS_EVENTS[10:11]),
        ],
    ),
    Load(
        "google_sheets",
        "1702600001.0",
        "2023-12-15T05:00:00+00:00",
        list(tabs(FIRST_SNAPSHOT, FIRST_ROSTER, MAPPINGS[:1])),
    ),
    Load(
        "google_sheets",
        "1709596800.0",
        "2024-03-05T00:00:00+00:00",
        list(tabs(THIRD_SNAPSHOT, FIRST_ROSTER, MAPPINGS)),
    ),
    Load(
        "google_sheets",
        "1709618402.0",
        "2024-03-05T06:45:00+00:00",
        [
            *list(tabs(THIRD_SNAPSHOT, SECOND_ROSTER, MAPPINGS))[:1],
            Window("exchange_rates", "sheets", THIRD_SNAPSHOT, RATES + LATER_RATE),
        ],
    ),
]
