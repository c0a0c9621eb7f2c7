"""Cursor's refusals, in its own words."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Refusal


def error_body(error: str, message: str) -> dict[str, Any]:
    """Cursor's error body."""
    return {"error": error, "message": message}


def bad_request(message: str) -> Refusal:
    """A 400: the request itself is wrong."""
    return Refusal(400, error_body("Bad Request", message))


def too_many_requests(**headers: str) -> Refusal:
    """A 429: the route's minute is full."""
    message = "Rate limit exceeded. Please try again later."
    return Refusal(429, error_body("Too Many Requests", message), **headers)
