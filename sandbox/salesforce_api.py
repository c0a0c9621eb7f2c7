"""Salesforce's REST API: the OAuth token, queries with paging, limits, and its error bodies.

Of SOQL there is what an extractor needs: fields or count(), min() and max() of one object, a
`where` of comparisons joined by `and`, `order by` and `limit`. Anything else is MALFORMED_QUERY, as
the real one says of what it does not understand. Rules: developer.salesforce.com, REST API.
"""

from __future__ import annotations

import operator
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Refusal, answer, salesforce_error
from sandbox.seller import Record
from sandbox.state import Sandbox

CLIENT_ID: Final = "3MVG9sandboxConnectedApp"
CLIENT_SECRET: Final = "sandbox-client-secret-0000"  # noqa: S105 - of the sandbox
VERSIONS: Final = ("61.0", "62.0", "63.0")
LARGEST_BATCH: Final = 2000
SMALLEST_BATCH: Final = 200

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_QUERY: Final = re.compile(
    rf"\s*select\s+(?P<fields>.+?)\s+from\s+(?P<object>{_WORD})"
    rf"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+(?P<order>.+?))?"
    rf"(?:\s+limit\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION: Final = re.compile(rf"({_WORD})\s*(<=|>=|!=|=|<|>)\s*('(?:[^'\\]|\\.)*'|\S+)\s*$")
_AGGREGATE: Final = re.compile(rf"(min|max|count)\s*\(\s*({_WORD})?\s*\)(?:\s+({_WORD}))?$", re.I)
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass
class Sessions:
    """The tokens that were given out, and the pages that wait to be asked for."""

    tokens: set[str] = field(default_factory=set)
    waiting: dict[str, tuple[list[Record], int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Soql:
    kind: str
    fields: tuple[str, ...]
    aggregate: tuple[str, str, str] | None
    rows: list[Record]


def routes(sandbox: Sandbox) -> list[Route]:
    """The token endpoint and what of /services/data is needed; nothing without a seller."""
    if sandbox.seller is None:
        return []
    sessions = Sessions()

    async def token(request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        return answer(_token(sandbox, sessions, form, str(request.base_url).rstrip("/")))

    def guarded(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            _authorize(sandbox, sessions, request)
            headers = {"sforce-limit-info": _count(sandbox)}
            return answer(handler(request), headers=headers)

        return endpoint

    def versions(_: Request) -> list[dict[str, str]]:
        return [
            {"label": f"Release {version}", "url": f"/services/data/v{version}", "version": version}
            for version in VERSIONS
        ]

    def limits(_: Request) -> dict[str, Any]:
        limit, used = sandbox.salesforce_limit, sandbox.salesforce_used
        return {"DailyApiRequests": {"Max": limit, "Remaining": limit - used}}

    def queried(include_deleted: bool) -> Callable[[Request], Any]:
        def handler(request: Request) -> dict[str, Any]:
            soql = request.query_params.get("q", "")
            found = _evaluate(sandbox, soql, include_deleted=include_deleted)
            return _first_page(sessions, found, request)

        return handler

    data = "/services/data/v{version}"
    return [
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/data/", guarded(versions)),
        *(Route(f"{data}/limits{end}", guarded(limits)) for end in ("", "/")),
        *(Route(f"{data}/query{end}", guarded(queried(False))) for end in ("", "/")),
        *(Route(f"{data}/queryAll{end}", guarded(queried(True))) for end in ("", "/")),
        Route(f"{data}/query/{{locator}}", guarded(lambda request: _next_page(sessions, request))),
        Route(
            f"{data}/queryAll/{{locator}}", guarded(lambda request: _next_page(sessions, request))
        ),
    ]


def _token(sandbox: Sandbox, sessions: Sessions, form: dict[str, str], url: str) -> dict[str, str]:
    def refuse(error: str, description: str) -> Refusal:
        return Refusal(400, {"error": error, "error_description": description})

    if form.get("grant_type") != "client_credentials":
        raise refuse("unsupported_grant_type", "grant type not supported")
    if form.get("client_id") != CLIENT_ID:
        raise refuse("invalid_client_id", "client identifier invalid")
    if form.get("client_secret") != CLIENT_SECRET:
        raise refuse("invalid_client", "invalid client credentials")
    value = f"00DSB000000sand!{secrets.token_urlsafe(40)}"
    sessions.tokens.add(value)
    sandbox.salesforce_logins += 1
    return {
        "access_token": value,
        "instance_url": url,
        "id": f"{url}/id/00DSB0000000001AAA/005SB0000000001AAA",
        "token_type": "Bearer",
        "scope": "api",
    }


def _authorize(sandbox: Sandbox, sessions: Sessions, request: Request) -> None:
    if sandbox.salesforce_sessions_end:
        sessions.tokens.clear()
        sandbox.salesforce_sessions_end = False
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or value not in sessions.tokens:
        raise Refusal(401, salesforce_error("INVALID_SESSION_ID", "Session expired or invalid"))
    version = request.path_params.get("version", VERSIONS[0])
    if version not in VERSIONS:
        raise Refusal(404, salesforce_error("NOT_FOUND", "The requested resource does not exist"))


def _count(sandbox: Sandbox) -> str:
    """Count a request, or refuse it; what Sforce-Limit-Info says."""
    if sandbox.salesforce_used >= sandbox.salesforce_limit:
        message = "TotalRequests Limit exceeded."
        raise Refusal(403, salesforce_error("REQUEST_LIMIT_EXCEEDED", message))
    sandbox.salesforce_used += 1
    return f"api-usage={sandbox.salesforce_used}/{sandbox.salesforce_limit}"


# --- Pages ---


def _first_page(sessions: Sessions, found: _Soql, request: Request) -> dict[str, Any]:
    version = request.path_params["version"]
    if found.aggregate:
        row = {"attributes": {"type": "AggregateResult"}} | _aggregated(found)
        return {"totalSize": 1, "done": True, "records": [row]}
    url = f"/services/data/v{version}/sobjects/{found.kind}"
    rows = [
        {"attributes": {"type": found.kind, "url": f"{url}/{row['Id']}"}}
        | {name: row[name] for name in found.fields}
        for row in found.rows
    ]
    asked = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""))
    size = min(max(int(asked[1]), SMALLEST_BATCH), LARGEST_BATCH) if asked else LARGEST_BATCH
    locator = f"01gSB{secrets.token_hex(5)}"
    sessions.waiting[locator] = (rows, size)
    return _page(sessions, locator, 0, version)


def _next_page(sessions: Sessions, request: Request) -> dict[str, Any]:
    locator, _, start = request.path_params["locator"].rpartition("-")
    if locator not in sessions.waiting or not start.isdigit():
        message = "invalid query locator"
        raise Refusal(400, salesforce_error("INVALID_QUERY_LOCATOR", message))
    return _page(sessions, locator, int(start), request.path_params["version"])


def _page(sessions: Sessions, locator: str, start: int, version: str) -> dict[str, Any]:
    rows, size = sessions.waiting[locator]
    end = start + size
    page: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows)}
    if end < len(rows):
        page["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    else:
        del sessions.waiting[locator]
    return page | {"records": rows[start:end]}


def _aggregated(found: _Soql) -> dict[str, Any]:
    function, name, alias = found.aggregate or ("", "", "")
    values = [row[name] for row in found.rows if row[name] is not None] if name else found.rows
    if function == "count":
        return {alias: len(values)}
    return {alias: (min if function == "min" else max)(values, default=None)}


# --- SOQL ---


def _malformed(message: str) -> Refusal:
    return Refusal(400, salesforce_error("MALFORMED_QUERY", message))


def _evaluate(sandbox: Sandbox, soql: str, *, include_deleted: bool) -> _Soql:
    match = _QUERY.match(soql)
    if not match:
        raise _malformed(f"unexpected token: {soql[:40]}")
    records = sandbox.salesforce_records()
    kind = next((name for name in records if name.lower() == match["object"].lower()), None)
    if kind is None or kind in sandbox.salesforce_hidden:
        message = f"sObject type '{match['object']}' is not supported."
        raise Refusal(400, salesforce_error("INVALID_TYPE", message))
    rows = [row for row in records[kind] if include_deleted or not row.get("IsDeleted")]
    hidden = {name.partition(".")[2] for name in sandbox.salesforce_hidden if name.startswith(kind)}
    # An empty object has its fields all the same: those of its first records.
    known = {name.lower(): name for name in sandbox.salesforce_fields(kind) if name not in hidden}

    def named(name: str) -> str:
        if name.strip().lower() not in known:
            message = (
                f"\n{soql}\n^\nERROR at Row:1:Column:8\nNo such column '{name.strip()}' on entity "
                f"'{kind}'. If you are attempting to use a custom field, be sure to append the "
                "'__c' after the custom field name. Please reference your WSDL or the describe "
                "call for the appropriate names."
            )
            raise Refusal(400, salesforce_error("INVALID_FIELD", message))
        return known[name.strip().lower()]

    for condition in re.split(r"\s+and\s+", match["where"] or "", flags=re.IGNORECASE):
        if condition:
            rows = _filtered(rows, condition, named)
    for one in reversed((match["order"] or "").split(",")):
        if one.strip():
            name, _, direction = one.strip().partition(" ")
            key = named(name)
            rows.sort(
                key=lambda row, key=key: (row[key] is not None, row[key]),  # type: ignore[misc]
                reverse=direction.strip().lower() == "desc",
            )
    if match["limit"]:
        rows = rows[: int(match["limit"])]
    if aggregate := _AGGREGATE.match(match["fields"].strip()):
        function, name, alias = aggregate.groups()
        field_name = named(name) if name else ""
        return _Soql(kind, (), (function.lower(), field_name, alias or "expr0"), rows)
    return _Soql(kind, tuple(named(name) for name in match["fields"].split(",")), None, rows)


def _filtered(rows: list[Record], condition: str, named: Callable[[str], str]) -> list[Record]:
    match = _CONDITION.match(condition.strip())
    if not match:
        raise _malformed(f"unexpected token: {condition[:40]}")
    name, sign, text = named(match[1]), match[2], match[3]
    literal, compare = _literal(text), _OPERATORS[sign]
    if literal is None:
        return [row for row in rows if compare(row[name], None)]
    kept = []
    for row in rows:
        value = _comparable(row[name], literal)
        if value is not None and type(value) is type(literal):
            if compare(value, literal):
                kept.append(row)
        elif value is not None:
            message = f"value of filter criterion for field '{name}' must be of type its own"
            raise Refusal(400, salesforce_error("INVALID_FIELD", message))
        elif sign == "!=":
            kept.append(row)
    return kept


def _literal(text: str) -> Any:  # noqa: ANN401 - any of SOQL's
    if text.startswith("'"):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text.lower() in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text.lower()]
    try:
        if "T" in text:
            return datetime.fromisoformat(text)
        return date.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d$", text) else Decimal(text)
    except (ValueError, ArithmeticError):
        raise _malformed(f"unexpected token: '{text}'") from None


def _comparable(value: Any, literal: Any) -> Any:  # noqa: ANN401
    """A record's value as what the literal is, where it can be that."""
    if isinstance(value, str) and isinstance(literal, datetime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(literal, date):
        return date.fromisoformat(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    return value
