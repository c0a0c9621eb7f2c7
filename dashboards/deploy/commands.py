"""The commands that talk to Metabase: `deploy`, `diff`, `export`, `database`, `metadata`."""

from __future__ import annotations

import difflib
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from dashboards.deploy.client import Client
from dashboards.deploy.database import connect
from dashboards.deploy.deployment import Change, Deployment, Options, is_made_from, listed_in
from dashboards.deploy.errors import DeployError
from dashboards.deploy.export import export as export_dashboard
from dashboards.deploy.lock import LOCK, Lock
from dashboards.deploy.payloads import Board, build
from dashboards.deploy.site import Site, connected, open_site
from dashboards.loading import Finding, Source
from dashboards.people import People
from foundation.settings import Settings

log = logging.getLogger("dashboards.deploy")

DONE, FAILED, PLANNED = 0, 1, 2
STYLES = {"create": "green", "archive": "red", "orphan": "dim", "keep": "dim"}


def deploy(
    settings: Settings,
    sources: list[Source],
    options: Options,
    *,
    only_plan: bool = False,
    lock_file: Path = LOCK,
) -> int:
    """Deploy the dashboards, or only list what a deployment would change. Returns 0 if Metabase
    matches the definitions, before or after; 2 if `only_plan` found changes; 1 if it is refused.
    Raises DeployError, MetabaseError."""
    with connected(settings) as client:
        deployment = _planned(client, settings, sources, options, lock_file)
        writes = [change for change in deployment.changes if change.is_write]
        if only_plan or writes or deployment.refusals:
            show(deployment.changes)
        if deployment.refusals:
            for refusal in deployment.refusals:
                print(refusal, file=sys.stderr)
            return FAILED
        if only_plan:
            return PLANNED if writes else DONE
        with progress("deploy", len(deployment.changes)) as advance:
            deployment.apply(lambda _change: advance())
        log.info(
            "%d dashboards match their definitions: %s; %d requests",
            len(deployment.boards),
            f"{len(writes)} changes" if writes else "nothing to change",
            client.requests,
        )
    return DONE


def diff(
    settings: Settings,
    sources: list[Source],
    key: str | None,
    lock_file: Path = LOCK,
) -> int:
    """Print how Metabase differs from the definitions, for all dashboards or for one; returns 2 if
    it does."""
    if key and key not in [source.dashboard.key for source in sources]:
        known = ", ".join(source.dashboard.key for source in sources)
        raise DeployError(f"there is no dashboard {key}; there are {known}")
    for source in sources:
        if source.dashboard.key == key and source.dashboard.is_about_hidden_people:
            raise DeployError(why_left_out(key))
    with connected(settings) as client:
        deployment = _planned(client, settings, sources, Options(force=True), lock_file)
    changes = [
        change
        for change in deployment.changes
        if change.is_write and (not key or change.key.partition(".")[0] == key)
    ]
    people = People.of(settings)
    for change in changes:
        print(people.without_salt("\n".join(_difference(change))))
    return PLANNED if changes else DONE


def export(settings: Settings, dashboard: str) -> str:
    """Write a dashboard of Metabase as a definition. Raises DeployError, MetabaseError."""
    with connected(settings) as client:
        _, text = export_dashboard(client, open_site(client, settings), dashboard)
    return text


def database(
    settings: Settings, sources: list[Source], credentials: Path | None, file: str | None
) -> None:
    """Create or update the connection to the warehouse. Raises DeployError, MetabaseError."""
    marts = {mart for source in sources for mart in source.dashboard.marts}
    console = Console(stderr=True)
    with connected(settings) as client, console.status("Metabase reads the warehouse's tables"):
        did = connect(client, settings, marts, credentials=credentials, file=file)
    log.info("%s", did)


def _planned(
    client: Client,
    settings: Settings,
    sources: list[Source],
    options: Options,
    lock_file: Path,
) -> Deployment:
    site = open_site(client, settings)
    lock = Lock(lock_file, client.url)
    left_out = {
        one.dashboard.key: one.dashboard.definition.collection
        for one in sources
        if one.dashboard.is_about_hidden_people
    }
    for key, collection in left_out.items():
        log.info("%s", why_left_out(key))
        # The workflow that deploys has no lock file.
        if key in lock.instance.dashboards or any(
            is_made_from(key, one) for one in listed_in(client, site, collection)
        ):
            log.warning(
                "%s was deployed before and may show people: until it is listed, archive it in "
                "Metabase, or keep its collection to those who may see them",
                key,
            )
    sources = [one for one in sources if one.dashboard.key not in left_out]
    site.check(source.dashboard for source in sources)
    boards = boards_of(sources, site)
    deployment = Deployment(client, site, lock, boards, options, left_out)
    deployment.plan()
    return deployment


def why_left_out(key: str) -> str:
    """Why a dashboard is not deployed that hides people and has a locked filter by person."""
    return (
        f"{key} is left out: people are hidden on it, and with its filter by person anybody could "
        "be looked up. To deploy it, list it in DASHBOARDS_WITH_PEOPLE and give it a `collection` "
        "of its own, for those who may see people (docs/privacy.md)"
    )


def boards_of(sources: list[Source], site: Site) -> list[Board]:
    """What Metabase should hold. Raises DeployError for charts that it cannot show."""
    boards: list[Board] = []
    findings: list[Finding] = []
    for source in sources:
        board, wrong = build(source.dashboard, site.warehouse)
        boards.append(board)
        findings += [source.finding(one.path, one.message) for one in wrong]
    if findings:
        raise DeployError("\n".join(map(str, findings)))
    return boards


def show(changes: list[Change]) -> None:
    """A table of what is to be done; what stays the same is only counted."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "", "", "differs in"):
        table.add_column(heading, overflow="fold")
    for change in changes:
        if change.action != "keep":
            style = STYLES.get(change.action, "yellow")
            action = f"[{style}]{change.action}[/]"
            note = ", ".join(change.parts)
            if change.action == "orphan":
                note = "no longer defined: --prune archives it"
            table.add_row(action, change.kind, escape(change.key), escape(note))
    kept = Counter(change.kind for change in changes if change.action == "keep")
    for kind, number in kept.items():
        table.add_row("[dim]unchanged[/]", kind, str(number), "")
    Console().print(table)


def _difference(change: Change) -> Iterator[str]:
    yield f"{change.kind} {change.key}: {change.action}"
    if not change.current:
        return
    for name, wanted in change.wanted.items():
        current = change.current.get(name)
        if wanted != current:
            yield from difflib.unified_diff(
                _lines(current),
                _lines(wanted),
                f"Metabase {name}",
                f"defined {name}",
                lineterm="",
                n=2,
            )


def _lines(value: object) -> list[str]:
    """A value as lines to compare; SQL line by line as written."""
    if isinstance(value, dict) and "sql" in value:
        rest = {key: inner for key, inner in value.items() if key != "sql"}
        return [*str(value["sql"]).splitlines(), *_lines(rest)]
    if isinstance(value, str):
        return value.splitlines()
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
