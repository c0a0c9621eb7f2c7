"""Anthropic's two ways to page: by an opaque cursor, and by the id of a record."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from starlette.requests import Request

from sandbox.anthropic.errors import bad_request
from sandbox.anthropic.parameters import limit_of

BY_ID: Final = ("limit", "after_id", "before_id")
"""The parameters of a list that pages by id."""

_PAGING: Final = ("page", "limit")


def question_of(request: Request) -> str:
    """What a request asks for, apart from its page: a cursor is only valid for the same
    question."""
    parameters = sorted(p for p in request.query_params.multi_items() if p[0] not in _PAGING)
    return f"{request.url.path}?{parameters}"


def to_cursor(position: str, question: str) -> str:
    """An opaque cursor to a position in the answer to one question."""
    return "page_" + base64.urlsafe_b64encode(f"{_digest(question)}:{position}".encode()).decode()


def position_of(request: Request, question: str) -> str | None:
    """Where the requested page begins; None on the first."""
    cursor = request.query_params.get("page")
    if not cursor:
        return None
    try:
        return _from_cursor(cursor, question)
    except ValueError:
        raise bad_request("page: is not a cursor of this query") from None


def _from_cursor(cursor: str, question: str) -> str:
    """The position; ValueError if the cursor is broken or belongs to another question."""
    if not cursor.startswith("page_"):
        raise ValueError("not a cursor")
    digest, _, position = (
        base64.urlsafe_b64decode(cursor.removeprefix("page_")).decode().partition(":")
    )
    if digest != _digest(question) or not position:
        raise ValueError("the cursor belongs to another query")
    return position


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]


def by_page(request: Request, default: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a list with opaque cursors."""
    limit = limit_of(request, default)
    question = question_of(request)
    first = int(position_of(request, question) or 0)
    more = first + limit < len(records)
    return {
        "data": records[first : first + limit],
        "next_page": to_cursor(str(first + limit), question) if more else None,
    }


def by_id(request: Request, records: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a list with `after_id` and `before_id`."""
    limit = limit_of(request, 20)
    ids = [record["id"] for record in records]
    after, before = request.query_params.get("after_id"), request.query_params.get("before_id")
    if after and before:
        raise bad_request("after_id: must not be given together with before_id")
    for name, identifier in (("after_id", after), ("before_id", before)):
        if identifier and identifier not in ids:
            raise bad_request(f"{name}: no such object")
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
