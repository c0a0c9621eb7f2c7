"""A folder of CSV files: what is read, what is refused, and that one file never stops another."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extract.google_sheets import extract
from extract.google_sheets.reading import find, tab_named
from extract.report import SourceReport
from extract.windows import Run
from foundation.sources.google_sheets import GoogleSheetsSettings

GOOD = b"scope_type,scope,month,amount_usd\nteam,Data,2026-01,100\n"
BUDGET = {"_row": 2, "scope_type": "team", "scope": "Data", "month": "2026-01", "amount_usd": "100"}


def landed(folder: Path) -> tuple[set[str], SourceReport]:
    """The tabs of which something lands, and the report."""
    report = SourceReport("google_sheets")
    today = datetime.now(UTC).date()
    windows = extract(GoogleSheetsSettings(sheets_dir=folder), Run(report, None, today, today))
    return {window.resource for window in windows if window.records}, report


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    reading = find(GoogleSheetsSettings(sheets_dir=folder)).read(name)
    assert not reading.problems
    return reading.rows


def make_latin_1(path: Path) -> None:
    path.write_bytes("email,full_name\nann@example.com,Ren\u00e9\n".encode("latin-1"))


def make_unreadable(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def make_nul(path: Path) -> None:
    path.write_bytes("email,team\nann@example.com,Data\n".encode("utf-16-le"))


def make_open_quote(path: Path) -> None:
    path.write_bytes(b'email,team\nann@example.com,"Data\n')


def make_huge_cell(path: Path) -> None:
    path.write_bytes(b"email,team\nann@example.com," + b"x" * (csv.field_size_limit() + 1))


def make_torn_utf_16(path: Path) -> None:
    path.write_bytes("email\nann@example.com\n".encode("utf-16")[:-1])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_latin_1, "is not in UTF-8 (byte 0xe9 in line 2); save it again in UTF-8: in Excel"),
        (make_unreadable, "No such file or directory; put a CSV file there"),
        (Path.mkdir, "Is a directory; put a CSV file there"),
        (make_nul, "it has NUL bytes; save it again in UTF-8"),
        (make_open_quote, "around line 2: unexpected end of data; look for a quotation mark"),
        (make_huge_cell, "field larger than field limit"),
        (make_torn_utf_16, "is not in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_alone(make, said: str, tmp_path: Path) -> None:
    make(tmp_path / "employees.csv")
    (tmp_path / "budgets.csv").write_bytes(GOOD)
    found, report = landed(tmp_path)
    assert found == {"budgets"}
    (error,) = report.all_errors()
    assert error.startswith("google_sheets sheets/employees: ")
    assert str(tmp_path / "employees.csv") in error
    assert said in error


def test_a_file_that_may_not_be_read_is_refused_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "employees.csv").write_bytes(b"email\nann@example.com\n")
    (tmp_path / "budgets.csv").write_bytes(GOOD)
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:  # root may read everything
        if path.stem == "employees":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found, report = landed(tmp_path)
    assert found == {"budgets"}
    assert "Permission denied" in next(report.all_errors())


TEXT = "scope_type,scope,month,amount_usd\nteam,Data,2026-01,100\n"
SEMICOLONS = TEXT.replace(",", ";")
TABS_BETWEEN = TEXT.replace(",", "\t")


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TABS_BETWEEN.encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        SEMICOLONS.encode(),
        TABS_BETWEEN.encode(),
        b"sep=,\r\n" + GOOD,
        b"SEP=;\n" + SEMICOLONS.encode(),
        b"sep=\t\n" + TABS_BETWEEN.encode(),
        b"sep=|\n" + TEXT.replace(",", "|").encode(),
        "sep=,\n".encode("utf-8-sig") + GOOD,
        b'"scope_type";"scope";"month";"amount_usd"\n"team";"Data";"2026-01";"100"\n',
    ],
)
def test_encodings_and_delimiters_are_read_where_they_are_certain(
    data: bytes, tmp_path: Path
) -> None:
    (tmp_path / "budgets.csv").write_bytes(data)
    assert rows(tmp_path, "budgets") == [BUDGET]


def test_a_delimiter_is_told_by_the_headers_and_not_by_what_is_frequent(tmp_path: Path) -> None:
    names = "email;full_name\nann@example.com;Example, Ann, Dr., Data, Apps\n"
    (tmp_path / "employees.csv").write_text(names)
    assert rows(tmp_path, "employees")[0]["full_name"] == "Example, Ann, Dr., Data, Apps"
    (tmp_path / "email_aliases.csv").write_text("# a;b;c;d\n\nalias,email\nx;y;z,a@example.com\n")
    assert rows(tmp_path, "email_aliases") == [
        {"_row": 4, "alias": "x;y;z", "email": "a@example.com"}
    ]


@pytest.mark.parametrize(
    "name", ["budgets.CSV", "Budgets.csv", "BUDGETS.Csv", " budgets .csv", "budgets.tsv"]
)
def test_the_case_of_a_file_does_not_matter(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(GOOD)
    found, report = landed(tmp_path)
    assert found == {"budgets"}
    assert report.notes == []


def test_two_files_of_one_tab_are_refused(tmp_path: Path) -> None:
    for name in ("budgets.csv", "Budgets.csv"):
        (tmp_path / name).write_bytes(GOOD)
    (tmp_path / "employees.csv").write_bytes(b"email\nann@example.com\n")
    found, report = landed(tmp_path)
    assert found == {"employees"}
    assert "Budgets.csv and budgets.csv are both the tab budgets" in next(report.all_errors())


def test_a_file_that_is_not_read_is_named_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "budgets.csv").write_bytes(GOOD)
    for name in ("employee.csv", "seat plan.csv", "recipes.csv", "Invoices.xlsx", "all.ods"):
        (tmp_path / name).write_bytes(b"")
    for name in (".DS_Store", "~$Invoices.xlsx", ".~lock.budgets.csv#"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "archive").mkdir()
    found, report = landed(tmp_path)
    assert found == {"budgets"}
    assert report.notes == [
        "not read, because these files are not names of known tabs: "
        "Invoices.xlsx (save it as invoices.csv), all.ods (save each of its tabs as CSV), "
        "employee.csv (rename it to employees.csv?), recipes.csv, "
        "seat plan.csv (rename it to seat_plans.csv?)"
    ]
    assert not list(report.all_errors())


@pytest.mark.parametrize("title", ["seat_plans", " Seat Plans ", "SEAT-PLANS", "seat\u200b_plans"])
def test_a_tab_is_known_whatever_its_capitals_and_spaces(title: str) -> None:
    assert tab_named(title) == "seat_plans"
    assert tab_named("seat_plan") is None


def test_a_tool_without_an_api_is_in_the_notes_of_the_run(tmp_path: Path) -> None:
    text = "platform,plan,seat_price_usd,billing_cycle\nwindsurf,pro,120,yearly\n"
    (tmp_path / "seat_plans.csv").write_text(text)
    found, report = landed(tmp_path)
    assert found == {"seat_plans"}
    assert "seat_plans row 2: 'windsurf' is none of" in report.notes[0]
