"""The tabs that people edit: their columns, and the checks that keep mistakes out of the marts.

The checks cover what SQL relies on: known columns, days, numbers and months that can be cast, keys
that are present and unique. Spaces around a value and capitals in an e-mail are left to SQL. What
lands is the text of the cells; where `cells` cleans one, what somebody typed lands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from extract.google_sheets.cells import (
    Alias,
    Currency,
    Cycle,
    Day,
    Email,
    Flag,
    ForeignCurrency,
    Fraction,
    Kind,
    Month,
    Number,
    Percent,
    Platform,
    Purpose,
    Rate,
    ScopeType,
    Status,
    Text,
    broken,
    clean,
    email_of,
    has_vendor,
    purposes,
)

MAX_PROBLEMS = 20
HUNDRED = Decimal(100)


def _column(description: str, *examples: str, default: Any = ...) -> Any:  # noqa: ANN401
    """A column as the templates and docs/sheets.md describe it. The first examples of all columns
    are a row, and so are the second ones; a column with one example has it in each row."""
    return Field(default, description=description, examples=list(examples))


@dataclass(frozen=True)
class Column:
    """What people need to know of a column."""

    name: str
    description: str
    kind: Kind
    is_required: bool
    examples: tuple[str, ...]

    @classmethod
    def of(cls, name: str, field: FieldInfo) -> Column:
        kind = next((one for one in field.metadata if isinstance(one, Kind)), Kind("text"))
        examples = tuple(map(str, field.examples or ()))
        return cls(name, field.description or "", kind, field.is_required(), examples)

    @property
    def values(self) -> str:
        """What may stand in it, as half a sentence."""
        known = ", ".join(self.kind.values())
        others = f", or {self.kind.others}" if self.kind.others else ""
        return f"one of {known}{others}" if known else self.kind.words

    @property
    def example(self) -> str:
        return next(filter(None, self.examples), "")


class Row(BaseModel):
    """A row of a tab. Its fields are the columns that are known; one without a default must be
    there and filled.

    `key` must be unique; where `valid` names two columns, among rows whose days overlap. Where
    `share_column` names one, rows of a key with the same days share it, each by its percentage or
    all in equal parts; what they name, `owners`, differs.
    """

    key: ClassVar[tuple[str, ...]]
    valid: ClassVar[tuple[str, str] | None] = None
    share_column: ClassVar[str | None] = None
    owners: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def columns(cls) -> set[str]:
        return set(cls.model_fields)

    @classmethod
    def described(cls) -> list[Column]:
        return [Column.of(name, field) for name, field in cls.model_fields.items()]

    @classmethod
    def about(cls) -> str:
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def example_rows(cls) -> list[list[str]]:
        """Rows that pass the checks, in the order of the columns."""
        examples = [column.examples for column in cls.described()]
        count = max(map(len, examples))
        filled = (one * count if len(one) == 1 else one for one in examples)
        return [list(row) for row in zip(*filled, strict=True)]

    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        """The values of the row that count as given."""
        return {column: value for column, value in row.items() if value}


class Employee(Row):
    """Who works here. Somebody who changes teams, or comes back, has a row for each time."""

    key = ("email",)
    valid = ("start_date", "end_date")

    email: Email = _column("the address that the vendors know", "ann@example.com")
    full_name: Text = _column("first and last name", "Ann Example", default="")
    department: Text = _column("as it should show in reports", "Engineering", default="")
    team: Text = _column("as it should show in reports", "Apps", "Platform", default="")
    manager_email: Email = _column("whom the person reports to", "bob@example.com", default="")
    cost_center: Text = _column("who is charged", "CC-100", "CC-110", default="")
    job_title: Text = _column("as it should show in reports", "Engineer", default="")
    user_type: Text = _column("the kind of employment", "employee", default="")
    start_date: Day = _column("the first day of this row", "2026-01-05", "2026-07-01", default="")
    end_date: Day = _column(
        "the last day of this row; empty while none is known", "2026-06-30", "", default=""
    )
    ai_budget_monthly_usd: Number = _column("dollars a month", "150", default="")


class EmailAlias(Row):
    """Other names of people: old addresses, and what tools call them."""

    key = ("alias",)

    alias: Alias = _column("what a tool reports", "ann.old@example.com", "ann-example")
    email: Email = _column("the address in employees", "ann@example.com")


class ApiKeyMapping(Row):
    """Whose an API key is: a person's, or a cost center's. Rows with the same days share a key."""

    key = ("api_key_id",)
    valid = ("valid_from", "valid_to")
    share_column = "share"
    owners = ("email", "cost_center")

    api_key_id: Text = _column(
        "the id of a key, a service account (svac_…) or a workspace (wrkspc_…)",
        "apikey_01Ab",
    )
    api_key_name: Text = _column("for people who read the sheet", "reports", default="")
    email: Email = _column("the person", "ann@example.com", "", default="")
    platform: Platform = _column("where the key is used", "claude_api", default="")
    purpose: Purpose = _column(
        "what it is for; another word counts as API consumption", "automation", default=""
    )
    environment: Text = _column("such as production or test", "production", default="")
    cost_center: Text = _column("who is charged", "", "CC-200", default="")
    is_active: Flag = _column("empty counts as true", "true", default="")
    confidence: Fraction = _column(
        "how sure this is; empty counts as 0.95, for a workspace as 0.8", "0.9", default=""
    )
    share: Percent = _column(
        "of a key that several rows have: in all of them, 100 in sum, or in none for equal parts",
        "60",
        "40",
        default="",
    )
    valid_from: Day = _column("the first day", "2026-01-05", default="")
    valid_to: Day = _column("the last day; empty while none is known", "2026-12-31", default="")


class SeatPlan(Row):
    """What a seat costs. A new price is a new row, with the day from which it holds."""

    key = ("platform", "plan")
    valid = ("valid_from", "valid_to")

    platform: Platform = _column("the tool", "claude_ai")
    plan: Text = _column("as in seat_assignments", "team")
    seat_price_usd: Number = _column("dollars for each cycle", "30.00", "25.00")
    billing_cycle: Cycle = _column("how often the price is paid", "monthly")
    valid_from: Day = _column("the first day of this price", "", "2026-07-01", default="")
    valid_to: Day = _column(
        "the last day of this price; empty while none is known", "2026-06-30", "", default=""
    )


class SeatAssignment(Row):
    """Who has a seat. Cursor lists its members itself: its rows only say who has which plan."""

    key = ("platform", "email")
    valid = ("assigned_from", "assigned_to")

    platform: Platform = _column("the tool", "claude_ai")
    email: Email = _column("who has the seat", "ann@example.com", "bob@example.com")
    plan: Text = _column("as in seat_plans", "team")
    assigned_from: Day = _column("the first day", "2026-01-05", default="")
    assigned_to: Day = _column(
        "the last day; empty while none is known", "", "2026-03-31", default=""
    )


class Budget(Row):
    """What may be spent in a month."""

    key = ("scope_type", "scope", "month")

    scope_type: ScopeType = _column("what the budget is for", "company", "department", "user")
    scope: Text = _column(
        "which department, team or cost center, or whose e-mail; a company needs none",
        "",
        "Engineering",
        "ann@example.com",
    )
    month: Month = _column("the month", "2026-01")
    amount_usd: Number = _column("dollars", "20000", "12000", "150.50")

    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        # There is only one company, so it needs no name.
        is_company = row.get("scope_type", "").lower() == "company"
        return ({"scope": ""} if is_company else {}) | super().filled(row)

    @field_validator("scope")
    @classmethod
    def _is_somebody(cls, scope: str, others: ValidationInfo) -> str:
        return email_of(scope) if others.data.get("scope_type") == "user" else scope


class Invoice(Row):
    """What vendors ask for. A credit has a negative amount."""

    key = ("platform", "organization", "invoice_id")

    platform: Platform = _column(
        "the tool; its vendor, if the invoice is for all of its tools", "cursor", "anthropic"
    )
    organization: Text = _column(
        "which of several organizations of the vendor", "", "console", default=""
    )
    invoice_id: Text = _column("the number on the invoice", "INV-2026-01", "A-4711")
    period_start: Day = _column("the first day that it is for", "2026-01-01")
    period_end: Day = _column("the last day that it is for", "2026-01-31")
    amount_usd: Number = _column("dollars; or fill amount and currency", "1250.40", "", default="")
    amount: Number = _column("what it asks for in another currency", "", "980.00", default="")
    currency: Currency = _column("of amount, as in exchange_rates", "", "EUR", default="")
    status: Status = _column("how far it is", "paid", "open", default="")

    @model_validator(mode="after")
    def _is_one_amount(self) -> Invoice:
        if bool(self.amount_usd) == bool(self.amount) or bool(self.amount) != bool(self.currency):
            raise ValueError("fill amount_usd alone, or amount and currency")
        return self


class ExchangeRate(Row):
    """What other currencies are worth, each from a day on. Who pays in dollars only needs none."""

    key = ("currency", "valid_from")

    currency: ForeignCurrency = _column("of invoices and of what vendors report", "EUR")
    valid_from: Day = _column("the first day of this rate", "2026-01-01", "2026-02-01")
    usd_per_unit: Rate = _column("dollars for one of it", "1.0842", "1.091")


TABS: dict[str, type[Row]] = {
    "employees": Employee,
    "email_aliases": EmailAlias,
    "api_key_mappings": ApiKeyMapping,
    "seat_plans": SeatPlan,
    "seat_assignments": SeatAssignment,
    "budgets": Budget,
    "invoices": Invoice,
    "exchange_rates": ExchangeRate,
}


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


def read(name: str, cells: list[list[str]]) -> Reading:
    """What a tab holds, and everything that is wrong in it.

    `cells` are its lines from the first. Before the header, blank lines and those that begin
    with # are skipped; lines may be shorter than the header, and blank ones are skipped.
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
    unknown: dict[tuple[str, str], int] = {}
    for line in lines:
        platform, purpose = (line.meant.get(one, "").lower() for one in ("platform", "purpose"))
        if platform and not has_vendor(platform):
            unknown.setdefault(("platforms", platform), line.number)
        if purpose and purpose not in purposes():
            unknown.setdefault(("usage_purposes", purpose), line.number)
    so = {"platforms": "its vendor is unknown", "usage_purposes": "it counts as API consumption"}
    for (seed, value), number in unknown.items():
        file = f"dbt_project/seeds/{seed}.csv"
        yield f"{name} row {number}: {value!r} is none of {file}, so {so[seed]}"


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


def _key_problems(name: str, places: dict[str, int], lines: list[_Line]) -> Iterator[Problem]:
    """Rows that claim the same key for the same days. If a row ends on the day the next one begins,
    that is clear enough and not a problem."""
    tab = TABS[name]
    before: dict[tuple[str, ...], list[tuple[int, str, str, list[str]]]] = {}
    for line in lines:
        row = line.meant
        key = tuple(row.get(column, "").lower() for column in tab.key)
        if not any(key):
            continue
        begin, end = (row.get(column, "") for column in tab.valid or ("", ""))
        owners = [row.get(column, "").lower() for column in tab.owners]
        for other, other_begin, other_end, other_owners in before.get(key, []):
            if (begin, end) == (other_begin, other_end) and owners != other_owners:
                continue
            if (not other_end or begin < other_end) and (not end or other_begin < end):
                days = " for overlapping days" if tab.valid else ""
                said = f"is already in row {other}{days}"
                column = tab.key[-1]
                value = " ".join(filter(None, key))
                yield Problem(name, (line.number,), column, places.get(column), value, said)
                break
        before.setdefault(key, []).append((line.number, begin, end, owners))


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
