"""Compares the marts in two warehouse files.

Rows that are equal on both sides are set aside first; a row that occurs twice counts twice. Of the
rest, rows with the same key are one row that changed. Decimals are compared exactly, floating point
numbers to 12 digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from changes.manifest import Mart
from changes.people import People
from foundation.warehouse import attach

# The type of money on DuckDB (`money_type` in dbt_project.yml).
MONEY = "DECIMAL(38,18)"
COST = re.compile(r"(_usd|cost)$", re.IGNORECASE)
FLOATS = ("DOUBLE", "FLOAT")
NUMBERS = re.compile(r"DECIMAL|(U?(BIG|SMALL|TINY|HUGE)?INT)|DOUBLE|FLOAT|INTEGER|UINTEGER")
# The name of each side in the connection that compares them. The files themselves have the same
# name, which their views contain.
BEFORE, AFTER, BASE_FILE = "the base", "the branch", "the base's file"

Columns = dict[str, str]


class CompareError(Exception):
    """A file cannot be read; the message says which and what to do."""


@dataclass(frozen=True)
class MonthlySum:
    """`month` is its first day; None if the mart has no day. A sum is None if there is no row, or
    only nulls."""

    month: date | None
    column: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True)
class Sample:
    """One row as texts, by column: before and after. A changed row has its key and what changed."""

    kind: Literal["added", "removed", "changed"]
    columns: dict[str, tuple[str | None, str | None]]


@dataclass
class Change:
    """What happened to one mart. `before` and `after` are None if it does not exist there."""

    name: str
    before: Mart | None
    after: Mart | None
    rows_before: int = 0
    rows_after: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    # Whether rows were matched by a key: without one a changed row counts as removed and added.
    by_key: bool = True
    columns_added: Columns = field(default_factory=dict)
    columns_removed: Columns = field(default_factory=dict)
    columns_retyped: dict[str, tuple[str, str]] = field(default_factory=dict)
    # In how many changed rows each column changed.
    columns_changed: dict[str, int] = field(default_factory=dict)
    sums: list[MonthlySum] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(
            self.before is None
            or self.after is None
            or self.added
            or self.removed
            or self.changed
            or self.columns_added
            or self.columns_removed
            or self.columns_retyped
        )


def compare(
    before: Path, after: Path, marts: Mapping[str, tuple[Mart | None, Mart | None]]
) -> list[Change]:
    """A change per mart, in order; before or after may be missing, and so may its table. Raises
    CompareError if a file cannot be opened."""
    with _both(before, after, set(marts)) as connection:
        people = People(_known_people(connection))
        changes = []
        for name, (then, now) in marts.items():
            old = _columns(connection, BEFORE, name) if then else {}
            new = _columns(connection, AFTER, name) if now else {}
            change = Change(name, then if old else None, now if new else None)
            _Comparison(connection, change, old, new, people).compare()
            changes.append(change)
        return changes


@dataclass
class _Comparison:
    """The comparison of one mart."""

    connection: duckdb.DuckDBPyConnection
    change: Change
    old: Columns
    new: Columns
    people: People

    def compare(self) -> None:
        change = self.change
        change.rows_before = self._count(BEFORE) if self.old else 0
        change.rows_after = self._count(AFTER) if self.new else 0
        if not self.old or not self.new:
            change.added, change.removed = change.rows_after, change.rows_before
            self._sample_of_a_whole_mart()
            return
        for name in self.old | self.new:
            old, new = self.old.get(name), self.new.get(name)
            if old is None and new is not None:
                change.columns_added[name] = new
            elif new is None and old is not None:
                change.columns_removed[name] = old
            elif old != new and old is not None and new is not None:
                change.columns_retyped[name] = (old, new)
        common = [name for name in self.new if name in self.old]
        self._set_equal_rows_aside(common)
        self._count_rows(common)
        if self.change.added or self.change.removed or self.change.changed:
            self.change.sums = list(self._sums(common))

    def _count_rows(self, common: Sequence[str]) -> None:
        change, key = self.change, self._key(common)
        change.by_key = bool(key)
        before_only, after_only = (
            int(self._value(f"select count(*) from {side}"))
            for side in ("before_only", "after_only")
        )
        if key:
            same = " and ".join(
                f"before_only.{_quoted(name)} is not distinct from after_only.{_quoted(name)}"
                for name in key
            )
            changed = f"from before_only inner join after_only on {same}"
            unmatched = f"where not exists (select 1 from {{}} where {same})"
            others = [name for name in common if name not in key]
            counts = self._row(
                "select count(*)"
                + "".join(f", count(*) filter (where {_differ(name)})" for name in others)
                + changed
            )
            change.changed = counts[0]
            change.columns_changed = {
                name: rows for name, rows in zip(others, counts[1:], strict=True) if rows
            }
            if change.changed:
                self._sample_of_a_changed_row([*key, *change.columns_changed], key, changed)
        else:
            unmatched = ""
        change.removed, change.added = before_only - change.changed, after_only - change.changed
        if change.removed:
            row = self._first(
                common, f"from before_only {unmatched.format('after_only')}", key or common
            )
            change.samples.append(Sample("removed", {name: (row[name], None) for name in row}))
        if change.added:
            row = self._first(
                common, f"from after_only {unmatched.format('before_only')}", key or common
            )
            change.samples.append(Sample("added", {name: (None, row[name]) for name in row}))

    def _key(self, common: Sequence[str]) -> tuple[str, ...]:
        """The mart's key, if it is unique on both sides: a change may break what its test
        promises."""
        for mart in (self.change.after, self.change.before):
            key = mart.key if mart else ()
            if key and set(key) <= set(common) and self._is_unique(key):
                return key
        return ()

    def _is_unique(self, key: Sequence[str]) -> bool:
        """Whether the key is unique in the rows that differ, which is all that is needed."""
        columns = ", ".join(map(_quoted, key))
        return not any(
            self._value(f"select count(*) - count(distinct row({columns})) from {rows}")
            for rows in ("before_only", "after_only")
        )

    def _sums(self, common: Sequence[str]) -> Iterator[MonthlySum]:
        """The sums of money that differ, by month and column."""
        money = [name for name in common if _is_money(name, self.new[name])]
        if not money:
            return
        day = self._day(common)
        month = (
            f"cast(date_trunc('month', {_quoted(day)}) as date)" if day else "cast(null as date)"
        )
        sums = "".join(f", sum({_quoted(name)})" for name in money)
        sides: list[dict[date | None, tuple[Any, ...]]] = []
        for side in (BEFORE, AFTER):
            rows = self.connection.execute(
                f"select {month}{sums} from {self._from(side)} group by 1"
            ).fetchall()
            sides.append({row[0]: row[1:] for row in rows})
        nothing = (None,) * len(money)
        for start in sorted(sides[0].keys() | sides[1].keys(), key=lambda day: day or date.min):
            then, now = (side.get(start, nothing) for side in sides)
            for name, old, new in zip(money, map(_exact, then), map(_exact, now), strict=True):
                if old != new:
                    yield MonthlySum(start, name, old, new)

    def _day(self, common: Sequence[str]) -> str | None:
        """The column with the mart's day or month."""
        mart = self.change.after
        if mart and mart.day_column in common:
            return mart.day_column
        candidates = mart.key if mart and mart.key else common
        days = [name for name in candidates if self.new.get(name) == self.old.get(name) == "DATE"]
        return days[0] if days else None

    def _sample_of_a_changed_row(
        self, shown: Sequence[str], key: Sequence[str], changed: str
    ) -> None:
        pairs = ", ".join(
            f"before_only.{_quoted(name)}, after_only.{_quoted(name)}" for name in shown
        )
        # The row that shows the most: the one with the most changed columns, then the first.
        differs = (f"cast({_differ(name)} as integer)" for name in self.change.columns_changed)
        order = ", ".join(
            [f"{' + '.join(differs)} desc", *(f"before_only.{_quoted(name)}" for name in key)]
        )
        row = self._row(f"select {pairs} {changed} order by {order} limit 1")
        texts = [
            self._text(name, value)
            for name, value in zip([name for name in shown for _ in range(2)], row, strict=True)
        ]
        values = zip(shown, texts[::2], texts[1::2], strict=True)
        self.change.samples.append(
            Sample(
                "changed",
                {name: (old, new) for name, old, new in values if name in key or old != new},
            )
        )

    def _sample_of_a_whole_mart(self) -> None:
        """The first row of a mart that is new. A removed mart shows no sample."""
        if self.change.rows_after:
            key = (self.change.after.key if self.change.after else ()) or list(self.new)
            row = self._first(list(self.new), f"from {self._from(AFTER)}", key)
            self.change.samples.append(Sample("added", {name: (None, row[name]) for name in row}))

    def _first(self, columns: Sequence[str], source: str, key: Sequence[str]) -> dict[str, str]:
        """The values of the first row that are not null, as texts without people."""
        order = ", ".join(map(_quoted, key))
        row = self._row(
            f"select {', '.join(map(_quoted, columns))} {source} order by {order} limit 1"
        )
        texts = {name: self._text(name, value) for name, value in zip(columns, row, strict=True)}
        return {name: text for name, text in texts.items() if text is not None}

    def _text(self, column: str, value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, str):
            return self.people.hide(column, value)
        if isinstance(value, Decimal):
            # Without trailing zeros.
            return f"{value.normalize() + 0:f}"
        return str(value)

    def _comparable(self, name: str) -> str:
        old, new = self.old[name], self.new[name]
        if old in FLOATS or new in FLOATS:
            return f"cast(printf('%.11e', cast({_quoted(name)} as double)) as double)"
        if old != new and not (NUMBERS.match(old) and NUMBERS.match(new)):
            return f"cast({_quoted(name)} as varchar)"
        return _quoted(name)

    def _set_equal_rows_aside(self, common: Sequence[str]) -> None:
        """Creates the tables `before_only` and `after_only`: the rows that only one side has, as
        often as it has them."""
        names = ", ".join(map(_quoted, common))
        values = ", ".join(f"{self._comparable(name)} as {_quoted(name)}" for name in common)
        self.connection.execute(
            "create or replace temp table surplus as"
            f" select {names}, sum(side_) as surplus_ from ("
            f"select {values}, 1 as side_ from {self._from(AFTER)}"
            f" union all select {values}, -1 as side_ from {self._from(BEFORE)}"
            ") group by all having sum(side_) != 0"
        )
        for table, surplus in (("before_only", "-surplus_"), ("after_only", "surplus_")):
            self.connection.execute(
                f"create or replace temp table {table} as select {names}"
                f" from (from surplus where {surplus} > 0), range(cast({surplus} as bigint))"
            )

    def _from(self, side: str) -> str:
        return _there(side, self.change.name)

    def _count(self, side: str) -> int:
        return int(self._value(f"select count(*) from {self._from(side)}"))

    def _row(self, sql: str) -> tuple[Any, ...]:
        row = self.connection.execute(sql).fetchone()
        assert row is not None  # noqa: S101 - it aggregates, or was counted before
        return tuple(row)

    def _value(self, sql: str) -> Any:  # noqa: ANN401 - whatever the query has
        return self._row(sql)[0]


@contextmanager
def _both(before: Path, after: Path, names: set[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts of both files, in a schema for each side.

    A view of a warehouse only works while its file is attached under its own name. Both files may
    have the same name, so the views of the first are read before the second takes the name. A view
    is read only once.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for side in (BEFORE, AFTER):
            connection.execute(f"create schema {_quoted(side)}")
        _attach(connection, before, before.stem)
        _take(connection, BEFORE, before.stem, names & _relations(connection, before.stem, "view"))
        connection.execute(f"detach {_quoted(before.stem)}")
        _attach(connection, before, BASE_FILE)
        _attach(connection, after, after.stem)
        _show(connection, BEFORE, BASE_FILE, names & _relations(connection, BASE_FILE, "table"))
        _take(connection, AFTER, after.stem, names & _relations(connection, after.stem, "view"))
        _show(connection, AFTER, after.stem, names & _relations(connection, after.stem, "table"))
        yield connection


def _take(
    connection: duckdb.DuckDBPyConnection, side: str, database: str, names: Iterable[str]
) -> None:
    for name in names:
        connection.execute(f"create table {_there(side, name)} as from {_mart(database, name)}")


def _show(
    connection: duckdb.DuckDBPyConnection, side: str, database: str, names: Iterable[str]
) -> None:
    for name in names:
        connection.execute(f"create view {_there(side, name)} as from {_mart(database, name)}")


def _there(side: str, name: str) -> str:
    return f"{_quoted(side)}.{_quoted(name)}"


def _mart(database: str, name: str) -> str:
    return f"{_quoted(database)}.marts.{_quoted(name)}"


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    try:
        attach(connection, path, _quoted(name), "read_only")
    except duckdb.IOException as error:
        raise CompareError(f"{path} cannot be read: {error}") from None


def _relations(
    connection: duckdb.DuckDBPyConnection, database: str, kind: Literal["table", "view"]
) -> set[str]:
    rows = connection.execute(
        f"select {kind}_name from duckdb_{kind}s()"
        " where database_name = ? and schema_name = 'marts'",
        [database],
    ).fetchall()
    return {name for (name,) in rows}


def _columns(connection: duckdb.DuckDBPyConnection, side: str, name: str) -> Columns:
    """The columns of a mart with their types; none if it does not exist."""
    rows = connection.execute(
        "select column_name, data_type from duckdb_columns()"
        " where database_name = 'memory' and schema_name = ? and table_name = ?"
        " order by column_index",
        [side, name],
    ).fetchall()
    return dict(rows)


def _known_people(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
    """The names that each person of dim_users has, on both sides."""
    known: list[tuple[str, ...]] = []
    databases = connection.execute(
        "select database_name from duckdb_columns()"
        " where schema_name = 'marts' and table_name = 'dim_users'"
        " and column_name in ('user_email', 'full_name', 'user_sk')"
        " group by database_name having count(*) = 3 order by database_name"
    ).fetchall()
    for (database,) in databases:
        known += connection.execute(
            "select user_email, full_name, user_sk"
            f" from {_quoted(database)}.marts.dim_users order by all"
        ).fetchall()
    return known


def _is_money(name: str, type_name: str) -> bool:
    is_fraction = type_name.startswith("DECIMAL") or type_name in FLOATS
    return type_name == MONEY or (is_fraction and bool(COST.search(name)))


def _exact(value: Decimal | float | None) -> Decimal | None:
    if isinstance(value, float):
        return Decimal(f"{value:.12g}")
    return None if value is None else Decimal(value)


def _differ(name: str) -> str:
    return f"(before_only.{_quoted(name)} is distinct from after_only.{_quoted(name)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
