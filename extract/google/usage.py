"""What the projects of GOOGLE_USAGE_PROJECTS use: their metrics, keys, logs and seats."""

from __future__ import annotations

from collections.abc import Iterator

from extract.google.api import Api
from extract.google.api_keys import TABLES as KEYS
from extract.google.api_keys import extract as extract_keys
from extract.google.code_assist import TABLES as LOGS
from extract.google.code_assist import extract as extract_logs
from extract.google.gemini_enterprise import TABLES as SEATS
from extract.google.gemini_enterprise import extract as extract_seats
from extract.google.monitoring import TABLES as METRICS
from extract.google.monitoring import extract as extract_metrics
from extract.windows import Run, Window
from foundation.sources.google import GoogleSettings, usage_projects

TABLES = (*KEYS, *METRICS, *LOGS, *SEATS)

_SCOPES = "https://www.googleapis.com/auth/"
ADVICE = "check the service account's key"
# By default Monitoring answers 180 queries a minute, and Logging 60.
MONITORING_PER_MINUTE = 150
LOGGING_PER_MINUTE = 50
DISCOVERY_ENGINE_PER_MINUTE = 100


def extract(settings: GoogleSettings, run: Run) -> Iterator[Window]:
    metrics = Api(
        settings,
        (f"{_SCOPES}monitoring.read", f"{_SCOPES}cloud-platform.read-only"),
        advice=ADVICE,
        per_minute=MONITORING_PER_MINUTE,
    )
    logs = Api(settings, (f"{_SCOPES}logging.read",), advice=ADVICE, per_minute=LOGGING_PER_MINUTE)
    # There is no scope that only reads; what the account may do is up to its role.
    seats = Api(
        settings,
        (f"{_SCOPES}discoveryengine.readwrite",),
        advice=ADVICE,
        per_minute=DISCOVERY_ENGINE_PER_MINUTE,
    )
    location = settings.google_gemini_enterprise_location
    with metrics.client, logs.client, seats.client:
        for project in usage_projects(settings):
            yield from extract_keys(metrics, project, run)
            yield from extract_metrics(metrics, project, run)
            yield from extract_logs(logs, project, run)
            yield from extract_seats(seats, project, location, run)
