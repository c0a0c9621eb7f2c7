"""OpenAI's refusals, in its own words."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Refusal


def body(message: str, kind: str, code: str, param: str | None = None) -> dict[str, Any]:
    """OpenAI's error body."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def invalid(message: str, param: str) -> Refusal:
    """A 400: the request itself is wrong, or asks for what this organization does not get."""
    return Refusal(400, body(message, "invalid_request_error", "invalid_value", param))


def unauthorized(key: str) -> Refusal:
    """A 401, which repeats the ends of the key."""
    shown = f"{key[:8]}...{key[-4:]}" if len(key) > 12 else ""
    message = f"Incorrect API key provided: {shown}."
    return Refusal(401, body(message, "invalid_request_error", "invalid_api_key"))


def forbidden(scope: str) -> Refusal:
    """A 403, whose error is a plain text."""
    text = f"You have insufficient permissions for this operation. Missing scopes: {scope}."
    return Refusal(403, {"error": text})


def not_found(path: str) -> dict[str, Any]:
    return body(f"Invalid URL ({path})", "invalid_request_error", "unknown_url")


def too_many_requests(**headers: str) -> Refusal:
    """A 429: too many requests in a minute."""
    message = "Rate limit reached for requests."
    return Refusal(429, body(message, "requests", "rate_limit_exceeded"), **headers)
