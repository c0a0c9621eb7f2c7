"""Who may ask for Gemini's use: the service account of `sandbox.google_sheets`, with a token for
the right scope, and where Workspace is asked on behalf of its administrator."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from sandbox.google_sheets.errors import refusal
from sandbox.google_sheets.vendor import GoogleSheets
from sandbox.state import Sandbox

ADMIN: Final = "it-admin@example.com"
_SCOPES: Final = "https://www.googleapis.com/auth/"


def authorize(
    sandbox: Sandbox, request: Request, scope: str, *, subject: str | None = None
) -> None:
    """Refuse a request without a token for this scope, or that acts for somebody else."""
    accounts = sandbox.vendor(GoogleSheets).state.accounts
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    scopes = accounts.scopes_of_token.get(value) if kind == "Bearer" else None
    if scopes is None:
        message = "Request had invalid authentication credentials."
        raise refusal(401, "UNAUTHENTICATED", message)
    if _SCOPES + scope not in scopes:
        message = "Request had insufficient authentication scopes."
        raise refusal(403, "PERMISSION_DENIED", message)
    if accounts.subject_of_token.get(value) != subject:
        raise refusal(403, "PERMISSION_DENIED", "Not Authorized to access this resource/api")
