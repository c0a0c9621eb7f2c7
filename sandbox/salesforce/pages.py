"""Answers to queries in pages; those after the first are kept until they are asked for."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from starlette.requests import Request

from sandbox.salesforce.errors import refusal
from sandbox.salesforce.soql import Found, aggregated
from sandbox.salesforce.state import State

MAX_BATCH: Final = 2000
MIN_BATCH: Final = 200


def first_page(state: State, found: Found, request: Request) -> dict[str, Any]:
    """The first page of a query's result, in the size that the request asks for."""
    version = request.path_params["version"]
    if found.aggregate:
        row = {"attributes": {"type": "AggregateResult"}} | aggregated(found)
        return {"totalSize": 1, "done": True, "records": [row]}
    url = f"/services/data/v{version}/sobjects/{found.kind}"
    rows = [
        {"attributes": {"type": found.kind, "url": f"{url}/{row['Id']}"}}
        | {name: row[name] for name in found.fields}
        for row in found.rows
    ]
    asked = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""))
    size = min(max(int(asked[1]), MIN_BATCH), MAX_BATCH) if asked else MAX_BATCH
    locator = f"01gSB{secrets.token_hex(5)}"
    state.waiting[locator] = (rows, size)
    return _page(state, locator, 0, version)


def next_page(state: State, request: Request) -> dict[str, Any]:
    """The page for the locator in the path."""
    locator, _, start = request.path_params["locator"].rpartition("-")
    if locator not in state.waiting or not start.isdigit():
        message = "invalid query locator"
        raise refusal(400, "INVALID_QUERY_LOCATOR", message)
    return _page(state, locator, int(start), request.path_params["version"])


def _page(state: State, locator: str, start: int, version: str) -> dict[str, Any]:
    rows, size = state.waiting[locator]
    end = start + size
    page: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows)}
    if end < len(rows):
        page["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    else:
        del state.waiting[locator]
    return page | {"records": rows[start:end]}
