"""The checks that keep mistakes out of the marts: what a tab holds, or everything wrong in it.

They cover what SQL relies on: known columns, days, numbers and months that can be cast, keys that
are present and unique. Spaces around a value and capitals in an e-mail are left to SQL. What lands
is the text of the cells; where `cells` cleans one, what somebody typed lands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from extract.google_sheets.cells import broken, clean, platform_codes, purposes, vendors
from extract.google_sheets.tabs import TABS

MAX_PROBLEMS = 20
HUNDRED = Decimal(100)

PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
# As many digits as spreadsheets keep of a number, for messages.
KEPT = Context(prec=15)
# Automatic, which is no rounding that somebody chose, shows ten digits: 1000/12 as 83.33333333. And
# what sums leave behind the last digit is not meant: 0.1 + 0.2 is 0.30000000000000004.
TOLERANCE = Decimal("1e-9")


@dataclass(frozen=True)
class Problem:
    """Something wrong in a tab. `column` is a header, or a letter where there is none; `place`
    counts columns from 0, None if it is about a whole row; `value` is what stands there."""

    tab: str
    rows: tuple[int, ...]
    column: str
    place: int | None
    value: str | None
    said: str

    def __str__(self) -> str:
        rows = f"row{'s' if len(self.rows) > 1 else ''} {', '.join(map(str, self.rows))}"
        column = f", column {self.column}" if self.column else ""
        value = "" if self.value is None else f"{self.value!r} "
        return f"{self.tab} {rows}{column}: {value}{self.said}"

    @property
    def address(self) -> str:
        """Where it is, as spreadsheets say it: employees!C17, or employees!17:17 for a row."""
        row = self.rows[0]
        if self.place is None:
            return f"{self.tab}!{row}:{row}"
        return f"{self.tab}!{letters(self.place)}{row}"


class SheetError(Exception):
    """What is wrong in a tab: a line for each problem, with tab, row and column."""

    def __init__(self, problems: list[Problem]) -> None:
        more = len(problems) - MAX_PROBLEMS
        shown = [str(problem) for problem in problems[:MAX_PROBLEMS]]
        super().__init__("\n".join(shown + ([f"and {more} more"] if more > 0 else [])))


@dataclass
class Reading:
    """A tab as it was read. `rows` are as `rows_of` returns them, none if there are problems."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Line:
    """A line of a tab: what stands under each header, and what is meant by it."""

    number: int
    typed: dict[str, str]
    meant: dict[str, str]


def rows_of(name: str, cells: list[list[str]]) -> list[dict[str, Any]]:
    """The rows of a tab as {"_row": its number in the sheet, header: text of the cell}; where that
    is not what somebody typed, `_typed` has it. Raises SheetError. `read` says what cells are."""
    reading = read(name, cells)
    if reading.problems:
        raise SheetError(reading.problems)
    return reading.rows


def read(name: str, cells: list[list[str]], stored: Sequence[Sequence[Any]] = ()) -> Reading:
    """What a tab holds, and everything that is wrong in it.

    `cells` are its lines from the first. Before the header, blank lines and those that begin
    with # are skipped; lines may be shorter than the header, and blank ones are skipped. `stored`
    are the same cells as what a spreadsheet holds in them, where it may show something else.
    """
    top = next((place for place, line in enumerate(cells) if not is_remark(line)), None)
    if top is None:
        return Reading()
    headers = [clean(header).strip() for header in cells[top]]
    lines = [
        (number, line + [""] * (len(headers) - len(line)))
        for number, line in enumerate(cells[top + 1 :], start=top + 2)
        if any(clean(cell).strip() for cell in line)
    ]
    problems = list(_header_problems(name, top + 1, headers, lines))
    places = {head: headers.index(head) for head in headers if head}
    typed = [
        (number, {head: line[place] for head, place in places.items()}) for number, line in lines
    ]
    found = [
        _Line(number, row, {head: clean(cell).strip() for head, cell in row.items()})
        for number, row in typed
    ]
    problems += _cell_problems(name, places, found)
    problems += _format_problems(name, places, found, stored)
    problems += _key_problems(name, places, found)
    if not problems:
        problems += _share_problems(name, places, found)
    if problems:
        return Reading(problems=sorted(problems, key=lambda problem: problem.rows[0]))
    return Reading([_landed(line) for line in found], notes=list(_notes(name, found)))


def is_remark(line: list[str]) -> bool:
    """Whether a line above the header says nothing, or is a remark as the templates have them."""
    texts = [clean(cell).strip() for cell in line]
    return not any(texts) or (texts[0].startswith("#") and not broken(texts[0]))


def _landed(line: _Line) -> dict[str, Any]:
    landed = {}
    for column, typed in line.typed.items():
        cleaned, meant = clean(typed), line.meant[column]
        # Spaces around it and capitals are no other value.
        is_same = cleaned.isascii() and cleaned.strip().lower() == meant.lower()
        landed[column] = cleaned if is_same or cleaned.strip() == meant else meant
    changed = {column: typed for column, typed in line.typed.items() if landed[column] != typed}
    return {"_row": line.number, **landed} | ({"_typed": changed} if changed else {})


def _notes(name: str, lines: list[_Line]) -> Iterator[str]:
    """What is read although no list of the models knows it, each once."""
    known = platform_codes() + (vendors() if name == "invoices" else ())
    unknown: dict[tuple[str, str], int] = {}
    for line in lines:
        platform, purpose = (line.meant.get(one, "").lower() for one in ("platform", "purpose"))
        if platform and platform not in known:
            unknown.setdefault(("platforms", platform), line.number)
        if purpose and purpose not in purposes():
            unknown.setdefault(("usage_purposes", purpose), line.number)
    so = {"platforms": "its vendor is unknown", "usage_purposes": "it counts as API consumption"}
    for (seed, value), number in unknown.items():
        file = f"dbt_project/seeds/{seed}.csv"
        yield f"{name} row {number}: {value!r} is none of {file}, so {so[seed]}"
    if name == "seat_plans":
        yield from _plan_notes(lines)


def _plan_notes(lines: list[_Line]) -> Iterator[str]:
    """Cursor's plans that are in force on the same day: the first one is that of many people, which
    nobody would expect of an order of rows."""
    rows = [line for line in lines if line.meant["platform"].lower() == "cursor"]
    for line, other in combinations(rows, 2):
        plans = {one.meant["plan"].lower() for one in (line, other)}
        if len(plans) > 1 and _overlap(_days("seat_plans", line), _days("seat_plans", other)):
            first = f"{rows[0].meant['plan']!r} in row {rows[0].number}"
            yield (
                f"seat_plans rows {line.number}, {other.number}: Cursor has several plans on the "
                "same day, so its members without a row in seat_assignments are on the first of "
                f"its plans, {first}"
            )
            return


def _header_problems(
    name: str, row: int, headers: list[str], lines: list[tuple[int, list[str]]]
) -> Iterator[Problem]:
    columns = TABS[name].model_fields

    def problem(row: int, place: int, value: str | None, said: str) -> Problem:
        return Problem(name, (row,), letters(place), place, value, said)

    seen: dict[str, int] = {}
    for place, header in enumerate(headers):
        if not header:
            if filled := [number for number, line in lines if clean(line[place]).strip()]:
                said = f"the header is blank, but row {filled[0]} has a value under it"
                yield problem(row, place, None, said)
        elif header in seen:
            said = f"the header {header!r} is already in column {letters(seen[header])}"
            yield problem(row, place, None, said)
        elif header not in columns:
            said = f"unknown column {header!r}; known are {', '.join(columns)}"
            yield problem(row, place, None, said)
        seen.setdefault(header, place)
    for number, line in lines:
        if any(clean(cell).strip() for cell in line[len(headers) :]):
            yield problem(number, len(headers), None, "a value without a header")
    for column, described in columns.items():
        if described.is_required() and column not in seen:
            yield Problem(name, (row,), column, None, None, "the column is missing")


def letters(place: int) -> str:
    """A, B … Z, AA: how a sheet names its columns."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(65 + rest) + found
    return found


def _cell_problems(name: str, places: dict[str, int], lines: list[_Line]) -> Iterator[Problem]:
    """The problems of single cells; the lines get what is meant by the good ones."""
    tab = TABS[name]
    for line in lines:
        wrong = {column: said for column, value in line.meant.items() if (said := broken(value))}
        for column, said in wrong.items():
            yield Problem(name, (line.number,), column, places[column], line.meant[column], said)
        known = {
            column: value for column, value in line.meant.items() if column in tab.model_fields
        }
        try:
            good = tab.model_validate(tab.filled(known))
        except ValidationError as error:
            for problem in error.errors():
                said = problem["msg"].removeprefix("Value error, ")
                if not problem["loc"]:
                    if not wrong:
                        yield Problem(name, (line.number,), "", None, None, said)
                    continue
                column = str(problem["loc"][0])
                if column in wrong or column not in places:
                    continue
                wrong[column] = said
                value = None if problem["type"] == "missing" else str(problem["input"])
                said = "is empty" if value is None else said
                yield Problem(name, (line.number,), column, places[column], value, said)
        else:
            line.meant |= {column: getattr(good, column) for column in tab.filled(known)}
        row = line.meant
        for begin, end in filter(None, (tab.valid, ("period_start", "period_end"))):
            if {begin, end} & wrong.keys():
                continue
            if row.get(begin) and row.get(end) and row[end] < row[begin]:
                said = f"is before {begin}, {row[begin]}"
                yield Problem(name, (line.number,), end, places[end], row[end], said)


def _format_problems(
    name: str, places: dict[str, int], lines: list[_Line], stored: Sequence[Sequence[Any]]
) -> Iterator[Problem]:
    """Numbers that the format of their cell rounds or hides. Which of the two was meant is for
    people to say: what lands is what they see."""
    columns = [one.name for one in TABS[name].described() if one.is_number and one.name in places]
    for line in lines:
        held = stored[line.number - 1] if line.number <= len(stored) else ()
        for column in columns:
            place = places[column]
            value = held[place] if place < len(held) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            shown = line.meant[column]
            # `repr` has the digits that Google wrote; what is no plain number is refused anyway.
            exact = KEPT.create_decimal(repr(value))
            if not shown:
                said = f"shows nothing, but holds {exact:f}: set its format to Automatic"
                yield Problem(name, (line.number,), column, place, None, said)
            elif (
                PLAIN_NUMBER.fullmatch(shown)
                and abs(Decimal(shown) - exact) > abs(exact) * TOLERANCE
            ):
                said = (
                    f"is what the cell shows, but it holds {exact:f}: round it with ROUND, or show "
                    "all decimals by setting its format to Automatic"
                )
                yield Problem(name, (line.number,), column, place, shown, said)


def _key_problems(name: str, places: dict[str, int], lines: list[_Line]) -> Iterator[Problem]:
    """Rows that claim the same key for the same days."""
    tab = TABS[name]
    before: dict[tuple[str, ...], list[tuple[int, tuple[str, str], list[str]]]] = {}
    for line in lines:
        row = line.meant
        key = tab.key_of(row)
        if not any(key):
            continue
        days = _days(name, line)
        owners = [row.get(column, "").lower() for column in tab.owners]
        for other, other_days, other_owners in before.get(key, []):
            if days == other_days and owners != other_owners:
                continue
            if _overlap(days, other_days):
                said = f"is already in row {other}{' for overlapping days' if tab.valid else ''}"
                column = tab.key[-1]
                value = " ".join(filter(None, key))
                yield Problem(name, (line.number,), column, places.get(column), value, said)
                break
        before.setdefault(key, []).append((line.number, days, owners))


def _days(name: str, line: _Line) -> tuple[str, str]:
    """The first and the last day of a row, empty if it has none."""
    begin, end = TABS[name].valid or ("", "")
    return line.meant.get(begin, ""), line.meant.get(end, "")


def _overlap(days: tuple[str, str], others: tuple[str, str]) -> bool:
    """If a row ends on the day on which another one begins, that is clear enough: no."""
    (begin, end), (other_begin, other_end) = days, others
    return days == others or (
        (not other_end or begin < other_end) and (not end or other_begin < end)
    )


def _share_problems(name: str, places: dict[str, int], lines: list[_Line]) -> Iterator[Problem]:
    """Rows that share a key and do not add up to it."""
    tab = TABS[name]
    column = tab.share_column
    if not (column and tab.valid):
        return
    groups: dict[tuple[str, ...], list[_Line]] = {}
    for line in lines:
        row = line.meant
        # Switched off without a last day, a row was never in force.
        if row.get("is_active", "").lower() != "false" or row.get(tab.valid[1]):
            key = tuple(row.get(name, "").lower() for name in (*tab.key, *tab.valid))
            groups.setdefault(key, []).append(line)
    for (subject, *_), members in groups.items():
        numbers = tuple(member.number for member in members)

        def problem(said: str, numbers: tuple[int, ...] = numbers) -> Problem:
            return Problem(name, numbers, column, places.get(column), None, said)

        shares = [Decimal(share) for member in members if (share := member.meant.get(column))]
        if len(members) > 1 and not all(
            any(member.meant.get(owner) for owner in tab.owners) for member in members
        ):
            yield problem(f"{subject!r} is shared, and a row names none of {', '.join(tab.owners)}")
        if shares and len(shares) < len(members):
            yield problem(f"{subject!r} has a share in some rows only; fill all of them, or none")
        elif shares and sum(shares) != HUNDRED:
            yield problem(f"the shares of {subject!r} sum to {sum(shares)}, not to 100")
        elif not all(shares):
            yield problem(f"a share of {subject!r} is 0")
