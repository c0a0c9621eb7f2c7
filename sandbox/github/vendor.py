"""GitHub as one of the sandbox's vendors."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from decimal import Decimal
from time import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Json, Refusal, answer, decode, encode
from sandbox.days import days_between
from sandbox.faults import Fault
from sandbox.github import ledger
from sandbox.github.reports import Report, as_csv, days_asked, message
from sandbox.money import CENTS_PER_DOLLAR, ZERO, plain, text
from sandbox.rate_limit import RateLimit
from sandbox.state import Sandbox
from sandbox.vendor import Change, MeteredVendor, flag

TOKEN: Final = "ghp_sandbox"  # noqa: S105 - of the sandbox
ENTERPRISE: Final = "sample-enterprise"
REQUESTS_PER_MINUTE: Final = 900
_PUBLISHED_AFTER_DAYS: Final = 2

Handler = Callable[[Request], Any]
"""Takes a request; returns JSON, or a whole response."""


class GitHub(MeteredVendor):
    """An enterprise with two organizations. Each of them may also be asked by itself."""

    name = "github"
    paths = (
        *("/enterprises/", "/orgs/", "/organizations/", "/user/"),
        *("/github-files/", "/graphql"),
    )
    record_lists = ("usageItems", "seats")

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._limit = RateLimit(REQUESTS_PER_MINUTE)
        self.reset()

    def reset(self) -> None:
        self.unknown_sku_since: date | None = None
        self.shows_only_costs = False
        self.has_saml = True
        self.expired_links = 0
        self.report_polls = 0
        self.used_up_until: int | None = None
        self.reports: list[Report] = []
        self._files: dict[str, bytes] = {}

    def changes(self) -> dict[str, Change]:
        """{"github_unknown_sku": "2026-11-06"}: from that day on a SKU that nobody knows is billed.
        {"github_only_costs": true}: the token may read neither reports nor users.
        {"github_saml": false}: nobody has set up SAML.
        {"github_expired_links": 1}: so many downloads find their link expired.
        {"github_report_polls": 2}: how often a report says that it is being made.
        {"github_used_up_until": 1796083200}: the requests of the hour are used up until then."""
        return {
            "github_unknown_sku": self._bill_unknown_sku,
            "github_only_costs": flag(self, "shows_only_costs"),
            "github_saml": flag(self, "has_saml"),
            "github_expired_links": lambda count: setattr(self, "expired_links", int(count)),
            "github_report_polls": lambda count: setattr(self, "report_polls", int(count)),
            "github_used_up_until": lambda at: setattr(self, "used_up_until", int(at)),
        }

    def _bill_unknown_sku(self, since: str) -> None:
        self.unknown_sku_since = date.fromisoformat(since)

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:
        return nullcontext(
            {
                "GITHUB_BASE_URL": url,
                "GITHUB_COPILOT_TOKEN": TOKEN,
                "GITHUB_ENTERPRISE": ENTERPRISE,
            }
        )

    def not_found(self, path: str) -> Json:  # noqa: ARG002
        return message("Not Found", 404)

    def refusal(self, fault: Fault) -> Refusal:
        if fault.kind == "429_retry_after":
            return _too_many(**fault.headers)
        return Refusal(fault.status, message("Something went wrong", fault.status))

    def break_record(self, record: dict[str, Any], path: str) -> None:
        if path.endswith("/seats"):
            record["assignee"] = "nobody"
        else:
            record["netAmount"] = "a lot"

    def routes(self) -> list[Route]:
        of_enterprise = f"/enterprises/{ENTERPRISE}"
        billing = f"{of_enterprise}/settings/billing"
        organization = "/organizations/{organization}/settings/billing"
        return [
            self._route(f"{billing}/usage", self._usage),
            self._route(f"{organization}/usage", self._usage),
            self._route(f"{organization}/ai_credit/usage", self._user_credits),
            self._route(f"{billing}/reports", self._list_reports),
            self._route(f"{billing}/reports/{{id}}", self._report),
            Route(f"{billing}/reports", self._order_report, methods=["POST"]),
            self._route(f"{of_enterprise}/copilot/billing/seats", self._seats),
            self._route("/orgs/{organization}/copilot/billing/seats", self._seats),
            self._route(f"{of_enterprise}/copilot/metrics/reports/users-1-day", self._users),
            self._route("/orgs/{organization}/copilot/metrics/reports/users-1-day", self._users),
            self._route("/user/{id}", self._account),
            Route("/graphql", self._graphql, methods=["POST"]),
            Route("/github-files/{name}", self._file),
        ]

    def _route(self, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            self._authorize(request)
            found = handler(request)
            return found if isinstance(found, Response) else answer(found)

        return Route(path, endpoint)

    def _authorize(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, message("Bad credentials", 401))
        if self.used_up_until and time() < self.used_up_until:
            # The primary limit: a 403 without Retry-After.
            reset = str(self.used_up_until)
            words = message("API rate limit exceeded for user ID 1.", 403)
            raise Refusal(403, words, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
        if self.shows_only_costs and "/reports" in request.url.path:
            raise Refusal(403, message("Resource not accessible by personal access token", 403))
        if self.sandbox.rate_limits and not self._limit.allows_one_more():
            raise _too_many(retry_after="5")

    # --- money -----------------------------------------------------------------------------------

    def lines(self, day: date, organization: str | None = None) -> list[ledger.Line]:
        """What is reported now for a day, of all organizations or of one."""
        factor = Decimal(1)
        for revision in self.sandbox.revisions_of("github", "github", day):
            if revision.is_empty:
                return []
            factor *= revision.factor
        since = self.unknown_sku_since
        extra = ledger.UNKNOWN if since and day >= since else ""
        found = ledger.lines_of(self.sandbox.company, day, self.sandbox.today, factor, extra)
        return [line for line in found if organization in (None, line.organization)]

    def _usage(self, request: Request) -> Json:
        day = _day_of(request)
        lines = self.lines(day, request.path_params.get("organization"))
        items = ledger.usage_items(lines)
        return {"usageItems": [ledger.usage_item(item, day) for item in items]}

    def _user_credits(self, request: Request) -> Json:
        day, organization = _day_of(request), request.path_params["organization"]
        user = request.query_params.get("user")
        mine = [
            line
            for line in self.lines(day, organization)
            if line.user and self._login(line, day) == user
        ]
        return {
            "timePeriod": {"year": day.year, "month": day.month, "day": day.day},
            "organization": organization,
            "user": user,
            "usageItems": [
                {
                    "product": "Copilot",
                    "sku": line.sku,
                    "model": line.model,
                    "unitType": line.unit,
                    "pricePerUnit": line.price,
                    "grossQuantity": plain(line.quantity),
                    "grossAmount": plain(line.gross),
                    "discountQuantity": plain(line.discount / line.price),
                    "discountAmount": plain(line.discount),
                    "netQuantity": plain(line.net / line.price),
                    "netAmount": plain(line.net),
                }
                for line in mine
            ],
        }

    def _login(self, line: ledger.Line, day: date) -> str:
        return ledger.login(self.sandbox.company, line.user, day) if line.user else ""

    def totals(self, first: date, end: date) -> dict[str, dict[str, dict[str, str]]]:
        """What Copilot cost by day, of both organizations and of each."""
        return {
            "github": {
                str(day): {"billed": text(sum(nets.values(), ZERO)), "list": text(gross)}
                | {name: text(net) for name, net in nets.items()}
                for day, nets, gross in map(self._total, days_between(first, end))
            }
        }

    def _total(self, day: date) -> tuple[date, dict[str, Decimal], Decimal]:
        nets, gross = dict.fromkeys(ledger.ORGANIZATIONS, ZERO), ZERO
        for line in self.lines(day):
            if line.product == "copilot":
                nets[line.organization] += line.net
                gross += line.gross
        return day, nets, gross

    def billed(self, day: date) -> dict[str, Decimal]:
        _, nets, _ = self._total(day)
        return {"github_copilot": sum(nets.values(), ZERO) * CENTS_PER_DOLLAR}

    # --- reports of AI credits -------------------------------------------------------------------

    def _list_reports(self, _: Request) -> Json:
        return {"usage_report_exports": [report.body(None) for report in self.reports]}

    async def _order_report(self, request: Request) -> Response:
        self._authorize(request)
        first, last = days_asked(decode(await request.body()))
        if any(report.is_running for report in self.reports):
            raise Refusal(409, message("Another report is being generated", 409))
        identifier = f"605788ce-c549-4632-9b8d-{len(self.reports):012}"
        # Even at once it is only done when it is asked for.
        report = Report(identifier, first, last, self.report_polls + 1)
        self.reports.append(report)
        return answer(report.body(None), 202)

    def _report(self, request: Request) -> Json:
        asked = request.path_params["id"]
        report = next((one for one in self.reports if one.id == asked), None)
        if report is None:
            raise Refusal(404, message("Not Found", 404))
        report.polls_left = max(0, report.polls_left - 1)
        if report.is_running:
            return report.body(None)
        rows = [
            (day, self._login(line, day), line)
            for day in days_between(report.start, report.end + timedelta(days=1))
            for line in self.lines(day)
            if line.unit == "ai-credits"
        ]
        return report.body([self._link(request, as_csv(rows))] if rows else [])

    # --- seats and users -------------------------------------------------------------------------

    def _seats(self, request: Request) -> Json:
        """A seat is listed for each organization that gives it; the total counts people."""
        company, today = self.sandbox.company, self.sandbox.today
        asked = request.path_params.get("organization")
        seats = [
            ledger.seat(company, person, organization, today)
            for person in ledger.seated(company, today)
            for organization in ledger.organizations_of(company, person)
            if asked in (None, organization)
        ]
        people = {seat["assignee"]["id"] for seat in seats}
        page, size = (
            int(request.query_params.get(name, default))
            for name, default in (("page", 1), ("per_page", 50))
        )
        return {"total_seats": len(people), "seats": seats[(page - 1) * size : page * size]}

    def _account(self, request: Request) -> Json:
        """An account by its id, whether or not it still has a seat."""
        company, today = self.sandbox.company, self.sandbox.today
        for person in ledger.holders(company):
            if str(ledger.account_id(person)) == request.path_params["id"]:
                login = ledger.login(company, person, today)
                return {"login": login, "id": ledger.account_id(person), "type": "User"}
        raise Refusal(404, message("Not Found", 404))

    def _users(self, request: Request) -> Json:
        day = date.fromisoformat(request.query_params["day"])
        today = self.sandbox.today
        if (today - day).days < _PUBLISHED_AFTER_DAYS:
            # Both have been seen.
            return Response(status_code=204 if day.day % 2 else 200)
        rows = ledger.user_days(self.sandbox.company, day, today)
        asked = request.path_params.get("organization")
        if asked:
            rows = [r for r in rows if r["organization_id"] == str(ledger.ORGANIZATIONS[asked])]
        body = b"".join(encode(row) + b"\n" for row in rows)
        links = [self._link(request, body)] if self.sandbox.has_happened(day) else []
        return {"download_links": links, "report_day": str(day)}

    # --- identities ------------------------------------------------------------------------------

    async def _graphql(self, request: Request) -> Response:
        """A page of the identities that the company's own login knows."""
        self._authorize(request)
        asked = decode(await request.body())
        variables = asked["variables"]
        owner = "enterprise" if "enterprise(" in asked["query"] else "organization"
        if self.shows_only_costs:
            error = {
                "type": "FORBIDDEN",
                "path": [owner, "samlIdentityProvider"],
                "message": "Resource not accessible by personal access token",
            }
            return answer({"data": {owner: None}, "errors": [error]})
        provider = None
        if self.has_saml:
            first = int(variables.get("after") or 0)
            end = first + min(int(variables["first"]), 100)
            found = self._saml_identities()
            info = {"hasNextPage": end < len(found), "endCursor": str(end)}
            provider = {"externalIdentities": {"pageInfo": info, "nodes": found[first:end]}}
        names = {"samlIdentityProvider": provider}
        is_enterprise = owner == "enterprise"
        return answer({"data": {owner: {"ownerInfo": names} if is_enterprise else names}})

    def _saml_identities(self) -> list[Json]:
        company, today = self.sandbox.company, self.sandbox.today
        return [
            {
                "guid": f"7c1f-{person.index:05}",
                "samlIdentity": {"nameId": ledger.name_id(company, person)},
                "user": {
                    "login": ledger.login(company, person, today),
                    "databaseId": ledger.account_id(person),
                },
            }
            for person in ledger.seated(company, today)
        ] + [{"guid": "7c1f-new", "samlIdentity": {"nameId": "new@example.com"}, "user": None}]

    # --- files -----------------------------------------------------------------------------------

    def _link(self, request: Request, content: bytes) -> str:
        name = f"report-{len(self._files)}"
        self._files[name] = content
        return f"{request.base_url}github-files/{name}?sig=expiring"

    async def _file(self, request: Request) -> Response:
        """A file behind a signed link. The host is another one: it knows no token."""
        if "authorization" in request.headers:
            return Response("<Code>InvalidAuthenticationInfo</Code>", 400)
        if self.expired_links > 0:
            self.expired_links -= 1
            return Response("<Code>AuthenticationFailed</Code>", 403)
        content = self._files.get(request.path_params["name"])
        return Response(content) if content is not None else Response("<Code>NotFound</Code>", 404)


def _day_of(request: Request) -> date:
    asked = request.query_params
    try:
        return date(*(int(asked[name]) for name in ("year", "month", "day")))
    except (KeyError, ValueError):
        raise Refusal(400, message("Give the year, the month and the day")) from None


def _too_many(**headers: str) -> Refusal:
    """GitHub's secondary limit is a 403."""
    words = "You have exceeded a secondary rate limit. Please wait a few minutes."
    return Refusal(403, message(words, 403), **headers)
