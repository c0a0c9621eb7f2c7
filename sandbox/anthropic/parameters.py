"""What a request to Anthropic may contain, and the refusals of everything else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from starlette.requests import Request

from sandbox.anthropic.errors import bad_request


def check_parameters(request: Request, known: Iterable[str]) -> None:
    """Refuse unknown parameters: ignoring one would give a wrong answer that looks right."""
    allowed = {*known, "beta"}
    for name in request.query_params:
        if name not in allowed:
            raise bad_request(f"{name}: unknown parameter")


def limit_of(request: Request, default: int, maximum: int = 1000) -> int:
    """How many records a page may have."""
    raw = request.query_params.get("limit", str(default))
    if not raw.isdecimal() or not 1 <= int(raw) <= maximum:
        raise bad_request(f"limit: must be between 1 and {maximum}")
    return int(raw)


def time_of(request: Request, name: str) -> datetime | None:
    """A moment in UTC, from a time with its zone or from a date."""
    raw = request.query_params.get(name)
    if raw is None:
        return None
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise bad_request(f"{name}: must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        if len(raw) != len("2026-01-01"):
            raise bad_request(f"{name}: must have a time zone")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def day_of(request: Request, name: str) -> date:
    """A date, without a time."""
    raw = request.query_params.get(name, "")
    try:
        if len(raw) != len("2026-01-01"):
            raise ValueError
        return date.fromisoformat(raw)
    except ValueError:
        raise bad_request(f"{name}: is required, as YYYY-MM-DD") from None
