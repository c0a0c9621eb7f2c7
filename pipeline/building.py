"""Runs dbt's build of what can have changed, and dbt or MetricFlow for the command line."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from foundation import dbt
from foundation.processes import child
from foundation.reservation import reserved
from foundation.settings import Settings
from foundation.terminal import Terminal
from foundation.warehouse import WarehouseError, refuse_if_held, who_holds
from pipeline import changed_models, finished_builds

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

log = logging.getLogger(__name__)

METRICFLOW = ["-m", "pipeline.metricflow"]
# dbt's words for what need not be built again.
DONE = {"success", "pass", "warn", "no-op"}
# DuckDB's error where even spilling did not help.
OUT_OF_MEMORY = re.compile(r"Out of Memory Error")
BUILDING = {"build", "run", "retry", "seed", "snapshot", "clone"}
# Everything else needs the warehouse, and its errors are long if another process has it open.
OFFLINE = {"parse", "list", "ls", "deps", "clean", "--help", "--version"}
ONLINE = {"compile", "debug", "docs", "init", "run-operation", "show", "source", "test"}


@dataclass
class Build:
    """What `dbt build` did: nodes by status, and a line for each thing that went wrong."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    # The tables in which tests that failed or warned keep the rows they found (`store_failures`),
    # by line.
    found_in: dict[str, str] = field(default_factory=dict)
    # Those of these lines whose rows say in a sentence what is wrong.
    in_words: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    exit_code: int = 0
    # What BigQuery billed for models and seeds; None on DuckDB.
    bytes_billed: int | None = None
    # Whether everything was built, or only what can have changed since the last time.
    is_whole: bool = True
    # Names of the tests that ran, of those that did not pass, and of models that were not built
    # because something before them failed.
    tested: set[str] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    unbuilt: set[str] = field(default_factory=set)


def build(settings: Settings) -> Build:
    """Build and test what can have changed since the last build, showing progress on a terminal and
    collecting what went wrong. Raises WarehouseError."""
    try:
        manifest = dbt.project(settings)
    except dbt.DbtError as error:
        return Build(failures=[" ".join(str(error).split())], exit_code=2)
    now = finished_builds.state(settings)
    last = finished_builds.last(settings)
    wanted = finished_builds.what_to_build(manifest, last, now)
    versions = changed_models.fingerprints(manifest)
    outdated = changed_models.outdated(settings, versions)
    changed_models.rebuild(manifest, outdated)
    if outdated:
        wanted = None
    finished_builds.forget(settings)
    errors: list[str] = []
    console = Terminal(stderr=True)
    with Progress(
        TextColumn("dbt build"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)

        def on_event(event: Any) -> None:  # noqa: ANN401
            if event.info.level == "error":
                errors.append(event.info.msg)
            if event.info.name == "LogStartLine":
                done, total = event.data.index - 1, event.data.total
                name = event.data.node_info.node_name
                progress.update(task, completed=done, total=total, description=name)

        ended, results = _invoke(settings, manifest, wanted, now.as_of_date, on_event)
    result = _outcome(results)
    result.is_whole = wanted is None
    result.exit_code = int(not ended.success)
    if result.exit_code and not result.failures:
        # dbt stopped before it ran anything: a wrong profile, or a warehouse that is in use.
        if held := next(filter(None, (who_holds(settings.duckdb_path, e) for e in errors)), None):
            raise WarehouseError(held)
        reason = " ".join(str(ended.exception or "").split())
        result.failures = errors or [reason or "dbt build failed"]
    if result.statuses and not result.unbuilt:
        carried = set(last.unsettled if last and wanted is not None else ())
        finished_builds.remember(
            settings, now, sorted(result.unsettled | (carried - result.tested))
        )
        changed_models.remember(settings, versions)
    return result


def _more_memory() -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """What a build does if DuckDB needs more memory: how it says so, dbt's vars, other settings."""
    yield "with one thread", {"duckdb_threads": 1}, {}
    # DuckDB's own default, which a container's limit lowers. It cannot be asked for by a word:
    # `set memory_limit = 'none'` is no limit at all.
    with duckdb.connect() as connection:
        ((limit,),) = connection.execute("select current_setting('memory_limit')").fetchall()
    yield "with up to four fifths of the machine's", {}, {"DUCKDB_MEMORY_LIMIT": limit}


def _invoke(
    settings: Settings,
    manifest: Manifest,
    wanted: set[str] | None,
    as_of_date: str,
    on_event: Callable[[Any], None],
) -> tuple[Any, list[Any]]:
    """How dbt ended, and its result of each node. What does not fit into DuckDB's memory is built
    again with more of it, unless somebody said how much there is."""
    # Unit tests are about the code, not about the data: `make test` runs them.
    arguments = ["--no-write-json", "--log-level-file", "info", "build"]
    arguments += ["--exclude-resource-type", "unit_test"]
    told = settings.dbt_environment()
    # Since the project is parsed already, dbt does not parse it again for another day.
    told_dbt: dict[str, Any] = {"as_of_date": as_of_date}
    selected = ["--vars", json.dumps(told_dbt), *finished_builds.selection(manifest, wanted)]
    ended = dbt.invoke([*arguments, *selected], dbt.environment(told), manifest, on_event)
    results = _nodes(ended)
    for how, threads, more in () if settings.duckdb_memory_limit else _more_memory():
        if not any(OUT_OF_MEMORY.search(one.message or "") for one in results):
            break
        log.warning(
            "DuckDB's usual memory is too little for this company: building the rest %s; "
            "DUCKDB_MEMORY_LIMIT saves the first try",
            how,
        )
        done = {one.node.unique_id: one for one in results if str(one.status) in DONE}
        rest = {one.node.unique_id: one for one in results if one.node.unique_id not in done}
        selected = ["--vars", json.dumps(told_dbt | threads | {"built_before": [*done]})]
        selected += finished_builds.selection(manifest, set(rest))
        enough = dbt.environment(told | more)
        ended = dbt.invoke([*arguments, *selected], enough, manifest, on_event)
        # If dbt could not even begin, the rest is as it was.
        results = [*done.values(), *(_nodes(ended) or rest.values())]
    return ended, results


def _nodes(ended: Any) -> list[Any]:  # noqa: ANN401
    """dbt's result of each node."""
    return [
        one for one in getattr(ended.result, "results", ()) if one.node.resource_type != "exposure"
    ]


def _outcome(results: Iterable[Any]) -> Build:
    """The outcome of each node, in dbt's words."""
    result = Build()
    for one in results:
        status, node = str(one.status), one.node
        result.statuses[status] += 1
        if (billed := one.adapter_response.get("bytes_billed")) is not None:
            result.bytes_billed = (result.bytes_billed or 0) + int(billed)
        if node.resource_type == "test":
            result.tested.add(node.name)
            if status != "pass":
                result.unsettled.add(node.name)
        elif status != "success":
            result.unbuilt.add(node.name)
        if status not in (*dbt.BAD, "warn"):
            continue
        line = f"{node.name}: {' '.join((one.message or '').split())}"
        (result.warnings if status == "warn" else result.failures).append(line)
        if status in ("fail", "warn") and node.relation_name:
            result.found_in[line] = node.relation_name
            if "as sentence" in node.raw_code:
                result.in_words.add(line)
    return result


def call(settings: Settings, arguments: list[str]) -> int:
    """Run dbt for the command line; returns its exit code. What writes models has the warehouse for
    itself, as a run. Raises BusyError and WarehouseError."""
    settings.duckdb_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Only the first is the command: `ls --resource-type seed` builds nothing.
    commands = (one for one in arguments if one in BUILDING | OFFLINE | ONLINE)
    is_building = next(commands, "") in BUILDING
    with reserved(settings) if is_building else nullcontext():
        if OFFLINE.isdisjoint(arguments):
            refuse_if_held(settings)
        if is_building:
            # What somebody builds by hand may differ from what the project says now.
            finished_builds.forget(settings)
            changed_models.forget(settings)
        environment = dbt.environment(settings.dbt_environment())
        with child([dbt.DBT, *arguments], environment) as process:
            return process.wait()


def call_metricflow(settings: Settings, arguments: list[str]) -> int:
    """Run MetricFlow for the command line, on the current metrics; returns its exit code."""
    refuse_if_held(settings)
    if failed := call(settings, ["parse", "--quiet"]):
        return failed
    with child([*METRICFLOW, *arguments], dbt.environment(settings.dbt_environment())) as process:
        return process.wait()
