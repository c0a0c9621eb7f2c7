"""How Metabase is called: what may be repeated, and one family of errors.

Errors contain Metabase's message, method, path and status, never a header, so no key can be in
them. https://www.metabase.com/docs/latest/api
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from foundation import retrying
from foundation.logs import redacted
from foundation.retrying import with_retries

Json = dict[str, Any]

# Metabase writes a dashboard of forty cards in a few seconds; a sync of metadata takes longer.
TIMEOUT = httpx.Timeout(60, connect=10)

_RIGHTS = {
    "/api/database": "only a key of the group Administrators may change connections",
    "/api/card": (
        "its group needs “Query builder and native” on the database and “Curate” on the collection"
    ),
    "/api/dashboard": (
        "its group needs “Curate” on the collection and access to the tables that filters narrow; "
        "`embed` needs the group Administrators"
    ),
    "/api/collection": "its group needs “Curate” on the collection above",
}


class MetabaseError(Exception):
    """Metabase did not do what we asked; the message says what to do about it."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class UncertainError(MetabaseError):
    """A write may or may not have happened, and must not be repeated blindly."""


class _TransientError(MetabaseError, retrying.TransientError):
    """Worth another attempt, after `retry_after` seconds if Metabase message so."""

    def __init__(self, message: str, status: int | None, retry_after: float | None = None) -> None:
        super().__init__(message, status)
        self.retry_after = retry_after


class Client:
    """Metabase's API at an address, with a key. Counts its requests and its writes."""

    def __init__(
        self, url: str, key: SecretStr, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/api")
        self._key = key
        self._http = httpx.Client(
            base_url=self.url,
            headers={"x-api-key": key.get_secret_value(), "accept": "application/json"},
            timeout=TIMEOUT,
            transport=transport,
        )
        self.requests = 0
        self.writes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - JSON
        return self._repeated("GET", path, None, query)

    def find(self, path: str) -> Json | None:
        """What is at a path; None if Metabase says that there is nothing."""
        try:
            found: Json = self.get(path)
        except MetabaseError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return found

    def put(self, path: str, body: Json) -> Any:  # noqa: ANN401
        """A write that sets a thing to a state: repeating it does no harm."""
        self.writes += 1
        return self._repeated("PUT", path, body, {})

    def ask(self, path: str, body: Json) -> Any:  # noqa: ANN401
        """A POST that creates nothing, so it can be repeated."""
        return self._repeated("POST", path, body, {})

    def create(self, path: str, body: Json, look: Callable[[], Json | None]) -> Json:
        """Create a thing exactly once. `look` finds it: before another attempt it checks whether
        the last one, for example one that timed out, created it after all."""
        self.writes += 1

        def attempt() -> Json:
            try:
                made: Json = self._once("POST", path, body, {})
            except UncertainError as error:
                if found := look():
                    return found
                raise _TransientError(str(error), error.status) from None
            return made

        return with_retries(attempt)

    def _repeated(self, method: str, path: str, body: Json | None, query: Mapping[str, Any]) -> Any:  # noqa: ANN401
        def attempt() -> Any:  # noqa: ANN401
            try:
                return self._once(method, path, body, query)
            except UncertainError as error:
                raise _TransientError(str(error), error.status) from None

        return with_retries(attempt)

    def _once(self, method: str, path: str, body: Json | None, query: Mapping[str, Any]) -> Any:  # noqa: ANN401
        self.requests += 1
        what = f"{method} {path}"
        try:
            response = self._http.request(method, path, json=body, params=dict(query) or None)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # Nothing was sent.
            raise _TransientError(
                self._redacted(f"Metabase cannot be reached at METABASE_URL {self.url}: {error}"),
                None,
            ) from None
        except httpx.TransportError as error:
            raise UncertainError(
                self._redacted(f"{what}: no answer ({type(error).__name__} {error})")
            ) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise MetabaseError(f"METABASE_URL {self.url} is not an address: {error}") from None
        return self._answer(what, path, response)

    def _answer(self, what: str, path: str, response: httpx.Response) -> Any:  # noqa: ANN401
        status = response.status_code
        if response.is_redirect:
            place = urlsplit(response.headers.get("location", ""))
            there = f"{place.scheme}://{place.netloc}" if place.netloc else place.path
            raise MetabaseError(
                f"METABASE_URL {self.url} redirects to {there}: set METABASE_URL to the address "
                "that Metabase itself has",
                status,
            )
        message = self._redacted(f"{what}: HTTP {status}: {_message(response)}")
        if status == httpx.codes.TOO_MANY_REQUESTS:
            # Refused before anything was done.
            raise _TransientError(message, status, retrying.retry_after(response.headers))
        if response.is_server_error:
            raise UncertainError(message, status)
        if status == httpx.codes.UNAUTHORIZED:
            raise MetabaseError(
                f"METABASE_API_KEY is not accepted by {self.url}: it is wrong, deleted, or of "
                "another Metabase",
                status,
            )
        if status == httpx.codes.FORBIDDEN:
            needed = next((text for root, text in _RIGHTS.items() if path.startswith(root)), "")
            raise MetabaseError(
                f"METABASE_API_KEY lacks the right to {what}" + (f": {needed}" if needed else ""),
                status,
            )
        if "text/html" in response.headers.get("content-type", ""):
            raise MetabaseError(
                f"METABASE_URL {self.url} answers {what} with a web page: it must be the address "
                "of Metabase, without a path unless Metabase has one",
                None,
            )
        if response.is_error:
            raise MetabaseError(message, status)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise MetabaseError(f"{what}: the answer is not JSON", None) from None

    def _redacted(self, text: str) -> str:
        return redacted(text, [self._key.get_secret_value()])


def _message(response: httpx.Response) -> str:
    """What Metabase says is wrong: a text, or a message per field."""
    try:
        content = response.json()
    except ValueError:
        return response.text[:300].strip() or response.reason_phrase
    if isinstance(content, dict):
        for key in ("message", "cause"):
            if isinstance(content.get(key), str):
                return str(content[key])
        errors = content.get("specific-errors") or content.get("errors") or content
        return json.dumps(errors, ensure_ascii=False)[:500]
    return str(content)[:300]
