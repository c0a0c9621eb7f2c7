"""The sandbox as one web application, and how to run it.

`running(seed=7, people=60, …)` serves it from a thread of this process on a free port.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Unpack
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from sandbox import control_api
from sandbox.answers import Json, Refusal, answer, no_route
from sandbox.fault_middleware import FaultMiddleware
from sandbox.options import OptionArguments, Options
from sandbox.state import Sandbox
from sandbox.vendors import build_sandbox

HOST = "127.0.0.1"


def _application(sandbox: Sandbox) -> Starlette:
    async def not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001
        path = request.url.path
        vendor = sandbox.vendor_of(path)
        return answer(vendor.not_found(path) if vendor else no_route(path), 404)

    return Starlette(
        routes=[
            *(route for vendor in sandbox.vendors for route in vendor.routes()),
            *control_api.routes(sandbox),
        ],
        middleware=[Middleware(FaultMiddleware, sandbox=sandbox)],
        exception_handlers={Refusal: _refuse, 404: not_found},
    )


async def _refuse(request: Request, refusal: Exception) -> Response:  # noqa: ARG001
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for nothing else
    return answer(refusal.body, refusal.status, refusal.headers)


@contextmanager
def prepared(
    options: Options, port: int
) -> Iterator[tuple[uvicorn.Server, socket.socket, str, dict[str, str]]]:
    """A server that is bound but does not answer yet, its URL and settings; cleans up after it."""
    sandbox = build_sandbox(options)
    # Named as TCP, because otherwise asyncio keeps Nagle's algorithm on and every POST takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with ExitStack() as stack:
        stack.callback(listening.close)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
        url = f"http://{HOST}:{listening.getsockname()[1]}"
        # Cut connections are intended here, so uvicorn need not report them.
        config = uvicorn.Config(
            _application(sandbox), log_level="critical", access_log=False, lifespan="off"
        )
        settings: dict[str, str] = {}
        for vendor in sandbox.vendors:
            settings |= stack.enter_context(vendor.settings(url))
        yield uvicorn.Server(config), listening, url, settings


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
    """Serve a sandbox with these `Options` on a free port, until the block ends."""
    with prepared(Options(**options), 0) as (server, listening, url, env):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Running(url, env)
        finally:
            server.should_exit = True
            thread.join(timeout=10)
