"""`python -m dashboards check`, `generate`, `deploy`, `diff`, `export`, `database`, `metadata`."""

from __future__ import annotations

import argparse
import logging
import sys

from dashboards.catalog import Catalog, CatalogError, load_catalog
from dashboards.check import check
from dashboards.deploy import commands
from dashboards.deploy.client import MetabaseError
from dashboards.deploy.deployment import Options
from dashboards.deploy.errors import DeployError
from dashboards.loading import Finding, Source, load
from pipeline.logs import set_up_logs
from pipeline.settings import Settings, SettingsError, load_settings

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
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check every definition against the marts")
    deploy = commands.add_parser("deploy", help="bring Metabase to what is defined")
    deploy.add_argument("--plan", action="store_true", help="only say what would change; then 2")
    deploy.add_argument("--prune", action="store_true", help="archive what is no longer defined")
    deploy.add_argument("--force", action="store_true", help="overwrite what somebody edited")
    deploy.add_argument(
        "--adopt", action="store_true", help="take over dashboards that have the same name"
    )
    diff = commands.add_parser("diff", help="show how Metabase differs from what is defined")
    diff.add_argument("dashboard", nargs="?", help="its key; without, all")
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    match options.command:
        case "check":
            sources, findings = _checked(settings, load_catalog(settings))
            charts = sum(len(source.dashboard.charts) for source in sources)
            if not findings:
                log.info("%d dashboards, %d charts: all right", len(sources), charts)
            return FAILED if findings else 0
        case "deploy":
            sources, findings = _checked(settings, load_catalog(settings))
            if findings:
                return FAILED
            wanted = Options(prune=options.prune, force=options.force, adopt=options.adopt)
            return commands.deploy(settings, sources, wanted, only_plan=options.plan)
        case "diff":
            sources, findings = _checked(settings, load_catalog(settings))
            return FAILED if findings else commands.diff(settings, sources, options.dashboard)
        case _:
            raise NotImplementedError(options.command)


def _checked(settings: Settings, catalog: Catalog) -> tuple[list[Source], list[Finding]]:
    """The dashboards; what is wrong with them is printed."""
    sources, findings = load(catalog)
    findings += check(settings, catalog, sources)
    for finding in findings:
        print(finding, file=sys.stderr)
    return sources, findings


if __name__ == "__main__":
    sys.exit(main())
