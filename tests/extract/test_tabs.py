"""Every mistake in a sheet is named with its tab, row and column."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from extract.google_sheets.cells import CYCLES, SCOPES, STATUSES, Kind, vendors
from extract.google_sheets.checks import SheetError, read, rows_of
from extract.google_sheets.tabs import TABS


def problems(name: str, *lines: list[str]) -> str:
    with pytest.raises(SheetError) as caught:
        rows_of(name, list(lines))
    return str(caught.value)


HEADERS = {name: list(tab.model_fields) for name, tab in TABS.items()}
GOOD = {
    "employees": ["a@example.com", "", "", "", "b@example.com", "", "", "", "2026-01-01", "", "9"],
    "email_aliases": ["a", "a@example.com"],
    "api_key_mappings": ["k", "", "", "", "", "", "", "true", "0.5", "", "", ""],
    "project_mappings": ["google", "p-1", "a@example.com", "", "", "0.5", "", "", ""],
    "vendor_accounts": ["github", "ann-example", "a@example.com", "", ""],
    "seat_plans": ["cursor", "business", "40.00", "monthly", "", "", ""],
    "seat_assignments": ["claude_ai", "a@example.com", "enterprise", "", ""],
    "budgets": ["team", "Data", "2026-01", "100"],
    "invoices": ["cursor", "", "I-1", "2026-01-01", "2026-01-31", "12.30", "", "", "", ""],
    "exchange_rates": ["eur", "2026-01-01", "1.0842"],
    "annotations": ["2026-10-01", "Cursor price change", "cursor"],
}


def test_cells_are_kept_as_typed_and_header_names_are_trimmed() -> None:
    found = rows_of("email_aliases", [[" alias", "email "], ["", ""], [" A@Example.com ", "b@x.y"]])
    assert found == [{"_row": 3, "alias": " A@Example.com ", "email": "b@x.y"}]


# Characters that nobody sees: zero width, direction, soft hyphen, byte order mark, control.
UNSEEN = [*"\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e"]
UNSEEN += [*"\u2066\u2067\u2068\u2069\u00ad\u061c\x00\x1f\x7f"]


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_what_nobody_sees_is_taken_out_of_headers_and_of_every_cell(unseen: str) -> None:
    header, row = ["platform", f"em{unseen}ail", "plan"], ["cursor", "a@example.com", "Team"]
    messy = [f"{unseen}{cell[:2]}{unseen}{cell[2:]}{unseen}" for cell in row]
    (found,) = rows_of("seat_assignments", [header, messy])
    typed = dict(zip(("platform", "email", "plan"), messy, strict=True))
    assert found == {
        "_row": 2,
        "platform": "cursor",
        "email": "a@example.com",
        "plan": "Team",
        "_typed": typed,
    }


def test_what_nobody_sees_makes_no_second_person() -> None:
    lines = [
        ["email"],
        ["ann@example.com"],
        ["ann\u200b@example.com"],
        ["\u2060mailto:Ann@example.com"],
    ]
    found = problems("employees", *lines).splitlines()
    assert [line.split(":")[0] for line in found] == [
        "employees row 3, column email",
        "employees row 4, column email",
    ]


def test_spaces_and_accents_that_look_the_same_are_the_same() -> None:
    rows = [
        ["a@example.com", "Data\u00a0Apps"],
        ["b@example.com", "Bu\u0308ro"],
        ["c@x.y", "\u00a0"],
    ]
    found = rows_of("employees", [["email", "department"], *rows])
    assert [row["department"] for row in found[:2]] == ["Data Apps", "B\u00fcro"]
    assert found[2]["department"].strip() == ""
    assert found[1]["_typed"] == {"department": "Bu\u0308ro"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mailto:bob@example.com", "bob@example.com"),
        ("MAILTO: bob@example.com", "bob@example.com"),
        ("bob@example.com\u00a0", "bob@example.com "),
        ("o'brien+ai@example.com", "o'brien+ai@example.com"),
        ("j\u00fcrgen@example.com", "j\u00fcrgen@example.com"),
    ],
)
def test_an_address_is_cleaned_where_there_is_no_doubt(typed: str, meant: str) -> None:
    for name, row in [("employees", ["email"]), ("email_aliases", ["email", "alias"])]:
        cells = [typed] * len(row)
        (found,) = rows_of(name, [row, cells])
        assert [found[column] for column in row] == [meant] * len(row)
    budget = [["scope_type", "scope", "month", "amount_usd"], ["User", typed, "2026-01", "1"]]
    assert rows_of("budgets", budget)[0]["scope"] == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ann\uff20example.com", "is not an e-mail address; write ann@example.com"),
        ("\uff41nn@example.com", "FULLWIDTH LATIN SMALL LETTER A"),
        ("\u0430nn@example.com", "CYRILLIC SMALL LETTER A"),
        ("Ann <ann@example.com>", "is more than an e-mail address: write ann@example.com"),
        ("<ann@example.com>", "is more than an e-mail address: write ann@example.com"),
        ("ann@example.com, bob@example.com", "is not an e-mail address"),
        ("ann@example.com;", "is not an e-mail address"),
        ("ann@example.com.", "is not an e-mail address"),
        ("ann@example.com@example.com", "is not an e-mail address"),
    ],
)
def test_an_address_that_could_be_another_is_refused(typed: str, said: str) -> None:
    aliases = ["alias", "email"]
    assert said in problems("employees", ["email"], [typed])
    assert said in problems("email_aliases", aliases, [typed, "a@example.com"])
    header = ["scope_type", "scope", "month", "amount_usd"]
    found = problems("budgets", header, ["user", typed, "2026-01", "1"])
    assert found.startswith("budgets row 2, column scope: ")
    assert said in found


ERRORS = """#N/A #REF! #VALUE! #NAME? #DIV/0! #NUM! #NULL! #ERROR! #SPILL! #CALC! #n/a #NV #WERT!
#NOM? #\u00a1REF! #BEZUG! Loading... Loading\u2026 loading... l\ufffdst""".split()
EVERY_COLUMN = [(name, column) for name, tab in TABS.items() for column in tab.model_fields]


@pytest.mark.parametrize(("name", "column"), EVERY_COLUMN)
def test_an_error_of_the_spreadsheet_is_refused_in_every_column(name: str, column: str) -> None:
    row = dict(zip(HEADERS[name], GOOD[name], strict=True))
    for error in ERRORS:
        found = problems(name, HEADERS[name], list({**row, column: f" {error}"}.values()))
        (line,) = [line for line in found.splitlines() if f"column {column}: {error!r}" in line]
        assert line.startswith(f"{name} row 2, ")
        assert "error of the spreadsheet" in line or "was lost" in line


# What Python reads as a number, a day or a word, and no engine does; and what both may read.
FOREIGN = """１２００ ١٢٠٠ १२ 1_000 1e3 1E3 NaN Infinity -inf +5 0x1F ½ １２.5 1.２ .5 5. --5
−5 1'000 00 007 -0 2026-W01 20260101 ２０２６-10 2026-１0 ２０２６-01-01 ٢٠٢٦-01-01 2026-1-1 0000-01
2026-01-01T00:00 46023 0000-01-01 0001-01-01 9999-12-31 10000-01-01
trᵤe falſe uſer EUＲ t f 1 0 0.5 9999-12""".split()
CASTS = {
    "a day": "cast($1 as date)",
    "a month": "cast($1 || '-01' as date)",
    "a plain number": "cast($1 as decimal(38, 18))",
    "a number": "cast($1 as decimal(28, 9))",
    "a percentage": "cast($1 as decimal(28, 9))",
    "true or false": "cast(lower($1) as boolean)",
    "one of these": f"if(lower($1) in {(*SCOPES, *CYCLES, *STATUSES)}, 1, error($1))",
    "the code of a currency": "if(regexp_matches($1, '^[A-Za-z]{3}$'), 1, error($1))",
}
TYPED = [
    (name, column, statement)
    for name, tab in TABS.items()
    for column, field in tab.model_fields.items()
    for start, statement in CASTS.items()
    if next(kind for kind in field.metadata if isinstance(kind, Kind)).words.startswith(start)
]


@pytest.mark.parametrize(("name", "column", "statement"), TYPED)
def test_no_cell_passes_that_sql_cannot_cast(name: str, column: str, statement: str) -> None:
    row = dict(zip(HEADERS[name], GOOD[name], strict=True))
    refused = set()
    for value in FOREIGN:
        found = read(name, [HEADERS[name], list({**row, column: value}.values())])
        refused |= {problem.value for problem in found.problems if problem.column == column}
        if found.rows:
            duckdb.execute(f"select {statement}", [found.rows[0][column]])
    assert {"１２００", "1_000", "1e3", "+5", "２０２６-10", "0000-01", "trᵤe"} <= refused


def test_wide_digits_are_refused_with_the_ordinary_ones() -> None:
    found = problems("budgets", HEADERS["budgets"], ["team", "Data", "２０２６-10", "１２００"])
    assert found.splitlines() == [
        "budgets row 2, column month: '２０２６-10' is not a month, YYYY-MM; write 2026-10",
        "budgets row 2, column amount_usd: '１２００' is not a plain number such as 1234.50; "
        "write 1200",
    ]


def test_short_lines_are_filled_up_and_a_blank_column_is_no_column() -> None:
    lines = [["email", "team", ""], ["a@example.com"], ["b@example.com", "Data"]]
    assert [row["team"] for row in rows_of("employees", lines)] == ["", "Data"]


@pytest.mark.parametrize("cells", [[], [["email"]], [["email"], ["", " "]]])
def test_an_empty_tab_has_no_rows(cells: list[list[str]]) -> None:
    assert rows_of("employees", cells) == []


@pytest.mark.parametrize("name", TABS)
def test_a_good_row_of_each_tab_passes(name: str) -> None:
    assert len(rows_of(name, [HEADERS[name], GOOD[name]])) == 1


@pytest.mark.parametrize(
    ("name", "column", "value", "expected"),
    [
        ("employees", "manager_email", "the boss", "is not an e-mail address"),
        ("employees", "email", "", "is empty"),
        ("employees", "end_date", "2025-01-01", "is before start_date"),
        ("email_aliases", "email", "a at example.com", "is not an e-mail address"),
        ("api_key_mappings", "confidence", "95%", "is not a number from 0 to 1"),
        ("api_key_mappings", "confidence", "1.5", "is not a number from 0 to 1"),
        ("api_key_mappings", "share", "12.345", "is not a percentage"),
        ("api_key_mappings", "share", "101", "is not a percentage"),
        ("api_key_mappings", "is_active", "perhaps", "is neither true nor false"),
        ("api_key_mappings", "valid_to", "soon", "is not a day"),
        ("seat_plans", "seat_price_usd", "", "is empty"),
        ("seat_plans", "billing_cycle", "quarterly", "is none of monthly, annual"),
        ("seat_plans", "billing_cycle", "120", "is none of monthly, annual"),
        ("seat_plans", "platform", "cursr", "is no platform; did you mean cursor? Known are"),
        ("seat_assignments", "platform", "claude", "is no platform; did you mean claude_a"),
        ("api_key_mappings", "platform", "claud_api", "did you mean claude_api?"),
        ("invoices", "status", "void", "is none of draft, pending, open, paid, overdue, disputed"),
        ("seat_plans", "seat_price_usd", "forty", "is not a plain number"),
        ("budgets", "month", "2026-13", "is not a month"),
        ("budgets", "month", "January", "is not a month"),
        ("budgets", "scope_type", "planet", "is none of"),
        ("budgets", "scope", " ", "is empty"),
        ("invoices", "period_end", "2025-12-31", "is before period_start"),
        ("exchange_rates", "currency", "Euro", "is not a currency code"),
        ("exchange_rates", "currency", "usd", "needs no rate"),
        ("exchange_rates", "valid_from", "", "is empty"),
        ("exchange_rates", "usd_per_unit", "0.00", "is not a number above 0"),
        ("exchange_rates", "usd_per_unit", "-1.1", "is not a number above 0"),
        ("exchange_rates", "usd_per_unit", "1,08", "is not a number above 0"),
        ("annotations", "date", "October", "is not a day"),
        ("annotations", "text", "", "is empty"),
        ("annotations", "scope", "Engineering", "is neither company nor one of cursor, "),
        ("annotations", "scope", "windsurf", "is neither company nor one of cursor, "),
    ],
)
def test_a_bad_cell_is_named(name: str, column: str, value: str, expected: str) -> None:
    row = dict(zip(HEADERS[name], GOOD[name], strict=True))
    found = problems(name, HEADERS[name], list({**row, column: value}.values()))
    assert found.startswith(f"{name} row 2, column {column}: ")
    assert expected in found


@pytest.mark.parametrize(
    ("name", "column", "typed", "meant"),
    [
        ("seat_plans", "billing_cycle", " Monthly", " Monthly"),  # SQL trims and lowers it
        ("seat_plans", "billing_cycle", "month", "monthly"),
        ("seat_plans", "billing_cycle", "yearly", "annual"),
        ("seat_plans", "billing_cycle", "Annually", "annual"),
        ("seat_plans", "billing_cycle", "per year", "annual"),
        ("seat_plans", "platform", "Claude.ai", "claude_ai"),
        ("seat_plans", "platform", "claude ai", "claude_ai"),
        ("annotations", "scope", "Claude.ai", "claude_ai"),
        ("seat_assignments", "platform", "CURSOR ", "CURSOR "),
        ("api_key_mappings", "platform", "Claude API", "claude_api"),
        ("invoices", "platform", "claude-code", "claude_code"),
        ("invoices", "platform", "Anthropic", "Anthropic"),  # the vendor, for all of its platforms
        ("api_key_mappings", "purpose", "Code Review", "code_review"),
        ("api_key_mappings", "purpose", "Stargazing", "Stargazing"),
        ("invoices", "status", "In dispute", "disputed"),
        ("budgets", "scope_type", "Cost Center", "cost_center"),
    ],
)
def test_a_known_spelling_is_read(name: str, column: str, typed: str, meant: str) -> None:
    row = dict(zip(HEADERS[name], GOOD[name], strict=True))
    (found,) = rows_of(name, [HEADERS[name], list({**row, column: typed}.values())])
    assert found[column] == meant
    assert found.get("_typed") == (None if meant == typed else {column: typed})


def test_a_platform_in_two_spellings_is_one() -> None:
    first, second = GOOD["seat_assignments"], ["Claude.ai", *GOOD["seat_assignments"][1:]]
    found = problems("seat_assignments", HEADERS["seat_assignments"], first, second)
    assert "'claude_ai a@example.com' is already in row 2" in found


def test_a_tool_or_purpose_that_no_list_knows_is_read_and_named() -> None:
    rows = [["Windsurf", "pro", "120", "yearly"], ["windsurf", "team", "30", "monthly"]]
    found = read("seat_plans", [HEADERS["seat_plans"][:4], *rows])
    assert [row["billing_cycle"] for row in found.rows] == ["annual", "monthly"]
    assert [note[:52] for note in found.notes] == [
        "seat_plans row 2: 'windsurf' is none of dbt_project/"
    ]
    # A vendor is no tool, but for an invoice.
    of_vendor = read("seat_plans", [HEADERS["seat_plans"][:4], ["google", *rows[0][1:]]])
    assert "'google' is none of dbt_project/seeds/platforms.csv" in of_vendor.notes[0]
    keys = ["api_key_id", "purpose", "email"], ["k", "stargazing", ""], ["j", "Code Review", ""]
    assert read("api_key_mappings", list(keys)).notes == [
        "api_key_mappings row 2: 'stargazing' is none of dbt_project/seeds/usage_purposes.csv, "
        "so it counts as API consumption"
    ]


def test_a_note_says_which_of_several_plans_cursors_members_are_on() -> None:
    header = ["platform", "plan", "seat_price_usd", "billing_cycle", "valid_from", "valid_to"]
    first, price = (
        ["cursor", "Teams", "32", "monthly", "", "2026-03-31"],
        ["cursor", "teams", "40", "monthly", "2026-04-01", ""],
    )
    other = ["claude_ai", "team", "30", "monthly", "", ""]
    later = ["Cursor", "Enterprise", "60", "monthly", "2026-04-02", ""]
    assert not read("seat_plans", [header, first, price, other]).notes
    assert not read("seat_plans", [header, first, other, later]).notes
    assert read("seat_plans", [header, first, price, other, later]).notes == [
        "seat_plans rows 3, 5: Cursor has several plans on the same day, so its members without a "
        "row in seat_assignments are on the first of its plans, 'Teams' in row 2"
    ]


@pytest.mark.parametrize("vendor", vendors())
def test_an_invoice_may_be_for_all_tools_of_a_vendor(vendor: str) -> None:
    for typed in (vendor, vendor.title()):
        found = read("invoices", [HEADERS["invoices"], [typed, *GOOD["invoices"][1:]]])
        assert (found.problems, found.notes) == ([], [])
        assert found.rows[0]["platform"].lower() == vendor


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["email", "emial"], "employees row 1, column B: unknown column 'emial'; known are email"),
        (["email", " email"], "row 1, column B: the header 'email' is already in column A"),
        (["email", ""], "row 1, column B: the header is blank, but row 2 has a value under it"),
        (["email"], "employees row 2, column B: a value without a header"),
        (["team", "cost_center"], "employees row 1, column email: the column is missing"),
    ],
)
def test_a_bad_header_is_named(header: list[str], expected: str) -> None:
    assert expected in problems("employees", header, ["a@example.com", "b"])


@pytest.mark.parametrize("name", TABS)
def test_the_same_key_twice_is_named_with_both_rows(name: str) -> None:
    found = problems(name, HEADERS[name], GOOD[name], [cell.upper() for cell in GOOD[name]])
    assert f"{name} row 3, column {TABS[name].key[-1]}: " in found
    assert "is already in row 2" in found


def test_rows_for_different_days_are_versions_and_not_duplicates() -> None:
    header = ["email", "team", "start_date", "end_date"]
    first = ["a@example.com", "Data", "", "2026-03-31"]
    assert len(rows_of("employees", [header, first, ["A@example.com ", "Apps", "2026-04-01"]])) == 2
    found = problems("employees", header, first, ["A@example.com", "Apps", "2026-03-15"])
    assert "'a@example.com' is already in row 2 for overlapping days" in found
    # In two departments on the same day, by however the address is written: both rows are named.
    for other in ("a@example.com", " A@Example.com", "mailto:a\u200b@example.com"):
        found = problems("employees", header, first, [other, "Apps"])
        assert "employees row 3, column email: 'a@example.com' is already in row 2" in found
    # One that begins on the day on which the other ends is a version too, whichever comes first.
    second = ["a@example.com", "Apps", "2026-03-31"]
    assert len(rows_of("employees", [header, first, second])) == 2
    assert len(rows_of("employees", [header, second, first])) == 2
    # Of two rows for the same one day none is the later one.
    day = ["a@example.com", "Apps", "2026-03-31", "2026-03-31"]
    assert len(rows_of("employees", [header, first, day])) == 2
    found = problems("employees", header, day, ["a@example.com", "Data", *day[2:]])
    assert "'a@example.com' is already in row 2 for overlapping days" in found


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["a@x.y", "", "70.5"], ["", "CC-1", "29.5"]], ""),
        ([["a@x.y", "", ""], ["b@x.y", "", ""], ["c@x.y", "", ""]], ""),
        ([["a@x.y", "", "60"], ["b@x.y", "", "30"]], "the shares of 'k' sum to 90, not to 100"),
        ([["a@x.y", "", "60"]], "row 2, column share: the shares of 'k' sum to 60, not to 100"),
        ([["a@x.y", "", "60"], ["b@x.y", "", ""]], "'k' has a share in some rows only"),
        ([["a@x.y", "", "100"], ["b@x.y", "", "0"]], "a share of 'k' is 0"),
        ([["a@x.y", "", "50"], ["", "", "50"]], "a row names none of email, cost_center"),
        ([["a@x.y", "", ""], ["A@x.y", "", ""]], "'k' is already in row 2 for overlapping days"),
    ],
)
def test_rows_of_a_key_share_it_and_add_up_to_it(rows: list[list[str]], said: str) -> None:
    header = ["api_key_id", "email", "cost_center", "share"]
    lines = [header, *(["k", *row] for row in rows)]
    if said:
        assert said in problems("api_key_mappings", *lines)
    else:
        assert len(rows_of("api_key_mappings", lines)) == len(rows)


def test_rows_that_share_a_key_have_the_same_days_and_one_switched_off_has_no_part() -> None:
    header = ["api_key_id", "email", "share", "is_active", "valid_from"]
    half, other = ["k", "a@x.y", "50", "", ""], ["k", "b@x.y", "50", "", "2026-02-01"]
    assert "is already in row 2 for overlapping days" in problems(
        "api_key_mappings", header, half, other
    )
    off = ["k", "b@x.y", "50", "false", ""]
    assert "sum to 50" in problems("api_key_mappings", header, half, off)


# --- what a cell holds, where it shows something else --------------------------------------------


NUMBERS = [
    (name, column.name) for name, tab in TABS.items() for column in tab.described()
    if column.is_number
]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), NUMBERS)
def test_a_number_that_its_format_rounds_is_refused_in_every_column(name: str, column: str) -> None:
    place = HEADERS[name].index(column)
    row = list(GOOD[name])
    row[place] = "1"
    if name == "invoices":
        row[HEADERS[name].index("amount_usd")] = "" if column == "amount" else "1"
        row[HEADERS[name].index("currency")] = "EUR" if column == "amount" else ""
    stored: list[Any] = list(row)
    stored[place] = 0.9842
    # Remarks and blank lines above count as lines of both.
    above = [["# a remark"], [], HEADERS[name]]
    found = read(name, [*above, row], [*above, stored])
    said = "round it with ROUND, or show all decimals by setting its format to Automatic"
    assert [str(problem) for problem in found.problems if "Automatic" in problem.said] == [
        f"{name} row 4, column {column}: '1' is what the cell shows, but it holds 0.9842: {said}"
    ]
    assert not found.rows
    # The same number as a text is what it is.
    stored[place] = "0.9842"
    found = read(name, [*above, row], [*above, stored])
    assert not any("Automatic" in problem.said for problem in found.problems)


@pytest.mark.parametrize(
    ("shown", "stored", "said"),
    [
        ("33", 32.5, "holds 32.5:"),
        ("1250", 1250.4, "holds 1250.4:"),
        ("1250.40", 1250.404, "holds 1250.404:"),
        ("12", -12, "holds -12:"),
        ("12", 12000, "holds 12000:"),
        ("0", 0.00001, "holds 0.00001:"),
        ("333.33", 1000 / 3, "holds 333.333333333333:"),
        ("", 1250.4, "shows nothing, but holds 1250.4:"),
        ("1250.40", 1250.4, ""),
        ("1250.4000", 1250.4, ""),
        ("1250", 1250, ""),
        ("1250", 1250.0, ""),
        ("-12.30", -12.3, ""),
        ("0", -0.0, ""),
        # What formulas leave behind the last digit that spreadsheets keep.
        ("0.30", 0.1 + 0.2, ""),
        ("1250.40", 1250.3999999999999, ""),
        ("10", 9.99999999999998, ""),
        # Automatic shows ten digits.
        ("83.33333333", 1000 / 12, ""),
        ("0.6666666667", 2 / 3, ""),
        ("83.333333", 1000 / 12, "holds 83.3333333333333:"),
        ("1250.40", "1250.40", ""),
        ("1250.40", "", ""),
        ("1", True, ""),
        ("", "", ""),
    ],
)
def test_a_number_must_show_all_that_its_cell_holds(shown: str, stored: Any, said: str) -> None:
    header = ["email", "ai_budget_monthly_usd"]
    cells = [header, ["a@example.com", shown]]
    found = read("employees", cells, [header, ["a@example.com", stored]])
    assert [(problem.address, said in problem.said) for problem in found.problems] == (
        [("employees!B2", True)] if said else []
    )
    # Google leaves out what is empty at the end, and a file only has what was shown.
    for missing in ([], [header], [header, ["a@example.com"]]):
        assert not read("employees", cells, missing).problems


@pytest.mark.parametrize(
    ("shown", "stored"), [("$1,250.40", 1250.4), ("1,250", 1250), ("90%", 0.9), ("2E+01", 20)]
)
def test_a_number_in_another_form_is_refused_once(shown: str, stored: float) -> None:
    header = ["email", "ai_budget_monthly_usd"]
    row = ["a@example.com", shown]
    (problem,) = read("employees", [header, row], [header, ["a@example.com", stored]]).problems
    assert "is not a plain number" in problem.said


def test_days_and_ids_are_what_their_cells_show() -> None:
    header = ["email", "cost_center", "start_date", "ai_budget_monthly_usd"]
    row = ["a@example.com", "00123", "2026-01-05", "150"]
    found = read("employees", [header, row], [header, ["a@example.com", 123, 46027, 150]])
    assert not found.problems
    assert found.rows == [{"_row": 2} | dict(zip(header, row, strict=True))]


def test_the_company_needs_no_name_in_its_budget() -> None:
    assert rows_of("budgets", [HEADERS["budgets"], ["company", "", "2026-01", "10"]])


def test_the_company_has_one_budget_a_month_whatever_it_is_called() -> None:
    rows = [["Company", "Acme US", "2026-01", "10"], ["company", "Acme EU", "2026-02", "20"]]
    assert rows_of("budgets", [HEADERS["budgets"], *rows])
    found = problems("budgets", HEADERS["budgets"], *rows, ["company", "", "2026-01", "30"])
    assert found == "budgets row 4, column month: 'company 2026-01' is already in row 2"


def test_many_problems_are_listed_up_to_a_limit() -> None:
    lines = [[f"nobody {number}"] for number in range(30)]
    found = problems("employees", ["email"], *lines).splitlines()
    assert len(found) == 21
    assert found[-1] == "and 10 more"
