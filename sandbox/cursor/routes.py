"""Which handler answers which path of Cursor's Admin API."""

from __future__ import annotations

from starlette.routing import Route

from sandbox.cursor import spend, usage
from sandbox.cursor.access import EVENT_REQUESTS_PER_MINUTE, route
from sandbox.cursor.state import State


def routes(state: State) -> list[Route]:
    """Everything under /teams."""
    return [
        route(state, "GET", "/teams/members", usage.members),
        route(state, "POST", "/teams/daily-usage-data", usage.daily_usage),
        route(
            state, "POST", "/teams/filtered-usage-events", usage.events, EVENT_REQUESTS_PER_MINUTE
        ),
        route(state, "POST", "/teams/spend", spend.spend),
        route(state, "GET", "/teams/groups", spend.groups),
    ]
