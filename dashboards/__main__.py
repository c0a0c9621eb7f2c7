"""`python -m dashboards check`, `… preview [--rows N] [--folder FOLDER]`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from dashboards.catalog import CatalogError, load_catalog
from dashboards.check import check
from dashboards.loading import load
from pipeline.logs import set_up_logs
from pipeline.settings import Settings, SettingsError, load_settings

log = logging.getLogger("dashboards")

FAILED = 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboards")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check every definition against the marts")
    command = commands.add_parser("preview", help="draw every dashboard from the DuckDB warehouse")
    command.add_argument("--rows", type=int, help="how many rows a page holds for a chart at most")
    command.add_argument("--folder", type=Path, help="target/dashboards if not given")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        set_up_logs(settings)
        if arguments.command == "preview":
            return draw(settings, arguments.folder, arguments.rows)
        catalog = load_catalog(settings)
        sources, findings = load(catalog)
        findings += check(settings, catalog, sources)
        for finding in findings:
            print(finding, file=sys.stderr)
        charts = sum(len(source.dashboard.charts) for source in sources)
        if not findings:
            log.info("%d dashboards, %d charts: all right", len(sources), charts)
        return FAILED if findings else 0
    except (SettingsError, CatalogError) as error:
        print(error, file=sys.stderr)
        return FAILED


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
