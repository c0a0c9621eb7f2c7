"""The older usage and cost reports of the Console organization, in buckets of time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request

from sandbox.answers import Json
from sandbox.anthropic.errors import bad_request
from sandbox.anthropic.ledger import Entry
from sandbox.anthropic.paging import position_of, question_of, to_cursor
from sandbox.anthropic.parameters import check_parameters, limit_of, time_of
from sandbox.anthropic.state import State
from sandbox.anthropic.sums import UsageSum, entries_between
from sandbox.anthropic.times import BUCKETS, floor, zulu
from sandbox.money import ZERO, text

_USAGE_DIMENSIONS: Final = (
    "api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo",
    "account_id", "service_account_id", "speed",
)  # fmt: skip
_LIMITS: Final = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}
"""Bucket width → buckets on a page: by default, at most."""

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


def usage(state: State, organization: str, request: Request) -> dict[str, Any]:
    """`/usage_report/messages`: token counts per bucket."""
    buckets, width, envelope, dimensions = _page_of(
        state, request, tuple(BUCKETS), _USAGE_DIMENSIONS
    )
    shown = [name for name in _USAGE_DIMENSIONS if name != "speed" or name in dimensions]
    data = []
    for bucket in buckets:
        sums: dict[tuple[Any, ...], UsageSum] = {}
        for _, entry in entries_between(state, organization, bucket, bucket + width):
            if entry.is_usage:
                values = tuple(_value(state, entry, name) for name in dimensions)
                sums.setdefault(values, UsageSum()).add(entry)
        results = [
            usage.payload() | dict.fromkeys(shown) | dict(zip(dimensions, values, strict=True))
            for values, usage in sorted(sums.items(), key=lambda item: repr(item[0]))
        ]
        data.append(_bucket(bucket, width, results))
    return {"data": data, **envelope}


def cost(state: State, organization: str, request: Request) -> dict[str, Any]:
    """`/cost_report`: cents per day, by workspace and by line if asked for."""
    buckets, width, envelope, dimensions = _page_of(
        state, request, ("1d",), ("workspace_id", "description")
    )
    data = []
    for bucket in buckets:
        sums: dict[tuple[Any, ...], Decimal] = {}
        lines: dict[Any, dict[str, Any]] = {None: dict.fromkeys(_LINE_FIELDS)}
        for _, entry in entries_between(state, organization, bucket, bucket + width):
            workspace = (
                _value(state, entry, "workspace_id") if "workspace_id" in dimensions else None
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


def _page_of(
    state: State, request: Request, widths: tuple[str, ...], known: Iterable[str]
) -> tuple[list[datetime], timedelta, dict[str, Any], list[str]]:
    """The page's bucket starts, their width, the envelope and the dimensions."""
    check_parameters(
        request, ("starting_at", "ending_at", "bucket_width", "limit", "page", "group_by[]")
    )
    raw_width = request.query_params.get("bucket_width", "1d")
    if raw_width not in widths:
        raise bad_request(f"bucket_width: must be one of {', '.join(widths)}")
    width = BUCKETS[raw_width]
    limit = limit_of(request, *_LIMITS[raw_width])
    dimensions = list(dict.fromkeys(request.query_params.getlist("group_by[]")))
    for name in dimensions:
        if name not in known:
            raise bad_request(f"group_by[]: unknown dimension {name}")
    start = time_of(request, "starting_at")
    if start is None:
        raise bad_request("starting_at: is required")
    end = time_of(request, "ending_at") or state.sandbox.now
    if end <= start:
        raise bad_request("ending_at: must be after starting_at")
    question = question_of(request)
    position = position_of(request, question)
    first = floor(datetime.fromisoformat(position) if position else start, width)
    buckets: list[datetime] = []
    while first < end and len(buckets) < limit:
        buckets.append(first)
        first += width
    envelope = {
        "has_more": first < end,
        "next_page": to_cursor(first.isoformat(), question) if first < end else None,
    }
    return buckets, width, envelope, dimensions


def _value(state: State, entry: Entry, name: str) -> Json:
    if name == "workspace_id":
        default = state.sandbox.company.default_workspace.id
        return None if entry.workspace_id == default else entry.workspace_id
    if name == "account_id":
        return entry.actor[1] if entry.actor and entry.actor[0] == "user_actor" else None
    if name == "service_account_id":
        is_service = entry.actor is not None and entry.actor[0] == "service_account_actor"
        return entry.actor[1] if entry.actor and is_service else None
    return getattr(entry, name)


def _description(entry: Entry, cost_type: str, token_type: str | None) -> dict[str, Any]:
    """The name of a cost line, and the fields that are parsed from that name."""
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


def _bucket(start: datetime, width: timedelta, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"starting_at": zulu(start), "ending_at": zulu(start + width), "results": results}
