"""Google Sheets, read by gspread itself."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import gspread
import httpx
import pytest
from google.oauth2.service_account import Credentials
from gspread.auth import READONLY_SCOPES
from gspread.http_client import HTTPClient

from sandbox.google_sheets.tabs import TABS
from sandbox.server import Running
from tests.sandbox.asking import exact, milliseconds

HEADERS = {
    "employees": "email full_name department team manager_email cost_center job_title user_type "
    "start_date end_date ai_budget_monthly_usd",
    "email_aliases": "alias email",
    "api_key_mappings": "api_key_id api_key_name email platform purpose environment cost_center "
    "is_active confidence share valid_from valid_to",
    "project_mappings": "vendor project email cost_center purpose confidence share valid_from "
    "valid_to",
    "vendor_accounts": "vendor account email valid_from valid_to",
    "seat_plans": "platform plan seat_price_usd billing_cycle valid_from valid_to",
    "seat_assignments": "platform email plan assigned_from assigned_to",
    "budgets": "scope_type scope month amount_usd",
    "invoices": "platform invoice_id period_start period_end amount_usd status",
    "exchange_rates": "currency valid_from usd_per_unit",
    "annotations": "date text scope",
}


@pytest.fixture
def spreadsheet(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> gspread.Spreadsheet:
    return opened(sandbox, monkeypatch, READONLY_SCOPES)


def opened(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch, scopes: list[str]
) -> gspread.Spreadsheet:
    request = HTTPClient.request

    def to_sandbox(self: HTTPClient, method: str, endpoint: str, **rest: object) -> object:
        endpoint = endpoint.replace("https://sheets.googleapis.com", sandbox.url)
        return request(self, method, endpoint, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(HTTPClient, "request", to_sandbox)
    path = sandbox.env["GOOGLE_APPLICATION_CREDENTIALS"]
    credentials = Credentials.from_service_account_file(path, scopes=scopes)  # type: ignore[no-untyped-call]
    return gspread.authorize(credentials).open_by_key(sandbox.env["GOOGLE_SHEETS_ID"])


def records(spreadsheet: gspread.Spreadsheet, tab: str) -> list[dict[str, str]]:
    rows = spreadsheet.worksheet(tab).get_all_records(numericise_ignore=["all"])
    return [{name.strip(): str(cell).strip() for name, cell in row.items()} for row in rows]


def test_gspread_reads_every_tab(spreadsheet: gspread.Spreadsheet) -> None:
    assert [sheet.title for sheet in spreadsheet.worksheets()] == list(TABS)
    for tab in TABS:
        rows = records(spreadsheet, tab)
        assert rows, tab
        assert list(rows[0]) == HEADERS[tab].split()


def test_gspread_reads_several_ranges_at_once(spreadsheet: gspread.Spreadsheet) -> None:
    answer = spreadsheet.values_batch_get(["email_aliases", "seat_plans!A1:B2"])
    first, second = (found["values"] for found in answer["valueRanges"])
    assert first[0][0] == "alias"
    assert second[0] == ["platform", "plan"]
    assert len(second) == 2


def test_gspread_reads_what_cells_show_and_what_they_hold(
    sandbox: Running, spreadsheet: gspread.Spreadsheet
) -> None:
    cells = ["1.08", "2026-01-05", "00123", "40", "TRUE", "2026-02-29", ""]
    formatted = [{"shows": "1.08", "holds": 1.0842}, {"shows": "", "holds": 5}]
    sandbox.control({"sheet": {"tab": "new", "rows": [cells, formatted, ["90%"]]}})
    by_option = {
        option: spreadsheet.values_batch_get(["new"], {"valueRenderOption": option})["valueRanges"][
            0
        ]["values"]
        for option in ("FORMATTED_VALUE", "UNFORMATTED_VALUE")
    }
    # Google leaves out empty cells at the end of a line.
    assert by_option == {
        "FORMATTED_VALUE": [cells[:-1], ["1.08"], ["90%"]],
        "UNFORMATTED_VALUE": [
            [1.08, 46027, "00123", 40, True, "2026-02-29"], [1.0842, 5], ["90%"],
        ],
    }  # fmt: skip
    with pytest.raises(gspread.exceptions.APIError, match="value_render_option"):
        spreadsheet.values_batch_get(["new"], {"valueRenderOption": "FORMULA"})


def test_the_sheets_are_messy_but_valid(spreadsheet: gspread.Spreadsheet) -> None:
    raw = spreadsheet.worksheet("employees").get_all_values()
    assert any(cell != cell.strip() for cell in raw[0])
    emails = [row[0] for row in raw[1:]]
    assert any(email != email.strip() for email in emails)
    assert any(email != email.lower() for email in emails)
    people = records(spreadsheet, "employees")
    assert {row["email"].lower().partition("@")[2] for row in people} == {"example.com"}
    for row in people:
        date.fromisoformat(row["start_date"])


def test_people_who_changed_teams_have_a_row_for_each_team(
    spreadsheet: gspread.Spreadsheet,
) -> None:
    rows: dict[str, list[dict[str, str]]] = {}
    for row in records(spreadsheet, "employees"):
        rows.setdefault(row["email"].lower(), []).append(row)
    movers = [own for own in rows.values() if len(own) > 1]
    assert len(movers) == 3
    for first, second in movers:
        ends, starts = (
            date.fromisoformat(first["end_date"]),
            date.fromisoformat(second["start_date"]),
        )
        assert (starts - ends).days == 1
        assert 1 < starts.day < 28
        assert first["team"] != second["team"]


def test_keys_are_mapped_to_people_to_teams_to_services_and_until_a_day(
    spreadsheet: gspread.Spreadsheet,
) -> None:
    rows = records(spreadsheet, "api_key_mappings")
    kinds = {re.split("[_:]", row["api_key_id"])[0] for row in rows}
    assert kinds == {"apikey", "svac", "wrkspc"}
    # A key of Google's is among them.
    assert any(row["api_key_id"].startswith("apikey:") for row in rows)
    assert any(row["email"] and row["valid_to"] for row in rows)
    assert any(row["cost_center"] and not row["email"] for row in rows)
    assert any(row["is_active"] == "FALSE" for row in rows)


def test_one_invoice_is_higher_than_the_usage(
    sandbox: Running, cursor: httpx.Client, spreadsheet: gspread.Spreadsheet
) -> None:
    rows = records(spreadsheet, "invoices")
    assert {"cursor", "claude_api", "gemini"} < {row["platform"] for row in rows}
    surplus = {}
    for row in rows:
        if row["platform"] != "cursor":
            continue
        first, last = date.fromisoformat(row["period_start"]), date.fromisoformat(row["period_end"])
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        seat_days = sum(members_present(cursor, day) for day in (days[:16], days[16:]))
        truth = sandbox.totals(first.isoformat(), (last + timedelta(days=1)).isoformat())
        on_demand = sum(Decimal(sums["on_demand"]) for sums in truth["cursor"]["cursor"].values())
        expected = on_demand + Decimal(40) * seat_days / len(days)
        surplus[row["period_start"]] = Decimal(row["amount_usd"]) - round(expected, 2)
    assert surplus == {
        "2026-08-01": 0, "2026-09-01": 0, "2026-10-01": Decimal("125.40"),
    }  # fmt: skip


def members_present(cursor: httpx.Client, days: list[date]) -> int:
    """How many members were in the team on each of these days, added up."""
    query = {"startDate": milliseconds(days[0]), "endDate": milliseconds(days[-1]) + 1}
    body = exact(cursor.post("daily-usage-data", json={**query, "page": 1, "pageSize": 1000}))
    return len(body["data"])


def test_a_tab_can_be_replaced_emptied_and_extended(
    sandbox: Running, spreadsheet: gspread.Spreadsheet
) -> None:
    aliases = records(spreadsheet, "email_aliases")
    sandbox.control({"sheet": {"tab": "email_aliases", "append": [["new@example.com", "x@y"]]}})
    assert records(spreadsheet, "email_aliases") == [
        *aliases, {"alias": "new@example.com", "email": "x@y"},
    ]  # fmt: skip
    sandbox.control({"sheet": {"tab": "email_aliases", "rows": []}})
    assert spreadsheet.worksheet("email_aliases").get_all_values() in ([], [[]])
    sandbox.control({"reset": True})
    assert records(spreadsheet, "email_aliases") == aliases


def test_only_read_only_scopes_may_read(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((gspread.exceptions.APIError, PermissionError)):
        opened(sandbox, monkeypatch, ["https://www.googleapis.com/auth/spreadsheets"])


def test_without_a_token_nothing_is_read(sandbox: Running) -> None:
    url = f"{sandbox.url}/v4/spreadsheets/{sandbox.env['GOOGLE_SHEETS_ID']}"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"authorization": "Bearer ya29.wrong"}).status_code == 401


def test_a_token_needs_a_signature_of_the_account(sandbox: Running) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
    assert httpx.post(f"{sandbox.url}/token", data=form).status_code == 400
    assert httpx.post(f"{sandbox.url}/token", data={"grant_type": "password"}).status_code == 400


def test_the_credentials_are_readable_by_the_owner_only(sandbox: Running) -> None:
    path = Path(sandbox.env["GOOGLE_APPLICATION_CREDENTIALS"])
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())["token_uri"] == f"{sandbox.url}/token"
