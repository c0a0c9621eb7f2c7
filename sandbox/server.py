"""The sandbox as one web application, and how to run it.

`create_app(seed=7, people=60, …)` gives the Starlette application; `running(…)` serves it from a
thread of this process on a free port.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from foundation.scratch import scratch_folder
from sandbox import (
    control_api,
    cursor_api,
    google_sheets_api,
    product_database,
    salesforce_api,
)
from sandbox.answers import Json, Refusal, answer, cursor_error, salesforce_error
from sandbox.anthropic import access, errors
from sandbox.anthropic import routes as anthropic_routes
from sandbox.faults import FaultMiddleware
from sandbox.google_sheets_api import Accounts
from sandbox.options import OptionArguments, Options
from sandbox.state import Sandbox

HOST = "127.0.0.1"


def create_app(**options: Unpack[OptionArguments]) -> Starlette:
    """The application of a company with these `Options`; `app.state.sandbox` is what it serves."""
    return _application(Sandbox(Options(**options)), Accounts())


def _application(sandbox: Sandbox, accounts: Accounts) -> Starlette:
    app = Starlette(
        routes=[
            *anthropic_routes.routes(sandbox),
            *cursor_api.routes(sandbox),
            *google_sheets_api.routes(sandbox, accounts),
            *salesforce_api.routes(sandbox),
            *control_api.routes(sandbox),
        ],
        middleware=[Middleware(FaultMiddleware, sandbox=sandbox)],
        exception_handlers={Refusal: _refuse, 404: _not_found},
    )
    app.state.sandbox = sandbox
    return app


async def _refuse(request: Request, refusal: Exception) -> Response:  # noqa: ARG001
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for nothing else
    return answer(refusal.body, refusal.status, refusal.headers)


async def _not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001
    if request.url.path.startswith("/v1/"):
        return answer(errors.not_found().body, 404)
    if request.url.path.startswith("/services/"):
        return answer(salesforce_error("NOT_FOUND", "The requested resource does not exist"), 404)
    return answer(cursor_error("Not Found", f"No route {request.url.path}"), 404)


def environment(url: str, credentials: Path, product: str | None) -> dict[str, str]:
    """The settings with which the pipeline talks to the sandbox at `url`; `product` is the address
    of the seller's database, if there is a seller."""
    vendors = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_ADMIN_KEY": access.ADMIN_KEY,
        "ANTHROPIC_ENTERPRISE_KEY": access.ENTERPRISE_KEY,
        "CURSOR_BASE_URL": url,
        "CURSOR_API_KEY": cursor_api.API_KEY,
        "GOOGLE_SHEETS_ID": google_sheets_api.SPREADSHEET_ID,
        "GOOGLE_SHEETS_BASE_URL": url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
    }
    if product is None:
        return vendors
    return vendors | {
        "SALESFORCE_INSTANCE_URL": url,
        "SALESFORCE_CLIENT_ID": salesforce_api.CLIENT_ID,
        "SALESFORCE_CLIENT_SECRET": salesforce_api.CLIENT_SECRET,
        "PRODUCT_DATABASE_URL": product,
    }


@contextmanager
def prepared(
    options: Options, port: int
) -> Iterator[tuple[uvicorn.Server, socket.socket, str, dict[str, str]]]:
    """A server that is bound but does not answer yet, its URL and settings; cleans up after it."""
    accounts, sandbox = Accounts(), Sandbox(options)
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every POST takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, port))
    listening.listen()
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    # Cut connections are wanted here: uvicorn need not report them.
    config = uvicorn.Config(
        _application(sandbox, accounts),
        log_level="critical",
        access_log=False,
        lifespan="off",
    )
    with (
        scratch_folder("ai-spend-sandbox-") as folder,
        product_database.serving(sandbox.seller) as product,
    ):
        credentials = folder / "service-account.json"
        accounts.write_credentials(credentials, url)
        try:
            yield uvicorn.Server(config), listening, url, environment(url, credentials, product)
        finally:
            listening.close()


@dataclass(frozen=True)
class Running:
    """A sandbox that answers at `url`; `env` are the settings for it."""

    url: str
    env: dict[str, str]

    def control(self, change: dict[str, Any]) -> None:
        """Change something, see `sandbox.control_api`; ValueError if it makes no sense."""
        self._call("POST", "/_control", json.dumps(change))

    def totals(self, since: str | None = None, until: str | None = None) -> Json:
        """What the vendors report per day, in exact dollars."""
        asked = {k: v for k, v in (("since", since), ("until", until)) if v is not None}
        return self._call("GET", f"/_control/totals?{urlencode(asked)}")

    def requests(self) -> dict[str, int]:
        """How often each path was asked."""
        counts: dict[str, int] = self._call("GET", "/_control/requests")
        return counts

    def _call(self, method: str, path: str, body: str | None = None) -> Json:
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(text.decode())
        return json.loads(text)


@contextmanager
def running(**options: Unpack[OptionArguments]) -> Iterator[Running]:
    """Serve the sandbox with these `Options` on a free port, until the block ends."""
    with prepared(Options(**options), 0) as (server, listening, url, env):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Running(url, env)
        finally:
            server.should_exit = True
            thread.join(timeout=10)
