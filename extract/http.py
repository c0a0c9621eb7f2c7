"""How vendors are asked: one family of errors, one way to decode an answer.

Errors contain the vendor's message, status and request id, and no header of ours. A vendor may
repeat our request in its message: what prints an error takes the secrets out (foundation/logs.py).
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec
import requests

from foundation import retrying
from foundation.logs import one_line
from foundation.retrying import within

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(120, connect=15)
# No good answer is as large or takes as long, so what exceeds this may never end. Bytes are counted
# unpacked.
MAX_BYTES = 200_000_000
MAX_SECONDS = 600.0

T = TypeVar("T")

# Anthropic: error_code enforced_spend_limit_reached, "… reached its monthly API usage limit".
SPEND_CAP = re.compile(r"spend[\s_-]*(cap|limit)|spending limit|usage limit", re.IGNORECASE)

# Other vendors write a number of seconds, or a duration, into a header of the same name.
SECONDS_SINCE_1970 = re.compile(r"[1-9]\d{9}")

ADVICE = {
    400: "the vendor does not accept the query: this is a bug in the extractor, report it",
    401: "check the key in the settings: it is wrong, revoked, or belongs to another organization",
    403: "give the key the scope that this resource needs, or another key",
    404: "the organization does not have this endpoint, or the base URL is wrong",
    410: "the vendor's data changed while we read it: run again",
    429: "the rate limit is used up, maybe by another program with this key: run again later",
}
FORMAT = "the vendor changed its format: report it"
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


class MismatchError(ExpiredError):
    """The vendor lists other records than it counts. That may pass, or stay so for good."""


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
        advice: str | None = None,
    ) -> None:
        if not status:
            advice = "check the network and the base URL, then run again"
        super().__init__(message, status=status, request_id=request_id, advice=advice)
        self.retry_after = retry_after


class Transport(httpx.BaseTransport):
    """Reads each answer whole, within the limits of size and time, through the proxy that the
    environment names for its address."""

    def __init__(self) -> None:
        self._inner: dict[str | None, httpx.HTTPTransport] = {}
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = _proxy(request.url)
        with self._lock:
            if proxy not in self._inner:
                self._inner[proxy] = httpx.HTTPTransport(proxy=proxy)
        return in_time(lambda: _read(self._inner[proxy].handle_request(request)))

    def close(self) -> None:
        for inner in self._inner.values():
            inner.close()


def _proxy(url: httpx.URL) -> str | None:
    if proxy_bypass(url.netloc.decode()):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _read(answer: httpx.Response) -> httpx.Response:
    try:
        body = whole(answer.iter_bytes())
    finally:
        answer.close()
    # The body is unpacked now, and whole.
    about = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in about]
    return httpx.Response(
        answer.status_code, headers=headers, content=body, extensions=answer.extensions
    )


def client(**options: Any) -> httpx.Client:  # noqa: ANN401 - httpx's own
    """A client for a vendor. It follows no redirect: our key would go along."""
    return httpx.Client(timeout=TIMEOUT, transport=Transport(), follow_redirects=False, **options)


class Session(requests.Session):
    """The same for libraries that use requests. Raises VendorError."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401
        def whole_answer() -> requests.Response:
            answer = super(Session, self).send(request, **{**options, "stream": True})
            # As requests itself does without `stream`.
            answer._content = whole(answer.iter_content(65_536))
            return answer

        answer = in_time(whole_answer)
        if answer.is_redirect:
            judge(answer.status_code, answer.headers, answer.content)
        return answer

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        return None


def whole(chunks: Iterable[bytes]) -> bytes:
    """All chunks of an answer. Raises VendorError as soon as there are too many, or when they take
    too long."""
    until = time.monotonic() + MAX_SECONDS
    read: list[bytes] = []
    size = 0
    for chunk in chunks:
        read.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise VendorError(
                f"the answer is larger than {MAX_BYTES / 1e6:,.0f} MB", advice="report it"
            )
        if time.monotonic() > until:
            raise _too_slow()
    return b"".join(read)


def in_time(call: Callable[[], T]) -> T:
    """The answer of a request. Raises VendorError if it takes too long, even if bytes arrive."""
    try:
        return within(MAX_SECONDS, call)
    except TimeoutError:
        raise _too_slow() from None


def _too_slow() -> VendorError:
    return VendorError(
        f"the answer was not complete after {MAX_SECONDS:g} s", advice="run again later"
    )


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
    if status < 400:
        where = urlsplit(headers.get("location", "")).hostname or "another address"
        raise VendorError(
            f"redirects to {where}",
            status=status,
            advice="redirects are not followed, since the key would go along: check the base URL",
        )
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
    if retry_after is None and status in (403, 429) and (reset := _reset_of(headers)):
        at = datetime.fromtimestamp(reset, UTC)
        raise TransientError(
            text,
            retry_after=max(0.0, reset - time.time()),
            advice=f"the rate limit is used up until {at:%Y-%m-%d %H:%M:%S} UTC: run again then",
            **about,
        )
    # GitHub refuses who asks too often with a 403 that says when to ask again.
    if status in (408, 429) or status >= 500 or (status == 403 and retry_after is not None):
        raise TransientError(text, retry_after=retry_after, **about)
    if status in (403, 404):
        raise UnreadableError(text, **about)
    if status == 410:
        raise ExpiredError(text, **about)
    raise VendorError(text, **about)


def _reset_of(headers: Mapping[str, str]) -> int | None:
    """When a rate limit that is used up begins anew, in seconds since 1970. GitHub says so instead
    of Retry-After when the requests of an hour are used up."""
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") != "0" or not SECONDS_SINCE_1970.fullmatch(reset):
        return None
    return int(reset)


def _error_of(body: bytes) -> tuple[str | None, str | None, str | None]:
    """(kind, message, request id) from the error bodies of Anthropic, Cursor, Google and
    Salesforce."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
    except httpx.RequestError as error:
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
    except RecursionError:
        raise VendorError("the answer is nested too deeply", advice=FORMAT) from None


def records_in(envelope: dict[str, msgspec.Raw], key: str) -> list[msgspec.Raw]:
    """The list under `key`, its elements as the vendor's bytes. Raises VendorError if there is
    none."""
    try:
        return msgspec.json.decode(envelope[key], type=list[msgspec.Raw])
    except (KeyError, msgspec.DecodeError):
        found = ", ".join(envelope) or "nothing"
        raise VendorError(
            f"the answer has no list `{key}` but {found}",
            advice=FORMAT,
        ) from None


def scalars_in(envelope: dict[str, msgspec.Raw], without: frozenset[str]) -> dict[str, Any]:
    """The fields of an answer besides its records and its paging."""
    return {key: msgspec.json.decode(raw) for key, raw in envelope.items() if key not in without}
