"""The report as Markdown."""

from datetime import date
from decimal import Decimal

import pytest

from changes.comparing import Change, MonthlySum, Sample
from changes.report import SHOWN_SUMS, Compared, amounts, write
from tests.changes.files import mart

COMPARED = Compared("`main` (abc)", "the working tree", "over the base company on 2026-11-20")


def test_no_difference_is_one_line():
    same = Change("costs", mart(), mart(), 4, 4)
    assert write(COMPARED, [same]) == (
        "No difference between `main` (abc) and the working tree, over the base company on"
        " 2026-11-20: 1 mart built again.\n"
    )
    assert write(COMPARED, []).endswith("2026-11-20: nothing to build.\n")


def test_a_change_is_a_line_of_the_table_and_a_section():
    change = Change(
        *("costs", mart(contract={"a": "date"}), mart(contract={"a": "date", "team": "string"})),
        rows_before=1000,
        rows_after=1002,
        added=3,
        removed=1,
        changed=12,
        columns_added={"team": "VARCHAR"},
        columns_retyped={"a": ("DATE", "VARCHAR")},
        columns_changed={"a_line": 2, "cost_usd": 12},
        sums=[MonthlySum(date(2026, 10, 1), "cost_usd", Decimal("1234.5"), Decimal("1234.75"))],
        samples=[Sample("changed", {"day": ("2026-10-01", "2026-10-01"), "lines": (None, "1")})],
    )
    compared = Compared(
        *("a", "b", "c"), models=["costs"], macros=["ratio"], dashboards=["Finance", "Executive"]
    )
    text = write(compared, [Change("same", mart(), mart()), change])
    for line in (
        "Changed models: `costs`.  ",
        "Changed macros: `ratio`.  ",
        "Of 2 marts rebuilt, 1 stayed the same.  ",
        "Dashboards that read what differs: Finance, Executive.  ",
        "| `costs` | 1,000 | 1,002 | 3 | 1 | 12 | 1 added, 1 retyped |",
        "- `costs`: `team` string added.",
        "Columns added: `team` VARCHAR.  ",
        "Columns retyped: `a` from DATE to VARCHAR.  ",
        "Changed values: `cost_usd` in 12 rows, `a_line` in 2 rows.  ",
        "| 2026-10 | `cost_usd` | 1,234.50 | 1,234.75 | +0.25 |",
        "| `lines` | null | `1` |",
    ):
        assert line in text.splitlines()
    assert "same" not in text.replace("stayed the same", "")


def test_what_was_changed_by_hand_is_first():
    changes = [Change(name, mart(name), mart(name), added=1) for name in ("a", "b")]
    text = write(Compared("a", "b", "c", models=["b"]), changes)
    assert text.index("### b") < text.index("### a")


def test_a_mart_is_added_or_removed():
    new = Change("new", None, mart("new", contract={"a": "date"}), rows_after=3, added=3)
    old = Change("old", mart("old", contract={"a": "date"}), None, rows_before=1, removed=1)
    text = write(COMPARED, [new, old])
    assert "| `new` | 0 | 3 | 3 | 0 | 0 | new mart |" in text
    assert "A new mart of 3 rows." in text
    assert "| `old` | 1 | 0 | 0 | 1 | 0 | mart removed |" in text
    assert "- `old` is gone, and with it its contract." in text
    assert "`new` has now" not in text


@pytest.mark.parametrize(
    ("then", "now", "line"),
    [
        ({"a": "date"}, None, "- `costs` has no longer a contract."),
        (None, {"a": "date"}, "- `costs` has now a contract."),
        (
            {"a": "date", "b": "x"},
            {"a": "int64"},
            "- `costs`: `b` x removed; `a` from date to int64.",
        ),
    ],
)
def test_a_contract_alone_is_a_difference(then, now, line):
    assert line in write(COMPARED, [Change("costs", mart(contract=then), mart(contract=now))])


def test_a_mart_without_a_key_says_what_its_numbers_mean():
    change = Change("costs", mart(), mart(), added=1, removed=1, by_key=False)
    text = write(COMPARED, [change])
    assert "| `costs` | 0 | 0 | 1 | 1 | — |" in text
    assert "No key holds on both sides" in text


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("1234567.891", "1234568", ("1,234,567.89", "1,234,568.00", "+0.11")),
        ("1", "0.999999999999999999", ("1." + "0" * 18, "0." + "9" * 18, "-0." + "0" * 17 + "1")),
        ("1.004", "1.009", ("1.004", "1.009", "+0.005")),
        (None, "2", ("—", "2.00", "—")),
    ],
)
def test_amounts_have_the_digits_that_show_the_difference(before, after, shown):
    decimals = [None if text is None else Decimal(text) for text in (before, after)]
    assert amounts(*decimals) == shown


def test_values_cannot_become_markdown():
    sample = Sample("added", {"note": (None, "a | b\n<script> `x` @team")})
    text = write(COMPARED, [Change("costs", None, mart(), rows_after=1, samples=[sample])])
    assert "| `note` | `` a \\| b <script> `x` @team `` |" in text


def test_many_sums_are_counted():
    sums = [
        MonthlySum(date(2020 + number // 12, number % 12 + 1, 1), "cost_usd", None, Decimal(1))
        for number in range(SHOWN_SUMS + 2)
    ]
    text = write(COMPARED, [Change("costs", mart(), mart(), changed=1, sums=sums)])
    assert text.count("| `cost_usd` |") == SHOWN_SUMS
    assert "… and 2 more sums that differ." in text
