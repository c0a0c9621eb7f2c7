"""What the projects of GOOGLE_USAGE_PROJECTS use: their metrics, keys and logs."""

from __future__ import annotations

from collections.abc import Iterator

from extract.google import api_keys, code_assist, monitoring
from extract.google.api import Api
from extract.windows import Run, Window
from foundation.sources.google import GoogleSettings, usage_projects

TABLES = (*api_keys.TABLES, *monitoring.TABLES, *code_assist.TABLES)

_SCOPES = "https://www.googleapis.com/auth/"
ADVICE = "check the service account's key"
# By default Monitoring answers 180 queries a minute, and Logging 60.
MONITORING_PER_MINUTE = 150
LOGGING_PER_MINUTE = 50


def extract(settings: GoogleSettings, run: Run) -> Iterator[Window]:
    metrics = Api(
        settings,
        (f"{_SCOPES}monitoring.read", f"{_SCOPES}cloud-platform.read-only"),
        advice=ADVICE,
        per_minute=MONITORING_PER_MINUTE,
    )
    logs = Api(settings, (f"{_SCOPES}logging.read",), advice=ADVICE, per_minute=LOGGING_PER_MINUTE)
    with metrics.client, logs.client:
        for project in usage_projects(settings):
            yield from api_keys.extract(metrics, project, run)
            yield from monitoring.extract(metrics, project, run)
            yield from code_assist.extract(logs, project, run)
