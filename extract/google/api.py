"""Google's REST APIs: one connection for all hosts, pages, and what a refusal means.

What is not switched on, and what the account may not read, is no failure of a run: the note of the
resource says what Google answered and what to do (docs/vendors/google.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from extract import google_login
from extract.http import (
    Pace,
    TransientError,
    UnreadableError,
    VendorError,
    client,
    open_envelope,
    records_in,
    send,
)
from extract.windows import Page, Period, Resource, Run, Window, ending, fetch
from foundation.retrying import with_retries
from foundation.sources.google import GoogleSettings

# Some of Google's APIs say 403 if they are asked too often.
TOO_OFTEN = re.compile(r"(quota|rate ?limit) ?exceeded", re.IGNORECASE)

# Records of an answer, by their day if the answer says it.
Split = Callable[[list[msgspec.Raw]], Any]


class Api:
    """Asks with credentials that have these scopes, on behalf of `subject` if there is one, at most
    `per_minute` times a minute. The token is fetched with the first request."""

    def __init__(
        self,
        settings: GoogleSettings,
        scopes: Sequence[str],
        *,
        advice: str,
        per_minute: int,
        subject: str | None = None,
    ) -> None:
        self.client = client()
        self.advice = advice
        self._base_url = settings.google_api_base_url
        self._pace = Pace(per_minute)
        self._login: Callable[[], Any] = lambda: google_login.credentials(
            settings, scopes, may="read what Gemini is used for", subject=subject
        )
        self._credentials: Any = None

    def ask(self, method: str, url: str, **query: Any) -> dict[str, msgspec.Raw]:  # noqa: ANN401
        """One answer. `url` is without https://; retries where that makes sense. Raises
        VendorError."""
        base = f"{self._base_url}/" if self._base_url else "https://"

        def once() -> dict[str, msgspec.Raw]:
            self._pace.wait()
            headers = {"Authorization": f"Bearer {self._token()}"}
            try:
                body = send(self.client, method, base + url, headers=headers, **query)
            except UnreadableError as error:
                if error.status == 403 and TOO_OFTEN.search(error.message):
                    raise TransientError(error.message, status=403) from None
                raise
            return open_envelope(body)

        return with_retries(once)

    def _token(self) -> str:
        if self._credentials is None:
            self._credentials = self._login()
        if not self._credentials.valid:
            google_login.refresh(self._credentials, advice=self.advice)
        return str(self._credentials.token)

    @ending
    def pages(
        self,
        method: str,
        url: str,
        key: str,
        query: Mapping[str, Any],
        split: Split = lambda records: [(None, records)],
    ) -> Iterator[Page]:
        """All pages of the list `key`. The query goes into the address of a GET, else into the
        body. `split` says which records of a page land, by their day. Google leaves out a list that
        is empty."""
        token: str | None = None
        where = "params" if method == "GET" else "json"
        while True:
            asked = {**query, **({"pageToken": token} if token else {})}
            answer = self.ask(method, url, **{where: asked})
            records = records_in(answer, key) if key in answer else []
            yield Page(split(records), {"url": url, **query}, {})
            following = msgspec.json.decode(answer.get("nextPageToken", b'""'))
            if not following:
                return
            if following == token:
                raise VendorError("the list names the same next page again", advice="report it")
            token = following


def fetch_optional(
    resource: Resource,
    organization: str,
    run: Run,
    *,
    advice: str,
    **bounds: Any,  # noqa: ANN401
) -> Iterator[Window]:
    """The windows of a resource that need not be readable. If it is not, its note says why, and
    the `advice` what to do."""
    refusals: list[UnreadableError] = []
    assert resource.pages is not None  # noqa: S101 - none of Google's is typed
    pages = resource.pages

    def noted(period: Period) -> Iterator[Page]:
        try:
            yield from pages(period)
        except UnreadableError as error:
            refusals.append(error)
            raise

    part = yield from fetch(replace(resource, pages=noted), organization, run, **bounds)
    if part.status == "not readable" and refusals:
        part.notes.append(f"Google answered: {refusals[-1].message}; {advice}")
