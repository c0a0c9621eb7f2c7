"""`python -m dashboards check`, `preview`, `generate`, `deploy`, `diff`, `export`, `database`,
`metadata` and `embed-url`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from dashboards import exposures
from dashboards.catalog import MANIFEST, Catalog, CatalogError, load_catalog
from dashboards.check import check, review
from dashboards.deploy.errors import DeployError
from dashboards.loading import (
    DEFINITIONS,
    Finding,
    Source,
    UnknownDashboardError,
    load,
    saved,
)
from foundation.logs import set_up_logs
from foundation.settings import ROOT, Settings, SettingsError, load_settings
from foundation.warehouse import WarehouseError

log = logging.getLogger("dashboards")

FAILED = 1


def main() -> int:
    options = _parser().parse_args()
    try:
        settings = load_settings()
        set_up_logs(settings)
        return _run(options, settings)
    except (
        SettingsError,
        CatalogError,
        UnknownDashboardError,
        DeployError,
        WarehouseError,
    ) as error:
        print(error, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards")
    added = parser.add_subparsers(dest="command", required=True)
    checked = added.add_parser("check", help="check definitions against the marts")
    preview = added.add_parser("preview", help="draw dashboards from the DuckDB warehouse")
    for command in (checked, preview):
        command.add_argument(
            "dashboards",
            nargs="*",
            metavar="KEY",
            help="names of files in dashboards/definitions, like my_page; without one, all",
        )
    preview.add_argument(
        "--watch", action="store_true", help="draw again whenever a definition is saved"
    )
    preview.add_argument("--rows", type=int, help="how many rows a page may hold of a mart")
    preview.add_argument("--folder", type=Path, help="target/dashboards if not given")
    preview.add_argument(
        "--wait",
        action="store_true",
        help="read the definitions, then wait for a line on standard input before drawing",
    )
    added.add_parser("generate", help="write schema.json and dbt's exposures")
    deploy = added.add_parser("deploy", help="bring Metabase in line with the definitions")
    deploy.add_argument(
        "--plan", action="store_true", help="only list changes; exits with 2 if there are any"
    )
    deploy.add_argument("--prune", action="store_true", help="archive what is no longer defined")
    deploy.add_argument("--force", action="store_true", help="overwrite what somebody edited")
    deploy.add_argument(
        "--adopt", action="store_true", help="take over dashboards that have the same name"
    )
    diff = added.add_parser("diff", help="show how Metabase differs from what is defined")
    diff.add_argument("dashboard", nargs="?", metavar="KEY", help="without it, all")
    export = added.add_parser("export", help="write a dashboard of Metabase as a definition")
    export.add_argument("dashboard", help="its number, entity id or address")
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    database = added.add_parser("database", help="create or update the connection to the warehouse")
    database.add_argument(
        "--credentials", type=Path, metavar="FILE", help="key of Metabase's service account"
    )
    database.add_argument(
        "--file", metavar="PATH", help="the DuckDB file, as Metabase's machine sees it"
    )
    added.add_parser("metadata", help="push descriptions, types and keys of the marts")
    embed = added.add_parser("embed-url", help="sign an address that shows a dashboard elsewhere")
    embed.add_argument("dashboard", metavar="KEY")
    embed.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of each locked filter",
    )
    embed.add_argument("--minutes", type=int, default=10, help="how long the address works")
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    """Run a command; returns its exit code. Whatever talks to Metabase or draws is imported where
    it is needed, so that a check is fast."""
    if options.command == "preview":
        return _preview(settings, options)
    catalog = load_catalog(settings)
    if options.command == "check":
        return _check(settings, catalog, options.dashboards)
    if options.command == "generate":
        return _generate(catalog)
    from dashboards.deploy.client import MetabaseError

    try:
        return _with_metabase(options, settings, catalog)
    except MetabaseError as error:
        raise DeployError(str(error)) from None


def _check(settings: Settings, catalog: Catalog, keys: list[str]) -> int:
    """Check the dashboards with these keys, or all; what is wrong is printed."""
    sources, findings = load(catalog, DEFINITIONS, keys)
    findings += check(settings, catalog, sources, also_empty=bool(keys))
    findings += review(sources)
    if all(finding.is_hint for finding in findings):
        dashboards = [source.dashboard for source in sources]
        findings += exposures.stale_exposures(dashboards) if keys else exposures.stale(dashboards)
    for finding in sorted(findings):
        print(finding, file=sys.stderr)
    if not all(finding.is_hint for finding in findings):
        return FAILED
    charts = sum(len(source.dashboard.charts) for source in sources)
    log.info("%d dashboards, %d charts: all right", len(sources), charts)
    return 0


def _preview(settings: Settings, options: argparse.Namespace) -> int:
    """Draw dashboards; what is wrong in a definition is named, and the rest is drawn."""
    from dashboards import preview

    folder, rows = options.folder or preview.FOLDER, options.rows or preview.ROWS
    catalog = load_catalog(settings)

    def draw(keys: Sequence[str], sources: list[Source], findings: list[Finding]) -> int:
        failures = preview.preview(settings, sources, folder, rows, are_all=not keys)
        for problem in [*findings, *failures]:
            print(problem, file=sys.stderr)
        drawn = [one for one in sources if not one.dashboard.is_about_hidden_people]
        if drawn:
            page = f"{keys[0]}.html" if len(keys) == 1 else "index.html"
            log.info("%d dashboards are drawn: %s", len(drawn), folder / page)
        return FAILED if findings or failures else 0

    try:
        sources, findings = load(catalog, DEFINITIONS, options.dashboards)
        if options.wait and not sys.stdin.readline():
            # Whoever started this will not need it any more.
            return FAILED
        code = draw(options.dashboards, sources, findings)
        if not options.watch:
            return code
        for keys in saved(DEFINITIONS, options.dashboards):
            draw(keys, *load(catalog, DEFINITIONS, keys))
    except preview.PreviewError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        pass
    return 0


def _generate(catalog: Catalog) -> int:
    sources, findings = load(catalog)
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        return FAILED
    for path in exposures.generate([source.dashboard for source in sources]):
        log.info("wrote %s", path.relative_to(ROOT))
    return 0


def _with_metabase(options: argparse.Namespace, settings: Settings, catalog: Catalog) -> int:
    from dashboards.deploy import commands, metadata
    from dashboards.deploy.deployment import Options

    match options.command:
        case "deploy" | "diff":
            sources, findings = _checked(settings, catalog)
            if findings:
                return FAILED
            if options.command == "diff":
                return commands.diff(settings, sources, options.dashboard)
            wanted = Options(prune=options.prune, force=options.force, adopt=options.adopt)
            return commands.deploy(settings, sources, wanted, only_plan=options.plan)
        case "export":
            text = commands.export(settings, options.dashboard)
            if options.output:
                options.output.write_text(text)
            else:
                print(text, end="")
        case "database":
            sources, _ = load(catalog)
            commands.database(settings, sources, options.credentials, options.file)
        case "metadata":
            sources, _ = load(catalog)
            metadata.push(settings, catalog, [source.dashboard for source in sources], MANIFEST)
        case _:
            return _embed_url(options, settings, catalog)
    return 0


def _embed_url(options: argparse.Namespace, settings: Settings, catalog: Catalog) -> int:
    from dashboards import embed
    from dashboards.deploy.commands import why_left_out
    from dashboards.deploy.lock import LOCK, Lock

    sources, _ = load(catalog)
    dashboards = {source.dashboard.key: source.dashboard for source in sources}
    if options.dashboard not in dashboards:
        raise DeployError(
            f"there is no dashboard {options.dashboard}; there are {', '.join(dashboards)}"
        )
    deployed = Lock(LOCK, (settings.metabase_url or "").rstrip("/")).instance.dashboards
    if settings.metabase_url and options.dashboard not in deployed:
        if dashboards[options.dashboard].is_about_hidden_people:
            raise DeployError(why_left_out(options.dashboard))
        raise DeployError(
            f"{options.dashboard} was not deployed to {settings.metabase_url}: deploy it first, "
            "and commit dashboards/metabase.lock.json"
        )
    locked = dashboards[options.dashboard].definition.embed
    return embed.command(
        settings,
        deployed[options.dashboard].id if options.dashboard in deployed else 0,
        options.param,
        frozenset(locked.locked if locked else ()),
        timedelta(minutes=options.minutes),
    )


def _checked(settings: Settings, catalog: Catalog) -> tuple[list[Source], list[Finding]]:
    """The dashboards, and what is wrong with them, which is printed."""
    sources, findings = load(catalog)
    findings += (one for one in check(settings, catalog, sources) if not one.is_hint)
    for finding in findings:
        print(finding, file=sys.stderr)
    return sources, findings


if __name__ == "__main__":
    # What is written has people and what they cost in it: only its owner may read it.
    os.umask(0o077)
    sys.exit(main())
