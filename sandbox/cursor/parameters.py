"""What a request to Cursor may contain: pages, and ranges in epoch milliseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from sandbox.cursor.errors import bad_request
from sandbox.cursor.ledger import DAY_MS

_MAX_RANGE_MS: Final = 30 * DAY_MS
MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100


def whole_number(parameters: dict[str, Any], name: str, default: int, maximum: int) -> int:
    """A number from 1 to `maximum`."""
    value = parameters.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise bad_request(f"{name} must be a number between 1 and {maximum}")
    return value


def range_of(parameters: dict[str, Any]) -> tuple[int, int]:
    """Start and end in milliseconds, both inclusive."""
    bounds = []
    for name in ("startDate", "endDate"):
        value = parameters.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 10**11:
            raise bad_request(f"{name} must be given in epoch milliseconds")
        bounds.append(value)
    start, end = bounds
    if end < start:
        raise bad_request("endDate must not be before startDate")
    if end - start > _MAX_RANGE_MS:
        raise bad_request("The date range must not exceed 30 days")
    return start, end


def day_of(milliseconds: int) -> date:
    """The UTC day of a moment in milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
