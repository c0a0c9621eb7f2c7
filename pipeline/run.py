"""What `make run` does: extract, build, report, draw, tell."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from extract.report import RunReport
from foundation import dbt
from foundation.processes import child, sandbox
from foundation.sample_data import SANDBOX, refusal
from foundation.settings import ROOT, Settings, load_settings
from foundation.sources import SOURCES
from foundation.stopping import raise_if_stopped
from foundation.warehouse import NoTableError, refuse_if_held, warehouse
from pipeline import building, report
from pipeline.alerts.outcome import Outcome
from pipeline.alerts.telling import tell

log = logging.getLogger(__name__)

EXTRACT_REPORT = ROOT / "target" / "extract.json"


class RefusedError(Exception):
    """The run cannot begin; the message says what is missing."""


def run(settings: Settings) -> int:
    """Fetch what is new, build the marts, report, draw, and tell what needs attention.

    Returns 0 when everything went well, 1 when something failed on the way; raises RefusedError
    and, if another process has the warehouse open, WarehouseError before anything is touched.
    """
    refuse_incomplete(settings)
    refuse_if_held(settings)
    is_sample = not settings.configured_sources()
    refuse_mixture(settings, is_sample)
    outcome = Outcome(is_sample=is_sample)
    try:
        outcome.exit_code = fetch_and_build(settings, outcome)
    except Exception as error:
        # Not of a run that somebody stopped: that is no such error.
        outcome.broken = error
        tell(settings, outcome)
        raise
    tell(settings, outcome)
    return outcome.exit_code


def fetch_and_build(settings: Settings, outcome: Outcome) -> int:
    """The run itself; its exit code. What it comes to know goes into `outcome`."""
    with ExitStack() as stack:
        with (
            vendors(settings, outcome.is_sample) as settings,
            step("extract"),
            extraction(settings) as wait,
        ):
            # Both while the vendors answer.
            read_project(settings)
            draw = stack.enter_context(preview(settings))
            outcome.extract_code = wait()
        if not EXTRACT_REPORT.exists():
            log.error("Nothing was extracted; the marts stay as they were")
            return 1
        outcome.extracted = RunReport.read(EXTRACT_REPORT)
        with step("dbt build"):
            outcome.build = build = building.build(settings)
        log_build(settings, build)
        if not build.is_whole:
            log.info("dbt: left out what cannot have changed since the last build")
        if build.statuses:
            counts = (f"{count} {status}" for status, count in build.statuses.most_common())
            log.info("dbt: %s", ", ".join(counts))
        ties = report.show(settings, outcome.extracted)
        outcome.preview_code = draw()
    if outcome.extract_code:
        log.error("Some of the extraction failed: the marts lack what it would have brought")
    failed = outcome.extract_code or build.exit_code or outcome.preview_code
    return int(bool(failed or not ties))


@contextmanager
def vendors(settings: Settings, is_sample: bool) -> Iterator[Settings]:
    """Who is asked, and with which settings; for a sample company the sandbox, for as long."""
    if not is_sample:
        log.info("Configured: %s", ", ".join(settings.configured_sources()))
        for source, names in settings.missing_settings().items():
            log.info("Not configured: %s (%s)", source, " or ".join(names))
        yield settings
        return
    log.info("No vendor is configured: using the sandbox, a sample company on this machine")
    log.info("(.env.example lists the settings for your own)")
    with sandbox(os.environ) as ready:
        read_project(settings)  # while it starts
        os.environ.update(ready())
        yield load_settings()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say when a step is over and how long it took."""
    start = time.monotonic()
    yield
    raise_if_stopped()
    log.info("%s: %.1f s", name, time.monotonic() - start)


def log_build(settings: Settings, build: building.Build) -> None:
    """Log what went wrong in dbt, and the rows that say so."""
    for level, lines in ((logging.WARNING, build.warnings), (logging.ERROR, build.failures)):
        for line in lines:
            log.log(level, "dbt: %s", line)
            if table := build.found_in.get(line):
                log_rows(settings, table, level)


def log_rows(settings: Settings, table: str, level: int, most: int = 5) -> None:
    """Log the first rows that a test found: they name what is wrong."""
    with warehouse(settings) as ask:
        for row in ask(f"select * from {table} limit {most}"):
            log.log(level, "dbt:   found: %s", ", ".join(map(str, row)))


@contextmanager
def extraction(settings: Settings) -> Iterator[Callable[[], int]]:
    """The extraction in a process of its own; what this gives waits for it and returns its exit
    code."""
    EXTRACT_REPORT.unlink(missing_ok=True)
    arguments = ["-m", "extract", "run", "--report", str(EXTRACT_REPORT)]
    environment = os.environ | settings.dbt_environment()
    # Its own table goes to standard output; the report at the end says the same in less.
    with child(arguments, environment, stdout=subprocess.DEVNULL) as process:
        yield process.wait


def read_project(settings: Settings) -> None:
    """Have dbt read the project, which takes seconds, while something else starts or answers. What
    is wrong in it, the build will say."""
    with suppress(dbt.DbtError):
        dbt.project(settings)


@contextmanager
def preview(settings: Settings) -> Iterator[Callable[[], int]]:
    """A process that draws the dashboards when it is told to, by calling what this gives; the exit
    code. It reads their definitions while the vendors answer. Of BigQuery there is no preview:
    Metabase is there."""
    if settings.target != "duckdb":
        yield lambda: 0
        return
    # It asks no vendor, and the sandbox, which stood for them, is gone with its files.
    names = (name.upper() for source in SOURCES for name in source.settings.model_fields)
    vendors = dict.fromkeys(names, "")
    environment = os.environ | settings.dbt_environment() | vendors
    arguments = ["-m", "dashboards", "preview", "--wait"]
    with child(arguments, environment, subprocess.PIPE) as process:

        def draw() -> int:
            with step("preview"):
                process.communicate("draw\n")
            if process.returncode:
                log.error(
                    "Some of the preview could not be drawn: see above; the marts are as they are"
                )
            return process.returncode

        yield draw


def refuse_incomplete(settings: Settings) -> None:
    """No setting is guessed: what production needs must be there."""
    missing = settings.missing_settings()
    problems = []
    if names := missing.get("bigquery"):
        problems.append(f"TARGET=bigquery needs {', '.join(names)}")
    if not settings.configured_sources() and (settings.target == "bigquery" or in_ci()):
        where = "TARGET=bigquery" if settings.target == "bigquery" else "CI=true"
        problems.append(f"No vendor is configured, and with {where} sample data is no substitute.")
        problems.append("Set those of at least one:")
        problems += [f"  {source.name}: {' or '.join(source.needs_one_of)}" for source in SOURCES]
    if problems:
        raise RefusedError("\n".join(problems))


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("true", "1")


def refuse_mixture(settings: Settings, is_sample: bool) -> None:
    """Sample data and real data never share a warehouse. On BigQuery, where there is no sample
    company, each source is checked when it lands."""
    if settings.target == "bigquery":
        return
    configured = settings.configured_sources()
    asked = [source.base_url(settings) for source in SOURCES if source.name in configured]
    brought = [SANDBOX] if is_sample else asked
    if reason := refusal(str(settings.duckdb_path), landed_from(settings), brought):
        raise RefusedError(reason)


def landed_from(settings: Settings) -> list[str]:
    """The addresses of the vendors whose answers lie in the warehouse."""
    urls: list[str] = []
    for source in SOURCES:
        table = f"{settings.dataset(source.raw_schema)}.extractions"
        try:
            with warehouse(settings) as ask:
                urls += [url for (url,) in ask(f"select distinct base_url from {table}")]
        except NoTableError:
            continue
    return urls
