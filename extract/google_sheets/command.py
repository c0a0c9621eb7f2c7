"""`python -m extract sheets`: for people who keep the sheets."""

from __future__ import annotations

import argparse
import sys
from typing import cast

from rich.console import Console

from extract.google_sheets import checking
from extract.http import VendorError
from foundation.logs import redacted
from foundation.settings import Settings
from foundation.sources.google_sheets import SOURCE, GoogleSheetsSettings


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("sheets", help="for people who keep the sheets")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("check", help="list everything that is wrong in them; lands nothing")


def check(settings: Settings) -> int:
    """0: all good; 1: something is wrong; 2: no sheets are configured."""
    if SOURCE.name not in settings.configured_sources():
        names = " or ".join(SOURCE.needs_one_of)
        sys.stderr.write(f"no sheets are configured: set {names}\n")
        return 2
    try:
        # The settings of the whole project include those of each source.
        return checking.show(cast("GoogleSheetsSettings", settings), Console(highlight=False))
    except VendorError as error:
        sys.stderr.write(f"{redacted(str(error), settings.secret_values())}\n")
        return 1
