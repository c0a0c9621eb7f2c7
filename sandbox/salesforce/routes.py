"""Which handler answers which path of Salesforce's REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import answer
from sandbox.salesforce.access import VERSIONS, authorize, count_request, give_token
from sandbox.salesforce.pages import first_page, next_page
from sandbox.salesforce.soql import evaluate
from sandbox.salesforce.state import State


def routes(state: State) -> list[Route]:
    """The token endpoint, and the part of /services/data that an extractor needs."""

    async def token(request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        return answer(give_token(state, form, str(request.base_url).rstrip("/")))

    def guarded(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            authorize(state, request)
            headers = {"sforce-limit-info": count_request(state)}
            return answer(handler(request), headers=headers)

        return endpoint

    def versions(_: Request) -> list[dict[str, str]]:
        return [
            {"label": f"Release {version}", "url": f"/services/data/v{version}", "version": version}
            for version in VERSIONS
        ]

    def limits(_: Request) -> dict[str, Any]:
        limit, used = state.limit, state.used
        return {"DailyApiRequests": {"Max": limit, "Remaining": limit - used}}

    def queried(include_deleted: bool) -> Callable[[Request], Any]:
        def handler(request: Request) -> dict[str, Any]:
            soql = request.query_params.get("q", "")
            found = evaluate(state, soql, include_deleted=include_deleted)
            return first_page(state, found, request)

        return handler

    data = "/services/data/v{version}"
    return [
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/data/", guarded(versions)),
        *(Route(f"{data}/limits{end}", guarded(limits)) for end in ("", "/")),
        *(Route(f"{data}/query{end}", guarded(queried(False))) for end in ("", "/")),
        *(Route(f"{data}/queryAll{end}", guarded(queried(True))) for end in ("", "/")),
        Route(f"{data}/query/{{locator}}", guarded(lambda request: next_page(state, request))),
        Route(f"{data}/queryAll/{{locator}}", guarded(lambda request: next_page(state, request))),
    ]
