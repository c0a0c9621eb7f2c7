"""Salesforce's refusals, in its own words."""

from __future__ import annotations

from sandbox.answers import Refusal


def error_body(code: str, message: str) -> list[dict[str, str]]:
    """Salesforce's error body."""
    return [{"message": message, "errorCode": code}]


def refusal(status: int, code: str, message: str) -> Refusal:
    """An answer other than 200, with Salesforce's error body."""
    return Refusal(status, error_body(code, message))
