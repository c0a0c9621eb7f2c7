"""`python -m dashboards check`, `preview`, `generate`, `deploy`, `diff`, `export`, and so on."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from dashboards import exposures
from dashboards.catalog import MANIFEST, Catalog, CatalogError, load_catalog
from dashboards.check import check
from dashboards.deploy import commands, metadata
from dashboards.deploy.client import MetabaseError
from dashboards.deploy.deployment import Options
from dashboards.deploy.errors import DeployError
from dashboards.loading import Finding, Source, load
from pipeline.logs import set_up_logs
from pipeline.settings import ROOT, Settings, SettingsError, load_settings

log = logging.getLogger("dashboards")

FAILED = 1


def main() -> int:
    options = _parser().parse_args()
    try:
        settings = load_settings()
        set_up_logs(settings)
        return _run(options, settings)
    except (SettingsError, CatalogError, DeployError, MetabaseError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards")
    added = parser.add_subparsers(dest="command", required=True)
    added.add_parser("check", help="check every definition against the marts")
    preview = added.add_parser("preview", help="draw every dashboard from the DuckDB warehouse")
    preview.add_argument("--rows", type=int, help="how many rows a page holds for a chart at most")
    preview.add_argument("--folder", type=Path, help="target/dashboards if not given")
    deploy = added.add_parser("deploy", help="bring Metabase to what is defined")
    deploy.add_argument("--plan", action="store_true", help="only say what would change; then 2")
    deploy.add_argument("--prune", action="store_true", help="archive what is no longer defined")
    deploy.add_argument("--force", action="store_true", help="overwrite what somebody edited")
    deploy.add_argument(
        "--adopt", action="store_true", help="take over dashboards that have the same name"
    )
    diff = added.add_parser("diff", help="show how Metabase differs from what is defined")
    diff.add_argument("dashboard", nargs="?", metavar="KEY", help="without it, all")
    export = added.add_parser("export", help="a dashboard of Metabase as a definition")
    export.add_argument("dashboard", help="its number, entity id or address")
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    added.add_parser("generate", help="write schema.json and dbt's exposures")
    database = added.add_parser("database", help="make or update the warehouse's connection")
    database.add_argument(
        "--credentials", type=Path, metavar="FILE", help="key of Metabase's service account"
    )
    database.add_argument(
        "--file", metavar="PATH", help="the DuckDB file, as Metabase's machine sees it"
    )
    added.add_parser("metadata", help="push descriptions, types and keys of the marts")
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    match options.command:
        case "check":
            sources, findings = _checked(settings, load_catalog(settings), also_generated=True)
            charts = sum(len(source.dashboard.charts) for source in sources)
            if not findings:
                log.info("%d dashboards, %d charts: all right", len(sources), charts)
            return FAILED if findings else 0
        case "preview":
            return draw(settings, options.folder, options.rows)
        case "deploy" | "diff":
            catalog = load_catalog(settings)
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
            return 0
        case "generate":
            sources, findings = load(load_catalog(settings))
            for finding in findings:
                print(finding, file=sys.stderr)
            if not findings:
                for path in exposures.generate([source.dashboard for source in sources]):
                    log.info("wrote %s", path.relative_to(ROOT))
            return FAILED if findings else 0
        case "database":
            sources, _ = load(load_catalog(settings))
            commands.database(settings, sources, options.credentials, options.file)
            return 0
        case "metadata":
            catalog = load_catalog(settings)
            sources, _ = load(catalog)
            metadata.push(settings, catalog, [source.dashboard for source in sources], MANIFEST)
            return 0
        case _:
            raise NotImplementedError(options.command)


def _checked(
    settings: Settings, catalog: Catalog, *, also_generated: bool = False
) -> tuple[list[Source], list[Finding]]:
    """The dashboards; what is wrong with them, or with what is made from them, is printed."""
    sources, findings = load(catalog)
    findings += check(settings, catalog, sources)
    if also_generated and not findings:
        findings += exposures.stale([source.dashboard for source in sources])
    for finding in findings:
        print(finding, file=sys.stderr)
    return sources, findings


def draw(settings: Settings, folder: Path | None, rows: int | None) -> int:
    """Write the preview; what is wrong in a definition is named, and the rest drawn."""
    # Imported here: reading the warehouse's answers takes a moment, and a check has none.
    from dashboards import preview

    try:
        preview.refuse_nothing(settings)
        sources, findings = load(load_catalog(settings))
        folder = folder or preview.FOLDER
        failures = preview.preview(settings, sources, folder, rows or preview.ROWS)
    except preview.PreviewError as error:
        print(error, file=sys.stderr)
        return FAILED
    for problem in [*findings, *failures]:
        print(problem, file=sys.stderr)
    log.info("%d dashboards are drawn: %s", len(sources), folder / "index.html")
    return FAILED if findings or failures else 0


if __name__ == "__main__":
    sys.exit(main())
