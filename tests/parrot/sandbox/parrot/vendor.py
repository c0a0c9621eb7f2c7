"""Parrot in the sandbox: its first person costs a dollar a day, and another is unattributed."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.routing import Route

from sandbox.answers import answer
from sandbox.days import days_between
from sandbox.money import dollars
from sandbox.state import Sandbox
from sandbox.vendor import MeteredVendor

CENTS = Decimal("100.000000000000001")


class Parrot(MeteredVendor):
    name = "parrot"
    paths = ("/v1/parrot/",)
    record_lists = ("data",)

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        def costs(request: Any) -> Any:
            first, end = (date.fromisoformat(request.query_params[x]) for x in ("since", "until"))
            email = self.sandbox.company.people[0].email
            return answer(
                {
                    "data": [
                        {"date": str(day), "email": who, "model": "polly-1", "cents": str(CENTS)}
                        for day in days_between(first, end)
                        for who in (email, None)
                    ]
                }
            )

        return [Route("/v1/parrot/costs", costs)]

    def settings(self, url: str) -> Any:
        return nullcontext({"PARROT_BASE_URL": url, "PARROT_API_KEY": "polly"})

    def totals(self, first: date, end: date) -> Any:
        billed = {"billed": dollars(2 * CENTS)}
        return {"parrot": {str(day): billed for day in days_between(first, end)}}

    def billed(self, day: date) -> dict[str, Decimal]:  # noqa: ARG002
        return {"parrot": 2 * CENTS}
