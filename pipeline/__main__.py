"""The command line of `python -m pipeline`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from foundation.stopping import run_command

log = logging.getLogger("pipeline")

FAILED, REFUSED = 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="fetch what is new, build the marts, report")
    command.add_argument("--since", metavar="DAY", help="first day, instead of EXTRACT_SINCE")
    command.add_argument(
        "--until", metavar="DAY", help="day after the last, instead of EXTRACT_UNTIL"
    )
    command.add_argument(
        "-v", "--verbose", action="store_true", help="say what each resource brought"
    )
    command = commands.add_parser("health", help="whether runs happen and the numbers are fresh")
    command.add_argument("--json", action="store_true", help="for a monitor")
    command = commands.add_parser("dbt", help="call dbt with the project's settings")
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    command = commands.add_parser("mf", help="query metrics with the project's settings")
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    command = commands.add_parser("focus", help="write the FinOps FOCUS export")
    command.add_argument("--since", metavar="DAY", type=date.fromisoformat, help="first day")
    command.add_argument(
        "--until", metavar="DAY", type=date.fromisoformat, help="day after the last"
    )
    command.add_argument("--folder", type=Path, help="target/focus if not given")
    command = commands.add_parser("statement", help="write a month's statements by cost center")
    command.add_argument("--month", metavar="MONTH", type=a_month, required=True, help="2026-10")
    command.add_argument("--folder", type=Path, help="target/statements if not given")
    command = commands.add_parser("compare", help="compare the marts with the older tables")
    command.add_argument(
        "--legacy", metavar="WHERE", required=True, help="a schema, a dataset or a folder of CSVs"
    )
    command.add_argument("--folder", type=Path, help="target/comparison if not given")
    command = commands.add_parser("erase", help="erase a person, and keep every sum")
    command.add_argument("--email", required=True)
    command.add_argument("--by", metavar="NAME", required=True, help="who erases, for the record")
    arguments = parser.parse_args()

    # Imported here: it takes a while, and the command can already be stopped meanwhile.
    from foundation.day import RUN_DAY
    from foundation.logs import RUN_ID, printable, set_up_logs
    from foundation.reservation import BusyError, reserved
    from foundation.settings import SettingsError, load_settings
    from foundation.warehouse import WarehouseError
    from pipeline import building, health, run_log
    from pipeline.run import RefusedError, run

    if arguments.command == "run":
        days = {"EXTRACT_SINCE": arguments.since, "EXTRACT_UNTIL": arguments.until}
        os.environ.update({name: day for name, day in days.items() if day})
    try:
        settings = load_settings()
        if arguments.command == "run":
            # Before the first line is logged, since each has the run's name.
            now = datetime.now(UTC)
            os.environ |= {RUN_ID: run_log.new_id(now), RUN_DAY: str(now.date())}
        set_up_logs(settings)
        if arguments.command == "dbt":
            return building.call(settings, arguments.arguments)
        if arguments.command == "mf":
            return building.call_metricflow(settings, arguments.arguments)
        if arguments.command == "health":
            return health.show(settings, as_json=arguments.json)
        if arguments.command == "focus":
            # Imported here: Arrow takes half a second, and a run does not need it.
            from pipeline import focus

            folder = arguments.folder or focus.FOLDER
            focus.export(settings, folder, arguments.since, arguments.until)
            return 0
        if arguments.command == "statement":
            from pipeline import statement

            statement.export(settings, arguments.month, arguments.folder or statement.FOLDER)
            return 0
        if arguments.command == "compare":
            from pipeline import compare

            return compare.compare(settings, arguments.legacy, arguments.folder or compare.FOLDER)
        if arguments.command == "erase":
            from pipeline import erase

            with reserved(settings):
                return erase.erase(settings, arguments.email, arguments.by)
        return run(settings, is_verbose=arguments.verbose)
    except (SettingsError, RefusedError) as error:
        print(printable(str(error)), file=sys.stderr)
        return REFUSED
    except BusyError as error:
        log.error("%s", error)
        return error.exit_code
    except WarehouseError as error:
        log.error("%s", error)
        return FAILED
    except Exception:
        log.exception("The run failed")
        return FAILED


def a_month(text: str) -> date:
    """2026-10 as its first day."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month, such as 2026-10") from None


if __name__ == "__main__":
    # What is written has people and what they cost in it: only its owner may read it.
    os.umask(0o077)
    run_command(main, f"`python -m pipeline {' '.join(sys.argv[1:])}`")
