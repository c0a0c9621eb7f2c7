"""Faults on demand: the ways in which vendors let an importer down.

Each fault names the requests it hits by a part of their path. It lets the first `after` of them
pass and then hits `times` (None: for ever).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.answers import (
    Json,
    Refusal,
    cursor_error,
    decode,
    encode,
    google_error,
    salesforce_error,
)
from sandbox.anthropic.errors import error_body

REFUSALS: Final = (
    "429", "429_retry_after", "429_spend_cap", "500", "504", "529", "expired_cursor",
    "expired_session",
)  # fmt: skip
ALTERATIONS: Final = ("cut_body", "unknown_fields", "id_type_change", "malformed_record")
KINDS: Final = REFUSALS + ALTERATIONS

_RECORD_LISTS: Final = (
    "data",
    "teamMembers",
    "teamMemberSpend",
    "usageEvents",
    "groups",
    "records",
)


@dataclass
class Fault:
    """One fault and how often it has been passed and met."""

    match: str
    kind: str
    times: int | None = 1
    after: int = 0
    retry_after: str = "1"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(KINDS)}")

    def hits(self, path: str, query: str) -> bool:
        """Whether this request is hit; counts it either way."""
        if self.match not in path or (self.kind == "expired_cursor" and not _is_later(path, query)):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            if self.times <= 0:
                return False
            self.times -= 1
        return True


def _is_later(path: str, query: str) -> bool:
    """Whether a page after the first is asked for."""
    return "page=" in query or "/query/01g" in path


class HasFaults(Protocol):
    """What the middleware needs of the sandbox."""

    faults: list[Fault]
    requests: Counter[str]


class FaultMiddleware:
    """Counts requests and spoils those that a fault hits."""

    def __init__(self, app: ASGIApp, sandbox: HasFaults) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it, or pass it on and alter its answer."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/_control"):
            await self.app(scope, receive, send)
            return
        self.sandbox.requests[path] += 1
        query = scope["query_string"].decode()
        hit = [fault for fault in self.sandbox.faults if fault.hits(path, query)]
        refusing = next((fault for fault in hit if fault.kind in REFUSALS), None)
        if refusing is not None:
            refusal = refusal_of(refusing, path)
            await _send(send, refusal.status, encode(refusal.body), refusal.headers)
            return
        if not hit:
            await self.app(scope, receive, send)
            return
        start, body = await self._run(scope, receive)
        for fault in hit:
            if fault.kind != "cut_body" and start["status"] == 200:
                body = encode(altered(decode(body), fault.kind, path))
        cut = any(fault.kind == "cut_body" for fault in hit)
        await _send(send, start["status"], body, {}, sent=len(body) // 2 if cut else len(body))

    async def _run(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


async def _send(
    send: Send, status: int, body: bytes, headers: dict[str, str], sent: int | None = None
) -> None:
    """Send an answer, or only the first `sent` bytes of it: then the server cuts the connection."""
    whole = sent is None or sent == len(body)
    content = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    raw = [(name.encode(), value.encode()) for name, value in content.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body[:sent], "more_body": not whole})


def refusal_of(fault: Fault, path: str) -> Refusal:
    """The refusal in the words of the vendor whose path it is."""
    if path.startswith("/services/"):
        return _salesforce_refusal(fault)
    headers = {"retry_after": fault.retry_after} if fault.kind == "429_retry_after" else {}
    if fault.kind == "429_spend_cap":
        message = "This organization has reached its monthly API usage limit."
        details = {"error_code": "enforced_spend_limit_reached"}
        return Refusal(429, error_body(429, "rate_limit_error", message, details=details))
    if fault.kind == "expired_cursor":
        message = "The page cursor has expired. Start the query again from its first page."
        return Refusal(410, error_body(410, "invalid_request_error", message))
    status = int(fault.kind[:3])
    if path.startswith("/v1/"):
        kinds = {429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error"}
        kind = kinds.get(status, "api_error")
        messages = {429: "This request would exceed your rate limit.", 529: "Overloaded"}
        message = messages.get(status, "Internal server error")
        return Refusal(status, error_body(status, kind, message), **headers)
    if path.startswith("/teams/"):
        if status == 429:
            return Refusal(429, rate_limited_by_cursor(), **headers)
        body = cursor_error("Internal Server Error", "An unexpected error occurred")
        return Refusal(status, body, **headers)
    google_status = "RESOURCE_EXHAUSTED" if status == 429 else "INTERNAL"
    return Refusal(status, google_error(status, google_status, "Quota exceeded."), **headers)


def _salesforce_refusal(fault: Fault) -> Refusal:
    """Salesforce says 403 where others say 429, of too many at once and of too many today."""
    status, code, message = {
        "429": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."),
        "429_retry_after": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."),
        "429_spend_cap": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        "expired_cursor": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
        "expired_session": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    }.get(fault.kind, (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    return Refusal(status, salesforce_error(code, message))


def rate_limited_by_cursor() -> dict[str, Any]:
    """Cursor's 429 body."""
    return cursor_error("Too Many Requests", "Rate limit exceeded. Please try again later.")


def altered(body: Json, kind: str, path: str) -> Json:
    """The same answer with new fields, ids of another type, or one broken record."""
    if not isinstance(body, dict):
        return body
    if kind == "id_type_change":
        return _with_numeric_ids(body)
    for name in _RECORD_LISTS:
        if not isinstance(body.get(name), list) or not body[name]:
            continue
        if kind == "unknown_fields":
            body[name] = [_with_new_fields(record) for record in body[name]]
        elif kind == "malformed_record":
            _break_first(body[name], path)
    return body


def _with_new_fields(value: Json, depth: int = 0) -> Json:
    if isinstance(value, list):
        return [_with_new_fields(item, depth) for item in value]
    if not isinstance(value, dict):
        return value
    grown = {name: _with_new_fields(item, depth + 1) for name, item in value.items()}
    grown["x_new_field"] = (
        {"since": "2026-12-01", "values": [1, "two", None]} if not depth else "new"
    )
    return grown


def _with_numeric_ids(value: Json) -> Json:
    if isinstance(value, list):
        return [_with_numeric_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _number_of(item)
        if name in ("id", "userId") and isinstance(item, str) and item.startswith("user_")
        else _with_numeric_ids(item)
        for name, item in value.items()
    }


def _number_of(identifier: str) -> int:
    return int(hashlib.sha256(identifier.encode()).hexdigest()[:8], 16)


def _break_first(records: list[Any], path: str) -> None:
    """Break the first record where the importer must notice; a bucket's record lies inside it."""
    record = next(
        (r["results"][0] for r in records if isinstance(r, dict) and r.get("results")), records[0]
    )
    if path.startswith("/services/"):
        record["Id"] = "broken"
    elif "filtered-usage-events" in path:
        record["chargedCents"] = "a lot"
    elif "cost" in record:
        del record["cost"]["amount"]
    elif "usage" in record:
        record["usage"]["output_tokens"] = "many"
    elif "amount" in record:
        del record["amount"]
    elif "uncached_input_tokens" in record:
        record["uncached_input_tokens"] = "many"
    elif "teams" in path and "email" in record:
        record["email"] = 17
    else:
        for name in ("id", "actor", "user"):
            record.pop(name, None)
        if "date" in record:
            record["date"] = "someday"
