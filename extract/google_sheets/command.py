"""`python -m extract sheets`: for people who keep the sheets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import cast

from extract.google_sheets import listing, templates
from extract.http import VendorError
from foundation.logs import printable, redacted
from foundation.settings import Settings
from foundation.sources.google_sheets import SOURCE, GoogleSheetsSettings
from foundation.terminal import Terminal


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("sheets", help="check the sheets, or begin new ones")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("check", help="list everything that is wrong in them; lands nothing")
    init = actions.add_parser("init", help="write empty tabs that explain themselves")
    init.add_argument(
        "path",
        type=Path,
        help="a folder for CSV files, or NAME.xlsx for a workbook to import into Google Sheets; "
        "files that exist are kept",
    )


def check(settings: Settings) -> int:
    """0: all good; 1: something is wrong; 2: no sheets are configured."""
    if SOURCE.name not in settings.configured_sources():
        names = " or ".join(SOURCE.needs_one_of)
        sys.stderr.write(f"no sheets are configured: set {names}\n")
        return 2
    try:
        # The settings of the whole project include those of each source.
        return listing.show(cast("GoogleSheetsSettings", settings), Terminal())
    except VendorError as error:
        sys.stderr.write(f"{printable(redacted(str(error), settings.secret_values()))}\n")
        return 1


def init(path: Path) -> int:
    """0: written; 1: nothing was, since all of it exists or the folder cannot be written."""
    try:
        written, kept = templates.write(path)
    except OSError as error:
        sys.stderr.write(f"cannot write {error.filename or path}: {error.strerror}\n")
        return 1
    for file in written:
        print(f"wrote {file}")
    for file in kept:
        print(f"kept {file}, which exists")
    return 0 if written else 1
