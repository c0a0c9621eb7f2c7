"""One run: the sources side by side, each into its own schema, and a report of what came."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from extract import anthropic, cursor, google_sheets, product_database, salesforce
from extract.landing import land, warehouse
from extract.report import RunReport, SourceReport
from extract.windows import Run
from foundation.settings import Settings
from foundation.stopping import Stopped

log = logging.getLogger(__name__)

SOURCES: dict[str, ModuleType] = {
    "anthropic": anthropic,
    "cursor": cursor,
    "google_sheets": google_sheets,
    "salesforce": salesforce,
    "product_database": product_database,
}

ALL_GOOD, INCOMPLETE, UNUSABLE = 0, 1, 2


class UsageError(Exception):
    """The run cannot start; the message says what to give instead."""


def run(
    settings: Settings,
    *,
    sources: list[str] | None = None,
    since: date | None = None,
    until: date | None = None,
    console: Console | None = None,
) -> RunReport:
    """Extract `sources`, by default all that are configured.

    `since` and `until` (exclusive) are days in UTC and default to the settings. `console` is where
    progress bars go; without one, or when it is no terminal, progress is logged. The report's exit
    code is 0 when everything came, 1 when something failed or was rejected, 2 when no source is
    configured. Raises UsageError and WarehouseError.
    """
    today = datetime.now(UTC).date()
    since = since or settings.extract_since
    until = until or settings.extract_until or today
    _check_days(since, until, today)
    if missing := settings.missing_settings().get("bigquery"):
        raise UsageError(f"TARGET=bigquery needs {', '.join(missing)}")
    configured = settings.configured_sources()
    wanted = sources or list(SOURCES)
    report = RunReport(
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        since=str(since) if since else None,
        until=str(until),
    )
    began = time.monotonic()
    runs = []
    for name in wanted:
        part = SourceReport(name)
        if name in configured:
            part.base_url = SOURCES[name].base_url(settings)
        else:
            part.status = "not configured"
            part.notes.append(f"not configured: set {_needs(settings, name)}")
        report.sources.append(part)
        runs.append(Run(part, since, until, today))
    with warehouse(settings) as destination:
        _side_by_side(settings, runs, destination, console)
    report.seconds = round(time.monotonic() - began, 3)
    report.exit_code = _exit_code(report, sources)
    return report


def _check_days(since: date | None, until: date, today: date) -> None:
    if until > today:
        raise UsageError(
            f"--until {until} is after {today}: it is exclusive, and today (UTC) is not over"
        )
    if since and since >= until:
        raise UsageError(f"--since {since} must be before --until {until}, which is exclusive")


def _needs(settings: Settings, name: str) -> str:
    return " or ".join(settings.missing_settings()[name])


def _exit_code(report: RunReport, asked_for: list[str] | None) -> int:
    parts = report.sources
    if all(part.status == "not configured" for part in parts):
        return UNUSABLE
    # A source that was named on the command line is expected to run.
    expected = {"failed", "not configured"} if asked_for else {"failed"}
    return INCOMPLETE if any(part.status in expected for part in parts) else ALL_GOOD


def _side_by_side(
    settings: Settings,
    runs: list[Run],
    destination: Callable[[], Any],
    console: Console | None,
) -> None:
    with ThreadPoolExecutor(len(runs), thread_name_prefix="source") as pool:
        futures = [pool.submit(_source, settings, run, destination()) for run in runs]
        try:
            if console and console.is_terminal:
                _show_progress(console, runs, futures)
            wait(futures)
        except Stopped as stopped:
            # The threads cannot be stopped. They keep the file and dlt's folder to the last; the
            # next run removes the folder.
            stopped.exit()
    for future in futures:
        future.result()


def _source(settings: Settings, run: Run, destination: Any) -> None:  # noqa: ANN401
    part = run.report
    module = SOURCES[part.source]
    began = time.monotonic()
    configured = part.status != "not configured"

    def windows(run: Run) -> Any:  # noqa: ANN401
        return module.extract(settings, run)

    try:
        land(settings, destination, run, module.TABLES, windows if configured else None)
    except Exception as error:  # one source must not take the others along
        log.exception("%s: nothing of this run was landed", part.source)
        part.errors.append(f"nothing of this run was landed: {_root(error)}")
        for resource in part.resources:
            resource.changed = resource.landed = 0
    if list(part.all_errors()):
        part.status = "failed"
    part.seconds = round(time.monotonic() - began, 3)


def _root(error: BaseException) -> str:
    """dlt wraps what went wrong; the innermost error says it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


def _show_progress(console: Console, runs: list[Run], futures: list[Future[None]]) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[source]:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = [
            progress.add_task("starting", source=run.report.source, total=None) for run in runs
        ]
        while not all(future.done() for future in futures):
            for run, task in zip(runs, tasks, strict=True):
                if not run.report.resources:
                    continue
                part = run.report.resources[-1]
                progress.update(
                    task,
                    total=part.days_asked or None,
                    completed=part.windows,
                    description=f"{part.organization}/{part.resource} {part.records:,} records",
                )
            time.sleep(0.1)
