"""Costs and usage in buckets of a day: parameters, grouping, paging over buckets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from starlette.datastructures import QueryParams

from sandbox.answers import Refusal
from sandbox.days import days_between
from sandbox.money import ZERO, plain, text
from sandbox.openai.errors import invalid, not_found
from sandbox.openai.ledger import EMBEDDING, Cost, Usage
from sandbox.openai.state import State

Row = dict[str, Any]
_COSTS_BY: Final = ("project_id", "line_item", "user_id", "api_key_id", "api_source")
_WHO: Final = ("project_id", "user_id", "api_key_id")
_USAGE_BY: Final = {
    "completions": (*_WHO, "model", "batch", "service_tier", "api_source"),
    "embeddings": (*_WHO, "model"),
    "moderations": (*_WHO, "model"),
    "images": (*_WHO, "model", "size", "source"),
    "audio_speeches": (*_WHO, "model"),
    "audio_transcriptions": (*_WHO, "model"),
    "web_search_calls": (*_WHO, "model", "context_level"),
    "file_search_calls": (*_WHO, "vector_store_id"),
    "code_interpreter_sessions": ("project_id",),
    "vector_stores": ("project_id",),
}
_MAX_COST_BUCKETS: Final = 180
_MAX_USAGE_BUCKETS: Final = 31
_DEFAULT_BUCKETS: Final = 7
_PAGE: Final = "page_"


def costs(state: State, query: QueryParams) -> Row:
    """A page of costs. Whether they can be grouped by key or by user depends on the organization
    and on the days."""
    group_by = _group_by(query, _COSTS_BY)
    for identity in {"api_key_id", "user_id"} & set(group_by):
        if _day(query, "start_time") < state.costs_by.get(identity, date.max):
            raise invalid("Invalid value for group_by.", "group_by")

    def results(day: date) -> list[Row]:
        return [_cost_row(state, group_by, own) for own in _grouped(_facts(state, day), group_by)]

    return _page(query, _MAX_COST_BUCKETS, results)


def _facts(state: State, day: date) -> Iterator[tuple[Row, Cost]]:
    for cost in state.day(day).costs:
        yield (
            {
                "project_id": cost.project_id,
                "line_item": cost.line_item,
                "user_id": cost.user_id,
                "api_key_id": cost.key_id,
            },
            cost,
        )


def _cost_row(state: State, group_by: list[str], own: list[tuple[Row, Cost]]) -> Row:
    named, first = own[0]
    dollars = sum((cost.dollars for _, cost in own), ZERO)
    return {
        "object": "organization.costs.result",
        "amount": {
            "value": text(dollars) if state.amounts_are_text else plain(dollars),
            "currency": "usd",
        },
        **{name: named.get(name) if name in group_by else None for name in _COSTS_BY},
        "quantity": sum(cost.quantity for _, cost in own),
        "quantity_unit": first.unit,
    }


def usage(state: State, kind: str, query: QueryParams) -> Row:
    """A page of one kind of usage."""
    if kind not in _USAGE_BY:
        raise Refusal(404, not_found(f"/v1/organization/usage/{kind}"))
    group_by = _group_by(query, _USAGE_BY[kind])

    def results(day: date) -> list[Row]:
        facts = [(_named(usage), usage) for usage in state.day(day).usages if _is_of(kind, usage)]
        return [
            {
                "object": f"organization.usage.{kind}.result",
                **_counts(kind, [usage for _, usage in own]),
                **{n: own[0][0].get(n) if n in group_by else None for n in _USAGE_BY[kind]},
            }
            for own in _grouped(facts, group_by)
        ]

    return _page(query, _MAX_USAGE_BUCKETS, results)


def _named(usage: Usage) -> Row:
    is_batch = usage.tier == "batch"
    return {
        "project_id": usage.project.id,
        "user_id": usage.user_id,
        "api_key_id": usage.key_id,
        "model": usage.model,
        "batch": is_batch,
        "service_tier": "default" if is_batch else usage.tier,
    }


def _is_of(kind: str, usage: Usage) -> bool:
    if kind == "web_search_calls":
        return usage.searches > 0
    of = "embeddings" if usage.model == EMBEDDING else "completions"
    return kind == of


def _counts(kind: str, usages: list[Usage]) -> Row:
    if kind == "web_search_calls":
        searches = sum(usage.searches for usage in usages)
        return {"num_requests": searches, "num_model_requests": searches}
    uncached = sum(usage.input_tokens for usage in usages)
    cached = sum(usage.cached_tokens for usage in usages)
    counts = {
        # With those that were cached.
        "input_tokens": uncached + cached,
        "num_model_requests": sum(usage.requests for usage in usages),
    }
    if kind == "embeddings":
        return counts
    return counts | {
        "input_cached_tokens": cached,
        "output_tokens": sum(usage.output_tokens for usage in usages),
        "input_audio_tokens": 0,
        "output_audio_tokens": 0,
    }


def _grouped(facts: Any, group_by: list[str]) -> Iterator[list[Any]]:  # noqa: ANN401
    def key(fact: tuple[Row, Any]) -> list[str]:
        return [str(fact[0].get(name)) for name in group_by]

    for _, own in groupby(sorted(facts, key=key), key=key):
        yield list(own)


def _group_by(query: QueryParams, known: tuple[str, ...]) -> list[str]:
    asked = query.getlist("group_by")
    if not set(asked) <= set(known):
        raise invalid("Invalid value for group_by.", "group_by")
    return asked


def _page(query: QueryParams, max_buckets: int, results: Callable[[date], list[Row]]) -> Row:
    if query.get("bucket_width", "1d") != "1d":
        raise invalid("Invalid value for bucket_width.", "bucket_width")
    limit = _number(query, "limit", _DEFAULT_BUCKETS)
    if not 1 <= limit <= max_buckets:
        raise invalid(f"limit must be between 1 and {max_buckets}.", "limit")
    first = _day(query, "start_time")
    end = _day(query, "end_time") if "end_time" in query else first + timedelta(days=limit)
    page = query.get("page", f"{_PAGE}0").removeprefix(_PAGE)
    if not page.isdigit():
        raise invalid("Invalid page.", "page")
    days = list(days_between(first, end))
    begin, stop = int(page), int(page) + limit
    has_more = stop < len(days)
    return {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": _seconds(day),
                "end_time": _seconds(day + timedelta(days=1)),
                "results": results(day),
            }
            for day in days[begin:stop]
        ],
        "has_more": has_more,
        "next_page": f"{_PAGE}{stop}" if has_more else None,
    }


def _number(query: QueryParams, name: str, default: int | None = None) -> int:
    given = query.get(name)
    if given is None and default is not None:
        return default
    if given is None or not given.isdigit():
        raise invalid(f"{name} must be a whole number.", name)
    return int(given)


def _day(query: QueryParams, name: str) -> date:
    return datetime.fromtimestamp(_number(query, name), UTC).date()


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
