"""`python -m sandbox serve`: the stand-in for the vendors as a process of its own.

Once it answers requests it prints one line of JSON, `{"url": …, "env": {…}}`. It exits on SIGTERM
or SIGINT, and when the pipe on its standard input closes, so that it never outlives its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import stat
import sys
import threading
from datetime import date
from pathlib import Path

import uvicorn

from sandbox.options import PRODUCT_DATABASES, Options
from sandbox.server import prepared

SELLER_EVENTS = 60_000
"""Enough for a realistic company, few enough for a fast first run."""


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and serve until told to stop."""
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    serve = parser.add_subparsers(required=True).add_parser(
        "serve", help="answer as the vendors do"
    )
    serve.add_argument("--port", type=int, default=0, help="0 for a free one")
    serve.add_argument("--seed", type=int, default=defaults.seed)
    serve.add_argument("--people", type=int, default=defaults.people)
    serve.add_argument("--days", type=int, default=defaults.days, help="age of the company")
    serve.add_argument(
        "--events-per-day",
        type=float,
        default=defaults.events_per_day,
        help="Cursor events per active person and day",
    )
    serve.add_argument(
        "--today", type=date.fromisoformat, default=defaults.today, help="default: today in UTC"
    )
    serve.add_argument(
        "--seller-events",
        type=int,
        default=SELLER_EVENTS,
        help="usage events of the company that sells a tool; 0: no such company",
    )
    serve.add_argument("--seller-months", type=int, default=defaults.seller_months)
    serve.add_argument(
        "--product-database", choices=PRODUCT_DATABASES, default=defaults.product_database
    )
    serve.add_argument(
        "--no-rate-limits", action="store_true", help="do not limit the rate of requests"
    )
    serve.add_argument("--ready-file", type=Path, help="also write the line of JSON there")
    given = parser.parse_args(arguments)
    names = ("seed", "people", "days", "events_per_day")
    seller = ("seller_events", "seller_months", "product_database")
    size = {name: getattr(given, name) for name in (*names, *seller)}
    try:
        options = Options(**size, today=given.today, rate_limits=not given.no_rate_limits)
    except ValueError as error:
        parser.error(str(error))
    # From the beginning, since a database may have to be stopped. uvicorn passes a signal on once
    # it has shut down; only then does this end the process in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with prepared(options, given.port) as (server, listening, url, env):
        _stop_with_parent(server)
        # The socket is already listening, so whoever reads this line can connect.
        line = json.dumps({"url": url, "env": env})
        if given.ready_file:
            given.ready_file.write_text(line + "\n")
        print(line, flush=True)
        server.run(sockets=[listening])


def _stop_with_parent(server: uvicorn.Server) -> None:
    """Stop the server when a pipe on standard input closes; other kinds of input say nothing about
    the parent."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
