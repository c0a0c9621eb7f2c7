"""How many rows a cube would have, without building it.

Reading a mart takes longer than counting, so that what many charts want to know is counted
together. Of a long mart only part of the groups is counted: those whose hash is small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import duckdb

from dashboards import query
from dashboards.catalog import MARTS

# Of a longer mart about so many groups are counted, by which a size of 100,000 is off by a few
# percent.
COUNTED = 50_000
HASHES = 2**64
# That are counted at a time: each needs memory of its own.
AT_A_TIME = 16


class Groups(NamedTuple):
    """A mart's rows for which any of some conditions holds (None is all of them), grouped by the
    SQL of some columns."""

    mart: str
    conditions: frozenset[str | None]
    columns: frozenset[str]


class Sizes:
    """What is known of the number of groups, of all dashboards: several ask for the same."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._known: dict[Groups, int] = {}
        self._lengths: dict[str, int] = {}

    def of(self, groups: Groups) -> int:
        """How many there are. Raises duckdb.Error."""
        self.learn([groups])
        return self._known[groups]

    def learn(self, several: Iterable[Groups]) -> None:
        """Count all that are not known yet. Raises duckdb.Error."""
        unknown: dict[str, list[Groups]] = defaultdict(list)
        for groups in dict.fromkeys(several):
            if not groups.columns:
                self._known[groups] = 1
            elif groups not in self._known:
                unknown[groups.mart].append(groups)
        for mart, all_of_mart in unknown.items():
            for begin in range(0, len(all_of_mart), AT_A_TIME):
                some = all_of_mart[begin : begin + AT_A_TIME]
                self._known |= zip(some, self._counted(mart, some), strict=True)

    def _counted(self, mart: str, several: Iterable[Groups]) -> Iterable[int]:
        share = max(1, self._length(mart) // COUNTED)
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
            counts.append(f"{share if is_part else 1} * count(distinct {combined}){narrowed}")
        columns_of_mart = [f"hash({rendered(sql)}) as {name}" for sql, name in hashes.items()]
        columns_of_mart += [f"({sql}\n) as {name}" for sql, name in holds.items()]
        sql = (
            f"select {', '.join(counts)}"
            f' from (select {", ".join(columns_of_mart)} from {MARTS}."{mart}")'
        )
        (row,) = self._connection.execute(sql).fetchall()
        return map(int, row)

    def _length(self, mart: str) -> int:
        if mart not in self._lengths:
            sql = f'select count(*) from {MARTS}."{mart}"'
            ((self._lengths[mart],),) = self._connection.execute(sql).fetchall()
        return self._lengths[mart]


@cache
def rendered(sql: str) -> str:
    """A column in DuckDB's SQL; only the periods have to be replaced."""
    if query.PERIOD not in sql.lower():
        return sql
    written = query.render(f"select {sql}", "duckdb", MARTS, lambda _: "", lambda _: "")
    return written.strip()[len("select") :]
