"""OpenAI as one of the sandbox's vendors."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Json, Refusal, answer
from sandbox.days import days_between
from sandbox.faults import Fault
from sandbox.money import CENTS_PER_DOLLAR, text
from sandbox.openai import directories, errors, reports
from sandbox.openai.state import State
from sandbox.rate_limit import RateLimit
from sandbox.state import Sandbox
from sandbox.vendor import Change, MeteredVendor, flag

ADMIN_KEY: Final = "sk-admin-sandbox"
USAGE_KEY: Final = "sk-admin-without-management"
"""May read costs and usage, and no directory."""
PLATFORM: Final = "openai_api"
_PER_MINUTE: Final = 600

_ROOT: Final = "/v1/organization"


class OpenAI(MeteredVendor):
    """One organization on the API platform."""

    name = "openai"
    paths = (f"{_ROOT}/",)
    record_lists = ("data",)

    def __init__(self, sandbox: Sandbox) -> None:
        self.state = State(sandbox)
        self._limit = RateLimit(_PER_MINUTE)

    def reset(self) -> None:
        self.state.reset()

    def routes(self) -> list[Route]:
        state = self.state

        def route(path: str, scope: str, handler: Callable[[Request], Json]) -> Route:
            async def endpoint(request: Request) -> Response:
                self._admit(request, scope)
                return answer(handler(request))

            return Route(f"{_ROOT}/{path}", endpoint)

        usage, management = "api.usage.read", "api.management.read"
        return [
            route("costs", usage, lambda asked: reports.costs(state, asked.query_params)),
            route(
                "usage/{kind}",
                usage,
                lambda asked: reports.usage(state, asked.path_params["kind"], asked.query_params),
            ),
            route("users", management, lambda asked: directories.users(state, asked.query_params)),
            route(
                "projects",
                management,
                lambda asked: directories.projects(state, asked.query_params),
            ),
            route(
                "projects/{project}/api_keys",
                management,
                lambda asked: directories.api_keys(
                    state, asked.path_params["project"], asked.query_params
                ),
            ),
            route(
                "projects/{project}/service_accounts",
                management,
                lambda asked: directories.service_accounts(
                    state, asked.path_params["project"], asked.query_params
                ),
            ),
        ]

    def _admit(self, request: Request, scope: str) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key not in (ADMIN_KEY, USAGE_KEY):
            raise errors.unauthorized(key)
        if key == USAGE_KEY and scope != "api.usage.read":
            raise errors.forbidden(scope)
        if self.state.sandbox.rate_limits and not self._limit.allows_one_more():
            raise errors.too_many_requests(retry_after="1")

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:
        return nullcontext({"OPENAI_BASE_URL": url, "OPENAI_ADMIN_KEY": ADMIN_KEY})

    def changes(self) -> dict[str, Change]:
        """{"openai_costs_by": {"api_key_id": "2026-11-01"}}: costs by key from that day on, or by
        user_id; {"openai_amounts_are_text": true}; {"openai_delete_key": "desk 0"}, by its name."""
        state = self.state
        return {
            "openai_costs_by": state.break_costs_down,
            "openai_amounts_are_text": flag(state, "amounts_are_text"),
            "openai_delete_key": state.delete_key,
        }

    def totals(self, first: date, end: date) -> dict[str, dict[str, dict[str, str]]]:
        days = days_between(first, end)
        return {"openai": {str(day): {"billed": text(self.state.day(day).billed)} for day in days}}

    def billed(self, day: date) -> dict[str, Decimal]:
        return {PLATFORM: self.state.first_day(day).billed * CENTS_PER_DOLLAR}

    def not_found(self, path: str) -> Json:
        return errors.not_found(path)

    def refusal(self, fault: Fault) -> Refusal:
        if fault.status == 429:
            return errors.too_many_requests(**fault.headers)
        message = "The server had an error while processing your request."
        body = errors.body(message, "server_error", "internal_error")
        return Refusal(fault.status, body, **fault.headers)

    def break_record(self, record: dict[str, Any], path: str) -> None:
        if path.endswith("/costs"):
            record["amount"] = {"value": "a lot", "currency": "usd"}
        elif "/usage/" in path:
            record["num_model_requests"] = "many"
        else:
            del record["id"]
