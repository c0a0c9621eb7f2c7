"""Counts the requests to vendors, and applies faults to them."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.answers import Json, decode, encode
from sandbox.faults import REFUSALS
from sandbox.state import Sandbox
from sandbox.vendor import Vendor


class FaultMiddleware:
    """Between the server and the vendors' endpoints."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it, or pass it on and alter its answer."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/_control"):
            await self.app(scope, receive, send)
            return
        self.sandbox.requests[path] += 1
        vendor = self.sandbox.vendor_of(path)
        if vendor is None:
            await self.app(scope, receive, send)
            return
        is_later_page = vendor.is_later_page(path, scope["query_string"].decode())
        hit = [f for f in self.sandbox.faults if f.hits(path, is_later_page=is_later_page)]
        refusing = next((fault for fault in hit if fault.kind in REFUSALS), None)
        if refusing is not None:
            refusal = vendor.refusal(refusing)
            await _send(send, refusal.status, encode(refusal.body), refusal.headers)
            return
        if not hit:
            await self.app(scope, receive, send)
            return
        start, body = await self._run(scope, receive)
        for fault in hit:
            if fault.kind != "cut_body" and start["status"] == 200:
                body = encode(altered(decode(body), fault.kind, vendor, path))
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


def altered(body: Json, kind: str, vendor: Vendor, path: str) -> Json:
    """The same answer with new fields, ids of another type, or one broken record."""
    if not isinstance(body, dict):
        return body
    if kind == "id_type_change":
        return _with_numeric_ids(body)
    for name in vendor.record_lists:
        if not isinstance(body.get(name), list) or not body[name]:
            continue
        if kind == "unknown_fields":
            body[name] = [_with_new_fields(record) for record in body[name]]
        elif kind == "malformed_record":
            vendor.break_record(_first_record(body[name]), path)
    return body


def _first_record(records: list[Any]) -> dict[str, Any]:
    """The first record of a list, or of the first bucket that has one."""
    first: dict[str, Any] = next(
        (r["results"][0] for r in records if isinstance(r, dict) and r.get("results")), records[0]
    )
    return first


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
