"""`python -m extract sheets check`: everything that is wrong in the sheets, at once, landing
nothing."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from extract.google_sheets.checks import Problem
from extract.google_sheets.reading import find
from extract.google_sheets.tabs import TABS
from extract.http import VendorError
from foundation.sources.google_sheets import GoogleSheetsSettings
from foundation.terminal import Terminal


def show(settings: GoogleSheetsSettings, console: Terminal) -> int:
    """Print what is wrong, or how many rows each tab has. Returns 0 if all is good, else 1. Raises
    VendorError if nothing can be read at all."""
    sheets = find(settings)
    problems: list[Problem] = []
    unreadable = {
        name: f"is not there, but {sheets.misnamed[name]} is: rename that, or give it a name that "
        "is less like this one"
        for name in TABS
        if name in sheets.misnamed and name not in sheets.tabs
    }
    rows: dict[str, int] = {}
    notes = list(sheets.notes)
    for name in filter(sheets.tabs.__contains__, TABS):
        try:
            reading = sheets.read(name)
        except VendorError as error:
            unreadable[name] = str(error)
            continue
        problems += reading.problems
        notes += reading.notes
        if not reading.problems:
            rows[name] = len(reading.rows)
    good = _table("tab", "rows")
    good.columns[1].justify = "right"
    for name in TABS:
        if name in rows:
            good.add_row(name, f"{rows[name]:,}")
        elif name not in sheets.tabs:
            good.add_row(name, "not there")
    console.print(good, "")
    if problems or unreadable:
        console.print(_wrong(problems, unreadable), "")
    for note in notes:
        console.print(f"note: {note}")
    bad = {problem.tab for problem in problems} | unreadable.keys()
    if bad:
        count = len(problems) + len(unreadable)
        console.print(
            Text.assemble(
                (f"{count} problem{'s' if count > 1 else ''}", "red"),
                f" in {', '.join(sorted(bad))}. "
                "Until they are corrected, the last good version of a tab stays in force.",
            )
        )
        return 1
    if not sheets.tabs:
        known = f" Known are {', '.join(TABS)}."
        console.print(Text.assemble(("There is no tab.", "red"), known))
        return 1
    if empty := [name for name, count in rows.items() if not count]:
        console.print(
            f"No row is wrong. There are none in {', '.join(empty)}: a run fails if one of these "
            "had some before, and keeps its last good version."
        )
    else:
        console.print(Text("All good.", "green"))
    return 0


def _wrong(problems: list[Problem], unreadable: dict[str, str]) -> Table:
    table = _table("cell", "column", "what stands there", "what is wrong, and what would do")
    for name, said in unreadable.items():
        table.add_row(name, "", "", said)
    for problem in problems:
        table.add_row(
            problem.address,
            problem.column,
            _visible(problem.value),
            problem.said,
        )
    return table


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    return table


def _visible(value: str | None) -> str:
    if value is None:
        return ""
    return value if value.isprintable() else repr(value)
