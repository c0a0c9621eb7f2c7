"""`python -m extract sheets`: checking the sheets."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from extract.command import main
from extract.google_sheets.tabs import SheetError, rows_of
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
    assert (code, printed.endswith("All good.")) == (0, True)
    lines = [["email", "start_date"], ["new@example.com", "next monday"]]
    company.control({"sheet": {"tab": "employees", "rows": lines}})
    code, printed = checked(capsys)
    assert (code, "employees!B2 start_date next monday is not a day" in printed) == (1, True)
    monkeypatch.setenv("GOOGLE_SHEETS_ID", "another")
    assert main(["sheets", "check"]) == 1
    assert "HTTP 404" in capsys.readouterr().err
