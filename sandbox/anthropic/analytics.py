"""Usage and cost analytics: `/analytics/usage` and `/analytics/cost`, of both organizations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request

from sandbox.answers import Json
from sandbox.anthropic.activity import ANALYTICS_SINCE
from sandbox.anthropic.actors import actor_payload
from sandbox.anthropic.errors import bad_request, not_found
from sandbox.anthropic.ledger import TOKEN_TYPES, Entry
from sandbox.anthropic.paging import position_of, question_of, to_cursor
from sandbox.anthropic.parameters import check_parameters, limit_of, time_of
from sandbox.anthropic.state import State
from sandbox.anthropic.sums import CostSum, UsageSum, entries_between
from sandbox.anthropic.times import BUCKETS, floor, midnight, zulu
from sandbox.company import tagged_id

ANALYTICS_BETA: Final = "analytics-usage-cost-2026-08-24"

_USAGE_DIMENSIONS: Final = (
    "actor", "actor_type", "agent_id", "api_key_id", "claude_tag_category", "claude_tag_user_id",
    "context_window", "deployment_id", "environment_id", "inference_geo", "model",
    "organization_id", "product", "rbac_group_id", "service_tier", "session_id",
    "slack_channel_id", "speed", "user_profile_id", "workspace_id",
)  # fmt: skip
_FAN_OUT: Final = ("cost_type", "token_type")
_MAX_DIMENSIONS: Final = 5

_KEPT_ANSWERS: Final = 4
"""How many unpaged analytics answers stay in memory while their pages are read."""


class Analytics:
    """`/analytics/usage` and `/analytics/cost`; keeps the last answers while they are paged."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[object, ...], _Rows] = OrderedDict()

    def usage(self, state: State, organization: str, request: Request) -> dict[str, Any]:
        """Token counts by the dimensions asked for."""
        orders = ("time", "requests", "output_tokens", "total_tokens", "uncached_input_tokens")
        return self._report(state, organization, request, orders, is_cost=False)

    def cost(self, state: State, organization: str, request: Request) -> dict[str, Any]:
        """Amounts by the dimensions asked for, and by cost component."""
        orders = ("amount", "list_amount", "time")
        return self._report(state, organization, request, orders, is_cost=True)

    def _report(
        self,
        state: State,
        organization: str,
        request: Request,
        orders: tuple[str, ...],
        *,
        is_cost: bool,
    ) -> dict[str, Any]:
        if organization in state.without_analytics:
            raise not_found()
        betas = {b.strip() for b in request.headers.get("anthropic-beta", "").split(",")}
        if ANALYTICS_BETA not in betas:
            raise bad_request(f"anthropic-beta: must name {ANALYTICS_BETA}")
        check_parameters(
            request,
            ("starting_at", "ending_at", "time_bucket_width", "group_by[]", "limit", "page",
             "order", "order_by"),
        )  # fmt: skip
        limit = limit_of(request, 20)
        question = question_of(request)
        key = (organization, state.version, question)
        if key not in self._answers:
            self._answers[key] = _rows(state, organization, request, orders, is_cost=is_cost)
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        rows = self._answers[key]
        first = int(position_of(request, question) or 0)
        more = first + limit < len(rows)
        return {
            "data": rows.page(first, limit),
            "has_more": more,
            "next_page": to_cursor(str(first + limit), question) if more else None,
            "data_refreshed_at": zulu(midnight(state.sandbox.today) + timedelta(hours=6)),
            "organization_id": state.organization_id(organization),
        }


def _range(state: State, request: Request) -> tuple[datetime, datetime, timedelta | None]:
    """The start, end and bucket width asked for; without a width the range is one bucket."""
    start, end = time_of(request, "starting_at"), time_of(request, "ending_at")
    raw_width = request.query_params.get("time_bucket_width")
    if start is None:
        raise bad_request("starting_at: is required")
    if raw_width is not None and raw_width not in BUCKETS:
        raise bad_request(f"time_bucket_width: must be one of {', '.join(BUCKETS)}")
    width = BUCKETS[raw_width] if raw_width else None
    if end is None:
        if width:
            raise bad_request("ending_at: is required with time_bucket_width")
        end = min(state.sandbox.now, start + timedelta(days=31))
    if start < midnight(ANALYTICS_SINCE):
        raise bad_request(f"starting_at: must not be before {ANALYTICS_SINCE}")
    if start < midnight(state.sandbox.today - timedelta(days=365)):
        raise bad_request("starting_at: must be within the last 365 days")
    if end <= start:
        raise bad_request("ending_at: must be after starting_at")
    if end - start > timedelta(days=31):
        raise bad_request("ending_at: the range may span at most 31 days")
    if raw_width == "1m" and end - start > timedelta(hours=24):
        raise bad_request("ending_at: the range may span at most 24 hours by minute")
    if width:
        return floor(start, width), end, width
    hour = timedelta(hours=1)
    return floor(start, hour), floor(end, hour), None


def _rows(
    state: State,
    organization: str,
    request: Request,
    orders: tuple[str, ...],
    *,
    is_cost: bool,
) -> _Rows:
    """The whole report, before it is cut into pages."""
    start, end, width = _range(state, request)
    grouped = list(dict.fromkeys(request.query_params.getlist("group_by[]")))
    fan_out = frozenset(name for name in grouped if name in _FAN_OUT and is_cost)
    dimensions = [name for name in grouped if name not in fan_out]
    for name in dimensions:
        if name not in _USAGE_DIMENSIONS:
            raise bad_request(f"group_by[]: unknown dimension {name}")
    if len(dimensions) > _MAX_DIMENSIONS:
        raise bad_request(f"group_by[]: at most {_MAX_DIMENSIONS} dimensions")
    order_by = request.query_params.get("order_by", "amount" if is_cost else "total_tokens")
    if order_by not in orders:
        raise bad_request(f"order_by: must be one of {', '.join(orders)}")
    order = request.query_params.get("order", "desc")
    if order not in ("asc", "desc"):
        raise bad_request("order: must be asc or desc")

    describe = _Describer(state, organization)
    sums: dict[tuple[datetime, tuple[Any, ...]], tuple[UsageSum, CostSum]] = {}
    for moment, entry in entries_between(state, organization, start, end):
        if is_cost and not entry.costs:
            continue
        bucket = floor(moment, width) if width else start
        for values in describe.combinations(entry, dimensions):
            usage, cost = sums.setdefault((bucket, values), (UsageSum(), CostSum()))
            usage.add(entry)
            cost.add(entry, fan_out)

    def metric(item: tuple[Any, tuple[UsageSum, CostSum]]) -> Decimal | int:
        usage, cost = item[1]
        name = ("amount" if is_cost else "total_tokens") if order_by == "time" else order_by
        if name in ("amount", "list_amount"):
            return cost.amount if name == "amount" else cost.list_amount
        if name == "requests":
            return usage.requests
        if name == "total_tokens":
            return sum(usage.tokens)
        return usage.tokens[TOKEN_TYPES.index(name)]

    # Sorts are stable: the last one decides, and the ones before break its ties.
    items = sorted(sums.items(), key=lambda item: repr(item[0]))
    items.sort(key=metric, reverse=order_by == "time" or order == "desc")
    if order_by == "time":
        items.sort(key=lambda item: item[0][0], reverse=order == "desc")

    def render(item: tuple[Any, tuple[UsageSum, CostSum]]) -> list[dict[str, Any]]:
        (bucket, values), (usage, cost) = item
        names = _USAGE_DIMENSIONS + (_FAN_OUT if is_cost else ())
        group = dict.fromkeys(names) | {
            name: describe.rendered(name, value)
            for name, value in zip(dimensions, values, strict=True)
        }
        frame = {"starting_at": zulu(bucket), "ending_at": zulu(bucket + width if width else end)}
        if is_cost:
            return [{**frame, **part} for part in cost.payloads(group, is_fanned_out=bool(fan_out))]
        counts = {"requests": usage.requests, "total_tokens": sum(usage.tokens)}
        return [{**frame, "group": group, "usage": usage.payload() | counts}]

    return _Rows([item for item in items if not is_cost or item[1][1].parts], render)


@dataclass(frozen=True)
class _Rows:
    """A report in order; each item renders to the rows that `limit` counts as one."""

    items: list[Any]
    render: Callable[[Any], list[dict[str, Any]]]

    def __len__(self) -> int:
        return len(self.items)

    def page(self, first: int, limit: int) -> list[dict[str, Any]]:
        """The rows of this many items from there on."""
        return [row for item in self.items[first : first + limit] for row in self.render(item)]


class _Describer:
    """An entry's dimensions as the analytics endpoints name them."""

    def __init__(self, state: State, organization: str) -> None:
        self.state = state
        self.organization = organization
        self.people = state.sandbox.company.by_claude_user_id()

    def combinations(self, entry: Entry, dimensions: list[str]) -> list[tuple[Any, ...]]:
        """The entry's values; several if the person is in several RBAC groups, because any
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
            return self.state.organization_id(self.organization)
        return getattr(entry, name, None)

    def _rbac_groups(self, entry: Entry) -> Iterator[str]:
        person = self.people.get(entry.actor[1]) if entry.actor else None
        if person is not None:
            seed = self.state.sandbox.options.seed
            yield tagged_id("rbac_group", seed, person.stints[-1].department)
            if person.index % 5 == 0:
                yield tagged_id("rbac_group", seed, "AI Champions")

    def rendered(self, name: str, value: Json) -> Json:
        """A value as it is sent: actors become objects."""
        return actor_payload(self.state.sandbox, self.people, value) if name == "actor" else value
