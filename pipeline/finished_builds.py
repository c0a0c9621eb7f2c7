"""What a build has to do: everything, or only what can have changed since the last one.

A build of all models is remembered in the warehouse: the project, the day it was as of, and the
loads of each source that it read. The next build skips what would come out the same: models and
tests that are not below a changed source and do not depend on the day of the run, and views whose
SQL did not change. Models tagged `every_run` say when a source was last asked, and are always
built; a test that did not pass always runs again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foundation import day
from foundation.settings import ROOT, Settings
from foundation.sources import SOURCES
from foundation.warehouse import Ask, NoTableError, warehouse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

EVERY_RUN = "every_run"
TO_BUILD = "to_build"
# What a build depends on. The lock file has the versions of dbt and of the engines.
PROJECT = ("dbt_project", "requirements.lock")
# Files that dbt and Python write into the project's folders.
LEFTOVERS = {"target", "logs", "dbt_packages", "__pycache__"}
# Code with the first words compiles to other SQL on another day; code with the second, if the
# warehouse answers differently.
READS_THE_DAY = ("run_started_at", 'var("as_of_date")')
ASKS_THE_WAREHOUSE = ("run_query(",)
# Kinds of nodes that a build builds or runs; unit tests are about the code, not about the data.
BUILT = ("model", "seed", "snapshot", "test")


@dataclass(frozen=True)
class State:
    """What a build depends on. `project` is a hash, on DuckDB with the name of the database,
    `as_of_date` a day in UTC, YYYY-MM-DD. `loads` says for each raw schema how many loads changed
    something, and which is the newest."""

    project: str
    as_of_date: str
    loads: dict[str, str]


@dataclass(frozen=True)
class Finished:
    """A build of all models, and the tests that did not pass in it."""

    state: State
    unsettled: list[str]


def project_hash(root: Path = ROOT) -> str:
    """A hash of the project's files, with their names."""
    return content_hash(root, PROJECT)


def content_hash(root: Path, places: Iterable[str]) -> str:
    """A hash of files and of all files in folders, with their names relative to `root`."""
    digest = hashlib.sha256()
    for name in places:
        place = root / name
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        for file in files:
            if file.is_file() and not LEFTOVERS.intersection(file.relative_to(root).parts):
                content = file.read_bytes()
                digest.update(f"{file.relative_to(root)}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()


def state(settings: Settings) -> State:
    """What a build now would depend on."""
    loads = {}
    for source in SOURCES:
        schema = settings.dataset(source.raw_schema)
        # A load that found nothing changed does not count.
        query = f"""
            select count(*), max(load_id) from {schema}._dlt_loads
            where status = 0 and load_id in (
                select _dlt_load_id from {schema}.extractions where is_changed
            )
        """
        try:
            with warehouse(settings) as ask:
                ((count, newest),) = ask(query)
        except NoTableError:
            continue
        loads[source.raw_schema] = f"{count} {newest}"
    project = project_hash()
    if settings.target == "duckdb":
        # Views name the database, which DuckDB calls after its file.
        project = f"{project} in {settings.duckdb_path.stem}"
    return State(project, str(day.today()), loads)


# --- What is left out ----------------------------------------------------------------------------


def what_to_build(manifest: Manifest, last: Finished | None, now: State) -> set[str] | None:
    """The unique ids of the nodes to build; None for all of them."""
    if last is None or last.state.project != now.project:
        return None
    nodes = {id_: node for id_, node in manifest.nodes.items() if node.resource_type in BUILT}
    is_another_day = last.state.as_of_date != now.as_of_date
    reads_the_day = _using(manifest, READS_THE_DAY) if is_another_day else set()
    changed = {
        id_
        for id_, source in manifest.sources.items()
        if last.state.loads.get(source.source_name) != now.loads.get(source.source_name)
    }
    changed = _with_descendants(manifest, changed | reads_the_day) & nodes.keys()
    other_sql = reads_the_day | _using(manifest, ASKS_THE_WAREHOUSE)
    unchanged_views = {
        id_ for id_ in changed - other_sql if nodes[id_].config.materialized == "view"
    }
    every_run = {id_ for id_, node in nodes.items() if EVERY_RUN in node.config.tags}
    again = {
        id_
        for id_, node in nodes.items()
        if node.resource_type.value == "test"
        and (node.name in last.unsettled or every_run.intersection(node.depends_on_nodes))
    }
    return (changed - unchanged_views) | every_run | again


def _using(manifest: Manifest, words: Iterable[str]) -> set[str]:
    """The nodes that have one of the words in their code, or in a macro of the project that they
    use."""

    def has(code: str) -> bool:
        return any(word in code for word in words)

    ours = manifest.metadata.project_name
    macros = {id_: one for id_, one in manifest.macros.items() if one.package_name == ours}
    using = {id_ for id_, macro in macros.items() if has(macro.macro_sql)}
    while more := {
        id_
        for id_, macro in macros.items()
        if id_ not in using and using.intersection(macro.depends_on.macros)
    }:
        using |= more
    return {
        id_
        for id_, node in manifest.nodes.items()
        if using.intersection(node.depends_on_macros) or has(getattr(node, "raw_code", ""))
    }


def _with_descendants(manifest: Manifest, ids: Iterable[str]) -> set[str]:
    children: dict[str, list[str]] = {}
    for id_, node in manifest.nodes.items():
        for parent in node.depends_on_nodes:
            children.setdefault(parent, []).append(id_)
    found, waiting = set(ids), list(ids)
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def selection(manifest: Manifest, wanted: set[str] | None) -> list[str]:
    """The arguments that make dbt select these nodes of the manifest and no others. The nodes get a
    tag: selecting hundreds of names would take dbt most of a second."""
    if wanted is None:
        return []
    for id_, node in manifest.nodes.items():
        others = [tag for tag in node.tags if tag != TO_BUILD]
        node.tags = [*others, TO_BUILD] if id_ in wanted else others
    # Without indirect selection, only tests with the tag are selected.
    return ["--indirect-selection", "empty", "--select", f"tag:{TO_BUILD}"]


# --- What is remembered --------------------------------------------------------------------------


def last(settings: Settings) -> Finished | None:
    """The last build that ended; None if there was none, or another has begun since."""
    query = f"select project, as_of_date, loads, unsettled from {_table(settings)}"
    try:
        with warehouse(settings) as ask:
            rows = ask(f"{query} order by finished_at desc limit 1")
    except NoTableError:
        return None
    for project, as_of_date, loads, unsettled in rows:
        return Finished(State(project, as_of_date, json.loads(loads)), json.loads(unsettled))
    return None


def remember(settings: Settings, ended: State, unsettled: list[str]) -> None:
    """Write down that a build of all models ended."""
    values = [ended.project, ended.as_of_date, json.dumps(ended.loads), json.dumps(unsettled)]
    quoted = ", ".join(f"'{value}'" for value in values)
    with warehouse(settings, writes=True) as ask:
        _create(ask, settings)
        ask(f"insert into {_table(settings)} select {quoted}, current_timestamp")


def forget(settings: Settings) -> None:
    """To be called when a build begins: until it ends, no earlier build describes the warehouse."""
    try:
        with warehouse(settings, writes=True) as ask:
            ask(f"delete from {_table(settings)} where true")
    except NoTableError:
        return


def _create(ask: Ask, settings: Settings) -> None:
    text, moment = (
        ("string", "timestamp") if settings.target == "bigquery" else ("text", "timestamptz")
    )
    ask(
        f"create table if not exists {_table(settings)} (project {text}, as_of_date {text},"
        f" loads {text}, unsettled {text}, finished_at {moment})"
    )


def _table(settings: Settings) -> str:
    return f"{settings.dataset('intermediate')}.finished_builds"
