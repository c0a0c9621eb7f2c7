"""`python -m dashboards check`, `… generate`."""

from __future__ import annotations

import argparse
import logging
import sys

from dashboards.catalog import CatalogError, load_catalog
from dashboards.check import check
from dashboards.loading import load
from pipeline.logs import set_up_logs
from pipeline.settings import SettingsError, load_settings

log = logging.getLogger("dashboards")

FAILED = 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboards")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check every definition against the marts")
    parser.parse_args()
    try:
        settings = load_settings()
        set_up_logs(settings)
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


if __name__ == "__main__":
    sys.exit(main())
