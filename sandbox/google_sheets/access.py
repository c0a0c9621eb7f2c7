"""Who may read the sheet. Only read-only scopes are accepted, so that asking for more is
noticed."""

from __future__ import annotations

from starlette.requests import Request

from sandbox.google_sheets.accounts import SPREADSHEET_ID
from sandbox.google_sheets.errors import refusal
from sandbox.google_sheets.state import State


def authorize(state: State, request: Request) -> None:
    """Refuse anybody who may not read this sheet, or has read too often this minute."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    scopes = state.accounts.scopes_of_token.get(value) if scheme == "Bearer" else None
    if scopes is None:
        message = "Request had invalid authentication credentials."
        raise refusal(401, "UNAUTHENTICATED", message)
    reads = any("/auth/spreadsheets" in scope for scope in scopes)
    if not reads or not all(scope.endswith(".readonly") for scope in scopes):
        message = "Request had insufficient authentication scopes: the sandbox is read-only."
        raise refusal(403, "PERMISSION_DENIED", message)
    if request.path_params["spreadsheet_id"] != SPREADSHEET_ID:
        raise refusal(404, "NOT_FOUND", "Requested entity was not found.")
    if state.sandbox.rate_limits and not state.reads.allows_one_more():
        message = "Quota exceeded for quota metric 'Read requests' per minute per user"
        raise refusal(429, "RESOURCE_EXHAUSTED", message)
