"""What people put into sheets, and what becomes of it, from the bytes of a file on: one table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import pytest

from extract.google_sheets.reading import find
from foundation.sources.google_sheets import GoogleSheetsSettings

PEOPLE = "email,full_name,department,start_date,end_date,ai_budget_monthly_usd\n"
BUDGETS = "scope_type,scope,month,amount_usd\n"
INVOICES = "platform,invoice_id,period_start,period_end,amount_usd\n"


class Input(NamedTuple):
    """`said` is the only problem, as "cell: text"; without it the tab is good, and `cells` are what
    lands of it, row by row, without surrounding spaces."""

    what: str
    text: str | bytes
    said: str = ""
    cells: str = ""


ANN = "ann@example.com"
INPUTS = [
    # Numbers
    Input("decimal comma", BUDGETS + 'team,Data,2026-01,"12,50"', "D2: is not a plain number"),
    Input("thousands", BUDGETS + 'team,Data,2026-01,"1,200.50"', "D2: is not a plain number"),
    Input("German thousands", BUDGETS + 'team,Data,2026-01,"1.200,50"', "D2: is not a plain"),
    Input("dollar sign", BUDGETS + "team,Data,2026-01,$1200", "D2: is not a plain number"),
    Input("euro sign", BUDGETS + "team,Data,2026-01,1200 €", "D2: is not a plain number"),
    Input("exponent", BUDGETS + "team,Data,2026-01,1.2E+03", "D2: is not a plain number"),
    Input("no number", BUDGETS + "team,Data,2026-01,NaN", "D2: is not a plain number"),
    Input("wide digits", BUDGETS + "team,Data,2026-01,１２００", "D2: such as 1234.50; write 1200"),
    Input("error in a number", BUDGETS + "team,Data,2026-01,#REF!", "D2: is an error of the"),
    Input("error in a text", PEOPLE + f"{ANN},,#N/A,,,", "C2: is an error of the spreadsheet"),
    Input("percent sign", "api_key_id,email,share\nk,a@x.y,50%", "C2: is not a percentage"),
    Input("credit", INVOICES + "cursor,C-1,2026-01-01,2026-01-31,-12.30", cells="-12.30"),
    Input("many decimals", BUDGETS + "team,Data,2026-01,0.123456789", cells="0.123456789"),
    # Days
    Input("serial date", PEOPLE + f"{ANN},,,46023,,", "D2: is not a day"),
    Input("American date", PEOPLE + f"{ANN},,,01/02/2026,,", "D2: is not a day"),
    Input("compact date", PEOPLE + f"{ANN},,,20260101,,", "D2: is not a day"),
    Input("no such day", PEOPLE + f"{ANN},,,2026-02-29,,", "D2: is not a day"),
    Input("leap day", PEOPLE + f"{ANN},,,2024-02-29,,", cells="2024-02-29"),
    Input("day as a month", BUDGETS + "team,Data,2026-01-01,1", "C2: is not a month"),
    Input("wide month", BUDGETS + "team,Data,２０２６-10,1", "C2: write 2026-10"),
    # People
    Input(
        "rehire",
        PEOPLE + f"{ANN},,,2024-01-01,2025-03-31,\n{ANN},,,2026-01-01,,",
        cells=f"2024-01-01 2025-03-31 {ANN} 2026-01-01",
    ),
    Input("twice", PEOPLE + f"{ANN},,Data,,,\nAnn@Example.com,,Apps,,,", "A3: already in row 2"),
    Input("unseen second", PEOPLE + f"{ANN},,,,,\nann\u200b@example.com,,,,,", "A3: in row 2"),
    Input("mailto", PEOPLE + f"mailto:{ANN},,,,,", cells=ANN),
    Input("name and address", PEOPLE + f"Ann <{ANN}>,,,,,", "A2: write ann@example.com"),
    Input("space at the end", PEOPLE + f"{ANN}\u00a0,,Data\u00a0,,,", cells=f"{ANN} Data"),
    Input("unusual name", PEOPLE + f'{ANN},"Ann ""A"", 安\n🙂",,,,', cells='Ann "A", 安\n🙂'),
    # Lines and headers
    Input("total", BUDGETS + "team,Data,2026-01,100\nTotal,,,100", "A3: is none of"),
    Input("total of people", PEOPLE + f"{ANN},,,,,10\nTotal,,,,,10", "A3: is not an e-mail"),
    Input("title", "Budgets of 2026,,,\n" + BUDGETS + "team,Data,2026-01,1", "A1: unknown column"),
    Input("merged cells", BUDGETS + "team,Data,2026-01,1\nteam,Apps,,1", "C3: is empty"),
    Input("same header twice", "email,team,team\na@x.y,Data,Apps", "C1: already in column B"),
    Input("header of no column", "email,emial\na@x.y,b@x.y", "B1: unknown column 'emial'"),
    Input("value without header", "email\na@x.y,Data", "B2: a value without a header"),
    Input("no header", "a@x.y,Data", "A1: unknown column"),
    Input("spaces in headers", f" email ,department\u00a0\n{ANN},Data", cells=f"{ANN} Data"),
    Input("unseen in a header", f"em\u200bail,department\n{ANN},Data", cells=f"{ANN} Data"),
    Input("blank lines and columns", f"\n,,\nemail,,\n,,\n{ANN},,\n,,\n", cells=ANN),
    Input("remarks on top", f"# who works here\n#,\nemail\n{ANN}", cells=ANN),
    Input("a header alone", "email\n"),
    Input("an empty file", ""),
    # Files
    Input("byte order mark", ("\ufeff" + f"email\n{ANN}").encode(), cells=ANN),
    Input("UTF-16", f"email\n{ANN}".encode("utf-16"), cells=ANN),
    Input("Windows line ends", f"email,department\r\n{ANN},Data\r\n", cells=f"{ANN} Data"),
    Input("semicolons", f"email;department\n{ANN};Data, Apps", cells=f"{ANN} Data, Apps"),
    Input(
        "semicolons, decimal comma", BUDGETS.replace(",", ";") + "team;D;2026-01;1,5", "D2: plain"
    ),
]


def name_of(text: str) -> str:
    """The tab that has these headers."""
    for start, name in (("scope_type", "budgets"), ("platform,inv", "invoices"), ("api_", "")):
        if start in text:
            return name or "api_key_mappings"
    return "employees"


@pytest.mark.parametrize("row", INPUTS, ids=lambda row: row.what.replace(" ", "_"))
def test_an_input_lands_or_is_refused_with_its_cell(row: Input, tmp_path: Path) -> None:
    data = row.text if isinstance(row.text, bytes) else row.text.encode()
    text = row.text if isinstance(row.text, str) else ""
    name = name_of(text)
    (tmp_path / f"{name}.csv").write_bytes(data)
    reading = find(GoogleSheetsSettings(sheets_dir=tmp_path)).read(name)
    if row.said:
        cell, _, said = row.said.partition(": ")
        first = reading.problems[0]
        assert (first.address, said in first.said) == (f"{name}!{cell}", True), str(first)
        assert not reading.rows
    else:
        assert [str(problem) for problem in reading.problems] == []
        landed = [
            str(value).strip()
            for line in reading.rows
            for column, value in line.items()
            if not column.startswith("_") and value.strip()
        ]
        assert row.cells in " ".join(landed)
        assert bool(row.cells) == bool(landed)


def test_fifty_thousand_people_take_seconds(tmp_path: Path) -> None:
    people = "".join(f"p{number}@example.com,,Data,2026-01-01,,1\n" for number in range(50_000))
    (tmp_path / "employees.csv").write_text(PEOPLE + people)
    began = time.perf_counter()
    assert len(find(GoogleSheetsSettings(sheets_dir=tmp_path)).read("employees").rows) == 50_000
    assert time.perf_counter() - began < 20
