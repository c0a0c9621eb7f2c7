"""Calls of dbt, and of MetricFlow over what dbt parsed, with the project's settings."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline import builds
from pipeline.processes import child
from pipeline.settings import ROOT, SECRETS, Settings
from pipeline.stopping import raise_if_stopped
from pipeline.warehouse import WarehouseError, refuse_if_held, who_holds

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

DBT = str(Path(sys.executable).with_name("dbt"))
METRICFLOW = ["-m", "pipeline.metricflow"]
PROJECT = ROOT / "dbt_project"
# What dbt reads from the environment to find the project, whatever folder it is called in.
FOLDERS = {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT)}
BUILDING = {"build", "run", "seed", "snapshot", "clone"}
# Everything else needs the warehouse, and says at length that another process has it open.
OFFLINE = {"parse", "list", "ls", "deps", "clean", "--help", "--version"}
BAD = ("error", "fail", "runtime error", "partial success")


@dataclass
class Build:
    """What `dbt build` did: nodes by status, and a line for each thing that went wrong."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    # The tables in which tests that failed or warn keep the rows that they found
    # (`store_failures`), by line.
    found_in: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    exit_code: int = 0
    # Whether everything was built, or only what can have changed since the last time.
    is_whole: bool = True
    # Names of the tests that were run, of those that did not pass, and of models that were not
    # built, as something before them failed.
    tested: set[str] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    unbuilt: set[str] = field(default_factory=set)


def environment(settings: Settings) -> dict[str, str]:
    """The environment for dbt: what it needs of the settings, and none of the secrets."""
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return inherited | settings.dbt_environment() | FOLDERS


def invoke(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    manifest: Manifest | None = None,
    on_event: Callable[[Any], None] | None = None,
) -> dbtRunnerResult:
    """Run dbt in this process, which spares its start: two seconds of imports, and all of the
    parsing where `manifest`, the result of an earlier `parse`, is given.

    dbt sees `environment` and nothing else; it prints nothing. `on_event` gets its events. One at
    a time, and from one thread: the environment is the whole process's while it runs.
    """
    from dbt.cli.main import dbtRunner

    callbacks = [on_event] if on_event else []
    with _environ(environment):
        try:
            result = dbtRunner(manifest, callbacks).invoke(["--log-level", "none", *arguments])
        finally:
            _close_duckdb()
    # dbt keeps a KeyboardInterrupt to itself.
    raise_if_stopped()
    return result


def _close_duckdb() -> None:
    """dbt-duckdb holds the file until the process ends, and nobody else could open it."""
    if connections := sys.modules.get("dbt.adapters.duckdb.connections"):
        manager = connections.DuckDBConnectionManager
        if manager._ENV is not None:
            manager._ENV.close()
        manager.close_all_connections()


@contextmanager
def _environ(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def parse(environment: Mapping[str, str], *arguments: str) -> Manifest:
    """The project as dbt reads it, to be given to `invoke`. dbt keeps what it parsed in its target
    folder and reads again only the files that changed. Raises DbtError."""
    result = invoke(["parse", *arguments], environment)
    if not result.success:
        raise DbtError(str(result.exception))
    return _to_stay(result.result)


def read_manifest(target: Path) -> Manifest:
    """What `parse` found, from dbt's target folder."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((target / "partial_parse.msgpack").read_bytes())
    # What Jinja knows as `graph`, which is not written.
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return _to_stay(manifest)


def _to_stay(manifest: Any) -> Manifest:  # noqa: ANN401
    # It lives as long as the process: the garbage collector need not go through all of it again
    # and again, which takes a tenth of a build.
    gc.freeze()
    return manifest


class DbtError(Exception):
    """dbt cannot read the project; the message is dbt's."""


def call(settings: Settings, arguments: list[str]) -> int:
    """Run dbt as from the shell; its exit code. Raises WarehouseError."""
    settings.duckdb_path.parent.mkdir(parents=True, exist_ok=True)
    if OFFLINE.isdisjoint(arguments):
        refuse_if_held(settings)
    if BUILDING.intersection(arguments):
        # What somebody builds by hand need not be what the project says now.
        builds.forget(settings)
    with child([DBT, *arguments], environment(settings)) as process:
        return process.wait()


def call_metricflow(settings: Settings, arguments: list[str]) -> int:
    """Run MetricFlow as from the shell, on the metrics as they are now; its exit code."""
    refuse_if_held(settings)
    if failed := call(settings, ["parse", "--quiet"]):
        return failed
    with child([*METRICFLOW, *arguments], environment(settings)) as process:
        return process.wait()


_read: dict[str, Manifest] = {}


def project(settings: Settings) -> Manifest:
    """The project as dbt reads it with these settings; read once by a process. Raises DbtError."""
    key = json.dumps(settings.dbt_environment(), sort_keys=True)
    if key not in _read:
        _read[key] = parse(environment(settings))
    return _read[key]


def build(settings: Settings) -> Build:
    """Build and test what can have changed since the last build, showing how far it is on a
    terminal and keeping what went wrong. Raises WarehouseError."""
    try:
        manifest = project(settings)
    except DbtError as error:
        return Build(failures=[" ".join(str(error).split())], exit_code=2)
    now = builds.state(settings)
    last = builds.last(settings)
    wanted = builds.what_to_build(manifest, last, now)
    builds.forget(settings)
    # Unit tests are about the code, not about the data: `make test` runs them.
    arguments = ["--no-write-json", "--log-level-file", "info", "build"]
    arguments += ["--exclude-resource-type", "unit_test", *builds.selection(manifest, wanted)]
    errors: list[str] = []
    console = Console(stderr=True)
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

        ended = invoke(arguments, environment(settings), manifest, on_event)
    result = _results(ended.result)
    result.is_whole = wanted is None
    result.exit_code = int(not ended.success)
    if result.exit_code and not result.failures:
        # It stopped before it ran anything: a wrong profile, a warehouse that is held.
        if held := next(filter(None, (who_holds(settings.duckdb_path, e) for e in errors)), None):
            raise WarehouseError(held)
        reason = " ".join(str(ended.exception or "").split())
        result.failures = errors or [reason or "dbt build failed"]
    if result.statuses and not result.unbuilt:
        carried = set(last.unsettled if last and wanted is not None else ())
        builds.remember(settings, now, sorted(result.unsettled | (carried - result.tested)))
    return result


def _results(results: Any) -> Build:  # noqa: ANN401
    """What dbt says of each node of a run."""
    result = Build()
    for one in getattr(results, "results", ()):
        status, node = str(one.status), one.node
        if node.resource_type == "exposure":
            continue
        result.statuses[status] += 1
        if node.resource_type == "test":
            result.tested.add(node.name)
            if status != "pass":
                result.unsettled.add(node.name)
        elif status != "success":
            result.unbuilt.add(node.name)
        if status not in (*BAD, "warn"):
            continue
        line = f"{node.name}: {' '.join((one.message or '').split())}"
        (result.warnings if status == "warn" else result.failures).append(line)
        if status in ("fail", "warn") and node.relation_name:
            result.found_in[line] = node.relation_name
    return result
