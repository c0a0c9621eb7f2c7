"""How two files differ: rows, columns, sums, samples."""

from datetime import date
from decimal import Decimal

import pytest

from changes.comparing import CompareError, MonthlySum, compare
from tests.changes.files import mart, warehouse

COSTS = mart(key=["day", "person_email"])
TABLE = (
    "create table marts.costs (day date, person_email text, cost_usd decimal(38, 18), lines int)"
)
ROWS = [
    "('2026-10-01', 'ada@example.com', 1.5, 10)",
    "('2026-10-02', 'ada@example.com', 2.25, 20)",
    "('2026-11-01', 'bob@example.com', 4, 30)",
    "('2026-11-02', null, 8, null)",
]


def of(rows, table=TABLE):
    return [table, f"insert into marts.costs values {', '.join(rows)}"]


def one(tmp_path, before, after, then=COSTS, now=COSTS):
    """The change of the mart `costs` between files that the statements make."""
    files = (warehouse(tmp_path / "before", before), warehouse(tmp_path / "after", after))
    (change,) = compare(*files, {"costs": (then, now)})
    return change


def test_the_same_rows_in_another_order_are_not_a_change(tmp_path):
    change = one(tmp_path, of(ROWS), of(ROWS[::-1]))
    assert not change
    assert (change.rows_before, change.rows_after) == (4, 4)
    assert (change.sums, change.samples) == ([], [])


def test_rows_are_added_removed_or_changed_by_their_key(tmp_path):
    after = [
        "('2026-10-01', 'ada@example.com', 1.5, 11)",
        "('2026-10-02', 'ada@example.com', 2.25, 20)",
        # A null in a key is a value like any other.
        "('2026-11-02', null, 9, 1)",
        "('2026-12-01', 'eve@example.com', 16, null)",
        "('2026-12-02', 'eve@example.com', 32, 50)",
    ]
    change = one(tmp_path, of(ROWS), of(after))
    assert (change.added, change.removed, change.changed) == (2, 1, 2)
    assert change.columns_changed == {"lines": 2, "cost_usd": 1}
    changed, removed, added = change.samples
    # The row in which most columns changed, what is the same left out.
    assert changed.columns == {
        "day": ("2026-11-02", "2026-11-02"),
        "person_email": (None, None),
        "cost_usd": ("8", "9"),
        "lines": (None, "1"),
    }
    assert removed.columns == {
        "day": ("2026-11-01", None),
        "person_email": ("person 1", None),
        "cost_usd": ("4", None),
        "lines": ("30", None),
    }
    assert added.columns == {
        "day": (None, "2026-12-01"),
        "person_email": (None, "person 2"),
        "cost_usd": (None, "16"),
    }


def test_a_sample_leaves_out_what_changed_in_other_rows_only(tmp_path):
    after = [ROWS[0].replace("10)", "11)"), ROWS[1].replace("2.25", "3"), *ROWS[2:]]
    change = one(tmp_path, of(ROWS), of(after))
    (sample,) = change.samples
    assert sample.columns.keys() == {"day", "person_email", "lines"}


def test_sums_of_money_are_exact_and_only_of_months_that_differ(tmp_path):
    after = [row.replace("2.25", "2.250000000000000001") for row in ROWS[:3]]
    change = one(tmp_path, of(ROWS), of([*after, "('2026-11-02', null, 8, 7)"]))
    assert change.sums == [
        MonthlySum(date(2026, 10, 1), "cost_usd", Decimal("3.75"), Decimal("3.750000000000000001"))
    ]
    assert change.changed == 2


def test_money_is_known_by_its_type_or_its_name_and_ratios_are_not_summed(tmp_path):
    types = {
        "a": "decimal(38, 18)",
        "b_usd": "decimal(18, 2)",
        "BilledCost": "double",
        "cost_per_line": "decimal(28, 9)",
        "lines": "decimal(28, 9)",
        "cost": "int",
    }
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    table = f"create table marts.costs (id int, {columns})"
    before, after = (of([f"(1{f', {value}' * len(types)})"], table) for value in (1, 2))
    change = one(tmp_path, before, after, mart(key=["id"]), mart(key=["id"]))
    assert change.columns_changed.keys() == types.keys()
    assert [entry.column for entry in change.sums] == ["a", "b_usd", "BilledCost"]


def test_a_month_that_only_one_side_has_is_not_zero_on_the_other(tmp_path):
    change = one(tmp_path, of(ROWS[:2]), of(ROWS[:3]))
    assert change.sums == [MonthlySum(date(2026, 11, 1), "cost_usd", None, Decimal(4))]


def test_the_day_is_the_marts_own_then_that_of_the_key(tmp_path):
    table = "create table marts.costs (until date, id int, paid date, cost_usd decimal(38, 18))"
    before = of(["('2026-01-01', 1, '2026-02-01', 1)"], table)
    after = of(["('2026-01-01', 1, '2026-02-01', 2)"], table)
    for number, (now, month) in enumerate(
        [
            (mart(key=["id"], day_column="paid"), date(2026, 2, 1)),
            (mart(key=["id", "paid"]), date(2026, 2, 1)),
            (mart(), date(2026, 1, 1)),
            (mart(key=["id"]), None),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (entry,) = one(folder, before, after, now, now).sums
        assert entry.month == month


def test_without_a_key_rows_are_counted_as_often_as_they_are_there(tmp_path):
    before = of([ROWS[0], ROWS[0], ROWS[0], ROWS[1]])
    after = of([ROWS[0], ROWS[1], ROWS[2], ROWS[2]])
    change = one(tmp_path, before, after, mart(), mart())
    assert (change.added, change.removed, change.changed) == (2, 2, 0)
    assert not change.by_key


def test_a_key_that_a_change_breaks_is_not_used(tmp_path):
    doubled = [ROWS[0].replace("1.5", "1"), ROWS[0].replace("1.5", "0.5"), *ROWS[1:]]
    change = one(tmp_path, of(ROWS), of(doubled))
    assert not change.by_key
    assert (change.added, change.removed, change.changed) == (2, 1, 0)


def test_columns_are_added_removed_and_retyped_and_do_not_make_rows_differ(tmp_path):
    table = "create table marts.costs (day date, person_email text, cost_usd double, team text)"
    rows = [
        "('2026-10-01', 'ada@example.com', 1.5, 'a')",
        "('2026-10-02', 'ada@example.com', 2.25, 'a')",
        "('2026-11-01', 'bob@example.com', 4, 'a')",
        "('2026-11-02', null, 8, 'a')",
    ]
    change = one(tmp_path, of(ROWS), of(rows, table))
    assert change
    assert change.columns_added == {"team": "VARCHAR"}
    assert change.columns_removed == {"lines": "INTEGER"}
    assert change.columns_retyped == {"cost_usd": ("DECIMAL(38,18)", "DOUBLE")}
    assert (change.added, change.removed, change.changed) == (0, 0, 0)


def test_types_that_do_not_compare_are_compared_as_texts(tmp_path):
    table = TABLE.replace("lines int", "lines date")
    rows = [
        ROWS[0].replace("10)", "'2026-01-01')"),
        *(row.rpartition(",")[0] + ", null)" for row in ROWS[1:]),
    ]
    change = one(tmp_path, of(ROWS), of(rows, table))
    assert change.columns_changed == {"lines": 3}


def test_floats_are_compared_to_twelve_digits(tmp_path):
    table = "create table marts.costs (id int, ratio double)"
    before = of(["(1, 0.1 + 0.2)", "(2, 1e20)", "(3, 1e-20)", "(4, 'nan')"], table)
    after = of(["(1, 0.3)", "(2, 1e20 + 1e5)", "(3, 1.00001e-20)", "(4, 'nan')"], table)
    change = one(tmp_path, before, after, mart(key=["id"]), mart(key=["id"]))
    assert change.changed == 1
    assert change.samples[0].columns["ratio"] == ("1e-20", "1.00001e-20")


def test_a_mart_may_be_added_or_removed(tmp_path):
    nothing = ["create table marts.other (id int)"]
    came = one(tmp_path, nothing, of(ROWS), None, COSTS)
    assert (came.before, came.added, came.rows_after) == (None, 4, 4)
    assert came.samples[0].columns["person_email"] == (None, "person 1")
    # The branch's file is a copy of the base's: what it has no model for is still in it.
    other = tmp_path / "gone"
    other.mkdir()
    gone = one(other, of(ROWS), of(ROWS), COSTS, None)
    assert (gone.after, gone.removed, gone.rows_before) == (None, 4, 4)
    assert gone.samples == []


@pytest.mark.parametrize("name", ["warehouse", "other"])
def test_views_read_their_own_file(tmp_path, name):
    def file(folder, rows, name):
        view = f"create view marts.costs as from {name}.marts.facts"
        table = TABLE.replace("costs", "facts")
        insert = f"insert into marts.facts values {', '.join(rows)}"
        return warehouse(tmp_path / folder, [table, insert, view], name)

    before, after = file("before", ROWS, "warehouse"), file("after", ROWS[:3], name)
    (change,) = compare(before, after, {"costs": (COSTS, COSTS)})
    assert (change.rows_before, change.rows_after, change.removed) == (4, 3, 1)


def test_people_of_dim_users_have_one_number_wherever_they_show(tmp_path):
    people = [
        "create table marts.dim_users (user_sk text, user_email text, full_name text)",
        "insert into marts.dim_users values ('f00', 'ada@example.com', 'Ada Lovelace')",
    ]
    table = "create table marts.costs (id int, full_name text, user_sk text, note text, n int)"
    row = "(1, 'Ada Lovelace', 'f00', 'Key of ada lovelace, ask ADA@example.com', {})"
    before, after = (people + of([row.format(number)], table) for number in (1, 2))
    change = one(tmp_path, before, after, mart(), mart())
    assert {name: new for name, (_, new) in change.samples[1].columns.items()} == {
        "id": "1",
        "full_name": "person 1",
        "user_sk": "person 1",
        "note": "Key of person 1, ask person 1",
        "n": "2",
    }


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_text("no database")
    with pytest.raises(CompareError, match=r"warehouse\.duckdb cannot be read"):
        compare(path, path, {})
