"""Anthropic's refusals, in its own words."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.answers import Json, Refusal


def error_body(status: int, kind: str, message: str, **extra: Json) -> dict[str, Any]:
    """Anthropic's error body."""
    return {
        "type": "error",
        "error": {"type": kind, "message": message, **extra},
        "request_id": f"req_{hashlib.sha256(f'{status}{message}'.encode()).hexdigest()[:24]}",
    }


def refusal(status: int, kind: str, message: str, **extra: Json) -> Refusal:
    """An answer other than 200, with one of Anthropic's kinds of errors."""
    return Refusal(status, error_body(status, kind, message, **extra))


def bad_request(message: str) -> Refusal:
    """A 400: the request itself is wrong."""
    return refusal(400, "invalid_request_error", message)


def unauthorized(message: str) -> Refusal:
    """A 401: the key is missing or unknown."""
    return refusal(401, "authentication_error", message)


def forbidden(message: str) -> Refusal:
    """A 403: the key is known but may not read this."""
    return refusal(403, "permission_error", message)


def not_found() -> Refusal:
    """A 404: there is no such resource, or not for this organization."""
    return refusal(404, "not_found_error", "The requested resource could not be found.")
