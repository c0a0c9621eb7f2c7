"""One sandbox for all tests; each test finds it as it is at the start."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sandbox.server import Running, running
from tests.sandbox.asking import TODAY

START = {"reset": True, "rate_limits": False}


@pytest.fixture(scope="session")
def served() -> Iterator[Running]:
    with running(today=TODAY, rate_limits=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Running) -> Iterator[Running]:
    yield served
    served.control(START)


@pytest.fixture(scope="session")
def clients(served: Running) -> Iterator[dict[str, httpx.Client]]:
    """Kept open for all tests: creating one costs more than most tests."""
    url, env = served.url, served.env
    headers = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "analytics-usage-cost-2026-08-24",
    }
    with (
        httpx.Client(base_url=f"{url}/v1/organizations/", headers=headers) as console,
        httpx.Client(base_url=f"{url}/v1/organizations/", headers=headers) as enterprise,
        httpx.Client(base_url=f"{url}/teams/", auth=(env["CURSOR_API_KEY"], "")) as cursor,
    ):
        console.headers["x-api-key"] = env["ANTHROPIC_ADMIN_KEY"]
        enterprise.headers["x-api-key"] = env["ANTHROPIC_ENTERPRISE_KEY"]
        yield {"console": console, "enterprise": enterprise, "cursor": cursor}


@pytest.fixture
def anthropic(sandbox: Running, clients: dict[str, httpx.Client]) -> httpx.Client:
    return clients["console"]


@pytest.fixture
def enterprise(sandbox: Running, clients: dict[str, httpx.Client]) -> httpx.Client:
    return clients["enterprise"]


@pytest.fixture
def cursor(sandbox: Running, clients: dict[str, httpx.Client]) -> httpx.Client:
    return clients["cursor"]
