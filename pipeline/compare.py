"""The marts beside the older tables: what agrees, what differs and why.

The numbers are dbt_project/models/comparison; here they are built, printed, and written as a page
and a CSV file.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from foundation import dbt
from foundation.pages import templates
from foundation.reservation import reserved
from foundation.settings import BIGQUERY, ROOT, Settings
from foundation.warehouse import Ask, NoTableError, warehouse
from pipeline import legacy_tables
from pipeline.focus import decimal_text, harmless
from pipeline.report import standard_output
from pipeline.run import RefusedError
from pipeline.words import dollars

FOLDER = ROOT / "target" / "comparison"
# dbt reads the project anew when variables change; `make run` keeps what it read in its own place.
PARSED = ROOT / "target" / "comparison-dbt"
OLDER_ROWS = ("--select", "comparison_older_rows")
REST = ("--select", "path:models/comparison", "--exclude", "comparison_older_rows")
CSS = ROOT / "dashboards" / "preview" / "page.css"
# Rows of the largest differences on the page; all are in the CSV file.
SHOWN = 50
CENT, SMALLEST_SHOWN = Decimal("0.01"), Decimal("0.000001")

# What each reason of comparison_differences says; docs/migration.md says how each is proved.
REASONS = {
    "cents_as_dollars": "Cents taken for dollars",
    "no_email_dropped": "Rows without e-mail dropped",
    "events_collided": "Colliding events kept once",
    "included_as_on_demand": "Included usage counted as billed",
    "late_correction": "Late correction of the vendor missed",
    "todays_team": "Today's team instead of that day's",
    "unknown_model": "Rows of an unknown model lost",
    "rounding": "Rounding",
    "unexplained": "Unexplained",
}
SCOPES = {
    "platform": "The older tables never have this platform",
    "days": "Before both sides begin, or after one ends",
    "seats": "The older tables have no seats",
}
VERDICTS = {
    "agrees": "Agrees",
    "differs_for_known_reasons": "Differs, reasons known",
    "has_unexplained_differences": "Has unexplained differences",
}
MEASURES = {"cost": "Cost in dollars", "tokens": "Tokens"}


@dataclass(frozen=True)
class Month:
    """A row of comparison_months: dollars, or tokens."""

    measure: str
    month: date
    older: Decimal
    marts: Decimal
    difference: Decimal
    unexplained: Decimal
    agreeing: int
    differing: int
    verdict: str


@dataclass(frozen=True)
class Reason:
    """What a reason makes up of a month's difference; `moved` is what went to another team."""

    measure: str
    month: date
    reason: str
    amount: Decimal
    moved: Decimal
    rows: int


@dataclass(frozen=True)
class LeftOut:
    """What only one side can have, so that it is not compared."""

    measure: str
    platform: str
    scope: str
    older: Decimal
    marts: Decimal


@dataclass(frozen=True)
class Difference:
    """A row of comparison_differences."""

    measure: str
    day: date
    platform: str
    person: str
    team: str | None
    reason: str
    is_team_move: bool
    amount: Decimal


def compare(settings: Settings, legacy: str, folder: Path = FOLDER) -> int:
    """Compare the marts with the older tables of a schema, a dataset or a folder of CSV files;
    returns 1 if a difference is unexplained. Raises RefusedError, BusyError and WarehouseError."""
    if settings.target == "bigquery" and settings.missing_settings().get("bigquery"):
        raise RefusedError(f"TARGET=bigquery needs {', '.join(BIGQUERY)}")
    with reserved(settings):
        _refuse_without_marts(settings)
        schema = legacy_tables.place(settings, legacy)
        with warehouse(settings) as ask:
            found = legacy_tables.find(ask, schema, is_bigquery=settings.target == "bigquery")
        _build(settings, found)
        with warehouse(settings) as ask:
            tables = settings.dataset("comparison")
            months, reasons = _months(ask, tables), _reasons(ask, tables)
            left_out, differences = _left_out(ask, tables), _differences(ask, tables)
    if not months:
        raise RefusedError(
            f"Nothing can be compared: {legacy} and the marts have no platform and day in common"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / "differences.csv", differences)
    page = _page(legacy, months, reasons, left_out, differences)
    (folder / "index.html").write_text(page, encoding="utf-8")
    _show(months, reasons, left_out, folder)
    return int(any(month.unexplained for month in months))


def _refuse_without_marts(settings: Settings) -> None:
    try:
        with warehouse(settings) as ask:
            ask(f"select 1 from {settings.dataset('marts')}.dim_platforms limit 1")
    except NoTableError as error:
        reason = str(error).splitlines()[0]
        raise RefusedError(
            f"The marts do not exist ({reason}): build them first, with `make run`."
        ) from None


def _build(settings: Settings, found: dict[str, Any]) -> None:
    """Build the comparison's models and test them, once every row of the older tables could be
    read. Raises RefusedError with what dbt says."""
    environment = dbt.environment(settings.dbt_environment())
    options = ["--vars", json.dumps({"compare_legacy": found})]
    options += ["--target-path", str(PARSED), "--log-path", str(PARSED)]
    try:
        manifest = dbt.parse(environment, *options)
    except dbt.DbtError as error:
        raise RefusedError(" ".join(str(error).split())) from None
    said: list[str] = []

    def on_event(event: Any) -> None:  # noqa: ANN401
        if event.info.level == "error":
            said.append(event.info.msg)

    for selected in (OLDER_ROWS, REST):
        arguments = ["--no-write-json", "--log-level-file", "none", "build", *selected]
        arguments += ["--exclude-resource-type", "unit_test", *options]
        ended = dbt.invoke(arguments, environment, manifest, on_event)
        if not ended.success:
            raise RefusedError("\n".join([*said, str(ended.exception or "")]).strip())
        if selected is OLDER_ROWS:
            with warehouse(settings) as ask:
                _refuse_unreadable(ask, settings.dataset("comparison"), found)


def _refuse_unreadable(ask: Ask, tables: str, found: dict[str, Any]) -> None:
    """A row without a day or an amount would be a difference that nobody can explain."""
    rows = ask(
        "select measure, count(*), min(coalesce(day_text, 'nothing')), min(amount_text)"
        f" from {tables}.comparison_older_rows where activity_date is null or amount is null"
        " group by measure order by measure"
    )
    names = {"cost": "costs", "tokens": "usage"}
    problems = [
        f"{found['tables'][names[measure]]}: {count:,} rows cannot be read, such as that with the"
        f" day {day!r} and the amount {amount!r}; expected a day such as 2026-11-21 or 20261121,"
        " and a number such as 12.5"
        for measure, count, day, amount in rows
    ]
    if problems:
        raise RefusedError("\n".join(problems))


# --- What was found ------------------------------------------------------------------------------


def _months(ask: Ask, tables: str) -> list[Month]:
    rows = ask(
        "select measure, month, older_amount, marts_amount, difference, unexplained_amount,"
        f" agreeing, differing, verdict from {tables}.comparison_months order by measure, month"
    )
    return [Month(*row) for row in rows]


def _reasons(ask: Ask, tables: str) -> list[Reason]:
    rows = ask(
        "select measure, month, reason, sum(case when is_team_move then 0 else amount end),"
        " sum(case when is_team_move and amount > 0 then amount else 0 end),"
        " count(*) - sum(case when is_team_move and amount < 0 then 1 else 0 end)"
        f" from {tables}.comparison_differences group by measure, month, reason"
    )
    order = list(REASONS)
    found = [Reason(*row) for row in rows]
    return sorted(found, key=lambda one: (one.measure, one.month, order.index(one.reason)))


def _left_out(ask: Ask, tables: str) -> list[LeftOut]:
    rows = ask(
        "select measure, platform_code, scope, sum(older_amount), sum(marts_amount)"
        f" from {tables}.comparison_sides where scope != 'compared'"
        " group by measure, platform_code, scope"
        " having sum(abs(older_amount)) + sum(abs(marts_amount)) != 0 order by 1, 2, 3"
    )
    return [LeftOut(*row) for row in rows]


def _differences(ask: Ask, tables: str) -> list[Difference]:
    rows = ask(
        "select measure, activity_date, platform_code, user_email, team, reason, is_team_move,"
        f" amount from {tables}.comparison_differences"
        " order by measure, activity_date, platform_code, user_email, reason, amount"
    )
    return [Difference(*row) for row in rows]


# --- How it is told ------------------------------------------------------------------------------


def quantity(amount: Decimal, measure: str) -> str:
    """Dollars with cents, or with more digits if they would be 0.00; tokens as a whole number."""
    if measure != "cost":
        return f"{amount:,.0f}"
    if abs(amount) < SMALLEST_SHOWN:
        return "0.00"
    return dollars(amount) if abs(amount) >= CENT else f"{amount:.6f}"


def verdict(months: list[Month]) -> str:
    """All months in a sentence."""
    unexplained = [month for month in months if month.unexplained]
    if not unexplained:
        differing = sum(month.verdict != "agrees" for month in months)
        if not differing:
            return "The older tables and the marts agree in every month."
        return "Every difference has a known reason."
    amounts = {
        measure: sum((one.unexplained for one in unexplained if one.measure == measure), Decimal(0))
        for measure in MEASURES
    }
    words = [
        f"${quantity(amount, measure)}" if measure == "cost" else f"{amount:,.0f} tokens"
        for measure, amount in amounts.items()
        if amount
    ]
    names = ", ".join(dict.fromkeys(f"{month.month:%Y-%m}" for month in unexplained))
    return f"{' and '.join(words)} are unexplained, in {names}."


def _show(
    months: list[Month], reasons: list[Reason], left_out: list[LeftOut], folder: Path
) -> None:
    console = standard_output()
    for measure, name in MEASURES.items():
        own = [month for month in months if month.measure == measure]
        if not own:
            continue
        table = _table(name, "month", ">older", ">marts", ">difference", ">unexplained", "verdict")
        for month in own:
            numbers = (month.older, month.marts, month.difference, month.unexplained)
            style = "red" if month.unexplained else ""
            words = Text(VERDICTS[month.verdict], style)
            table.add_row(
                f"{month.month:%Y-%m}", *(quantity(one, measure) for one in numbers), words
            )
        console.print(table, "")
        table = _table("", "month", ">amount", ">moved", "reason")
        for one in reasons:
            if one.measure == measure:
                table.add_row(
                    f"{one.month:%Y-%m}",
                    quantity(one.amount, measure) if one.amount or not one.moved else "",
                    quantity(one.moved, measure) if one.moved else "",
                    REASONS[one.reason],
                )
        if table.row_count:
            console.print(table, "")
    table = _table("Not compared", "", "platform", ">older", ">marts", "why")
    for part in left_out:
        amounts = (part.older, part.marts)
        table.add_row(
            part.measure,
            part.platform,
            *(quantity(one, part.measure) for one in amounts),
            SCOPES[part.scope],
        )
    if table.row_count:
        console.print(table, "")
    console.print(Text(verdict(months), "bold"))
    console.print(f"{folder / 'index.html'}, {folder / 'differences.csv'}", soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column[:1] == ">" else "left")
    return table


def _write_csv(file: Path, differences: list[Difference]) -> None:
    """All digits of each amount; text that a spreadsheet would run as a formula gets an
    apostrophe."""
    columns = ("measure", "day", "platform", "person", "team", "reason", "is_team_move", "amount")
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        for one in differences:
            texts = (one.measure, str(one.day), one.platform, one.person, one.team, one.reason)
            moves = "yes" if one.is_team_move else "no"
            writer.writerow([*map(harmless, texts), moves, decimal_text(one.amount)])


def _page(
    legacy: str,
    months: list[Month],
    reasons: list[Reason],
    left_out: list[LeftOut],
    differences: list[Difference],
) -> str:
    environment = templates(Path(__file__).parent)
    environment.filters["quantity"] = quantity
    largest = sorted(
        (one for one in differences if one.reason != "rounding"),
        key=lambda one: (one.reason != "unexplained", one.measure, -abs(one.amount)),
    )
    return environment.get_template("compare.html.j2").render(
        css=CSS.read_text(encoding="utf-8"),
        legacy=legacy,
        verdict=verdict(months),
        is_explained=not any(month.unexplained for month in months),
        months=months,
        reasons=reasons,
        left_out=left_out,
        largest=largest[:SHOWN],
        count=len(differences),
        measures={
            measure: name
            for measure, name in MEASURES.items()
            if any(month.measure == measure for month in months)
        },
        reason_words=REASONS,
        scope_words=SCOPES,
        verdict_words=VERDICTS,
    )
