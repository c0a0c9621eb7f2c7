"""`/_control`: what tests change about the sandbox, and the truth they compare with.

`POST /_control` takes one JSON object with any of these, or of what a vendor adds in the `changes`
of its `vendor.py`; the answer is 200 or a 400 that says why.

    {"faults": [{"match": "/cost", "kind": "500", "times": 2, "after": 1}]}   replaces all faults
    {"revise": {"vendor": "cursor", "date": "2026-11-02", "factor": "1.1"}}   that day's amounts
    {"empty": {"vendor": "anthropic", "organization": "console", "date": …}}  that day is gone
    {"clear": true}                        no revisions any more
    {"rate_limits": false}                 nobody is asked to wait
    {"today": "2026-11-30"}                the clock
    {"reset": true}                        everything as it was at the start, done first

`GET /_control/totals?since=&until=` gives what the vendors report per day, in exact dollars;
`GET /_control/requests` counts the requests per path.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import answer, decode
from sandbox.faults import Fault
from sandbox.state import Revision, Sandbox
from sandbox.vendor import Change, MeteredVendor, flag


def routes(sandbox: Sandbox) -> list[Route]:
    """Everything under /_control."""

    async def control(request: Request) -> Response:
        try:
            apply(sandbox, decode(await request.body()))
        except (ValueError, KeyError, TypeError, InvalidOperation) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)
        return answer({"ok": True})

    async def totals(request: Request) -> Response:
        since = request.query_params.get("since")
        until = request.query_params.get("until")
        first = date.fromisoformat(since) if since else sandbox.options.start
        end = date.fromisoformat(until) if until else sandbox.today
        return answer(vendor_totals(sandbox, first, min(end, sandbox.today)))

    async def requests(request: Request) -> Response:  # noqa: ARG001
        return answer(dict(sandbox.requests))

    return [
        Route("/_control", control, methods=["POST"]),
        Route("/_control/totals", totals),
        Route("/_control/requests", requests),
    ]


def apply(sandbox: Sandbox, change: dict[str, Any]) -> None:
    """Make the changes, the reset first. ValueError, KeyError or
    TypeError if one makes no sense."""
    known = _changes(sandbox)
    unknown = set(change) - set(known)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    for name, make in known.items():
        if name in change:
            make(change[name])


def _changes(sandbox: Sandbox) -> dict[str, Change]:
    def set_faults(faults: list[dict[str, Any]]) -> None:
        sandbox.faults = [Fault(**fault) for fault in faults]

    def revise(revision: dict[str, Any]) -> None:
        factor = Decimal(str(revision["factor"]))
        sandbox.revise(_revision(sandbox, revision, factor))

    def empty(revision: dict[str, Any]) -> None:
        sandbox.revise(_revision(sandbox, revision, is_empty=True))

    changes: dict[str, Change] = {
        "reset": lambda _: sandbox.reset(),
        "clear": lambda _: sandbox.revisions.clear(),
        "faults": set_faults,
        "revise": revise,
        "empty": empty,
        "rate_limits": flag(sandbox, "rate_limits"),
        "today": lambda day: setattr(sandbox, "today", date.fromisoformat(day)),
    }
    for vendor in sandbox.vendors:
        changes |= vendor.changes()
    return changes


def _metered(sandbox: Sandbox) -> dict[str, MeteredVendor]:
    return {v.name: v for v in sandbox.vendors if isinstance(v, MeteredVendor)}


def _revision(
    sandbox: Sandbox,
    revision: dict[str, Any],
    factor: Decimal = Decimal(1),
    *,
    is_empty: bool = False,
) -> Revision:
    if revision["vendor"] not in _metered(sandbox):
        raise ValueError(f"unknown vendor {revision['vendor']!r}")
    day = date.fromisoformat(revision["date"])
    return Revision(revision["vendor"], day, revision.get("organization"), factor, is_empty)


def vendor_totals(sandbox: Sandbox, first: date, end: date) -> dict[str, Any]:
    """What each vendor reports per day, as exact decimal text in dollars.

    {"anthropic": {"console": {"2026-11-01": {"billed": …, "list": …}}, "enterprise": …},
     "cursor": {"cursor": {"2026-11-01": {"on_demand": …, "included": …, "other": …}}}}
    """
    return {name: vendor.totals(first, end) for name, vendor in _metered(sandbox).items()}
