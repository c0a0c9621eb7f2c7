"""What `make run` does: extract, build, report, draw, tell."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from extract.report import RunReport
from foundation import dbt
from foundation.logs import RUN_ID
from foundation.processes import child, sandbox
from foundation.reservation import reserved
from foundation.sample_data import SANDBOX, refusal
from foundation.settings import ROOT, Settings, load_settings
from foundation.sources import SOURCES
from foundation.stopping import raise_if_stopped
from foundation.warehouse import NoTableError, refuse_if_held, warehouse
from pipeline import building, heartbeat, report, run_log
from pipeline.alerts.outcome import Outcome
from pipeline.alerts.telling import tell

log = logging.getLogger(__name__)

# The test whose rows are disputes with vendors.
DISPUTES = "invoices_match_the_marts:"
EXTRACT_REPORT = ROOT / "target" / "extract.json"
# The exit code of an extraction that refuses to begin, and has said why.
EXTRACT_REFUSED = 2


class RefusedError(Exception):
    """The run cannot begin; the message says what is missing."""


def run(settings: Settings, *, is_verbose: bool = False) -> int:
    """Fetch what is new, build the marts, report, draw the dashboards, and tell people what needs
    attention. With `is_verbose` it says what each resource brought, not only each source.

    Returns 0 if everything went well, 1 if something failed on the way. Raises, before anything is
    touched, RefusedError, BusyError if another run is at work, and WarehouseError if the warehouse
    cannot be written.
    """
    refuse_incomplete(settings)
    with reserved(settings):
        return run_alone(settings, is_verbose=is_verbose)


def run_alone(settings: Settings, *, is_verbose: bool) -> int:
    """The run, once the warehouse is reserved for it; the same results and errors as `run`."""
    refuse_if_held(settings)
    for file in settings.open_to_everybody():
        log.warning("Everybody on this machine can read %s: run `chmod 600 %s`", file, file)
    is_sample = not settings.configured_sources()
    refuse_mixture(settings, is_sample)
    outcome = Outcome(run_id=os.environ.get(RUN_ID, ""), is_sample=is_sample)
    start = time.monotonic()
    try:
        outcome.exit_code = fetch_and_build(settings, outcome, is_verbose=is_verbose)
    except RefusedError:
        raise
    except Exception as error:
        # Does not catch Stopped: somebody who stopped the run knows that it failed.
        outcome.exit_code, outcome.broken = 1, error
        end(settings, outcome, start)
        raise
    end(settings, outcome, start)
    return outcome.exit_code


def end(settings: Settings, outcome: Outcome, start: float) -> None:
    """Log the run in the warehouse and tell people about it. Nothing here makes a run fail."""
    outcome.seconds["run"] = time.monotonic() - start
    run_log.write(settings, outcome)
    message = tell(settings, outcome)
    report.end(settings, outcome, message.headline if message else "")
    if outcome.exit_code == 0 and settings.heartbeat_url:
        heartbeat.send(settings.heartbeat_url)


def fetch_and_build(settings: Settings, outcome: Outcome, *, is_verbose: bool) -> int:
    """The run itself; returns its exit code. What it learns goes into `outcome`."""
    with ExitStack() as stack:
        with (
            vendors(settings, outcome.is_sample) as settings,
            step("extract", outcome.seconds),
            extraction(settings, is_verbose=is_verbose) as wait,
        ):
            # Both happen while the vendors answer.
            read_project(settings)
            draw = stack.enter_context(preview(settings, outcome.seconds))
            outcome.extract_code = wait()
        if not EXTRACT_REPORT.exists():
            if outcome.extract_code == EXTRACT_REFUSED:
                raise RefusedError("Nothing was fetched or built; the reason is above")
            log.error("Nothing was extracted; the marts stay as they were")
            return 1
        outcome.extracted = RunReport.read(EXTRACT_REPORT)
        with step("dbt build", outcome.seconds):
            outcome.build = build = building.build(settings)
        log_build(settings, build)
        if not build.is_whole:
            log.info("dbt: skipped what cannot have changed since the last build")
        if build.statuses:
            counts = (f"{count} {status}" for status, count in build.statuses.most_common())
            log.info("dbt: %s", ", ".join(counts))
        if build.exit_code:
            log.error("The build failed: the costs in the report below may be of an older day")
        outcome.is_tied = report.show(settings, outcome.extracted, is_verbose=is_verbose)
        outcome.preview_code = draw()
    if outcome.extract_code:
        log.error(
            "Part of the extraction failed: the marts lack the data that it would have fetched"
        )
    failed = outcome.extract_code or build.exit_code or outcome.preview_code
    return int(bool(failed or not outcome.is_tied))


@contextmanager
def vendors(settings: Settings, is_sample: bool) -> Iterator[Settings]:
    """Yields the settings for the vendors; for a sample company those of a sandbox, which runs for
    the length of the block."""
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
def step(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Log when a step has ended and how long it took; that also goes into `seconds`."""
    start = time.monotonic()
    yield
    raise_if_stopped()
    seconds[name] = time.monotonic() - start
    log.info("%s: %.1f s", name, seconds[name])


def log_build(settings: Settings, build: building.Build) -> None:
    """Log what went wrong in dbt, and the rows that show it: disputes with vendors first, then what
    else is said in sentences."""
    for level, lines in ((logging.WARNING, build.warnings), (logging.ERROR, build.failures)):
        for line in sorted(lines, key=lambda one: (not one.startswith(DISPUTES), one)):
            table = build.found_in.get(line)
            if table and line in build.in_words:
                log_sentences(settings, table, level)
                continue
            if not table:
                log.log(level, "dbt: %s", line)
                continue
            # Without quotes, so that a query in a shell's quotes can name it.
            log.log(level, "dbt: %s, all in %s", line, re.sub('["`]', "", table))
            log_rows(settings, table, level)


def log_sentences(settings: Settings, table: str, level: int, limit: int = 5) -> None:
    """Log what a test found, as its first rows say it."""
    with warehouse(settings) as ask:
        rows = ask(f"select sentence from {table} order by 1")
    for (sentence,) in rows[:limit]:
        log.log(level, "%s", sentence)
    if len(rows) > limit:
        log.log(level, "… and %s more in %s", len(rows) - limit, table)


def log_rows(settings: Settings, table: str, level: int, limit: int = 5) -> None:
    """Log the first rows that a test found: they show what is wrong."""
    with warehouse(settings) as ask:
        for row in ask(f"select * from {table} limit {limit}"):
            log.log(level, "dbt:   found: %s", ", ".join(map(str, row)))


@contextmanager
def extraction(settings: Settings, *, is_verbose: bool) -> Iterator[Callable[[], int]]:
    """Run the extraction in a process of its own. Yields a function that waits for it and returns
    its exit code."""
    EXTRACT_REPORT.unlink(missing_ok=True)
    arguments = ["-m", "extract", "run", "--report", str(EXTRACT_REPORT)]
    environment = os.environ | settings.dbt_environment()
    if settings.log_level == "INFO" and not is_verbose:
        # It has a line for each resource.
        environment["LOG_LEVEL"] = "WARNING"
    # Its own table goes to standard output; the report at the end has a shorter one.
    with child(arguments, environment, stdout=subprocess.DEVNULL) as process:
        yield process.wait


def read_project(settings: Settings) -> None:
    """Have dbt parse the project, which takes seconds, while something else starts or answers. If
    something is wrong in it, the build will report it."""
    with suppress(dbt.DbtError):
        dbt.project(settings)


@contextmanager
def preview(settings: Settings, seconds: dict[str, float]) -> Iterator[Callable[[], int]]:
    """Start a process that draws the dashboards. Yields a function that tells it to draw and
    returns its exit code. It reads the dashboards' definitions while the vendors answer. On
    BigQuery there is no preview, since there is Metabase."""
    if settings.target != "duckdb":
        yield lambda: 0
        return
    # It does not ask vendors, and the sandbox that stood in for them is gone, files included.
    names = (name.upper() for source in SOURCES for name in source.settings.model_fields)
    vendors = dict.fromkeys(names, "")
    environment = os.environ | settings.dbt_environment() | vendors
    arguments = ["-m", "dashboards", "preview", "--wait"]
    with child(arguments, environment, subprocess.PIPE) as process:

        def draw() -> int:
            with step("preview", seconds):
                process.communicate("draw\n")
            if process.returncode:
                log.error(
                    "Part of the preview could not be drawn, see above; the marts are not affected"
                )
            return process.returncode

        yield draw


def refuse_incomplete(settings: Settings) -> None:
    """No setting is guessed: what production needs must be set."""
    missing = settings.missing_settings()
    problems = []
    if names := missing.get("bigquery"):
        problems.append(f"TARGET=bigquery needs {', '.join(names)}")
    if not settings.configured_sources() and (settings.target == "bigquery" or in_ci()):
        where = "TARGET=bigquery" if settings.target == "bigquery" else "CI=true"
        problems.append(
            f"No vendor is configured, and with {where} a run does not use sample data."
        )
        problems.append("Set what at least one of them needs:")
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
    """The addresses of the vendors whose data is in the warehouse."""
    urls: list[str] = []
    for source in SOURCES:
        table = f"{settings.dataset(source.raw_schema)}.extractions"
        try:
            with warehouse(settings) as ask:
                urls += [url for (url,) in ask(f"select distinct base_url from {table}")]
        except NoTableError:
            continue
    return urls
