"""Google's refusals, in its own words."""

from __future__ import annotations

from sandbox.answers import Refusal


def refusal(code: int, status: str, message: str, **headers: str) -> Refusal:
    """An answer other than 200, with Google's error body."""
    return Refusal(code, {"error": {"code": code, "message": message, "status": status}}, **headers)
