"""The command line of `python -m extract`."""

from __future__ import annotations

import argparse
import logging
import sys
from datetime import date
from pathlib import Path

from extract.google_sheets import command as sheets
from extract.run import UNUSABLE, UsageError, probe, run
from foundation.logs import printable, set_up_logs
from foundation.reservation import BusyError
from foundation.settings import Settings, SettingsError, load_settings
from foundation.sources import SOURCES
from foundation.terminal import Terminal
from foundation.warehouse import WarehouseError

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """0: all good; 1: something failed or was rejected; 2: wrong usage or nothing configured; 3:
    another run is at work."""
    options = _parser().parse_args(arguments)
    if options.command == "sheets" and options.action == "init":
        # Before there are any settings: they may already name the folder that this makes.
        return sheets.init(options.path)
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return UNUSABLE
    set_up_logs(settings)
    try:
        if options.command == "sheets":
            return sheets.check(settings)
        if options.command == "check":
            return _check(settings, options.source)
        return _run(settings, options)
    except BusyError as error:
        log.error("%s", error)
        return error.exit_code
    except WarehouseError as error:
        log.error("%s", error)
        return 1
    except Exception:
        # The log's formatter hides secrets; Python's own traceback would not.
        log.exception("the run ended unexpectedly")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m extract", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="fetch what is new or changed and land it")
    check_parser = commands.add_parser(
        "check", help="ask each resource whether the credentials can read it; nothing lands"
    )
    for command in (run_parser, check_parser):
        command.add_argument(
            "--source",
            action="append",
            choices=[source.name for source in SOURCES],
            help="only this source; may be repeated",
        )
    sheets.add_to(commands)
    run_parser.add_argument(
        "--since",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="first day; it and all later days are fetched again",
    )
    run_parser.add_argument(
        "--until",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="the day after the last one; by default today",
    )
    run_parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report")
    return parser


def _run(settings: Settings, options: argparse.Namespace) -> int:
    progress = Terminal(stderr=True)
    if progress.is_terminal:
        # The progress bars show the same.
        logging.getLogger("extract").setLevel(logging.WARNING)
    try:
        report = run(
            settings,
            sources=options.source,
            since=options.since,
            until=options.until,
            console=progress,
        )
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    hide = settings.secret_values()
    report.show(Terminal(), hide)
    if options.report:
        report.write(options.report, hide)
    return report.exit_code


def _check(settings: Settings, sources: list[str] | None) -> int:
    report = probe(settings, sources)
    report.show_probe(Terminal(), settings.secret_values())
    return report.exit_code
