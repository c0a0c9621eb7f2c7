"""`/_control`: what tests change about the sandbox, and the truth they compare with.

`POST /_control` takes one JSON object with any of these; the answer is 200 or a 400 that says why.

    {"faults": [{"match": "/cost", "kind": "500", "times": 2, "after": 1}]}   replaces all faults
    {"revise": {"vendor": "cursor", "date": "2026-11-02", "factor": "1.1"}}   that day's amounts
    {"empty": {"vendor": "anthropic", "organization": "console", "date": …}}  that day is gone
    {"clear": true}                                                          no revisions any more
    {"sheet": {"tab": "invoices", "rows": [[…header…], […]]}}                 or "append": [[…]]
    {"analytics": {"console": false}}      usage and cost analytics answer 404
    {"service_accounts": true}             the Admin key may read service accounts
    {"cursor_groups": false}               the team has no billing groups: 403
    {"users_lag": 3}                       days that user activity lags behind
    {"rate_limits": false}                 nobody is asked to wait
    {"real_bill": true}                    2026-08-17 as it was really billed
    {"salesforce": {"records": {"Account": [{"Id": …, "Name": …}]}}}          changed, or new
    {"salesforce": {"hidden": ["Account.SWE_Count__c", "Subscription__c"]}}   no such field, object
    {"salesforce": {"limit": 100, "used": 20, "sessions_end": true}}          requests a day; 401
    {"today": "2026-11-30"}                the clock
    {"reset": true}                        everything as it was at the start, done first

`GET /_control/totals?since=&until=` gives what the vendors report per day, in exact dollars;
`GET /_control/requests` counts the requests per path.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import answer, decode
from sandbox.anthropic.ledger import ORGANIZATIONS
from sandbox.faults import Fault
from sandbox.money import ZERO, dollars
from sandbox.sheets import tab
from sandbox.state import Revision, Sandbox, days_between


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
    known = _changes()
    unknown = set(change) - set(known)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    for name, make in known.items():
        if name in change:
            make(sandbox, change[name])


def _changes() -> dict[str, Callable[[Sandbox, Any], None]]:
    def flag(name: str) -> Callable[[Sandbox, Any], None]:
        return lambda sandbox, value: setattr(sandbox, name, bool(value))

    return {
        "reset": lambda sandbox, _: sandbox.reset(),
        "clear": lambda sandbox, _: sandbox.revisions.clear(),
        "faults": _set_faults,
        "revise": _revise,
        "empty": _empty,
        "sheet": _set_sheet,
        "analytics": _set_analytics,
        "service_accounts": flag("service_accounts_readable"),
        "cursor_groups": flag("cursor_groups_readable"),
        "rate_limits": flag("rate_limits"),
        "real_bill": flag("real_bill"),
        "salesforce": _set_salesforce,
        "users_lag": lambda sandbox, value: setattr(sandbox, "users_lag_days", int(value)),
        "today": lambda sandbox, value: setattr(sandbox, "today", date.fromisoformat(value)),
    }


def _set_faults(sandbox: Sandbox, faults: list[dict[str, Any]]) -> None:
    sandbox.faults = [Fault(**fault) for fault in faults]


def _revise(sandbox: Sandbox, revision: dict[str, Any]) -> None:
    factor = Decimal(str(revision["factor"]))
    sandbox.revise(_revision(revision, factor))


def _empty(sandbox: Sandbox, revision: dict[str, Any]) -> None:
    sandbox.revise(_revision(revision, is_empty=True))


def _revision(
    revision: dict[str, Any], factor: Decimal = Decimal(1), *, is_empty: bool = False
) -> Revision:
    if revision["vendor"] not in ("anthropic", "cursor"):
        raise ValueError(f"unknown vendor {revision['vendor']!r}")
    day = date.fromisoformat(revision["date"])
    return Revision(revision["vendor"], day, revision.get("organization"), factor, is_empty)


def _set_sheet(sandbox: Sandbox, sheet: dict[str, Any]) -> None:
    name = sheet["tab"]
    if "rows" in sheet:
        sandbox.sheets[name] = [[str(cell) for cell in row] for row in sheet["rows"]]
    if "append" in sheet:
        added = [[str(cell) for cell in row] for row in sheet["append"]]
        sandbox.sheets[name] = [*tab(sandbox, name), *added]


def _set_salesforce(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if name == "records":
            for kind, records in value.items():
                changed = sandbox.salesforce_changes.setdefault(kind, {})
                changed.update({record["Id"]: record for record in records})
        elif name == "hidden":
            sandbox.salesforce_hidden = set(value)
        elif name in ("limit", "used", "sessions_end"):
            setattr(sandbox, f"salesforce_{name}", value)
        else:
            raise ValueError(f"unknown: {name}")


def _set_analytics(sandbox: Sandbox, available: dict[str, bool]) -> None:
    for organization, is_available in available.items():
        if organization not in ORGANIZATIONS:
            raise ValueError(f"unknown organization {organization!r}")
        if is_available:
            sandbox.without_analytics.discard(organization)
        else:
            sandbox.without_analytics.add(organization)


def vendor_totals(sandbox: Sandbox, first: date, end: date) -> dict[str, Any]:
    """What each vendor reports per day, as exact decimal text in dollars.

    {"anthropic": {"console": {"2026-11-01": {"billed": …, "list": …}}, "enterprise": …},
     "cursor": {"cursor": {"2026-11-01": {"on_demand": …, "included": …, "other": …}}}}
    """
    anthropic: dict[str, dict[str, dict[str, str]]] = {}
    for organization in ORGANIZATIONS:
        anthropic[organization] = {}
        for day in days_between(first, end):
            costs = [c for e in sandbox.anthropic_day(organization, day) for c in e.costs]
            anthropic[organization][day.isoformat()] = {
                "billed": dollars(sum((cost.amount for cost in costs), ZERO)),
                "list": dollars(sum((cost.list_amount for cost in costs), ZERO)),
            }
    cursor = {}
    for day in days_between(first, end):
        sums = sandbox.cursor_day(day)
        cursor[day.isoformat()] = {
            "on_demand": dollars(sums.on_demand),
            "included": dollars(sums.included),
            "other": dollars(sums.other),
            "events": str(len(sums.records)),
        }
    return {"anthropic": anthropic, "cursor": {"cursor": cursor}}
