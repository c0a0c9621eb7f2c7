"""Landing a day of OpenAI's usage: ten people, and a million combinations of key, model and tier.

    python -m bench.openai [--rows 1000000]

A process serves the day as one bucket over loopback, from memory; OpenAI's pages do not divide a
day. Printed are wall time, CPU time and peak memory of this project's extractor, in a process of
its own. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from pathlib import Path

from rich.console import Console
from rich.table import Table

PEOPLE = 10
MODELS = ("gpt-6-astra", "gpt-6-astra-mini")
TIERS = ("default", "priority")


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def bucket(rows: int) -> bytes:
    results = [
        {
            "object": "organization.usage.completions.result",
            "input_tokens": 1000 + number,
            "input_cached_tokens": 400,
            "output_tokens": 500,
            "num_model_requests": 5,
            "project_id": f"proj_{number % 50}",
            "user_id": f"user-{number % PEOPLE}",
            "api_key_id": f"key_{number // 4}",
            "model": MODELS[number % 2],
            "batch": False,
            "service_tier": TIERS[number // 2 % 2],
        }
        for number in range(rows)
    ]
    day = yesterday()
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return json.dumps(
        {"start_time": begin, "end_time": begin + 86_400, "results": results}
    ).encode()


def serve(rows: int, ready: Queue[tuple[int, int]]) -> None:
    """Answer until killed: the day's completions, and nothing else."""
    whole = b'{"data": [%s], "has_more": false}' % bucket(rows)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = b'{"data": [], "has_more": false}'
            if self.path.startswith("/v1/organization/usage/completions"):
                body = whole
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ready.put((server.server_port, len(whole)))
        server.serve_forever()


def land(url: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak resident megabytes of the extractor."""
    command = [sys.executable, "-m", "extract", "run", "--source", "openai"]
    command += ["--since", str(yesterday())]
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        environment = os.environ | {
            "OPENAI_BASE_URL": url,
            "OPENAI_ADMIN_KEY": "benchmark",
            "DUCKDB_PATH": str(Path(folder, "bench.duckdb")),
            "LOG_LEVEL": "WARNING",
        }
        began = time.monotonic()
        null = os.open(os.devnull, os.O_WRONLY)
        redirect = [(os.POSIX_SPAWN_DUP2, null, 1)]
        child = os.posix_spawn(command[0], command, environment, file_actions=redirect)
        _, status, usage = os.wait4(child, 0)
        if status:
            sys.exit("the extractor failed")
        cpu = usage.ru_utime + usage.ru_stime
        return time.monotonic() - began, cpu, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    ready: Queue[tuple[int, int]] = Queue()
    server = Process(target=serve, args=(rows, ready), daemon=True)
    server.start()
    port, size = ready.get()
    seconds, cpu, memory = land(f"http://127.0.0.1:{port}")
    server.terminate()
    table = Table(title=f"{rows:,} rows of OpenAI's usage of a day, {size / 1e6:.0f} MB of JSON")
    for heading in ("wall seconds", "CPU seconds", "peak memory MB"):
        table.add_column(heading, justify="right")
    table.add_row(f"{seconds:.1f}", f"{cpu:.1f}", f"{memory:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
