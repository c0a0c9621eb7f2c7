"""`python -m extract sheets`: checking the sheets, and beginning new ones."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from extract.command import main
from extract.google_sheets import reference
from extract.google_sheets.checks import SheetError, rows_of
from extract.google_sheets.tabs import TABS
from extract.google_sheets.templates import template
from foundation.fields import ROOT
from sandbox.server import Running

EMPLOYEES = "email,department,start_date\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the sheets, with a good tab."""
    made = tmp_path / "sheets"
    made.mkdir()
    (made / "budgets.csv").write_text(
        "scope_type,scope,month,amount_usd\nteam,Data,2026-01,1\nteam,Apps,2026-01,1\n"
    )
    monkeypatch.setenv("SHEETS_DIR", str(made))
    monkeypatch.setenv("GOOGLE_SHEETS_ID", "")
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("COLUMNS", "200")
    return made


def checked(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["sheets", "check"])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    return code, "\n".join(lines)


def test_a_good_folder_is_said_to_be_good(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = checked(capsys)
    assert code == 0
    assert "budgets 2\n" in printed
    assert "employees not there\n" in printed
    assert printed.endswith("All good.")
    assert not (folder.parent / "w.duckdb").exists()


def test_everything_wrong_is_listed_at_once_with_its_cell(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = "".join(f"nobody {number},,2026-01-01\n" for number in range(30))
    employees = EMPLOYEES + people + "[bold]a@x.y,#N/A,next monday\n"
    (folder / "employees.csv").write_text(employees)
    (folder / "seat_plans.csv").write_text("platform,plan,seat_price_usd\nwindsurf,pro,１\n")
    (folder / "invoices.csv").write_bytes(b"\xff")
    (folder / "invoice.csv").write_bytes(b"")
    code, printed = checked(capsys)
    assert code == 1
    for number in range(2, 32):
        assert f"employees!A{number} email nobody {number - 2} is not an e-mail address" in printed
    for line in (
        "budgets 2",
        "employees!A32 email [bold]a@x.y is not an e-mail address",
        "employees!B32 department #N/A is an error of the spreadsheet",
        "employees!C32 start_date next monday is not a day, YYYY-MM-DD",
        "seat_plans!1:1 billing_cycle the column is missing",
        "seat_plans!C2 seat_price_usd １ is not a plain number such as 1234.50; write 1",
        "invoices.csv is not in UTF-8",
        "invoice.csv (rename it to invoices.csv?)",
        "36 problems in employees, invoices, seat_plans.",
    ):
        assert line in printed
    assert "All good" not in printed


def test_a_check_says_what_a_run_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "employees.csv").write_text(EMPLOYEES + "ann at example.com,,2026-02-30\n")
    code, printed = checked(capsys)
    with pytest.raises(SheetError) as caught:
        rows_of("employees", list(csv.reader((folder / "employees.csv").open())))
    assert main(["run", "--source", "google_sheets"]) == code == 1
    run = capsys.readouterr().out
    for line in str(caught.value).splitlines():
        assert line in run
        assert line.partition("' ")[2] in printed


def test_a_tab_that_lost_its_rows_or_its_name_is_not_good(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "employees.csv").write_text(EMPLOYEES)
    code, printed = checked(capsys)
    assert (code, "All good" in printed) == (0, False)
    assert "There are none in employees: a run fails if one of these had some before" in printed
    (folder / "employees.csv").rename(folder / "employees FY27.csv")
    code, printed = checked(capsys)
    assert code == 1
    assert "employees is not there, but employees FY27.csv is: rename that" in printed
    assert "1 problem in employees." in printed
    # With a tab of its own name, a similar one is only noted.
    (folder / "employees.csv").write_text(EMPLOYEES + "ann@example.com,,\n")
    code, printed = checked(capsys)
    assert (code, printed.endswith("All good.")) == (0, True)
    assert "employees FY27.csv (rename it to employees.csv?)" in printed


@pytest.mark.parametrize("files", [[], ["notes.txt"]])
def test_a_folder_without_any_tab_is_not_good(
    files: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "budgets.csv").unlink()
    for name in files:
        (folder / name).touch()
    code, printed = checked(capsys)
    assert (code, "There is no tab." in printed) == (1, True)


def test_a_check_without_sheets_exits_with_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHEETS_DIR", "")
    assert main(["sheets", "check"]) == 2
    assert "set GOOGLE_SHEETS_ID or SHEETS_DIR" in capsys.readouterr().err


def test_a_google_spreadsheet_is_checked_too(
    company: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**company.env, "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    code, printed = checked(capsys)
    assert (code, "No row is wrong. There are none in invoices:" in printed) == (0, True)
    assert "note:" not in printed
    lines = [["email", "start_date"], ["new@example.com", "next monday"]]
    company.control({"sheet": {"tab": "employees", "rows": lines}})
    code, printed = checked(capsys)
    assert (code, "employees!B2 start_date next monday is not a day" in printed) == (1, True)
    monkeypatch.setenv("GOOGLE_SHEETS_ID", "another")
    assert main(["sheets", "check"]) == 1
    assert "HTTP 404" in capsys.readouterr().err


def test_the_page_lists_every_column_as_the_models_describe_it() -> None:
    again = "write it again: .venv/bin/python -m extract.google_sheets.reference"
    assert reference.PAGE.read_text() == reference.written(), again
    for name, tab in TABS.items():
        section = reference.written().partition(f"### {name}\n")[2].partition("###")[0]
        assert all(f"\n| {column} |" in section for column in tab.model_fields)


def test_the_page_and_its_picture_are_where_links_say() -> None:
    for linked in ("README.md", "docs/production.md"):
        assert "sheets.md)" in (ROOT / linked).read_text()
    (picture,) = re.findall(r"!\[.*?\]\((.*?)\)", reference.PAGE.read_text())
    assert (reference.PAGE.parent / picture).stat().st_size < 50_000


# --- templates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABS)
def test_the_examples_of_a_tab_pass_its_checks(name: str) -> None:
    header = list(TABS[name].model_fields)
    examples = TABS[name].example_rows()
    assert len(rows_of(name, [header, *examples])) == len(examples)
    for column in TABS[name].described():
        assert column.description, column.name
        assert column.example, column.name
    # As the template says: without the # at the beginning.
    lines = template(TABS[name])
    written = [[line[0].removeprefix("# "), *line[1:]] for line in lines[-1 - len(examples) : -1]]
    assert written == examples
    assert lines[-1] == header


def test_a_new_folder_is_good_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "new" / "sheets"
    # The settings may name the folder before it is there.
    monkeypatch.setenv("SHEETS_DIR", str(made))
    monkeypatch.setenv("GOOGLE_SHEETS_ID", "")
    assert main(["sheets", "init", str(made)]) == 0
    assert sorted(path.stem for path in made.iterdir()) == sorted(TABS)
    code, printed = checked(capsys)
    assert code == 0
    assert all(f"{name} 0" in printed for name in TABS)
    # Rows are typed below, and remarks may stay.
    with (made / "email_aliases.csv").open("a") as file:
        file.write("ann-example,ann@example.com\n")
    assert "email_aliases 1" in checked(capsys)[1]


def test_no_file_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "budgets.csv").read_bytes()
    (folder / "Employees.CSV").write_text("email\nann@example.com\n")
    assert main(["sheets", "init", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert f"kept {folder / 'budgets.csv'}, which exists" in printed
    assert f"kept {folder / 'Employees.CSV'}, which exists" in printed
    assert (folder / "budgets.csv").read_bytes() == before
    assert not (folder / "employees.csv").exists()
    assert (folder / "invoices.csv").exists()
    assert main(["sheets", "init", str(folder)]) == 1


def test_a_file_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["sheets", "init", str(tmp_path / "file" / "sheets")]) == 1
    assert "cannot write" in capsys.readouterr().err


NAMES = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def test_a_workbook_has_the_tabs_with_notes_and_checks(tmp_path: Path) -> None:
    path = tmp_path / "sheets.xlsx"
    assert main(["sheets", "init", str(path)]) == 0
    before = path.read_bytes()
    assert main(["sheets", "init", str(path)]) == 1
    assert path.read_bytes() == before
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    assert re.findall(r'<sheet name="(\w+)"', parts["xl/workbook.xml"]) == list(TABS)
    texts = re.findall(r"<t[^>]*>([^<]*)</t>", parts["xl/sharedStrings.xml"])
    for number, (name, tab) in enumerate(TABS.items(), start=1):
        assert set(tab.model_fields) <= set(texts)
        notes = parts[f"xl/comments{number}.xml"]
        assert notes.count("Example: ") == len(tab.model_fields)
        sheet = ElementTree.fromstring(parts[f"xl/worksheets/sheet{number}.xml"])  # noqa: S314
        rules = {
            rule.attrib["sqref"][0]: rule for rule in sheet.iterfind(".//x:dataValidation", NAMES)
        }
        for place, column in enumerate(tab.described()):
            if values := column.kind.values():
                rule = rules[chr(65 + place)]
                listed = rule.findtext("x:formula1", namespaces=NAMES)
                assert listed == f'"{",".join(values)}"', (name, column.name)
                assert (rule.get("errorStyle") == "warning") == bool(column.kind.others)
