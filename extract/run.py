"""One run: the sources in parallel, each into its own schema, and a report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any, Protocol, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from extract.landing import Tables, land, warehouse
from extract.report import RunReport, SourceReport
from extract.windows import Run, Window
from foundation import day
from foundation.erased import ErasedError, load_erased
from foundation.logs import one_line
from foundation.reservation import reserved
from foundation.settings import Settings
from foundation.sources import SOURCES
from foundation.stopping import Stopped
from foundation.warehouse import TooLittleMemoryError, broken

log = logging.getLogger(__name__)


class Extractor(Protocol):
    """What `extract.<name>` provides for each source. `settings` are those of the whole project; an
    extractor uses its source's part.

    `TABLES` are its resources. `extract` yields the windows of all of them.
    """

    TABLES: Tables

    def extract(self, settings: Any, run: Run, /) -> Iterator[Window]: ...  # noqa: ANN401


EXTRACTORS = {
    source.name: cast("Extractor", import_module(f"extract.{source.name}")) for source in SOURCES
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
    progress bars go; without one, or if it is not a terminal, progress is logged. The report's exit
    code is 0 if everything arrived, 1 if something failed or was rejected, 2 if no source is
    configured. Raises UsageError, BusyError and WarehouseError.
    """
    today = day.today()
    since = since or settings.extract_since
    until = until or settings.extract_until or today
    _check_days(since, until, today)
    if missing := settings.missing_settings().get("bigquery"):
        raise UsageError(f"TARGET=bigquery needs {', '.join(missing)}")
    try:
        erased = load_erased(settings)
    except ErasedError as error:
        raise UsageError(str(error)) from None
    report = RunReport(
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        since=str(since) if since else None,
        until=str(until),
    )
    began = time.monotonic()
    report.sources = _source_reports(settings, sources)
    runs = [Run(part, since, until, today, erased=erased) for part in report.sources]
    with reserved(settings), warehouse(settings) as destination:
        _side_by_side(settings, runs, destination, console)
    report.seconds = round(time.monotonic() - began, 3)
    report.exit_code = _exit_code(report, sources)
    return report


def probe(settings: Settings, sources: list[str] | None = None) -> RunReport:
    """Ask each resource of the configured sources, or of `sources`, whether it answers. Nothing
    lands. The exit code is that of a run."""
    today = datetime.now(UTC).date()
    report = RunReport(datetime.now(UTC).isoformat(timespec="seconds"), None, str(today))
    report.sources = _source_reports(settings, sources)
    for part in report.sources:
        if part.status == "not configured":
            continue
        run = Run(part, None, today, today, is_probe=True)
        for _ in EXTRACTORS[part.source].extract(settings, run):
            pass
        if list(part.all_errors()):
            part.status = "failed"
    report.exit_code = _exit_code(report, sources)
    return report


def _source_reports(settings: Settings, names: list[str] | None) -> list[SourceReport]:
    configured = settings.configured_sources()
    reports = []
    for source in SOURCES:
        if names and source.name not in names:
            continue
        part = SourceReport(source.name)
        if source.name in configured:
            part.base_url = source.base_url(settings)
        else:
            part.status = "not configured"
            part.notes.append(f"not configured: set {' or '.join(source.needs_one_of)}")
        reports.append(part)
    return reports


def _check_days(since: date | None, until: date, today: date) -> None:
    if until > today:
        raise UsageError(
            f"--until {until} is after {today}: it is exclusive, and today (UTC) is not over"
        )
    if since and since >= until:
        raise UsageError(f"--since {since} must be before --until {until}, which is exclusive")


def _exit_code(report: RunReport, asked_for: list[str] | None) -> int:
    parts = report.sources
    if all(part.status == "not configured" for part in parts):
        return UNUSABLE
    # If a source was named on the command line, it must be configured.
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
            # The threads cannot be stopped. They keep using the file and dlt's folder until the
            # end; the next run deletes the folder.
            stopped.exit()
    for future in futures:
        future.result()


def _source(settings: Settings, run: Run, destination: Any) -> None:  # noqa: ANN401
    part = run.report
    extractor = EXTRACTORS[part.source]
    began = time.monotonic()
    configured = part.status != "not configured"

    def windows(run: Run) -> Iterator[Window]:
        return extractor.extract(settings, run)

    try:
        land(settings, destination, run, extractor.TABLES, windows if configured else None)
    except Exception as error:  # one source must not make the others fail
        unusable = broken(settings.duckdb_path, _innermost(error))
        if unusable and not isinstance(unusable, TooLittleMemoryError):
            # No other source could land anything either.
            raise unusable from None
        said = "nothing from this run landed"
        if unusable:
            log.error("%s: %s", part.source, said)
        else:
            log.exception("%s: %s", part.source, said)
        part.errors.append(f"{said}: {unusable or _root(error)}")
        for resource in part.resources:
            resource.changed = resource.landed = 0
    if list(part.all_errors()):
        part.status = "failed"
    part.seconds = round(time.monotonic() - began, 3)


def _root(error: BaseException) -> str:
    """dlt wraps the original error; the innermost one says what happened."""
    error = _innermost(error)
    return one_line(f"{type(error).__name__}: {error}")


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


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
