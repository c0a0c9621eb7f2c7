"""How vendors are asked: one family of errors, one way to decode an answer.

Errors contain the vendor's message, status and request id, and no header of ours. A vendor may
repeat our request in its message: what prints an error takes the secrets out (foundation/logs.py).
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from foundation import retrying
from foundation.logs import one_line

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(120, connect=15)

# Anthropic: error_code enforced_spend_limit_reached, "… reached its monthly API usage limit".
SPEND_CAP = re.compile(r"spend[\s_-]*(cap|limit)|spending limit|usage limit", re.IGNORECASE)

ADVICE = {
    400: "the vendor does not accept the query: this is a bug in the extractor, report it",
    401: "check the key in the settings: it is wrong, revoked, or belongs to another organization",
    403: "give the key the scope that this resource needs, or another key",
    404: "the organization does not have this endpoint, or the base URL is wrong",
    410: "the vendor's data changed while we read it: run again",
    429: "the rate limit is used up, maybe by another program with this key: run again later",
}
ADVICE_SERVER = "the vendor is failing: run again later, and the next run fetches what is missing"


class VendorError(Exception):
    """A failed request. `str` gives status, message, request id and advice, in one line."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.status = status
        self.message = one_line(message)
        parts = [f"HTTP {status}: {self.message}" if status else self.message]
        if request_id:
            parts.append(f"request {one_line(request_id)}")
        advice = advice or (ADVICE.get(status, ADVICE_SERVER) if status else None)
        super().__init__(", ".join(parts) + (f"; {advice}" if advice else ""))


class UnreadableError(VendorError):
    """403 or 404: this key, or this organization, does not have access to the resource."""


class ExpiredError(VendorError):
    """The pages no longer belong together: the query has to start over at its first page."""


class TooRecentError(VendorError):
    """The vendor has not published this day yet."""


class TransientError(VendorError, retrying.TransientError):
    """Worth another attempt, after `retry_after` seconds if the vendor said so."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            request_id=request_id,
            advice=None if status else "check the network and the base URL, then run again",
        )
        self.retry_after = retry_after


class Pace:
    """At most `limit` requests in any minute: waits before there would be more."""

    def __init__(self, limit: int) -> None:
        self._begun: deque[float] = deque(maxlen=limit)

    def wait(self) -> None:
        if len(self._begun) == self._begun.maxlen:
            pause = self._begun[0] + 60 - time.monotonic()
            if pause > 0:
                log.info("waiting %.0f s for the limit of requests per minute", pause)
                time.sleep(pause)
        self._begun.append(time.monotonic())


def judge(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise the error that an answer stands for; return if the answer is good."""
    if status < 300:
        return
    kind, message, request_id = _error_of(body)
    about: dict[str, Any] = {
        "status": status,
        "request_id": request_id or headers.get("request-id"),
    }
    text = ": ".join(filter(None, (kind, message))) or "no message"
    retry_after = retrying.retry_after(headers)
    if status == 429 and retry_after is None and SPEND_CAP.search(body.decode(errors="replace")):
        advice = "the spend limit is reached: raise it, waiting does not help"
        raise VendorError(text, advice=advice, **about)
    # GitHub refuses who asks too often with a 403 that says when to ask again.
    if status in (408, 429) or status >= 500 or (status == 403 and retry_after is not None):
        raise TransientError(text, retry_after=retry_after, **about)
    if status in (403, 404):
        raise UnreadableError(text, **about)
    if status == 410:
        raise ExpiredError(text, **about)
    raise VendorError(text, **about)


def _error_of(body: bytes) -> tuple[str | None, str | None, str | None]:
    """(kind, message, request id) from the error bodies of Anthropic, Cursor, Google and
    Salesforce."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, None, None
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        return _text(answer[0].get("errorCode")), _text(answer[0].get("message")), None
    if not isinstance(answer, dict):
        return None, None, None
    error = answer.get("error")
    if isinstance(error, dict):
        kind = error.get("type") or error.get("status")
        return _text(kind), _text(error.get("message")), _text(answer.get("request_id"))
    message = answer.get("message") or answer.get("error_description")
    return _text(error), _text(message), None


def _text(value: object) -> str | None:
    return str(value)[:500] if value else None


def send(client: httpx.Client, method: str, path: str, **query: Any) -> bytes:  # noqa: ANN401
    """The body of one good answer; raises a `VendorError` otherwise. Does not retry."""
    try:
        answer = client.request(method, path, **query)
    except httpx.TransportError as error:
        raise TransientError(connection_message(error)) from None
    judge(answer.status_code, answer.headers, answer.content)
    return answer.content


def connection_message(error: Exception) -> str:
    return f"no complete answer ({type(error).__name__})"


def open_envelope(body: bytes) -> dict[str, msgspec.Raw]:
    """The top level of a JSON answer, each value as the bytes that the vendor sent.

    Raises TransientError if the body is cut off or not a JSON object.
    """
    try:
        body.decode()
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TransientError(
            f"the answer is cut off or not a JSON object ({len(body)} bytes)"
        ) from None


def records_in(envelope: dict[str, msgspec.Raw], key: str) -> list[msgspec.Raw]:
    """The list under `key`, its elements as the vendor's bytes. Raises VendorError if there is
    none."""
    try:
        return msgspec.json.decode(envelope[key], type=list[msgspec.Raw])
    except (KeyError, msgspec.DecodeError):
        found = ", ".join(envelope) or "nothing"
        raise VendorError(
            f"the answer has no list `{key}` but {found}",
            advice="the vendor changed its format: report it",
        ) from None


def scalars_in(envelope: dict[str, msgspec.Raw], without: frozenset[str]) -> dict[str, Any]:
    """The fields of an answer besides its records and its paging."""
    return {key: msgspec.json.decode(raw) for key, raw in envelope.items() if key not in without}
