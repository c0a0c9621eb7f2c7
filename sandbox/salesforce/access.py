"""Who may ask Salesforce: OAuth tokens, known versions, and a number of requests per day."""

from __future__ import annotations

import secrets
from typing import Final

from starlette.requests import Request

from sandbox.answers import Refusal
from sandbox.salesforce.errors import refusal
from sandbox.salesforce.state import State

CLIENT_ID: Final = "3MVG9sandboxConnectedApp"
CLIENT_SECRET: Final = "sandbox-client-secret-0000"  # noqa: S105 - of the sandbox
VERSIONS: Final = ("61.0", "62.0", "63.0")


def give_token(state: State, form: dict[str, str], url: str) -> dict[str, str]:
    """A token for the connected app that the form names."""

    def refuse(error: str, description: str) -> Refusal:
        return Refusal(400, {"error": error, "error_description": description})

    if form.get("grant_type") != "client_credentials":
        raise refuse("unsupported_grant_type", "grant type not supported")
    if form.get("client_id") != CLIENT_ID:
        raise refuse("invalid_client_id", "client identifier invalid")
    if form.get("client_secret") != CLIENT_SECRET:
        raise refuse("invalid_client", "invalid client credentials")
    value = f"00DSB000000sand!{secrets.token_urlsafe(40)}"
    state.tokens.add(value)
    return {
        "access_token": value,
        "instance_url": url,
        "id": f"{url}/id/00DSB0000000001AAA/005SB0000000001AAA",
        "token_type": "Bearer",
        "scope": "api",
    }


def authorize(state: State, request: Request) -> None:
    """Refuse requests without a valid token, or for an unknown version."""
    if state.sessions_end:
        state.tokens.clear()
        state.sessions_end = False
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or value not in state.tokens:
        raise refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
    version = request.path_params.get("version", VERSIONS[0])
    if version not in VERSIONS:
        raise refusal(404, "NOT_FOUND", "The requested resource does not exist")


def count_request(state: State) -> str:
    """Count a request; returns the value of Sforce-Limit-Info. Refusal if the day's limit is used
    up."""
    if state.used >= state.limit:
        message = "TotalRequests Limit exceeded."
        raise refusal(403, "REQUEST_LIMIT_EXCEEDED", message)
    state.used += 1
    return f"api-usage={state.used}/{state.limit}"
