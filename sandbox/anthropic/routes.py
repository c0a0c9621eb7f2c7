"""Which handler answers which path of Anthropic's Admin API, and for which organization."""

from __future__ import annotations

from starlette.routing import Route

from sandbox.anthropic import activity, claude_code, directories, reports
from sandbox.anthropic.access import Handler, endpoint_of
from sandbox.anthropic.analytics import Analytics
from sandbox.anthropic.ledger import CONSOLE, ENTERPRISE
from sandbox.anthropic.spend_limits import spend_limits
from sandbox.anthropic.state import State


def routes(state: State) -> list[Route]:
    """Everything under /v1/organizations."""
    analytics = Analytics()
    handlers: dict[str, tuple[tuple[str, ...], Handler]] = {
        "me": ((CONSOLE, ENTERPRISE), directories.me),
        "users": ((CONSOLE,), directories.users),
        "api_keys": ((CONSOLE,), directories.api_keys),
        "workspaces": ((CONSOLE,), directories.workspaces),
        "service_accounts": ((CONSOLE,), directories.service_accounts),
        "spend_limits/effective": ((ENTERPRISE,), spend_limits),
        "usage_report/messages": ((CONSOLE,), reports.usage),
        "cost_report": ((CONSOLE,), reports.cost),
        "usage_report/claude_code": ((CONSOLE,), claude_code.usage),
        "analytics/users": ((ENTERPRISE,), activity.users),
        "analytics/usage": ((CONSOLE, ENTERPRISE), analytics.usage),
        "analytics/cost": ((CONSOLE, ENTERPRISE), analytics.cost),
    }
    return [
        Route(f"/v1/organizations/{path}", endpoint_of(state, organizations, handler))
        for path, (organizations, handler) in handlers.items()
    ]
