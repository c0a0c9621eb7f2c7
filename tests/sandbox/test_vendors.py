"""A vendor of the sandbox is a folder and a line, shown here with a made-up one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from sandbox import vendors
from sandbox.answers import Refusal, answer
from sandbox.control_api import apply
from sandbox.days import days_between
from sandbox.faults import Fault
from sandbox.google_sheets.tabs import default_tab
from sandbox.money import dollars
from sandbox.options import Options
from sandbox.server import Running, running
from sandbox.state import Sandbox
from sandbox.vendor import MeteredVendor, Vendor, flag
from sandbox.vendors import VENDORS, build_sandbox
from tests.sandbox.asking import TODAY

YESTERDAY = TODAY - timedelta(days=1)
SMALL = {"people": 20, "days": 70, "today": TODAY}


class Parrot(MeteredVendor):
    """A model that repeats what it hears, for a dollar a day."""

    name = "parrot"
    paths = ("/v1/parrot/",)
    record_lists = ("words",)

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.reset()

    def reset(self) -> None:
        self.is_quiet = False

    def routes(self) -> list[Route]:
        def words(_: Any) -> Any:
            return answer({"words": [] if self.is_quiet else [{"said": "Polly"}]})

        return [Route("/v1/parrot/words", words)]

    def settings(self, url: str) -> Any:
        return nullcontext({"PARROT_BASE_URL": url})

    def changes(self) -> dict[str, Callable[[Any], None]]:
        return {"parrot_is_quiet": flag(self, "is_quiet")}

    def cents(self, day: date) -> Decimal:
        revisions = self.sandbox.revisions_of("parrot", "parrot", day)
        return Decimal(100) * (revisions[-1].factor if revisions else 1)

    def totals(self, first: date, end: date) -> Any:
        days = days_between(first, end)
        return {"parrot": {day.isoformat(): {"billed": dollars(self.cents(day))} for day in days}}

    def billed(self, day: date) -> dict[str, Decimal]:  # noqa: ARG002
        return {"parrot": Decimal(100)}

    def not_found(self, path: str) -> Any:
        return {"squawk": path}

    def refusal(self, fault: Fault) -> Refusal:
        return Refusal(fault.status, {"squawk": fault.kind}, **fault.headers)

    def break_record(self, record: dict[str, Any], path: str) -> None:  # noqa: ARG002
        record["said"] = 17


@pytest.fixture(scope="module")
def _aviary() -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vendors, "VENDORS", (*VENDORS, Parrot))
        with running(**SMALL, rate_limits=False) as aviary:
            yield aviary


@pytest.fixture
def aviary(_aviary: Running) -> Running:
    _aviary.control({"reset": True})
    return _aviary


def words(aviary: Running) -> httpx.Response:
    return httpx.get(f"{aviary.env['PARROT_BASE_URL']}/v1/parrot/words")


def test_what_is_in_the_list_is_served_with_its_settings(aviary: Running) -> None:
    assert words(aviary).json() == {"words": [{"said": "Polly"}]}
    assert "CURSOR_API_KEY" in aviary.env


def test_it_can_be_changed_and_is_reset_with_the_others(aviary: Running) -> None:
    aviary.control({"parrot_is_quiet": True})
    assert words(aviary).json() == {"words": []}
    aviary.control({"reset": True})
    assert words(aviary).json() == {"words": [{"said": "Polly"}]}


def test_its_days_are_revised_and_counted(aviary: Running) -> None:
    aviary.control({"revise": {"vendor": "parrot", "date": str(YESTERDAY), "factor": "1.5"}})
    totals = aviary.totals(str(YESTERDAY - timedelta(days=1)))["parrot"]["parrot"]
    assert [day["billed"] for day in totals.values()] == ["1", "1.5"]


def test_it_is_found_by_its_own_path_though_another_claims_the_beginning(aviary: Running) -> None:
    url = aviary.url
    assert httpx.get(f"{url}/v1/parrot/eggs").json() == {"squawk": "/v1/parrot/eggs"}
    assert httpx.get(f"{url}/v1/eggs").json()["error"]["type"] == "not_found_error"


def test_faults_answer_and_break_as_the_vendor_does(aviary: Running) -> None:
    aviary.control({"faults": [{"match": "/words", "kind": "429_retry_after"}]})
    refused = words(aviary)
    assert (refused.status_code, refused.json()) == (429, {"squawk": "429_retry_after"})
    assert refused.headers["retry-after"] == "1"
    aviary.control({"faults": [{"match": "/words", "kind": "malformed_record"}]})
    assert words(aviary).json() == {"words": [{"said": 17}]}


def test_its_invoices_are_in_the_sheet_after_those_of_the_others() -> None:
    sandbox = Sandbox(Options(**SMALL), (*VENDORS, Parrot))  # type: ignore[arg-type]
    header, *rows = default_tab(sandbox, "invoices")
    invoices = [dict(zip(header, row, strict=True)) for row in rows]
    own = [invoice for invoice in invoices if invoice["platform"] == "parrot"]
    assert [(invoice["period_start"], invoice["amount_usd"]) for invoice in own] == [
        ("2026-10-01", "31.00")
    ]
    assert invoices[-1] == own[-1]


def test_a_vendor_with_nothing_but_a_name_is_still_served() -> None:
    class Mute(Vendor):
        name = "mute"

        def __init__(self, sandbox: Sandbox) -> None:
            pass

    sandbox = Sandbox(Options(**SMALL), [Mute])  # type: ignore[arg-type]
    (mute,) = sandbox.vendors
    apply(sandbox, {"reset": True})
    assert (mute.routes(), mute.changes()) == ([], {})
    with mute.settings("http://127.0.0.1") as settings:
        assert settings == {}


def test_no_folder_of_a_vendor_is_left_out_of_the_list() -> None:
    folders = {file.parent.name for file in Path(vendors.__file__).parent.glob("*/vendor.py")}
    assert folders == {vendor.name for vendor in VENDORS}


def test_no_two_vendors_answer_one_path_or_take_one_change() -> None:
    everyone = build_sandbox(Options(**SMALL, seller_events=60)).vendors  # type: ignore[arg-type]
    claims = [claim for vendor in everyone for claim in (*vendor.paths, *vendor.changes())]
    assert len(claims) == len(set(claims))
    for vendor in everyone:
        assert all(route.path.startswith(vendor.paths) for route in vendor.routes())


def test_a_missing_vendor_is_reported() -> None:
    sandbox = Sandbox(Options(**SMALL), ())  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="has no Parrot"):
        sandbox.vendor(Parrot)
