"""The report at the end of a run: what arrived, what it cost, whose cost it is, and whether it
ties.

It reads the marts, not the vendors. Money is Decimal dollars from the warehouse, rounded to cents
only when printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from extract.report import RunReport
from foundation.settings import ROOT, Settings
from foundation.terminal import Terminal
from foundation.warehouse import Ask, NoTableError, warehouse
from pipeline.alerts.outcome import Outcome
from pipeline.words import counted, dollars, share

TOP = 6


def show(
    settings: Settings,
    extracted: RunReport,
    console: Terminal | None = None,
    *,
    is_verbose: bool = False,
) -> bool | None:
    """Print the report; returns whether the marts tie to what the vendors reported, and None if
    they are not complete."""
    console = console or standard_output()
    console.print()
    console.print(arrivals(extracted) if is_verbose else sources(extracted), "")
    try:
        with warehouse(settings) as ask:
            tied = f"{settings.dataset('marts')}.rpt_cost_ties"
            since = month_before(ask, tied)
            # Two months are enough for the report, and cost the same however long the history is.
            costs = (
                f"(select * from {settings.dataset('marts')}.fct_cost_daily"
                f" where cost_date >= date '{since}') as costs"
            )
            platforms = f"{settings.dataset('seeds')}.platforms"
            console.print(cost(ask, costs, platforms), "")
            methods = f"{settings.dataset('seeds')}.attribution_methods"
            console.print(attribution(ask, costs, methods, since), "")
            table, is_tied = ties(ask, tied)
            console.print(table, "")
    except NoTableError as error:
        console.print(f"The marts are not complete: {str(error).splitlines()[0]}")
        return None
    console.print(Text(where(settings), "dim"))
    return is_tied


def standard_output() -> Terminal:
    """Standard output, 100 characters wide unless it is a terminal."""
    return Terminal(width=None if sys.stdout.isatty() else 100, highlight=True)


def end(
    settings: Settings, outcome: Outcome, attention: str, console: Terminal | None = None
) -> None:
    """Print the last three lines: what needs attention, what to open, what to do next."""
    console = console or standard_output()
    lines = [
        ("Needs attention", attention or "not known, see above"),
        ("Open", start_page(settings)),
        ("Next", next_step(outcome)),
    ]
    for name, text in lines:
        console.print(Text.assemble((f"{name}: ", "bold"), text), soft_wrap=True)


def start_page(settings: Settings) -> str:
    """Where somebody who has a minute looks first."""
    if settings.target == "bigquery":
        return "the dashboard Executive in Metabase"
    return str(ROOT / "target" / "dashboards" / "executive.html")


def next_step(outcome: Outcome) -> str:
    if outcome.exit_code:
        return "mend what failed, which is said above, and run again"
    if outcome.is_sample:
        return "for your own numbers copy .env.example to .env, then `make check`"
    return "settle what the tab Alerts of that page lists"


def sources(extracted: RunReport) -> Group:
    """One line per source: days that changed, and the records in them; then what went wrong."""
    table = _table("What arrived", "source", ">changed days", ">records landed", "")
    remarks = Text()
    for source in extracted.sources:
        changed = sum(part.changed for part in source.resources)
        landed = sum(part.landed for part in source.resources)
        status = "" if source.status == "ok" else _status(source.status)
        table.add_row(source.source, f"{changed:,}", f"{landed:,}", status)
        remarks.append_text(_remarks(source.source, [], list(source.errors)))
        for part in source.resources:
            name = f"{source.source} {part.resource}"
            remarks.append_text(_remarks(name, [], part.errors))
            if part.rejected:
                rejected = counted(part.rejected, "record", "records")
                remarks.append(f"{name}: {rejected} rejected\n", "red")
    remarks.rstrip()
    return Group(table, Padding(remarks, (0, 0, 0, 2))) if remarks else Group(table)


def arrivals(extracted: RunReport) -> Group:
    """One row per source and organization: days that changed, and the records in them; then what
    the vendors did not let us read and what went wrong."""
    table = _table("What arrived", "source", "organization", ">changed days", "records landed")
    remarks = Text()
    for source in extracted.sources:
        parts = source.resources
        if not parts:
            table.add_row(source.source, "", "", _status(source.status))
        for organization in dict.fromkeys(part.organization for part in parts):
            own = [part for part in parts if part.organization == organization]
            changed = sum(part.changed for part in own)
            landed = [f"{part.resource} {part.landed:,}" for part in own if part.landed]
            words = " · ".join(landed) or "nothing new"
            table.add_row(source.source, organization, f"{changed:,}", words)
            unread = [part.resource for part in own if part.status == "not readable"]
            if unread:
                names = ", ".join(unread)
                remarks.append(f"{source.source} {organization}: the key may not read {names}\n")
        # For a source that was not asked, the row says so.
        notes = source.notes if parts else []
        remarks.append_text(_remarks(source.source, notes, source.errors))
        for part in parts:
            name = f"{source.source} {part.resource}"
            # Why a resource is not readable is in a line above.
            notes = [] if part.status == "not readable" else part.notes
            remarks.append_text(_remarks(name, notes, part.errors))
            if part.rejected:
                rejected = counted(part.rejected, "record", "records")
                remarks.append(f"{name}: {rejected} rejected\n", "red")
    remarks.rstrip()
    return Group(table, Padding(remarks, (0, 0, 0, 2)))


def _remarks(name: str, notes: list[str], errors: list[str]) -> Text:
    text = Text()
    for note in notes:
        text.append(f"{name}: {note}\n")
    for error in errors:
        text.append(f"{name}: {error}\n", "red")
    return text


def month_before(ask: Ask, tied: str) -> date:
    """The first day of the month before the last month in which anything was reported."""
    ((last,),) = ask(f"select max(last_date) from {tied}")
    return ((last or date.max).replace(day=1) - timedelta(days=1)).replace(day=1)


def cost(ask: Ask, costs: str, platforms: str) -> Table:
    """List, billed and effective cost per platform: this month and the month before. `platforms` is
    the table with their names."""
    rows = ask(f"""
        select
            costs.vendor,
            coalesce(platform_name, costs.platform_code) as platform_name,
            extract(year from cost_date) as year,
            extract(month from cost_date) as month,
            sum(list_cost_usd) as list_cost_usd,
            sum(billed_cost_usd) as billed_cost_usd,
            sum(effective_cost_usd) as effective_cost_usd,
            max(cost_date) as last_date
        from {costs}
        left join {platforms} as platforms
            on costs.platform_code = platforms.platform_code
        group by 1, 2, 3, 4
    """)
    table = _table("What it cost", "", "platform", "vendor", ">list $", ">billed $", ">effective $")
    if not rows:
        return table
    last = max(row[7] for row in rows)
    months = sorted({(row[2], row[3]) for row in rows})
    parts = [(f"{year}-{month:02}", {(year, month)}) for year, month in months[-2:]]
    if (last.year, last.month) == months[-1]:
        parts[-1] = (f"{parts[-1][0]}, to {last:%d}", parts[-1][1])
    for label, wanted in parts:
        chosen = [row for row in rows if (row[2], row[3]) in wanted]
        for vendor, platform in sorted({row[:2] for row in chosen}):
            sums = _sums(row[4:7] for row in chosen if row[:2] == (vendor, platform))
            table.add_row(label, platform, vendor, *map(dollars, sums))
            label = ""
        table.add_row("", "all", "", *map(dollars, _sums(row[4:7] for row in chosen)), style="bold")
        table.add_section()
    return table


def attribution(ask: Ask, costs: str, methods: str, since: date) -> Group:
    """Effective cost by how its owner was found, from the surest way to none, then the largest
    departments and people. `methods` is the table of the ways."""
    ((total, attributed, no_cost_center),) = ask(f"""
        select
            coalesce(sum(effective_cost_usd), 0),
            coalesce(sum(case when is_attributed then effective_cost_usd else 0 end), 0),
            coalesce(sum(case when cost_center is null then effective_cost_usd else 0 end), 0)
        from {costs}
    """)
    rows = ask(f"""
        select costs.attribution_method, meaning, sum(effective_cost_usd) as effective_cost_usd
        from {costs}
        left join {methods} as methods
            on costs.attribution_method = methods.attribution_method
        group by method_rank, costs.attribution_method, meaning
        order by method_rank
    """)
    title = (
        f"Who spent it: {share(attributed, total)} of ${dollars(total)} since {since} is"
        f" attributed, ${dollars(no_cost_center)} of it to people without a cost center"
    )
    table = _table(title, "how its owner is known", ">effective $", ">share")
    for method, meaning, amount in rows:
        table.add_row(meaning or method, dollars(amount), share(amount, total))
    tops = [top(ask, costs, "department", total), top(ask, costs, "user_email", total)]
    side_by_side = Table.grid(padding=(0, 4, 0, 0))
    side_by_side.add_row(*tops)
    return Group(table, "", side_by_side)


def top(ask: Ask, costs: str, column: str, total: Decimal) -> Table:
    """The largest departments or people by effective cost."""
    rows = ask(f"""
        select {column}, sum(effective_cost_usd) as effective_cost_usd
        from {costs}
        group by 1
        order by 2 desc
        limit {TOP}
    """)
    heading = {"department": "department", "user_email": "person"}[column]
    table = _table(None, f"largest {heading}", ">effective $", ">share")
    for name, amount in rows:
        table.add_row(name or "(none)", dollars(amount), share(amount, total))
    return table


def ties(ask: Ask, model: str) -> tuple[Table, bool]:
    """What the vendors reported next to what the marts hold, and whether they are equal.

    Reads `rpt_cost_ties`: a row per vendor and organization.
    """
    rows = ask(f"""
        select vendor, organization, days_compared, reported_usd, marts_usd, differing_days
        from {model}
        order by vendor, organization
    """)
    heading = "Does it tie to what the vendors reported?"
    names = ("vendor", "organization", ">days", ">reported $", ">in the marts $", "")
    table = _table(heading, *names)
    for vendor, organization, days, reported, held, differing in rows:
        verdict = Text("to the last digit", "green")
        if differing:
            verdict = Text(f"differs on {counted(differing, 'day', 'days')}", "bold red")
        amounts = (dollars(reported), dollars(held))
        table.add_row(vendor, organization, f"{days:,}", *amounts, verdict)
    return table, not any(row[5] for row in rows)


def where(settings: Settings) -> str:
    """Where to look further."""
    if settings.target == "bigquery":
        return f"In BigQuery: {settings.google_cloud_project}.{settings.dataset('marts')}"
    return f"In {settings.duckdb_path}, schema marts"


def _sums(rows: Iterable[tuple[Decimal, ...]]) -> list[Decimal]:
    return [sum(column, Decimal(0)) for column in zip(*rows, strict=True)]


def _status(status: str) -> Text:
    return Text(status, {"ok": "green", "failed": "bold red"}.get(status, "dim"))


def _table(title: str | None, *headings: str) -> Table:
    """A plain table; a heading that begins with > is for a column of numbers."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold cyan",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for heading in headings:
        is_number = heading.startswith(">")
        table.add_column(heading.removeprefix(">"), justify="right" if is_number else "left")
    return table
