"""Which handler answers which path of Google's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import answer
from sandbox.google_sheets.access import authorize
from sandbox.google_sheets.state import State
from sandbox.google_sheets.values import metadata, one_range, several_ranges


def routes(state: State) -> list[Route]:
    """The token endpoint and the reading half of /v4/spreadsheets."""

    def guarded(handler: Callable[[State, Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            authorize(state, request)
            return answer(handler(state, request))

        return endpoint

    async def token(request: Request) -> Response:
        return answer(state.accounts.give_token((await request.body()).decode()))

    spreadsheet = "/v4/spreadsheets/{spreadsheet_id}"
    return [
        Route("/token", token, methods=["POST"]),
        Route(f"{spreadsheet}/values:batchGet", guarded(several_ranges)),
        Route(f"{spreadsheet}/values/{{range:path}}", guarded(one_range)),
        Route(spreadsheet, guarded(metadata)),
    ]
