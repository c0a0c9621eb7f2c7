"""Every mistake in a sheet is named with its tab, row and column."""

from __future__ import annotations

import pytest

from extract.google_sheets.tabs import TABS, SheetError, rows_of


def problems(name: str, *lines: list[str]) -> str:
    with pytest.raises(SheetError) as caught:
        rows_of(name, list(lines))
    return str(caught.value)


def test_cells_are_kept_as_typed_and_header_names_are_trimmed() -> None:
    found = rows_of("email_aliases", [[" alias", "email "], ["", ""], [" A@Example.com ", "b@x.y"]])
    assert found == [{"_row": 3, "alias": " A@Example.com ", "email": "b@x.y"}]


def test_short_lines_are_filled_up_and_a_blank_column_is_no_column() -> None:
    lines = [["email", "team", ""], ["a@example.com"], ["b@example.com", "Data"]]
    assert [row["team"] for row in rows_of("employees", lines)] == ["", "Data"]


@pytest.mark.parametrize("cells", [[], [["email"]], [["email"], ["", " "]]])
def test_an_empty_tab_has_no_rows(cells: list[list[str]]) -> None:
    assert rows_of("employees", cells) == []


HEADERS = {name: list(tab.model_fields) for name, tab in TABS.items()}
GOOD = {
    "employees": ["a@example.com", "", "", "", "b@example.com", "", "", "", "2026-01-01", "", "9"],
    "email_aliases": ["a", "a@example.com"],
    "api_key_mappings": ["k", "", "", "", "", "", "", "true", "0.5", "", "", ""],
    "project_mappings": ["google", "p", "", "CC-1", "", "0.5", "", "", ""],
    "seat_plans": ["cursor", "business", "40.00", "monthly", "", ""],
    "seat_assignments": ["claude_ai", "a@example.com", "enterprise", "", ""],
    "budgets": ["team", "Data", "2026-01", "100"],
    "invoices": ["cursor", "", "I-1", "2026-01-01", "2026-01-31", "12.30", "", "", ""],
    "exchange_rates": ["eur", "2026-01-01", "1.0842"],
}


@pytest.mark.parametrize("name", TABS)
def test_a_good_row_of_each_tab_passes(name: str) -> None:
    assert len(rows_of(name, [HEADERS[name], GOOD[name]])) == 1


@pytest.mark.parametrize(
    ("name", "column", "value", "expected"),
    [
        ("employees", "start_date", "01/02/2026", "is not a day"),
        ("employees", "start_date", "2026-02-30", "is not a day"),
        ("employees", "start_date", "20260101", "is not a day"),
        ("employees", "ai_budget_monthly_usd", "$1,200", "is not a plain number"),
        ("employees", "ai_budget_monthly_usd", "NaN", "is not a plain number"),
        ("employees", "ai_budget_monthly_usd", "3,50", "is not a plain number"),
        ("employees", "ai_budget_monthly_usd", "1e5", "is not a plain number"),
        ("employees", "manager_email", "the boss", "is not an e-mail address"),
        ("employees", "email", "", "is empty"),
        ("employees", "end_date", "2025-01-01", "is before start_date"),
        ("email_aliases", "email", "a at example.com", "is not an e-mail address"),
        ("api_key_mappings", "confidence", "95%", "is not a number from 0 to 1"),
        ("api_key_mappings", "confidence", "1.5", "is not a number from 0 to 1"),
        ("api_key_mappings", "share", "50%", "is not a percentage"),
        ("api_key_mappings", "share", "12.345", "is not a percentage"),
        ("api_key_mappings", "share", "101", "is not a percentage"),
        ("api_key_mappings", "is_active", "perhaps", "is neither true nor false"),
        ("api_key_mappings", "valid_to", "soon", "is not a day"),
        ("seat_plans", "seat_price_usd", "", "is empty"),
        ("seat_plans", "seat_price_usd", "forty", "is not a plain number"),
        ("budgets", "month", "2026-13", "is not a month"),
        ("budgets", "month", "January", "is not a month"),
        ("budgets", "scope_type", "planet", "is none of"),
        ("budgets", "scope", " ", "is empty"),
        ("invoices", "amount_usd", "1.234,00", "is not a plain number"),
        ("invoices", "period_end", "2025-12-31", "is before period_start"),
        ("exchange_rates", "currency", "Euro", "is not a currency code"),
        ("exchange_rates", "currency", "usd", "needs no rate"),
        ("exchange_rates", "valid_from", "", "is empty"),
        ("exchange_rates", "usd_per_unit", "0.00", "is not a number above 0"),
        ("exchange_rates", "usd_per_unit", "-1.1", "is not a number above 0"),
        ("exchange_rates", "usd_per_unit", "1,08", "is not a number above 0"),
    ],
)
def test_a_bad_cell_is_named(name: str, column: str, value: str, expected: str) -> None:
    row = dict(zip(HEADERS[name], GOOD[name], strict=True))
    found = problems(name, HEADERS[name], list({**row, column: value}.values()))
    assert found.startswith(f"{name} row 2, column {column}: ")
    assert expected in found


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
    # One that begins on the day on which the other ends is a version too, whichever comes first.
    second = ["a@example.com", "Apps", "2026-03-31"]
    assert len(rows_of("employees", [header, first, second])) == 2
    assert len(rows_of("employees", [header, second, first])) == 2


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


def test_the_company_needs_no_name_in_its_budget() -> None:
    assert rows_of("budgets", [HEADERS["budgets"], ["company", "", "2026-01", "10"]])


def test_many_problems_are_listed_up_to_a_limit() -> None:
    lines = [[f"nobody {number}"] for number in range(30)]
    found = problems("employees", ["email"], *lines).splitlines()
    assert len(found) == 21
    assert found[-1] == "and 10 more"
