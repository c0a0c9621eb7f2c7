"""Landing usage events in DuckDB, compared with the script that one would write in nine lines.

    python -m bench.landing [--events 200000] [--rounds 3]

A process serves about 500 bytes of JSON an event over loopback, from memory. Against it run, each
in a process of its own: this project's extractor, which keeps every record and its version, and a
naive script with pandas, which fetches the same pages, flattens them and upserts by a key (and so
loses twins). Printed are wall time and peak memory of both. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

DAYS = 30
DAY_MILLISECONDS = 86_400_000
PAGE = 1000


def first_day() -> date:
    return datetime.now(UTC).date() - timedelta(days=DAYS)


def milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


# --- the vendor ----------------------------------------------------------------------------------


def make_events(count: int) -> list[list[bytes]]:
    """`count` events as JSON, by day."""
    draw = random.Random(7)  # noqa: S311 - sample data
    models = ["default", "claude-4.5-sonnet", "gpt-5", "claude-opus-4-8", "gemini-3-pro"]
    days: list[list[bytes]] = [[] for _ in range(DAYS)]
    begin = milliseconds(first_day())
    for number in range(count):
        day = number % DAYS
        cents = draw.randrange(1, 9_000_000) / 100_000
        event = {
            "timestamp": str(begin + day * DAY_MILLISECONDS + draw.randrange(DAY_MILLISECONDS)),
            "userEmail": f"person{draw.randrange(500)}@example.com",
            "model": draw.choice(models),
            "kind": draw.choice(["Usage-based", "Included in Business"]),
            "maxMode": draw.random() < 0.1,
            "requestsCosts": draw.randrange(1, 100) / 10,
            "isTokenBasedCall": True,
            "isChargeable": True,
            "isHeadless": False,
            "tokenUsage": {
                "inputTokens": draw.randrange(50_000),
                "outputTokens": draw.randrange(9_000),
                "cacheWriteTokens": draw.randrange(90_000),
                "cacheReadTokens": draw.randrange(900_000),
                "totalCents": cents,
                "discountPercentOff": 0,
            },
            "chargedCents": round(cents + 1.18, 6),
            "cursorTokenFee": 1.18,
            "isFreeBugbot": False,
        }
        days[day].append(json.dumps(event).encode())
    return days


def make_pages(days: list[list[bytes]]) -> list[bytes]:
    events = [event for day in days for event in day]
    return [
        b'{"totalUsageEventsCount": %d, "pagination": {"hasNextPage": %s}, "usageEvents": [%s]}'
        % (
            len(events),
            b"true" if at + PAGE < len(events) else b"false",
            b", ".join(events[at : at + PAGE]),
        )
        for at in range(0, max(len(events), 1), PAGE)
    ]


def serve(count: int, ready: Queue[tuple[int, int]]) -> None:
    """Answer the five Cursor routes until killed; prints its port and how many bytes it holds."""
    days = make_events(count)
    begin = milliseconds(first_day())

    # Prepared for the weeks that both ask for, so that an answer only costs its sending.
    pages = {
        (first, min(first + 7, DAYS)): make_pages(days[first : first + 7])
        for first in range(0, DAYS, 7)
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(b'{"teamMembers": [], "groups": []}')

        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path != "/teams/filtered-usage-events":
                self._answer(b'{"data": [], "teamMemberSpend": []}')
                return
            first = max(0, (query["startDate"] - begin) // DAY_MILLISECONDS)
            last = max(0, (query["endDate"] + 1 - begin) // DAY_MILLISECONDS)
            self._answer(pages[first, last][query["page"] - 1])

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ready.put((server.server_port, sum(len(event) for day in days for event in day)))
        server.serve_forever()


# --- the two competitors -------------------------------------------------------------------------


def ours(url: str, file: Path) -> None:
    from extract import cursor

    # We measure the landing, not the waiting for Cursor's 60 requests per minute.
    cursor.REQUESTS_PER_MINUTE_BY_PATH["/teams/filtered-usage-events"] = 1_000_000
    os.environ.update(CURSOR_BASE_URL=url, CURSOR_API_KEY="benchmark", DUCKDB_PATH=str(file))
    sys.argv = ["extract", "run", "--source", "cursor", "--since", str(first_day())]
    with redirect_stdout(None):
        runpy.run_module("extract", run_name="__main__")


def naive(url: str, file: Path) -> None:
    import duckdb
    import httpx
    import pandas as pd

    events: list[dict[str, Any]] = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for week in range(0, DAYS, 7):
            start = first_day() + timedelta(days=week)
            end = first_day() + timedelta(days=min(week + 7, DAYS))
            query = {"startDate": milliseconds(start), "endDate": milliseconds(end) - 1}
            more, page = True, 0
            while more:
                page += 1
                body = {**query, "page": page, "pageSize": PAGE}
                answer = client.post("/teams/filtered-usage-events", json=body).json()
                events += answer["usageEvents"]
                more = answer["pagination"]["hasNextPage"]
    frame = pd.json_normalize(events)  # noqa: F841 - DuckDB finds it by its name
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table if not exists usage_events as from frame limit 0")
        connection.execute(
            "delete from usage_events using frame where usage_events.timestamp = frame.timestamp "
            "and usage_events.userEmail = frame.userEmail and usage_events.model = frame.model"
        )
        connection.execute("insert into usage_events by name from frame")


COMPETITORS = {"this project": ours, "naive pandas script": naive}


def measure(name: str, url: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak resident megabytes of one competitor."""
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        command = [sys.executable, "-m", "bench.landing", "--as", name, "--url", url]
        began = time.monotonic()
        environment = {**os.environ, "LOG_LEVEL": "WARNING"}
        command += ["--file", str(Path(folder, "bench.duckdb"))]
        child = subprocess.Popen(command, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"{name} failed")
        cpu = usage.ru_utime + usage.ru_stime
        return time.monotonic() - began, cpu, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as", dest="name", choices=COMPETITORS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.name:
        COMPETITORS[options.name](options.url, options.file)
        return
    ready: Queue[tuple[int, int]] = Queue()
    server = Process(target=serve, args=(options.events, ready), daemon=True)
    server.start()
    port, size = ready.get()
    url = f"http://127.0.0.1:{port}"
    # Alternating, and the best of each: other programs on the machine slow both down alike.
    rounds = [{name: measure(name, url) for name in COMPETITORS} for _ in range(options.rounds)]
    measured = {name: min(one[name] for one in rounds) for name in COMPETITORS}
    server.terminate()
    table = Table(title=f"{options.events:,} usage events, {size / 1e6:.0f} MB of JSON")
    for heading in ("", "wall seconds", "CPU seconds", "peak memory MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (seconds, cpu, memory) in measured.items():
        table.add_row(name, f"{seconds:.1f}", f"{cpu:.1f}", f"{memory:.0f}")
    mine, theirs = measured.values()
    table.add_row("ratio", *(f"{m / t:.2f}" for m, t in zip(mine, theirs, strict=True)))
    Console().print(table)


if __name__ == "__main__":
    main()
