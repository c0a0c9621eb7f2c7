"""How many rows a cube would have, without building it.

Reading a mart takes longer than counting, so that what many charts want to know is counted
together. Of a long mart only part of the groups is counted: those whose hash is small, and where
each is of one day, those of some days. What was counted for the last preview still holds while a
mart has about as many rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from typing import NamedTuple

import duckdb
import msgspec

from dashboards import query
from dashboards.catalog import MARTS

# Of a longer mart about so many groups are counted, by which a size of 100,000 is off by a few
# percent, and at least so many days.
COUNTED, DAYS = 50_000, 45
# The SQL of a day, as filters by day have it.
DAY = re.compile(r"cast\(.+ as date\)")
HASHES = 2**64
# That are counted at a time: each needs memory of its own.
AT_A_TIME = 16
# The part by which a mart may have grown or shrunk before its groups are counted again.
GROWN = 0.02


class Groups(NamedTuple):
    """A mart's rows for which any of some conditions holds (None is all of them), grouped by the
    SQL of some columns."""

    mart: str
    conditions: frozenset[str | None]
    columns: frozenset[str]

    def spelled(self) -> str:
        """The conditions and columns, the same in every run. As a hash, because the salt of
        pseudonyms may be in them."""
        text = repr((sorted(map(repr, self.conditions)), sorted(self.columns)))
        return sha256(text.encode()).hexdigest()


class Counted(msgspec.Struct):
    """What an earlier preview knew of a mart: how many rows it had, and of how many groups, as
    they are spelled."""

    rows: int
    groups: dict[str, int]


class Sizes:
    """What is known of the number of groups, of all dashboards: several ask for the same. `before`
    is the `text` of the last preview."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, before: str = "{}") -> None:
        self._connection = connection
        self._before = msgspec.json.decode(before, type=dict[str, Counted])
        self._known: dict[Groups, int] = {}
        # Of a mart as a whole, by the SQL that counts them.
        self._numbers: dict[tuple[str, str], int] = {}

    def of(self, groups: Groups) -> int:
        """How many there are. Raises duckdb.Error."""
        self.learn([groups])
        return self._known[groups]

    def learn(self, several: Iterable[Groups]) -> None:
        """Count all that are not known yet. Raises duckdb.Error."""
        unknown: dict[tuple[str, str | None], list[Groups]] = defaultdict(list)
        for groups in dict.fromkeys(several):
            if not groups.columns:
                self._known[groups] = 1
            elif (size := self._remembered(groups)) is not None:
                self._known[groups] = size
            elif groups not in self._known:
                day = next(filter(DAY.fullmatch, sorted(groups.columns)), None)
                unknown[groups.mart, day].append(groups)
        for (mart, day), alike in unknown.items():
            for begin in range(0, len(alike), AT_A_TIME):
                some = alike[begin : begin + AT_A_TIME]
                self._known |= zip(some, self._counted(mart, day, some), strict=True)

    def text(self) -> str:
        """What this preview asked for, for the next one."""
        counted: dict[str, Counted] = {}
        for groups, size in self._known.items():
            mart = groups.mart
            if not groups.columns:
                continue
            if mart not in counted:
                before = self._still_holds(mart)
                # Not the rows of today, or a mart that grows slowly would never be counted again.
                counted[mart] = Counted(before.rows if before else self._rows(mart), {})
            counted[mart].groups[groups.spelled()] = size
        return msgspec.json.encode(counted).decode()

    def _remembered(self, groups: Groups) -> int | None:
        before = self._still_holds(groups.mart)
        return before.groups.get(groups.spelled()) if before else None

    def _still_holds(self, mart: str) -> Counted | None:
        """What is known of a mart from before, if it has about as many rows."""
        before = self._before.get(mart)
        if before and abs(self._rows(mart) - before.rows) > GROWN * before.rows:
            return None
        return before

    def _counted(self, mart: str, day: str | None, several: Iterable[Groups]) -> Iterable[int]:
        every = self._every(mart, day) if day else 1
        share = max(1, self._rows(mart) // every // COUNTED)
        hashes: dict[str, str] = {}
        holds: dict[str, str] = {}
        counts = []
        for _, conditions, columns in several:
            parts = [hashes.setdefault(sql, f"h{len(hashes)}") for sql in sorted(columns)]
            # A column alone has few values, which must not be too few to count.
            is_part = share > 1 and len(parts) > 1
            combined = f"hash({', '.join(parts)})" if len(parts) > 1 else parts[0]
            filters = [f"{combined} < {HASHES // share}"] if is_part else []
            if None not in conditions:
                any_of = [holds.setdefault(sql, f"w{len(holds)}") for sql in conditions if sql]
                filters.append(f"({' or '.join(sorted(any_of))})")
            narrowed = f" filter (where {' and '.join(filters)})" if filters else ""
            parts_of_all = every * (share if is_part else 1)
            counts.append(f"{parts_of_all} * count(distinct {combined}){narrowed}")
        columns_of_mart = [f"hash({rendered(sql)}) as {name}" for sql, name in hashes.items()]
        columns_of_mart += [f"({sql}\n) as {name}" for sql, name in holds.items()]
        sql = f'select {", ".join(columns_of_mart)} from {MARTS}."{mart}"'
        if every > 1:
            sql += f" where ({day} - date '2000-01-01') % {every} = 0"
        (row,) = self._connection.execute(f"select {', '.join(counts)} from ({sql})").fetchall()
        return map(int, row)

    def _every(self, mart: str, day: str) -> int:
        """Each how many days one is counted. Not each seventh, which would be one weekday."""
        every = 1
        if self._rows(mart) > COUNTED:
            every = max(1, self._number(mart, f"count(distinct {day})") // DAYS)
        return every - 1 if every % 7 == 0 else every

    def _rows(self, mart: str) -> int:
        return self._number(mart, "count(*)")

    def _number(self, mart: str, sql: str) -> int:
        if (mart, sql) not in self._numbers:
            answer = self._connection.execute(f'select {sql} from {MARTS}."{mart}"').fetchall()
            ((self._numbers[mart, sql],),) = answer
        return self._numbers[mart, sql]


@cache
def rendered(sql: str) -> str:
    """A column in DuckDB's SQL; only the periods have to be replaced."""
    if query.PERIOD not in sql.lower():
        return sql
    written = query.render(f"select {sql}", "duckdb", MARTS, lambda _: "", lambda _: "")
    return written.strip()[len("select") :]
