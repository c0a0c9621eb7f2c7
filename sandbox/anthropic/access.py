"""Who may ask Anthropic for what: keys, versions, and the errors in its words.

Two keys, two organizations: the Admin key reads the Console organization, the key with the scope
`read:analytics` reads the Enterprise organization, and there only its id, its analytics and its
spend limits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import answer
from sandbox.anthropic.errors import bad_request, forbidden, unauthorized
from sandbox.anthropic.ledger import CONSOLE, ENTERPRISE
from sandbox.anthropic.state import State

ADMIN_KEY: Final = "sk-ant-admin01-sandbox"
ENTERPRISE_KEY: Final = "sk-ant-api01-sandbox"
_ORGANIZATION_OF_KEY: Final = {ADMIN_KEY: CONSOLE, ENTERPRISE_KEY: ENTERPRISE}

VERSIONS: Final = ("2026-10-21", "2023-06-01")


Handler = Callable[[State, str, Request], Any]
"""Answers a request for an organization; returns what to send as JSON."""


def endpoint_of(
    state: State, organizations: tuple[str, ...], handler: Handler
) -> Callable[[Request], Any]:
    """An endpoint that only accepts the keys of these organizations."""

    async def endpoint(request: Request) -> Response:
        organization = _authenticate(request)
        if organization not in organizations:
            path = request.url.path
            raise forbidden(f"This API key has no access to {path} in this organization.")
        return answer(handler(state, organization, request))

    return endpoint


def _authenticate(request: Request) -> str:
    """The organization of the request's key."""
    key = request.headers.get("x-api-key")
    if key is None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        key = credentials if scheme.lower() == "bearer" else None
    if not key:
        raise unauthorized("x-api-key header is required")
    if key not in _ORGANIZATION_OF_KEY:
        raise unauthorized("invalid x-api-key")
    version = request.headers.get("anthropic-version")
    if version not in VERSIONS:
        raise bad_request("anthropic-version: header is required and must be a known version")
    return _ORGANIZATION_OF_KEY[key]
