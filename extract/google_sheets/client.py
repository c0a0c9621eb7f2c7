"""Google Sheets through gspread, read-only (https://developers.google.com/workspace/sheets/api)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gspread
import requests
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEETS_API_V4_BASE_URL

from extract import google_login
from extract.http import Session, TransientError, VendorError, judge
from foundation.retrying import with_retries
from foundation.sources.google_sheets import GoogleSheetsSettings

SCOPES = ["https://www.googleapis.com/auth/spreadsheets.readonly"]
TIMEOUT_SECONDS = (15.0, 60.0)


class _Client(HTTPClient):
    """gspread's client, with a time limit and for any base URL."""

    base_url = ""

    def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        path = endpoint.removeprefix(SPREADSHEETS_API_V4_BASE_URL)
        return super().request(method, f"{self.base_url}/v4/spreadsheets{path}", *args, **kwargs)


def connect(settings: GoogleSheetsSettings) -> _Client:
    """A client with a token of its own that lasts an hour. (google-auth's session would also ask
    Google for the account's allowed locations, wherever the base URL points.)"""
    credentials = google_login.credentials(settings, SCOPES, may="view the sheet")
    google_login.refresh(
        credentials,
        advice="check the service account's key, and that the sheet is shared with it",
    )
    session = Session()
    session.headers["Authorization"] = f"Bearer {credentials.token}"
    client = _Client(None, session)  # type: ignore[arg-type] # its documented use
    client.base_url = settings.google_sheets_base_url
    client.set_timeout(TIMEOUT_SECONDS)
    return client


def titles(settings: GoogleSheetsSettings, client: _Client) -> list[str]:
    answer = _ask(lambda: client.fetch_sheet_metadata(str(settings.google_sheets_id)))
    return [sheet["properties"]["title"] for sheet in answer["sheets"]]


def cells(
    settings: GoogleSheetsSettings, client: _Client, known: dict[str, str]
) -> dict[str, list[list[str]]]:
    """The lines of each tab of `known` (name: title), as the text that people see."""
    return {
        name: [[str(cell) for cell in line] for line in lines]
        for name, lines in _lines(settings, client, known, "FORMATTED_VALUE").items()
    }


def stored(
    settings: GoogleSheetsSettings, client: _Client, known: dict[str, str]
) -> dict[str, list[list[Any]]]:
    """The same lines as what the cells hold, whatever their format shows of it. This is another
    request: a tab that somebody edits between the two may be refused, until the next run."""
    return _lines(settings, client, known, "UNFORMATTED_VALUE")


def _lines(
    settings: GoogleSheetsSettings, client: _Client, known: dict[str, str], render: str
) -> dict[str, list[list[Any]]]:
    if not known:
        return {}
    ranges = ["'" + title.replace("'", "''") + "'" for title in known.values()]
    answer = _ask(
        lambda: client.values_batch_get(
            str(settings.google_sheets_id), ranges, {"valueRenderOption": render}
        )
    )
    # Google leaves out empty cells at the end of a line and empty lines at the end of a tab.
    found = [part.get("values", []) for part in answer["valueRanges"]]
    return dict(zip(known, found, strict=True))


def _ask(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    def once() -> Mapping[str, Any]:
        try:
            return call()
        except gspread.exceptions.APIError as error:
            answer = error.response
        except requests.RequestException as error:
            raise TransientError(f"no complete answer ({type(error).__name__})") from None
        judge(answer.status_code, answer.headers, answer.content)
        raise VendorError(f"HTTP {answer.status_code} is an error only to gspread")

    return with_retries(once)
