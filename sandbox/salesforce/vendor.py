"""Salesforce as one of the sandbox's vendors."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from starlette.routing import Route

from sandbox.answers import Json, Refusal
from sandbox.faults import Fault
from sandbox.salesforce import errors
from sandbox.salesforce.access import CLIENT_ID, CLIENT_SECRET
from sandbox.salesforce.routes import routes
from sandbox.salesforce.state import State
from sandbox.seller import INCLUDED_USAGE_FIELD
from sandbox.state import Sandbox
from sandbox.vendor import Change, Vendor


class Salesforce(Vendor):
    """The seller's Salesforce; nothing if there is no seller."""

    name = "salesforce"
    paths = ("/services/",)
    record_lists = ("records",)

    def __init__(self, sandbox: Sandbox) -> None:
        self.has_seller = sandbox.seller is not None
        self.state = State(sandbox.seller)

    def reset(self) -> None:
        self.state.reset()

    def routes(self) -> list[Route]:
        return routes(self.state) if self.has_seller else []

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:
        if not self.has_seller:
            return nullcontext({})
        return nullcontext(
            {
                "SALESFORCE_INSTANCE_URL": url,
                "SALESFORCE_CLIENT_ID": CLIENT_ID,
                "SALESFORCE_CLIENT_SECRET": CLIENT_SECRET,
                "SALESFORCE_INCLUDED_USAGE_FIELD": INCLUDED_USAGE_FIELD,
            }
        )

    def changes(self) -> dict[str, Change]:
        """`salesforce`, with any of these fields:

        {"records": {"Account": [{"Id": …, "Name": …}]}}          changed, or new
        {"hidden": ["Account.SWE_Count__c", "Subscription__c"]}   no such field, no such object
        {"limit": 100, "used": 20}                                requests a day
        {"sessions_end": true}                                    every token is refused: 401
        """
        return {"salesforce": self._set}

    def _set(self, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            if name == "records":
                for kind, records in value.items():
                    changed = self.state.changed.setdefault(kind, {})
                    changed.update({record["Id"]: record for record in records})
            elif name == "hidden":
                self.state.hidden = set(value)
            elif name in ("limit", "used", "sessions_end"):
                setattr(self.state, name, value)
            else:
                raise ValueError(f"unknown: {name}")

    def not_found(self, path: str) -> Json:  # noqa: ARG002
        return errors.error_body("NOT_FOUND", "The requested resource does not exist")

    def refusal(self, fault: Fault) -> Refusal:
        """Salesforce answers 403 where others answer 429, for too many requests at once as well as
        in a day."""
        at_once = (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")
        status, code, message = {
            "429": at_once,
            "429_retry_after": at_once,
            "429_spend_cap": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            "expired_cursor": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
            "expired_session": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
        }.get(fault.kind, (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."))
        return errors.refusal(status, code, message)

    def is_later_page(self, path: str, query: str) -> bool:
        return super().is_later_page(path, query) or "/query/01g" in path

    def break_record(self, record: dict[str, Any], path: str) -> None:  # noqa: ARG002
        record["Id"] = "broken"
