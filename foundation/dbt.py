"""dbt in this process, with the project's settings and none of the secrets."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.settings import ROOT, SECRETS, Settings
from foundation.stopping import raise_if_stopped

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

DBT = str(Path(sys.executable).with_name("dbt"))
PROJECT = ROOT / "dbt_project"
# How dbt marks a node that went wrong.
BAD = ("error", "fail", "runtime error", "partial success")


def environment(settings: Mapping[str, str], project: Path = PROJECT) -> dict[str, str]:
    """The environment for dbt: settings under the names that profiles.yml reads, over this
    process's own, without secrets. dbt finds the project with it in whatever folder it starts."""
    given = {name: value for name, value in (os.environ | settings).items() if name not in SECRETS}
    return given | {"DBT_PROJECT_DIR": str(project), "DBT_PROFILES_DIR": str(project)}


def on_duckdb(warehouse: Path) -> dict[str, str]:
    """Settings for dbt: a DuckDB file, and nothing of what this machine is set to."""
    return {"TARGET": "duckdb", "DUCKDB_PATH": str(warehouse)}


def invoke(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    manifest: Manifest | None = None,
    on_event: Callable[[Any], None] | None = None,
) -> dbtRunnerResult:
    """Run dbt in this process. That saves two seconds of imports, and all of the parsing if
    `manifest`, the result of an earlier `parse`, is given.

    dbt sees `environment` and nothing else; it prints nothing. `on_event` gets its events. Call it
    once at a time and from one thread only, since it replaces the environment of the whole process.
    """
    from dbt.cli.main import dbtRunner

    callbacks = [on_event] if on_event else []
    with _environ(environment):
        try:
            result = dbtRunner(manifest, callbacks).invoke(["--log-level", "none", *arguments])
        finally:
            _close_duckdb()
    # dbt swallows a KeyboardInterrupt.
    raise_if_stopped()
    return result


def _close_duckdb() -> None:
    """dbt-duckdb keeps the file open until the process ends, so nobody else could open it."""
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
    """The project as dbt parses it, to be passed to `invoke`. dbt keeps what it parsed in its
    target folder and only reads changed files again. Raises DbtError."""
    result = invoke(["parse", *arguments], environment)
    if not result.success:
        raise DbtError(str(result.exception))
    return _keep_for_good(result.result)


def read_manifest(target: Path) -> Manifest:
    """The result of an earlier `parse`, from dbt's target folder."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((target / "partial_parse.msgpack").read_bytes())
    # Jinja's `graph`, which dbt does not write to the file.
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return _keep_for_good(manifest)


def _keep_for_good(manifest: Any) -> Manifest:  # noqa: ANN401
    # It lives as long as the process. If the garbage collector went through all of it again and
    # again, that would take a tenth of a build.
    gc.freeze()
    return manifest


class DbtError(Exception):
    """dbt cannot read the project; the message is dbt's."""


_read: dict[str, Manifest] = {}


def project(settings: Settings) -> Manifest:
    """The project as dbt parses it with these settings; parsed once per process. Raises
    DbtError."""
    key = json.dumps(settings.dbt_environment(), sort_keys=True)
    if key not in _read:
        _read[key] = parse(environment(settings.dbt_environment()))
    return _read[key]
