"""The tables of docs/sheets.md, from the models of the tabs.

`.venv/bin/python -m extract.google_sheets.reference` writes them again.
"""

from __future__ import annotations

from extract.google_sheets.tabs import TABS, Row
from foundation.fields import ROOT

PAGE = ROOT / "docs" / "sheets.md"
# All that follows this line is written by `tables`.
MARK = "<!-- From here on: .venv/bin/python -m extract.google_sheets.reference -->\n"


def tables() -> str:
    return "".join(_section(name, tab) for name, tab in TABS.items())


def _section(name: str, tab: type[Row]) -> str:
    rows = [
        f"| {column.name} | {'yes' if column.is_required else ''} "
        f"| {column.values} | `{column.example}` | {column.description} |\n"
        for column in tab.described()
    ]
    *others, last = tab.key
    key = f"{', '.join(others)} and {last}" if others else last
    days = f" on a day (`{tab.valid[0]}` to `{tab.valid[1]}`, both included)" if tab.valid else ""
    return (
        f"\n### {name}\n\n{tab.about()} One row for each {key}{days}.\n\n"
        "| Column | Required | Values | Example | Meaning |\n|---|---|---|---|---|\n"
        + "".join(rows)
    )


def written() -> str:
    """The page as it should be."""
    prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return prose + MARK + tables()


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
