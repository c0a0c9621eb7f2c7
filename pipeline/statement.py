"""The statements of a month: a page and a CSV file for each cost center, and an index.

The lines and their cents are `fct_statement_lines`; every sum is the warehouse's. Nothing is left
out: what has no cost center has a page of its own.
"""

from __future__ import annotations

import csv
import re
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from foundation.pages import templates
from foundation.settings import BIGQUERY, ROOT, Settings
from foundation.warehouse import Ask, NoTableError, warehouse
from pipeline.focus import harmless
from pipeline.run import RefusedError
from pipeline.statement_log import Written, differing_from, remember, written_before
from pipeline.words import counted, dollars, signed

FOLDER = ROOT / "target" / "statements"
NOBODY = "unattributed"
KINDS = {
    "charge": "Charge",
    "correction": "Correction of an earlier month",
    "invoice_difference": "Invoice differs from the cost it covers",
}
CSV_COLUMNS = (
    *("month", "cost_center", "vendor", "platform", "person", "line", "attributed_by"),
    *("confidence", "is_estimated", "amount_usd"),
)


@dataclass(frozen=True)
class Line:
    """A row of fct_statement_lines; the amount is in whole cents."""

    cost_center: str
    vendor: str
    platform: str
    person: str
    kind: str
    meaning: str
    confidence: Decimal
    is_estimated: bool
    amount: Decimal


@dataclass(frozen=True)
class Amount:
    """A part of a total in dollars, with its name."""

    name: str
    amount: Decimal


@dataclass
class Statement:
    """What one cost center is charged; `budget` is None if the sheet has none for the month."""

    cost_center: str
    file: str
    total: Decimal
    corrections: Decimal
    estimated: Decimal
    budget: Decimal | None
    before: Written | None = None
    lines: list[Line] = field(default_factory=list)
    vendors: list[Amount] = field(default_factory=list)
    methods: list[Amount] = field(default_factory=list)

    @property
    def name(self) -> str:
        if self.cost_center == NOBODY:
            return "Not attributed to a cost center"
        return f"Cost center {self.cost_center}"

    @property
    def change(self) -> str | None:
        """How it differs from what was written before."""
        if self.before is None:
            return None
        written = f"what was written on {self.before.written_at:%-d %B %Y}"
        if self.total == self.before.amount:
            return f"The lines differ from {written}; the total is the same."
        change = signed(self.total - self.before.amount)
        return f"Differs from {written} by {change}: it was ${dollars(self.before.amount)}."

    @property
    def left(self) -> Decimal | None:
        return None if self.budget is None else self.budget - self.total


@dataclass(frozen=True)
class Bill:
    """A vendor's month: what is stated, what was invoiced (None without an invoice) and how the two
    were reconciled."""

    vendor: str
    stated: Decimal
    invoiced: Decimal | None
    statuses: str


@dataclass(frozen=True)
class Change:
    """What a vendor changed in an earlier month's reports, and when it became known."""

    month: date
    vendor: str
    organization: str
    days: int
    amount: Decimal


def export(settings: Settings, month: date, folder: Path = FOLDER) -> Path:
    """Write the statements of a month into a folder named after it, which they replace as a whole;
    returns that folder. Raises RefusedError if the marts do not hold the month."""
    if settings.target == "bigquery" and settings.missing_settings().get("bigquery"):
        raise RefusedError(f"TARGET=bigquery needs {', '.join(BIGQUERY)}")
    try:
        with warehouse(settings) as ask:
            marts = Marts(ask, settings.dataset("marts"), settings.dataset("seeds"), month)
            statements, bills = marts.statements(), marts.bills()
            changes, total, is_open = marts.changes(), marts.total(), marts.is_open()
            before = written_before(settings, ask, month)
    except NoTableError as error:
        reason = str(error).splitlines()[0]
        raise RefusedError(
            f"The statements do not exist ({reason}): build the marts first, with `make run`."
        ) from None
    target = folder / f"{month:%Y-%m}"
    unfinished = folder / f"{month:%Y-%m}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    facts = {"month": month, "is_open": is_open, "kinds": KINDS}
    hashes = {}
    for statement in statements:
        rows = [_csv_row(month, line) for line in statement.lines]
        file = unfinished / f"{statement.file}.csv"
        write_csv(file, CSV_COLUMNS, rows)
        hashes[statement.cost_center] = sha256(file.read_bytes()).hexdigest()
    amounts = {one.cost_center: one.total for one in statements}
    differing = differing_from(before, amounts, hashes)
    for statement in statements:
        statement.before = differing.get(statement.cost_center)
        page = _page("statement.html.j2", statement=statement, **facts)
        (unfinished / f"{statement.file}.html").write_text(page, encoding="utf-8")
    page = _page(
        "statement_index.html.j2",
        statements=statements,
        bills=bills,
        changes=changes,
        total=total,
        differing=differing,
        amounts=amounts,
        **facts,
    )
    (unfinished / "index.html").write_text(page, encoding="utf-8")
    write_csv(
        unfinished / "index.csv",
        ("month", "cost_center", "budget_usd", "amount_usd"),
        [(f"{month:%Y-%m}", one.cost_center, one.budget, one.total) for one in statements],
    )
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    # What is not final is not what finance posts.
    if not is_open:
        remember(settings, month, before, amounts, hashes)
    sys.stdout.write(
        f"{target / 'index.html'}: {len(statements)} statements of {month:%Y-%m},"
        f" ${dollars(total)} in all{f'. Not final: {is_open}' if is_open else ''}\n"
    )
    return target


@dataclass(frozen=True)
class Marts:
    """Questions to the marts about a month, in SQL of both engines."""

    ask: Ask
    marts: str
    seeds: str
    month: date

    @property
    def lines(self) -> str:
        """The lines of the month; what rounds to nothing is not posted."""
        return f"{self.marts}.fct_statement_lines where month = date '{self.month}'"

    @property
    def _next_month(self) -> date:
        return (self.month + timedelta(days=32)).replace(day=1)

    def statements(self) -> list[Statement]:
        """One for each cost center, by name, and last what has none."""
        rows = self.ask(
            "select cost_center, sum(amount_usd) as total_usd,"
            " sum(case when line_type = 'correction' then amount_usd else 0 end),"
            " sum(case when is_estimated then amount_usd else 0 end)"
            f" from {self.lines} group by cost_center"
            f" order by case when cost_center = '{NOBODY}' then 1 else 0 end, cost_center"
        )
        if not rows:
            raise RefusedError(f"There is no statement of {self.month:%Y-%m}: {self._held()}.")
        lines, budgets = self._lines(), self._budgets()
        vendors, methods = self._amounts("vendor"), self._amounts("meaning")
        files = file_names([cost_center for cost_center, *_ in rows])
        return [
            Statement(
                cost_center=cost_center,
                file=files[cost_center],
                total=total,
                corrections=corrections,
                estimated=estimated,
                budget=budgets.get(cost_center.lower()),
                lines=lines[cost_center],
                vendors=vendors[cost_center],
                methods=methods[cost_center],
            )
            for cost_center, total, corrections, estimated in rows
        ]

    def bills(self) -> list[Bill]:
        """The vendors of the month, with their invoices."""
        rows = self.ask(
            "with bills as (select vendor, sum(invoiced_usd) as invoiced_usd,"
            " string_agg(distinct reconciliation_status, ', ' order by reconciliation_status)"
            f" as statuses from {self.marts}.fct_cost_reconciliation"
            f" where month = date '{self.month}' group by vendor),"
            f" stated as (select vendor, sum(amount_usd) as stated_usd from {self.lines}"
            " group by vendor)"
            " select stated.vendor, stated_usd, invoiced_usd, statuses from stated"
            " left join bills on stated.vendor = bills.vendor order by stated.vendor"
        )
        return [Bill(*row) for row in rows]

    def changes(self) -> list[Change]:
        """What vendors changed during the month in the reports of earlier months: known at its end,
        less known before it began, for days that were known at both times."""
        last, before = self._next_month - timedelta(days=1), self.month - timedelta(days=1)
        rows = self.ask(
            "with changed as (select known.vendor, known.organization, known.window_date,"
            " known.reported_usd - earlier.reported_usd as change_usd"
            f" from {self.marts}.cost_as_of(date '{last}') as known"
            f" inner join {self.marts}.cost_as_of(date '{before}') as earlier"
            " on known.vendor = earlier.vendor and known.organization = earlier.organization"
            " and known.window_date = earlier.window_date"
            f" where known.window_date < date '{self.month}')"
            " select dates.month_start_date, changed.vendor, changed.organization, count(*),"
            " sum(changed.change_usd) from changed"
            f" inner join {self.marts}.dim_dates as dates on changed.window_date = dates.date_day"
            " where changed.change_usd != 0 group by 1, 2, 3 order by 1, 2, 3"
        )
        return [Change(*row) for row in rows]

    def total(self) -> Decimal:
        ((total,),) = self.ask(f"select sum(amount_usd) from {self.lines}")
        return Decimal(total)

    def is_open(self) -> str:
        """Why the amounts are not final; empty if they are."""
        over = self.ask(
            f"select distinct is_complete_month from {self.marts}.fct_cost_reconciliation"
            f" where month = date '{self.month}'"
        )
        if over != [(True,)]:
            return "the month is not over"
        gaps = self.ask(
            "select vendor, organization, days_missing, known_from, complete_on"
            f" from {self.marts}.fct_statement_gaps where month = date '{self.month}' order by 1, 2"
        )
        pending = self.ask(
            f"select distinct platform_code from {self.marts}.fct_cost_reconciliation"
            f" where month = date '{self.month}' and has_pending_invoice order by 1"
        )
        reasons = [
            f"an invoice of {platform} is a draft, or its period is not over"
            for (platform,) in pending
        ]
        for vendor, organization, missing, known_from, complete_on in gaps:
            if missing:
                lacking = counted(missing, "report", "reports")
                reasons.append(f"{vendor} {organization} lacks {lacking}")
            if known_from:
                reasons.append(f"{vendor} {organization} is known only from {known_from} on")
            if complete_on:
                until = f"reports cost of the month until {complete_on}"
                reasons.append(f"{vendor} {organization} {until}")
        return ", ".join(reasons)

    def _held(self) -> str:
        ((first, last),) = self.ask(
            f"select min(month), max(month) from {self.marts}.fct_statement_lines"
        )
        return f"the marts hold {first:%Y-%m} to {last:%Y-%m}" if first else "the marts hold none"

    def _lines(self) -> dict[str, list[Line]]:
        rows = self.ask(
            "select stated.cost_center, stated.vendor,"
            " coalesce(platforms.platform_name, stated.platform_code), stated.user_email,"
            " stated.line_type, methods.meaning, stated.attribution_confidence,"
            f" stated.is_estimated, stated.amount_usd from (select * from {self.lines}) as stated"
            f" inner join {self.seeds}.attribution_methods as methods"
            " on stated.attribution_method = methods.attribution_method"
            f" left join {self.marts}.dim_platforms as platforms"
            " on stated.platform_code = platforms.platform_code"
            " where stated.amount_usd != 0 order by stated.line_type,"
            f" case when stated.user_email = '{NOBODY}' then 1 else 0 end, 4, 2, 3, 6, 7, 8"
        )
        grouped: defaultdict[str, list[Line]] = defaultdict(list)
        for row in rows:
            grouped[row[0]].append(Line(*row))
        return grouped

    def _amounts(self, column: str) -> dict[str, list[Amount]]:
        """What each cost center is charged, by the values of a column, the largest first."""
        rows = self.ask(
            f"select cost_center, {column}, sum(amount_usd) from (select * from {self.lines})"
            f" as stated inner join {self.seeds}.attribution_methods as methods"
            " on stated.attribution_method = methods.attribution_method"
            " group by 1, 2 having sum(amount_usd) != 0 order by 1, 3 desc, 2"
        )
        grouped: defaultdict[str, list[Amount]] = defaultdict(list)
        for cost_center, value, amount in rows:
            grouped[cost_center].append(Amount(value, amount))
        return grouped

    def _budgets(self) -> dict[str, Decimal]:
        """Budgets of cost centers by name in lower case: people type the sheet."""
        rows = self.ask(
            "select lower(scope), sum(budget_usd) from"
            f" {self.marts}.fct_budget_monthly where month = date '{self.month}'"
            " and scope_type = 'cost_center' group by 1"
        )
        return dict(rows)


def file_names(cost_centers: list[str]) -> dict[str, str]:
    """A file name for each cost center, without what file systems do not take; no two are the same,
    also where upper and lower case are."""
    names: dict[str, str] = {}
    taken = {"index", "not-attributed"}
    for cost_center in cost_centers:
        if cost_center == NOBODY:
            names[cost_center] = "not-attributed"
            continue
        base = name = re.sub(r"[^A-Za-z0-9_-]+", "-", cost_center).strip("-") or "cost-center"
        number = 2
        while name.lower() in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name.lower())
        names[cost_center] = name
    return names


def write_csv(file: Path, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(value) for value in row] for row in rows)


def cell(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return harmless(None if value is None else str(value)) or ""


def _csv_row(month: date, line: Line) -> tuple[Any, ...]:
    return (
        *(f"{month:%Y-%m}", line.cost_center, line.vendor, line.platform, line.person, line.kind),
        *(line.meaning, line.confidence, "yes" if line.is_estimated else "no", line.amount),
    )


_environment = templates(Path(__file__).parent)
_environment.filters["usd"] = dollars


def _page(template: str, **values: Any) -> str:  # noqa: ANN401
    return _environment.get_template(template).render(**values)
