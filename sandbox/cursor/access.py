"""Who may ask Cursor: Basic authentication, and a rate limit for each route."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Refusal, answer, decode
from sandbox.cursor.errors import bad_request, error_body, too_many_requests
from sandbox.cursor.state import State
from sandbox.rate_limit import RateLimit

API_KEY: Final = "key_sandbox"
REQUESTS_PER_MINUTE: Final = 20
EVENT_REQUESTS_PER_MINUTE: Final = 60

Handler = Callable[[State, dict[str, Any]], Any]
"""Takes the parameters or the body of a request; returns JSON as a value or as bytes."""


def route(
    state: State,
    method: str,
    path: str,
    handler: Handler,
    per_minute: int = REQUESTS_PER_MINUTE,
) -> Route:
    """A route that needs a key and has a rate limit of its own; a handler gets the parameters or
    the body."""
    limit = RateLimit(per_minute)

    async def endpoint(request: Request) -> Response:
        _authenticate(request)
        if state.sandbox.rate_limits and not limit.allows_one_more():
            raise too_many_requests()
        parameters = dict(request.query_params) if method == "GET" else _body(await request.body())
        result = handler(state, parameters)
        if isinstance(result, bytes):
            return Response(result, media_type="application/json")
        return answer(result)

    return Route(path, endpoint, methods=[method])


def _authenticate(request: Request) -> None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user, password = "", "-"
    if scheme.lower() != "basic" or user != API_KEY or password:
        raise Refusal(401, error_body("Unauthorized", "Invalid API key"))


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = decode(raw or b"{}")
    except ValueError:
        raise bad_request("The body is not JSON") from None
    if not isinstance(body, dict):
        raise bad_request("The body is not an object")
    return body
