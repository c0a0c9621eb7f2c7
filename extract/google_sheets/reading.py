"""Where the tabs are: in a Google spreadsheet or a folder, by the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from extract.google_sheets.cells import clean
from extract.google_sheets.checks import Reading, read
from extract.google_sheets.files import SUFFIXES, WORKBOOKS, Cells, cells_of, files_in
from extract.google_sheets.tabs import TABS
from extract.http import VendorError
from foundation.sources.google_sheets import GoogleSheetsSettings

MAX_NAMED = 20


@dataclass
class Sheets:
    """The tabs that are there, each with a call that returns its cells or raises VendorError, notes
    about what is not read, and what the cells of a tab hold, where it may not be what they show.
    `misnamed` has the known tabs that something that is not read is nearly called, and what that
    is called."""

    tabs: Mapping[str, Callable[[], Cells]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stored: Mapping[str, list[list[Any]]] = field(default_factory=dict)
    misnamed: Mapping[str, str] = field(default_factory=dict)

    def read(self, name: str) -> Reading:
        """What a tab holds; nothing if it is not there. Raises VendorError."""
        if name not in self.tabs:
            return Reading()
        return read(name, self.tabs[name](), self.stored.get(name, []))


def find(settings: GoogleSheetsSettings) -> Sheets:
    """Raises VendorError if nothing can be read at all."""
    return _in_folder(settings.sheets_dir) if settings.sheets_dir else _at_google(settings)


def _in_folder(folder: Path) -> Sheets:
    found: dict[str, list[Path]] = {}
    others = []
    misnamed: dict[str, str] = {}
    for path in files_in(folder):
        is_csv = path.suffix.lower() in SUFFIXES
        name = tab_named(path.stem)
        if name and is_csv:
            found.setdefault(name, []).append(path)
        else:
            near = name or _nearest(path.stem)
            if near:
                misnamed[near] = path.name
            others.append(f"{path.name}{_advice(path, near)}")
    tabs = {
        name: partial(_only, name, [path.name for path in paths])
        if len(paths) > 1
        else partial(cells_of, name, paths[0])
        for name, paths in found.items()
    }
    return Sheets(tabs, _note("file", others), misnamed=misnamed)


def _advice(path: Path, name: str | None) -> str:
    if path.suffix.lower() in SUFFIXES:
        return f" (rename it to {name}.csv?)" if name else ""
    if name:
        return f" (save it as {name}.csv)"
    return " (save each of its tabs as CSV)" if path.suffix.lower() in WORKBOOKS else ""


def _at_google(settings: GoogleSheetsSettings) -> Sheets:
    # Imported only if there is a spreadsheet: Google's libraries take a while.
    from extract.google_sheets.client import cells, connect, stored, titles

    client = connect(settings)
    found: dict[str, list[str]] = {}
    others = []
    misnamed: dict[str, str] = {}
    for title in titles(settings, client):
        if name := tab_named(title):
            found.setdefault(name, []).append(title)
        else:
            near = _nearest(title)
            if near:
                misnamed[near] = title
            others.append(clean(title).strip() + (f" (rename it to {near}?)" if near else ""))
    known = {name: group[0] for name, group in found.items() if len(group) == 1}
    lines = cells(settings, client, known)
    tabs = {
        name: partial(_only, name, group) if len(group) > 1 else partial(lines.get, name, [])
        for name, group in found.items()
    }
    return Sheets(tabs, _note("tab", others), stored(settings, client, known), misnamed)


def tab_named(title: str) -> str | None:
    """The tab that a title or the name of a file stands for, whatever its capitals and spaces."""
    name = re.sub(r"[\s-]+", "_", clean(title).strip().lower())
    return name if name in TABS else None


def _nearest(title: str) -> str | None:
    return next(iter(get_close_matches(title.strip().lower(), TABS, n=1, cutoff=0.7)), None)


def _only(name: str, titles: list[str]) -> Cells:
    raise VendorError(
        f"{' and '.join(titles)} are both the tab {name}", advice="rename or delete all but one"
    )


def _note(what: str, others: list[str]) -> list[str]:
    if not others:
        return []
    more = len(others) - MAX_NAMED
    named = ", ".join(others[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
    return [f"not read, because these {what}s are not names of known tabs: {named}"]
