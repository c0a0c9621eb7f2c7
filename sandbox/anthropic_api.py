"""Anthropic's Admin, Usage and Cost Analytics and Claude Code endpoints.

Two keys, two organisations: the Admin key reads the Console organisation, the key with the scope
`read:analytics` reads the Enterprise organisation and nothing but its analytics and spend limits.
Rules and field names: platform.claude.com/docs, the types of the `anthropic` SDK.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import (
    Json,
    Refusal,
    answer,
    anthropic_error,
    from_cursor,
    question_of,
    to_cursor,
)
from sandbox.anthropic_ledger import CONSOLE, ENTERPRISE, TOKEN_TYPES, Entry
from sandbox.company import ApiKey, Person, Workspace, tagged_id
from sandbox.money import ZERO, plain, text
from sandbox.state import Sandbox, days_between

ADMIN_KEY: Final = "sk-ant-admin01-sandbox"
ENTERPRISE_KEY: Final = "sk-ant-api01-sandbox"
_ORGANIZATION_OF_KEY: Final = {ADMIN_KEY: CONSOLE, ENTERPRISE_KEY: ENTERPRISE}

VERSIONS: Final = ("2026-10-21", "2023-06-01")
ANALYTICS_BETA: Final = "analytics-usage-cost-2026-08-24"
ANALYTICS_SINCE: Final = date(2026, 1, 1)

_USAGE_DIMENSIONS: Final = (
    "actor", "actor_type", "agent_id", "api_key_id", "claude_tag_category", "claude_tag_user_id",
    "context_window", "deployment_id", "environment_id", "inference_geo", "model",
    "organization_id", "product", "rbac_group_id", "service_tier", "session_id",
    "slack_channel_id", "speed", "user_profile_id", "workspace_id",
)  # fmt: skip
_FAN_OUT: Final = ("cost_type", "token_type")
_MOST_DIMENSIONS: Final = 5

_LEGACY_USAGE_DIMENSIONS: Final = (
    "api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo",
    "account_id", "service_account_id", "speed",
)  # fmt: skip
_BUCKETS: Final = {
    "1d": timedelta(days=1),
    "1h": timedelta(hours=1),
    "1m": timedelta(minutes=1),
}
_LEGACY_LIMITS: Final = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}

_KEPT_ANSWERS: Final = 4
"""How many unpaged analytics answers stay in memory while their pages are read."""


def routes(sandbox: Sandbox) -> list[Route]:
    """Everything under /v1/organizations."""
    handlers: dict[str, tuple[tuple[str, ...], Callable[[Sandbox, str, Request], Any]]] = {
        "users": ((CONSOLE,), _users),
        "api_keys": ((CONSOLE,), _api_keys),
        "workspaces": ((CONSOLE,), _workspaces),
        "service_accounts": ((CONSOLE,), _service_accounts),
        "spend_limits/effective": ((ENTERPRISE,), _spend_limits),
        "usage_report/messages": ((CONSOLE,), _legacy_usage),
        "cost_report": ((CONSOLE,), _legacy_cost),
        "usage_report/claude_code": ((CONSOLE,), _claude_code),
        "analytics/users": ((ENTERPRISE,), _analytics_users),
    }
    analytics = _Analytics()
    handlers["analytics/usage"] = ((CONSOLE, ENTERPRISE), analytics.usage)
    handlers["analytics/cost"] = ((CONSOLE, ENTERPRISE), analytics.cost)
    return [
        Route(f"/v1/organizations/{path}", _endpoint(sandbox, organizations, handler))
        for path, (organizations, handler) in handlers.items()
    ]


def organization_uuid(sandbox: Sandbox, organization: str) -> str:
    """The id that Anthropic gives that organisation."""
    digest = hashlib.sha256(f"{sandbox.options.seed}-{organization}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


# --- access and parameters


def _endpoint(
    sandbox: Sandbox,
    organizations: tuple[str, ...],
    handler: Callable[[Sandbox, str, Request], Any],
) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        organization = _authenticate(request)
        if organization not in organizations:
            raise Refusal(
                403,
                anthropic_error(
                    403,
                    "permission_error",
                    f"This API key has no access to {request.url.path} in this organization.",
                ),
            )
        return answer(handler(sandbox, organization, request))

    return endpoint


def _authenticate(request: Request) -> str:
    key = request.headers.get("x-api-key")
    if key is None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        key = credentials if scheme.lower() == "bearer" else None
    if not key:
        message = "x-api-key header is required"
        raise Refusal(401, anthropic_error(401, "authentication_error", message))
    if key not in _ORGANIZATION_OF_KEY:
        raise Refusal(401, anthropic_error(401, "authentication_error", "invalid x-api-key"))
    version = request.headers.get("anthropic-version")
    if version not in VERSIONS:
        raise _bad("anthropic-version: header is required and must be a known version")
    return _ORGANIZATION_OF_KEY[key]


def _bad(message: str) -> Refusal:
    return Refusal(400, anthropic_error(400, "invalid_request_error", message))


def _check_parameters(request: Request, known: Iterable[str]) -> None:
    """A parameter that is ignored would give a wrong answer that looks right."""
    allowed = {*known, "beta"}
    for name in request.query_params:
        if name not in allowed:
            raise _bad(f"{name}: unknown parameter")


def _limit(request: Request, default: int, most: int = 1000) -> int:
    raw = request.query_params.get("limit", str(default))
    if not raw.isdecimal() or not 1 <= int(raw) <= most:
        raise _bad(f"limit: must be between 1 and {most}")
    return int(raw)


def _time(request: Request, name: str) -> datetime | None:
    raw = request.query_params.get(name)
    if raw is None:
        return None
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise _bad(f"{name}: must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        if len(raw) != len("2026-01-01"):
            raise _bad(f"{name}: must have a time zone")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _day(request: Request, name: str) -> date:
    raw = request.query_params.get(name, "")
    try:
        if len(raw) != len("2026-01-01"):
            raise ValueError
        return date.fromisoformat(raw)
    except ValueError:
        raise _bad(f"{name}: is required, as YYYY-MM-DD") from None


def _position(request: Request, question: str) -> str | None:
    cursor = request.query_params.get("page")
    if not cursor:
        return None
    try:
        return from_cursor(cursor, question)
    except ValueError:
        raise _bad("page: is not a cursor of this query") from None


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _stamp(day: date) -> str:
    return f"{day.isoformat()}T09:30:00.000000Z"


# --- the ledger between two moments


def _entries(
    sandbox: Sandbox, organization: str, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Entry]]:
    last = (end - timedelta(microseconds=1)).date()
    for day in days_between(start.date(), last + timedelta(days=1)):
        midnight = _midnight(day)
        for entry in sandbox.anthropic_day(organization, day):
            moment = midnight + timedelta(minutes=entry.minute)
            if start <= moment < end:
                yield moment, entry


def _floor(moment: datetime, width: timedelta) -> datetime:
    return moment - (moment - datetime.min.replace(tzinfo=UTC)) % width


class _Usage:
    """Token counts that add up."""

    def __init__(self) -> None:
        self.tokens = [0] * len(TOKEN_TYPES)
        self.searches = 0
        self.requests = 0

    def add(self, entry: Entry) -> None:
        for i, count in enumerate(entry.tokens):
            self.tokens[i] += count
        self.searches += entry.web_searches
        self.requests += entry.requests

    def payload(self) -> dict[str, Any]:
        uncached, cache_read, five_minutes, one_hour, output = self.tokens
        return {
            "uncached_input_tokens": uncached,
            "cache_read_input_tokens": cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": five_minutes,
                "ephemeral_1h_input_tokens": one_hour,
            },
            "output_tokens": output,
            "server_tool_use": {"web_search_requests": self.searches},
        }


class _Cost:
    """Amounts that add up, by cost component where that is asked for."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str | None, str | None], tuple[Decimal, Decimal]] = {}
        self.requests = 0

    def add(self, entry: Entry, fan_out: frozenset[str]) -> None:
        self.requests += entry.requests
        for cost in entry.costs:
            if fan_out == {"token_type"} and cost.cost_type != "tokens":
                continue
            part = (
                cost.cost_type if fan_out else None,
                cost.token_type if "token_type" in fan_out else None,
            )
            amount, list_amount = self.parts.get(part, (ZERO, ZERO))
            self.parts[part] = (amount + cost.amount, list_amount + cost.list_amount)

    def payloads(self, group: dict[str, Any], *, is_fanned_out: bool) -> Iterator[dict[str, Any]]:
        """One row for the whole, or one for each component."""
        for (cost_type, token_type), (amount, list_amount) in self.parts.items():
            component = {"cost_type": cost_type, "token_type": token_type}
            yield {
                "group": group | (component if is_fanned_out else {}),
                "cost": {
                    "amount": text(amount),
                    "list_amount": text(list_amount),
                    "currency": "USD",
                    "requests": None if is_fanned_out else self.requests,
                },
            }

    @property
    def amount(self) -> Decimal:
        return sum((amount for amount, _ in self.parts.values()), ZERO)

    @property
    def list_amount(self) -> Decimal:
        return sum((list_amount for _, list_amount in self.parts.values()), ZERO)


# --- usage and cost analytics


@dataclass(frozen=True)
class _Rows:
    """A report in order; each item renders to the rows that `limit` counts as one."""

    items: list[Any]
    render: Callable[[Any], list[dict[str, Any]]]

    def __len__(self) -> int:
        return len(self.items)

    def page(self, first: int, limit: int) -> list[dict[str, Any]]:
        return [row for item in self.items[first : first + limit] for row in self.render(item)]


class _Analytics:
    """`/analytics/usage` and `/analytics/cost`; keeps the last answers while they are paged."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[object, ...], _Rows] = OrderedDict()

    def usage(self, sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
        orders = ("time", "requests", "output_tokens", "total_tokens", "uncached_input_tokens")
        return self._report(sandbox, organization, request, orders, is_cost=False)

    def cost(self, sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
        orders = ("amount", "list_amount", "time")
        return self._report(sandbox, organization, request, orders, is_cost=True)

    def _report(
        self,
        sandbox: Sandbox,
        organization: str,
        request: Request,
        orders: tuple[str, ...],
        *,
        is_cost: bool,
    ) -> dict[str, Any]:
        if organization in sandbox.without_analytics:
            message = "The requested resource could not be found."
            raise Refusal(404, anthropic_error(404, "not_found_error", message))
        betas = {b.strip() for b in request.headers.get("anthropic-beta", "").split(",")}
        if ANALYTICS_BETA not in betas:
            raise _bad(f"anthropic-beta: must name {ANALYTICS_BETA}")
        _check_parameters(
            request,
            ("starting_at", "ending_at", "time_bucket_width", "group_by[]", "limit", "page",
             "order", "order_by"),
        )  # fmt: skip
        limit = _limit(request, 20)
        question = question_of(request)
        key = (organization, sandbox.ledger_state, question)
        if key not in self._answers:
            self._answers[key] = _analytics_rows(
                sandbox, organization, request, orders, is_cost=is_cost
            )
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        rows = self._answers[key]
        first = int(_position(request, question) or 0)
        more = first + limit < len(rows)
        return {
            "data": rows.page(first, limit),
            "has_more": more,
            "next_page": to_cursor(str(first + limit), question) if more else None,
            "data_refreshed_at": _zulu(_midnight(sandbox.today) + timedelta(hours=6)),
            "organization_id": organization_uuid(sandbox, organization),
        }


def _analytics_range(
    sandbox: Sandbox, request: Request
) -> tuple[datetime, datetime, timedelta | None]:
    start, end = _time(request, "starting_at"), _time(request, "ending_at")
    raw_width = request.query_params.get("time_bucket_width")
    if start is None:
        raise _bad("starting_at: is required")
    if raw_width is not None and raw_width not in _BUCKETS:
        raise _bad(f"time_bucket_width: must be one of {', '.join(_BUCKETS)}")
    width = _BUCKETS[raw_width] if raw_width else None
    if end is None:
        if width:
            raise _bad("ending_at: is required with time_bucket_width")
        end = min(sandbox.now, start + timedelta(days=31))
    if start < _midnight(ANALYTICS_SINCE):
        raise _bad(f"starting_at: must not be before {ANALYTICS_SINCE}")
    if start < _midnight(sandbox.today - timedelta(days=365)):
        raise _bad("starting_at: must be within the last 365 days")
    if end <= start:
        raise _bad("ending_at: must be after starting_at")
    if end - start > timedelta(days=31):
        raise _bad("ending_at: the range may span at most 31 days")
    if raw_width == "1m" and end - start > timedelta(hours=24):
        raise _bad("ending_at: the range may span at most 24 hours by minute")
    if width:
        return _floor(start, width), end, width
    hour = timedelta(hours=1)
    return _floor(start, hour), _floor(end, hour), None


def _analytics_rows(
    sandbox: Sandbox,
    organization: str,
    request: Request,
    orders: tuple[str, ...],
    *,
    is_cost: bool,
) -> _Rows:
    """The whole report, before it is cut into pages."""
    start, end, width = _analytics_range(sandbox, request)
    grouped = list(dict.fromkeys(request.query_params.getlist("group_by[]")))
    fan_out = frozenset(name for name in grouped if name in _FAN_OUT and is_cost)
    dimensions = [name for name in grouped if name not in fan_out]
    for name in dimensions:
        if name not in _USAGE_DIMENSIONS:
            raise _bad(f"group_by[]: unknown dimension {name}")
    if len(dimensions) > _MOST_DIMENSIONS:
        raise _bad(f"group_by[]: at most {_MOST_DIMENSIONS} dimensions")
    order_by = request.query_params.get("order_by", "amount" if is_cost else "total_tokens")
    if order_by not in orders:
        raise _bad(f"order_by: must be one of {', '.join(orders)}")
    order = request.query_params.get("order", "desc")
    if order not in ("asc", "desc"):
        raise _bad("order: must be asc or desc")

    describe = _Describer(sandbox, organization)
    sums: dict[tuple[datetime, tuple[Any, ...]], tuple[_Usage, _Cost]] = {}
    for moment, entry in _entries(sandbox, organization, start, end):
        if is_cost and not entry.costs:
            continue
        bucket = _floor(moment, width) if width else start
        for values in describe.combinations(entry, dimensions):
            usage, cost = sums.setdefault((bucket, values), (_Usage(), _Cost()))
            usage.add(entry)
            cost.add(entry, fan_out)

    def metric(item: tuple[Any, tuple[_Usage, _Cost]]) -> Decimal | int:
        usage, cost = item[1]
        name = ("amount" if is_cost else "total_tokens") if order_by == "time" else order_by
        if name in ("amount", "list_amount"):
            return cost.amount if name == "amount" else cost.list_amount
        if name == "requests":
            return usage.requests
        if name == "total_tokens":
            return sum(usage.tokens)
        return usage.tokens[TOKEN_TYPES.index(name)]

    # Sorts are stable: the last one decides, the ones before break its ties.
    items = sorted(sums.items(), key=lambda item: repr(item[0]))
    items.sort(key=metric, reverse=order_by == "time" or order == "desc")
    if order_by == "time":
        items.sort(key=lambda item: item[0][0], reverse=order == "desc")

    def render(item: tuple[Any, tuple[_Usage, _Cost]]) -> list[dict[str, Any]]:
        (bucket, values), (usage, cost) = item
        names = _USAGE_DIMENSIONS + (_FAN_OUT if is_cost else ())
        group = dict.fromkeys(names) | {
            name: describe.rendered(name, value)
            for name, value in zip(dimensions, values, strict=True)
        }
        frame = {"starting_at": _zulu(bucket), "ending_at": _zulu(bucket + width if width else end)}
        if is_cost:
            return [{**frame, **part} for part in cost.payloads(group, is_fanned_out=bool(fan_out))]
        counts = {"requests": usage.requests, "total_tokens": sum(usage.tokens)}
        return [{**frame, "group": group, "usage": usage.payload() | counts}]

    return _Rows([item for item in items if not is_cost or item[1][1].parts], render)


class _Describer:
    """An entry's dimensions as the analytics endpoints name them."""

    def __init__(self, sandbox: Sandbox, organization: str) -> None:
        self.sandbox = sandbox
        self.organization = organization
        self.people = sandbox.company.by_claude_user_id()

    def combinations(self, entry: Entry, dimensions: list[str]) -> list[tuple[Any, ...]]:
        """The entry's values; several where the person is in several RBAC groups, because any
        membership counts there and such rows overlap."""
        groups: list[str | None] = (
            list(self._rbac_groups(entry)) or [None] if "rbac_group_id" in dimensions else [None]
        )
        return [
            tuple(
                group if name == "rbac_group_id" else self._value(entry, name)
                for name in dimensions
            )
            for group in groups
        ]

    def _value(self, entry: Entry, name: str) -> Json:
        if name == "actor_type":
            return entry.actor[0] if entry.actor else None
        if name == "organization_id":
            return organization_uuid(self.sandbox, self.organization)
        return getattr(entry, name, None)

    def _rbac_groups(self, entry: Entry) -> Iterator[str]:
        person = self.people.get(entry.actor[1]) if entry.actor else None
        if person is not None:
            seed = self.sandbox.options.seed
            yield tagged_id("rbac_group", seed, person.stints[-1].department)
            if person.index % 5 == 0:
                yield tagged_id("rbac_group", seed, "AI Champions")

    def rendered(self, name: str, value: Json) -> Json:
        """A value as it is sent: actors become objects."""
        return actor_payload(self.sandbox, self.people, value) if name == "actor" else value


def actor_payload(
    sandbox: Sandbox, people: dict[str, Person], actor: tuple[str, str] | None
) -> dict[str, Any] | None:
    """An actor as the analytics endpoints describe it today: somebody who has left since is
    `deleted` and keeps the address; a deleted account has lost it."""
    if actor is None:
        return None
    kind, identifier = actor
    if kind == "service_account_actor":
        return {"type": kind, "service_account_id": identifier}
    if kind == "api_actor":
        return {"type": kind, "api_key_id": identifier}
    if kind == "federated_actor":
        provider = {"type": "oidc", "issuer": "https://ci.example.com"}
        return {"type": kind, "provider": provider, "subject": identifier}
    person = people[identifier]
    gone = person.account_deleted
    return {
        "type": kind,
        "user_id": identifier,
        "email_address": None if gone else person.claude_email,
        "name": "Deleted User" if gone else person.name,
        "deleted": gone or not person.present_on(sandbox.today),
    }


# --- legacy reports


def _legacy_buckets(
    sandbox: Sandbox, request: Request, widths: tuple[str, ...], known: Iterable[str]
) -> tuple[list[datetime], timedelta, dict[str, Any], list[str]]:
    """The page's bucket starts, their width, the envelope and the dimensions."""
    _check_parameters(
        request, ("starting_at", "ending_at", "bucket_width", "limit", "page", "group_by[]")
    )
    raw_width = request.query_params.get("bucket_width", "1d")
    if raw_width not in widths:
        raise _bad(f"bucket_width: must be one of {', '.join(widths)}")
    width = _BUCKETS[raw_width]
    limit = _limit(request, *_LEGACY_LIMITS[raw_width])
    dimensions = list(dict.fromkeys(request.query_params.getlist("group_by[]")))
    for name in dimensions:
        if name not in known:
            raise _bad(f"group_by[]: unknown dimension {name}")
    start = _time(request, "starting_at")
    if start is None:
        raise _bad("starting_at: is required")
    end = _time(request, "ending_at") or sandbox.now
    if end <= start:
        raise _bad("ending_at: must be after starting_at")
    question = question_of(request)
    position = _position(request, question)
    first = _floor(datetime.fromisoformat(position) if position else start, width)
    buckets: list[datetime] = []
    while first < end and len(buckets) < limit:
        buckets.append(first)
        first += width
    envelope = {
        "has_more": first < end,
        "next_page": to_cursor(first.isoformat(), question) if first < end else None,
    }
    return buckets, width, envelope, dimensions


def _legacy_value(sandbox: Sandbox, entry: Entry, name: str) -> Json:
    if name == "workspace_id":
        default = sandbox.company.default_workspace.id
        return None if entry.workspace_id == default else entry.workspace_id
    if name == "account_id":
        return entry.actor[1] if entry.actor and entry.actor[0] == "user_actor" else None
    if name == "service_account_id":
        is_service = entry.actor is not None and entry.actor[0] == "service_account_actor"
        return entry.actor[1] if entry.actor and is_service else None
    return getattr(entry, name)


def _legacy_usage(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
    buckets, width, envelope, dimensions = _legacy_buckets(
        sandbox, request, tuple(_BUCKETS), _LEGACY_USAGE_DIMENSIONS
    )
    shown = [name for name in _LEGACY_USAGE_DIMENSIONS if name != "speed" or name in dimensions]
    data = []
    for bucket in buckets:
        sums: dict[tuple[Any, ...], _Usage] = {}
        for _, entry in _entries(sandbox, organization, bucket, bucket + width):
            if entry.is_usage:
                values = tuple(_legacy_value(sandbox, entry, name) for name in dimensions)
                sums.setdefault(values, _Usage()).add(entry)
        results = [
            usage.payload() | dict.fromkeys(shown) | dict(zip(dimensions, values, strict=True))
            for values, usage in sorted(sums.items(), key=lambda item: repr(item[0]))
        ]
        data.append(_bucket(bucket, width, results))
    return {"data": data, **envelope}


_TOKEN_NAMES: Final = {
    "uncached_input_tokens": "Input Tokens",
    "cache_read_input_tokens": "Input Tokens, Cache Read",
    "cache_creation.ephemeral_5m_input_tokens": "Input Tokens, Cache Write 5m",
    "cache_creation.ephemeral_1h_input_tokens": "Input Tokens, Cache Write 1h",
    "output_tokens": "Output Tokens",
}
_LINE_FIELDS: Final = (
    "description", "cost_type", "token_type", "model", "context_window", "service_tier",
    "inference_geo",
)  # fmt: skip
_FEE_NAMES: Final = {
    "web_search": "Web Search Usage",
    "code_execution": "Code Execution Usage",
    "session_usage": "Managed Agents Session Usage",
}


def _description(entry: Entry, cost_type: str, token_type: str | None) -> dict[str, Any]:
    """What a cost line is called, and the fields that are parsed from that name."""
    if token_type is None or entry.model is None:
        named = {"description": _FEE_NAMES[cost_type], "cost_type": cost_type}
        return dict.fromkeys(_LINE_FIELDS) | named
    words = [entry.model.replace("-", " ").title(), "Usage -", _TOKEN_NAMES[token_type]]
    if entry.service_tier == "batch":
        words.append("(Batch)")
    if entry.context_window == "200k-1M":
        words.append("(Long Context)")
    if entry.inference_geo == "us":
        words.append("(US)")
    return {
        "description": " ".join(words),
        "cost_type": cost_type,
        "token_type": token_type,
        "model": entry.model,
        "context_window": entry.context_window,
        "service_tier": entry.service_tier,
        "inference_geo": entry.inference_geo,
    }


def _legacy_cost(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
    buckets, width, envelope, dimensions = _legacy_buckets(
        sandbox, request, ("1d",), ("workspace_id", "description")
    )
    data = []
    for bucket in buckets:
        sums: dict[tuple[Any, ...], Decimal] = {}
        lines: dict[Any, dict[str, Any]] = {None: dict.fromkeys(_LINE_FIELDS)}
        for _, entry in _entries(sandbox, organization, bucket, bucket + width):
            workspace = (
                _legacy_value(sandbox, entry, "workspace_id")
                if "workspace_id" in dimensions
                else None
            )
            for cost in entry.costs:
                name = None
                if "description" in dimensions:
                    line = _description(entry, cost.cost_type, cost.token_type)
                    name = line["description"]
                    lines[name] = line
                key = (workspace, name)
                sums[key] = sums.get(key, ZERO) + cost.amount
        results = [
            {"amount": text(amount), "currency": "USD", "workspace_id": workspace, **lines[name]}
            for (workspace, name), amount in sorted(sums.items(), key=lambda item: repr(item[0]))
        ]
        data.append(_bucket(bucket, width, results))
    return {"data": data, **envelope}


def _bucket(start: datetime, width: timedelta, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"starting_at": _zulu(start), "ending_at": _zulu(start + width), "results": results}


# --- Claude Code


def _claude_code(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
    _check_parameters(request, ("starting_at", "limit", "page"))
    day = _day(request, "starting_at")
    limit = _limit(request, 20)
    question = question_of(request)
    first = int(_position(request, question) or 0)
    rows = _claude_code_rows(sandbox, organization, day)
    more = first + limit < len(rows)
    return {
        "data": rows[first : first + limit],
        "has_more": more,
        "next_page": to_cursor(str(first + limit), question) if more else None,
    }


def _claude_code_rows(sandbox: Sandbox, organization: str, day: date) -> list[dict[str, Any]]:
    """One row per actor, terminal and place. The tokens and the list cost are those of the
    ledger; subscription rows are covered by a seat and appear nowhere else."""
    names = {key.id: key.name for key in sandbox.company.keys}
    people = sandbox.company.by_claude_user_id()
    sessions: dict[tuple[str, str, str, bool], list[Entry]] = {}
    for entry in sandbox.anthropic_day(organization, day):
        if entry.product != "claude_code" or entry.actor is None or entry.terminal is None:
            continue
        kind, identifier = entry.actor
        label = people[identifier].claude_email if kind == "user_actor" else names[identifier]
        sessions.setdefault((kind, label, entry.terminal, entry.is_remote), []).append(entry)
    rows = []
    for (kind, label, terminal, is_remote), entries in sorted(sessions.items(), key=lambda i: i[0]):
        models: dict[str, list[Entry]] = {}
        for entry in entries:
            models.setdefault(entry.model or "", []).append(entry)
        breakdown = [_model_breakdown(model, own) for model, own in models.items()]
        rows.append(
            _claude_code_row(
                sandbox, organization, day, kind, label, terminal, is_remote, breakdown
            )
        )
    return rows + _subscription_rows(sandbox, organization, day)


def _model_breakdown(model: str, entries: list[Entry]) -> dict[str, Any]:
    totals = [sum(column) for column in zip(*(e.tokens for e in entries), strict=True)]
    cents = sum((cost.list_amount for e in entries for cost in e.costs), ZERO)
    return {
        "model": model,
        "tokens": {
            "input": totals[0],
            "output": totals[4],
            "cache_read": totals[1],
            "cache_creation": totals[2] + totals[3],
        },
        "estimated_cost": {"currency": "USD", "amount": plain(cents)},
    }


def _subscription_rows(sandbox: Sandbox, organization: str, day: date) -> list[dict[str, Any]]:
    if not sandbox.anthropic_day(organization, day):
        return []
    rows = []
    for person in sandbox.company.people:
        rng = Random(f"{sandbox.options.seed}-subscription-{day}-{person.index}")
        subscribed = person.in_console and person.index % 5 == 3
        if not subscribed or not person.present_on(day) or rng.random() > 0.5:
            continue
        breakdown = {
            "model": "claude-sonnet-5",
            "tokens": {
                "input": rng.randrange(1, 90_000),
                "output": rng.randrange(1, 9_000),
                "cache_read": rng.randrange(90_000),
                "cache_creation": rng.randrange(9_000),
            },
            "estimated_cost": {"currency": "USD", "amount": rng.randrange(1, 400)},
        }
        rows.append(
            _claude_code_row(
                sandbox, organization, day, "user_actor", person.claude_email, "vscode", False,
                [breakdown],
            )
            | {"customer_type": "subscription", "subscription_type": "team"}
        )  # fmt: skip
    return rows


def _claude_code_row(
    sandbox: Sandbox,
    organization: str,
    day: date,
    kind: str,
    label: str,
    terminal: str,
    is_remote: bool,
    breakdown: list[dict[str, Any]],
) -> dict[str, Any]:
    rng = Random(f"{sandbox.options.seed}-code-{day}-{label}-{terminal}-{is_remote}")
    tools = {
        tool: {"accepted": rng.randint(0, 30), "rejected": rng.randint(0, 4)}
        for tool in ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool")
    }
    if rng.random() < 0.3:
        del tools["notebook_edit_tool"]
    field = "email_address" if kind == "user_actor" else "api_key_name"
    return {
        "date": f"{day.isoformat()}T00:00:00Z",
        "actor": {"type": kind, field: label},
        "organization_id": organization_uuid(sandbox, organization),
        "customer_type": "api",
        "subscription_type": None,
        "terminal_type": terminal,
        "is_remote": is_remote,
        "core_metrics": {
            "num_sessions": rng.randint(1, 12),
            "lines_of_code": {"added": rng.randint(0, 900), "removed": rng.randint(0, 400)},
            "commits_by_claude_code": rng.randint(0, 8),
            "pull_requests_by_claude_code": rng.randint(0, 2),
        },
        "tool_actions": tools,
        "model_breakdown": breakdown,
    }


# --- activity


def _check_available(sandbox: Sandbox, day: date) -> None:
    newest = sandbox.today - timedelta(days=1 + sandbox.users_lag_days)
    if day < ANALYTICS_SINCE:
        raise _bad(f"date: must not be before {ANALYTICS_SINCE}")
    if day > newest:
        raise _bad(
            f"Data for {day} is not available yet. The most recent available date is {newest}."
        )


def _analytics_users(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
    _check_parameters(request, ("date", "limit", "page"))
    day = _day(request, "date")
    _check_available(sandbox, day)
    limit = _limit(request, 100)
    question = question_of(request)
    first = int(_position(request, question) or 0)
    rows = [
        _activity(sandbox, person, day, products)
        for person, products in _active(sandbox, organization, day)
        if not person.account_deleted
    ]
    more = first + limit < len(rows)
    return {
        "data": rows[first : first + limit],
        "next_page": to_cursor(str(first + limit), question) if more else None,
    }


def _active(sandbox: Sandbox, organization: str, day: date) -> list[tuple[Person, Counter[str]]]:
    """Who used what on that day: requests by product, people in the order of their ids."""
    requests: dict[str, Counter[str]] = {}
    for entry in sandbox.anthropic_day(organization, day):
        if entry.actor and entry.actor[0] == "user_actor" and entry.product:
            requests.setdefault(entry.actor[1], Counter())[entry.product] += entry.requests
    people = sandbox.company.by_claude_user_id()
    return [(people[user], products) for user, products in sorted(requests.items())]


def _activity(
    sandbox: Sandbox, person: Person, day: date, products: Counter[str]
) -> dict[str, Any]:
    rng = Random(f"{sandbox.options.seed}-activity-{day}-{person.index}")
    chat, cowork = products["chat"], products["cowork"]
    code, office = products["claude_code"], products["office_agent"]

    def some(messages: int, most: int) -> int:
        return rng.randint(1, most) if messages else 0

    def tool() -> dict[str, int]:
        return {"accepted_count": some(code, 25), "rejected_count": some(code, 4)}

    def office_product(messages: int) -> dict[str, int]:
        return {
            "connectors_used_count": 0,
            "distinct_connectors_used_count": 0,
            "distinct_session_count": some(messages, 3),
            "distinct_skills_used_count": 0,
            "message_count": messages,
            "skills_used_count": 0,
        }

    return {
        "user": {"id": person.claude_user_id, "email_address": person.claude_email, "type": "user"},
        "last_activity_date": day.isoformat(),
        "distinct_user_count": None,
        "chat_metrics": {
            "connectors_used_count": some(chat, 3),
            "distinct_artifacts_created_count": some(chat, 2),
            "distinct_connectors_used_count": some(chat, 2),
            "distinct_conversation_count": some(chat, 6),
            "distinct_files_uploaded_count": some(chat, 3),
            "distinct_projects_created_count": 0,
            "distinct_projects_used_count": some(chat, 2),
            "distinct_shared_artifacts_viewed_count": 0,
            "distinct_skills_used_count": 0,
            "message_count": chat,
            "shared_conversations_viewed_count": 0,
            "thinking_message_count": chat // 3,
        },
        "claude_code_metrics": {
            "core_metrics": {
                "artifacts_created_count": 0,
                "commit_count": some(code, 6),
                "distinct_session_count": some(code, 5),
                "lines_of_code": {
                    "added_count": some(code, 600),
                    "removed_count": some(code, 300),
                },
                "pull_request_count": some(code, 2),
            },
            "tool_actions": {
                name: tool()
                for name in ("edit_tool", "multi_edit_tool", "notebook_edit_tool", "write_tool")
            },
        },
        "cowork_metrics": {
            "action_count": cowork * 3,
            "artifacts_created_count": some(cowork, 2),
            "connectors_used_count": some(cowork, 3),
            "dispatch_turn_count": cowork,
            "distinct_connectors_used_count": some(cowork, 2),
            "distinct_session_count": some(cowork, 4),
            "distinct_skills_used_count": 0,
            "message_count": cowork,
            "skills_used_count": 0,
        },
        "design_metrics": {
            "distinct_projects_created_count": 0,
            "distinct_projects_used_count": 0,
            "distinct_session_count": 0,
            "message_count": 0,
        },
        "office_metrics": {
            "excel": office_product(office - office // 3),
            "outlook": office_product(0),
            "powerpoint": office_product(0),
            "word": office_product(office // 3),
        },
        "science_metrics": {
            "delegation_count": 0,
            "distinct_session_count": 0,
            "message_count": 0,
            "remote_compute_job_count": 0,
            "skills_used_count": 0,
        },
        "web_search_count": some(chat, 5),
    }


# --- directories


def _by_id(request: Request, records: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a list that pages with `after_id` and `before_id`."""
    limit = _limit(request, 20)
    ids = [record["id"] for record in records]
    after, before = request.query_params.get("after_id"), request.query_params.get("before_id")
    if after and before:
        raise _bad("after_id: must not be given together with before_id")
    for name, identifier in (("after_id", after), ("before_id", before)):
        if identifier and identifier not in ids:
            raise _bad(f"{name}: no such object")
    if before:
        end = ids.index(before)
        first = max(0, end - limit)
        more = first > 0
    else:
        first = ids.index(after) + 1 if after else 0
        end = first + limit
        more = end < len(ids)
    page = records[first:end]
    return {
        "data": page,
        "has_more": more,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


_BY_ID: Final = ("limit", "after_id", "before_id")


def _users(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    _check_parameters(request, _BY_ID)
    return _by_id(
        request,
        [
            {
                "id": person.claude_user_id,
                "type": "user",
                "email": person.claude_email,
                "name": person.name,
                "role": "admin" if person.index == 0 else "developer",
                "added_at": _stamp(person.start),
            }
            for person in sandbox.company.people
            if person.in_console and person.present_on(sandbox.today)
        ],
    )


def _api_keys(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    _check_parameters(request, _BY_ID)
    return _by_id(request, [_key(key) for key in sandbox.company.keys if key.listed])


def _key(key: ApiKey) -> dict[str, Any]:
    principal = None
    if key.principal is not None:
        kind, identifier = key.principal
        field = "user_id" if kind == "user_actor" else "service_account_id"
        principal = {"type": kind, field: identifier}
    created_by = None
    if key.created_by is not None:
        kind, identifier = key.created_by
        created_by = {"id": identifier, "type": kind}
    return {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "created_at": _stamp(key.created),
        "created_by": created_by,
        "principal": principal,
        "scope": {"type": "workspace", "workspace_id": key.workspace_id},
        "workspace_id": key.workspace_id,
        "status": key.status,
        "expires_at": None,
        "partial_key_hint": f"sk-ant-api03-{key.id[-7:-4]}...{key.id[-4:]}",
    }


def _workspaces(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    _check_parameters(request, (*_BY_ID, "include_archived", "include_default"))
    archived = request.query_params.get("include_archived") == "true"
    default = request.query_params.get("include_default") == "true"
    shown = [
        workspace
        for workspace in sandbox.company.workspaces
        if (default or not workspace.is_default)
        and (archived or workspace.archived is None or workspace.archived > sandbox.today)
    ]
    return _by_id(request, [_workspace(sandbox, workspace) for workspace in shown])


def _workspace(sandbox: Sandbox, workspace: Workspace) -> dict[str, Any]:
    is_archived = workspace.archived is not None and workspace.archived <= sandbox.today
    return {
        "id": workspace.id,
        "type": "workspace",
        "name": workspace.name,
        "created_at": _stamp(workspace.created),
        "archived_at": _stamp(workspace.archived) if is_archived and workspace.archived else None,
        "compartment_id": str(uuid.uuid5(uuid.NAMESPACE_URL, workspace.id)),
        "data_residency": {
            "allowed_inference_geos": "unrestricted",
            "default_inference_geo": "global",
            "workspace_geo": "us",
        },
        "display_color": "#6C5BB9",
        "external_key_id": None,
        "tags": dict(workspace.tags),
    }


def _by_page(request: Request, default: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    limit = _limit(request, default)
    question = question_of(request)
    first = int(_position(request, question) or 0)
    more = first + limit < len(records)
    return {
        "data": records[first : first + limit],
        "next_page": to_cursor(str(first + limit), question) if more else None,
    }


def _service_accounts(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    if not sandbox.service_accounts_readable:
        message = "This API key may not read service accounts."
        raise Refusal(403, anthropic_error(403, "permission_error", message))
    _check_parameters(request, ("limit", "page", "include_archived"))
    return _by_page(
        request,
        20,
        [
            {
                "id": account.id,
                "type": "service_account",
                "name": account.name,
                "description": account.description,
                "organization_role": "developer",
                "created_at": _stamp(account.created),
                "created_by_actor_id": sandbox.company.people[0].claude_user_id,
                "updated_at": _stamp(account.created),
                "updated_by_actor_id": None,
                "archived_at": None,
                "archived_by_actor_id": None,
            }
            for account in sandbox.company.service_accounts
        ],
    )


def _spend_limits(sandbox: Sandbox, organization: str, request: Request) -> dict[str, Any]:
    """Every seat's monthly limit in cents, and what was spent of it this month so far."""
    _check_parameters(request, ("limit", "page"))
    people = sandbox.company.by_claude_user_id()
    spent: dict[str, Decimal] = {}
    for day in days_between(sandbox.today.replace(day=1), sandbox.today):
        for entry in sandbox.anthropic_day(organization, day):
            if entry.actor is not None:
                user = entry.actor[1]
                amount = sum((cost.amount for cost in entry.costs), ZERO)
                spent[user] = spent.get(user, ZERO) + amount
    records = []
    for person in sandbox.company.people:
        if not person.has_seat or not person.present_on(sandbox.today):
            continue
        user = person.claude_user_id
        own = person.index % 4 == 0
        scope = {"type": "user", "user_id": user}
        records.append(
            {
                "actor": actor_payload(sandbox, people, ("user_actor", user)),
                "amount": str(person.budget_usd * 100) if own else None,
                "currency": "USD",
                "period": "monthly",
                "period_to_date_spend": text(spent.get(user, ZERO)),
                "scope": scope,
                "source": scope if own else {"type": "organization"},
                "spend_limit_id": tagged_id("spndlmt", sandbox.options.seed, person.index),
            }
        )
    return _by_page(request, 20, records)
