"""Anthropic as one of the sandbox's vendors."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.routing import Route

from sandbox.answers import Json, Refusal
from sandbox.anthropic import errors
from sandbox.anthropic.access import ADMIN_KEY, ENTERPRISE_KEY
from sandbox.anthropic.ledger import CONSOLE, ORGANIZATIONS
from sandbox.anthropic.routes import routes
from sandbox.anthropic.state import State
from sandbox.days import days_between
from sandbox.faults import Fault
from sandbox.money import ZERO, dollars
from sandbox.state import Sandbox
from sandbox.vendor import Change, MeteredVendor, flag


class Anthropic(MeteredVendor):
    """Two organizations: `console`, which is billed by key, and `enterprise`, which has seats."""

    name = "anthropic"
    paths = ("/v1/",)
    record_lists = ("data",)

    def __init__(self, sandbox: Sandbox) -> None:
        self.state = State(sandbox)

    def reset(self) -> None:
        self.state.reset()

    def routes(self) -> list[Route]:
        return routes(self.state)

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:
        return nullcontext(
            {
                "ANTHROPIC_BASE_URL": url,
                "ANTHROPIC_ADMIN_KEY": ADMIN_KEY,
                "ANTHROPIC_ENTERPRISE_KEY": ENTERPRISE_KEY,
            }
        )

    def changes(self) -> dict[str, Change]:
        """What tests can change:

        {"analytics": {"console": false}}   usage and cost analytics answer 404
        {"service_accounts": true}          the Admin key may read service accounts
        {"users_lag": 3}                    days that user activity lags behind
        {"real_bill": true}                 2026-08-17 as it was really billed
        """
        return {
            "analytics": self._set_analytics,
            "service_accounts": flag(self.state, "service_accounts_readable"),
            "users_lag": lambda days: setattr(self.state, "users_lag_days", int(days)),
            "real_bill": flag(self.state, "real_bill"),
        }

    def _set_analytics(self, available: dict[str, bool]) -> None:
        for organization, is_available in available.items():
            if organization not in ORGANIZATIONS:
                raise ValueError(f"unknown organization {organization!r}")
            if is_available:
                self.state.without_analytics.discard(organization)
            else:
                self.state.without_analytics.add(organization)

    def totals(self, first: date, end: date) -> dict[str, dict[str, dict[str, str]]]:
        return {
            organization: {
                day.isoformat(): self._total(organization, day) for day in days_between(first, end)
            }
            for organization in ORGANIZATIONS
        }

    def _total(self, organization: str, day: date) -> dict[str, str]:
        costs = [cost for entry in self.state.day(organization, day) for cost in entry.costs]
        return {
            "billed": dollars(sum((cost.amount for cost in costs), ZERO)),
            "list": dollars(sum((cost.list_amount for cost in costs), ZERO)),
        }

    def billed(self, day: date) -> dict[str, Decimal]:
        cents: dict[str, Decimal] = {}
        for organization in ORGANIZATIONS:
            other = "claude_api" if organization == CONSOLE else "claude_ai"
            for entry in self.state.first_day(organization, day):
                platform = "claude_code" if entry.product == "claude_code" else other
                amount = sum((cost.amount for cost in entry.costs), ZERO)
                cents[platform] = cents.get(platform, ZERO) + amount
        return cents

    def not_found(self, path: str) -> Json:  # noqa: ARG002
        return errors.not_found().body

    def refusal(self, fault: Fault) -> Refusal:
        if fault.kind == "429_spend_cap":
            return errors.refusal(
                429,
                "rate_limit_error",
                "This organization has reached its monthly API usage limit.",
                details={"error_code": "enforced_spend_limit_reached"},
            )
        if fault.kind == "expired_cursor":
            message = "The page cursor has expired. Start the query again from its first page."
            return errors.refusal(410, "invalid_request_error", message)
        kinds = {429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error"}
        messages = {429: "This request would exceed your rate limit.", 529: "Overloaded"}
        body = errors.error_body(
            fault.status,
            kinds.get(fault.status, "api_error"),
            messages.get(fault.status, "Internal server error"),
        )
        return Refusal(fault.status, body, **fault.headers)

    def break_record(self, record: dict[str, Any], path: str) -> None:  # noqa: ARG002
        if "cost" in record:
            del record["cost"]["amount"]
        elif "usage" in record:
            record["usage"]["output_tokens"] = "many"
        elif "amount" in record:
            del record["amount"]
        elif "uncached_input_tokens" in record:
            record["uncached_input_tokens"] = "many"
        else:
            for name in ("id", "actor", "user"):
                record.pop(name, None)
            if "date" in record:
                record["date"] = "someday"
