"""Google Cloud as one of the sandbox's vendors."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Json, Refusal, answer, decode
from sandbox.days import days_between
from sandbox.faults import Fault
from sandbox.google import code_assist, gemini_enterprise, monitoring, workspace
from sandbox.google.access import ADMIN, authorize
from sandbox.google.bigquery import DATASET, PROJECT, TABLE, Warehouse
from sandbox.google.ledger import invoiced
from sandbox.google_sheets import errors
from sandbox.money import CENTS_PER_DOLLAR, ZERO, text
from sandbox.state import Sandbox
from sandbox.vendor import Change, MeteredVendor, flag


class Google(MeteredVendor):
    """A billing account that exports to BigQuery, and what says how Gemini is used."""

    name = "google"
    paths = (
        "/bigquery/v2/",
        "/admin.googleapis.com/",
        "/monitoring.googleapis.com/",
        "/apikeys.googleapis.com/",
        "/logging.googleapis.com/",
        "/discoveryengine.googleapis.com/",
    )
    record_lists = ("items", "timeSeries", "keys", "entries", "userLicenses", "licenseConfigs")

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.warehouse = Warehouse(sandbox)
        self.activities = workspace.Activities(sandbox)
        self.metrics = monitoring.Metrics(sandbox)
        self.log = code_assist.Log(sandbox)
        self.seats = gemini_enterprise.Seats(sandbox)
        self.reset()

    def reset(self) -> None:
        self.warehouse.reset()
        self.switched_off: tuple[str, ...] = ()
        self.log.ignores_filter = False

    def routes(self) -> list[Route]:
        warehouse = self.warehouse
        project = f"/bigquery/v2/projects/{PROJECT}"

        async def table(request: Request) -> Response:
            if request.path_params["table"] != f"datasets/{DATASET}/tables/{TABLE}":
                raise errors.refusal(404, "NOT_FOUND", "Not found: Table")
            return answer(warehouse.table())

        async def query(request: Request) -> Response:
            return answer(warehouse.query(decode(await request.body())))

        async def page(request: Request) -> Response:
            first = int(request.query_params.get("pageToken") or 0)
            return answer(warehouse.page(request.path_params["job"], first))

        def project_of(request: Request, scope: str) -> str:
            authorize(self.sandbox, request, scope)
            project = str(request.path_params["project"])
            if project not in monitoring.MONITORED:
                message = f"Permission denied on resource project {project}."
                raise errors.refusal(403, "PERMISSION_DENIED", message)
            return project

        async def series(request: Request) -> Response:
            self._check_switched_on("monitoring")
            project = project_of(request, monitoring.SERIES_SCOPE)
            return answer(self.metrics.series(project, request.query_params))

        async def keys(request: Request) -> Response:
            self._check_switched_on("apikeys")
            return answer(self.metrics.keys(project_of(request, monitoring.KEYS_SCOPE)))

        async def entries(request: Request) -> Response:
            self._check_switched_on("logging")
            authorize(self.sandbox, request, code_assist.SCOPE)
            return answer(self.log.answer(decode(await request.body())))

        async def licenses(request: Request) -> Response:
            self._check_switched_on("discoveryengine")
            project = project_of(request, gemini_enterprise.SCOPE)
            return answer(self.seats.licenses(project, request.query_params))

        async def subscriptions(request: Request) -> Response:
            self._check_switched_on("discoveryengine")
            project = project_of(request, gemini_enterprise.SCOPE)
            return answer(self.seats.subscriptions(project))

        async def activities(request: Request) -> Response:
            self._check_switched_on("admin")
            authorize(self.sandbox, request, workspace.SCOPE, subject=ADMIN)
            if request.path_params["application"] != workspace.APPLICATION:
                raise errors.refusal(400, "INVALID_ARGUMENT", "Invalid application")
            return answer(self.activities.answer(request.query_params))

        return [
            Route(workspace.PATH, activities),
            Route(monitoring.SERIES_PATH, series),
            Route(monitoring.KEYS_PATH, keys),
            Route(code_assist.PATH, entries, methods=["POST"]),
            Route(gemini_enterprise.LICENSES_PATH, licenses),
            Route(gemini_enterprise.SUBSCRIPTIONS_PATH, subscriptions),
            Route(f"{project}/queries", query, methods=["POST"]),
            Route(f"{project}/queries/{{job}}", page),
            Route(f"{project}/{{table:path}}", table),
        ]

    def _check_switched_on(self, api: str) -> None:
        if api in self.switched_off:
            message = (
                f"{api}.googleapis.com has not been used in project 482910573311 before or it is "
                "disabled."
            )
            raise errors.refusal(403, "PERMISSION_DENIED", message)

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:
        return nullcontext(
            {
                "GOOGLE_BILLING_EXPORT_TABLE": f"{PROJECT}.{DATASET}.{TABLE}",
                "GOOGLE_BILLING_API_ENDPOINT": url,
                "GOOGLE_USAGE_PROJECTS": ",".join(monitoring.MONITORED),
                "GOOGLE_WORKSPACE_ADMIN": ADMIN,
                "GOOGLE_API_BASE_URL": url,
            }
        )

    def changes(self) -> dict[str, Change]:
        """{"google_currency": "EUR"}: what the account bills in.

        {"google_charge": {"sku": …, "cost": "12.5", "day": …, "exported_at": …}}: one more row, of
        a SKU that nobody knows, and of Vertex AI unless "service" says otherwise.

        {"google_switched_off": ["monitoring", "apikeys", "logging", "discoveryengine", "admin"]}:
        APIs that nobody has enabled.

        {"google_log_ignores_filter": true}: Cloud Logging answers with all logs.
        """
        return {
            "google_currency": self._set_currency,
            "google_charge": self.warehouse.charge,
            "google_switched_off": self._switch_off,
            "google_log_ignores_filter": flag(self.log, "ignores_filter"),
        }

    def _switch_off(self, apis: list[str]) -> None:
        self.switched_off = tuple(apis)

    def _set_currency(self, currency: str) -> None:
        self.warehouse.currency = currency

    def totals(self, first: date, end: date) -> dict[str, dict[str, dict[str, str]]]:
        """What AI cost by day of usage, without taxes, in the currency of the account."""
        days = dict.fromkeys(days_between(first, end), ZERO)
        for row in self.warehouse.rows():
            if row.sku.platform and row.usage_day in days:
                days[row.usage_day] += row.net
        return {"google": {str(day): {"billed": text(net)} for day, net in days.items()}}

    def billed(self, day: date) -> dict[str, Decimal]:
        """An invoice is of a month, and all of it is on the month's first day."""
        if day.day > 1:
            return {}
        amounts = invoiced(self.warehouse.rows(), day)
        return {platform: amount * CENTS_PER_DOLLAR for platform, amount in amounts.items()}

    def not_found(self, path: str) -> Json:
        message = f"Not found: {path.removeprefix(self.paths[0])}"
        return {"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}

    def refusal(self, fault: Fault) -> Refusal:
        status = "RESOURCE_EXHAUSTED" if fault.status == 429 else "INTERNAL"
        return errors.refusal(fault.status, status, "Try again later.", **fault.headers)

    def is_later_page(self, path: str, query: str) -> bool:  # noqa: ARG002
        return "pageToken=" in query
