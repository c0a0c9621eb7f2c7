"""Google Cloud: the table to which a billing account exports its costs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foundation.fields import Address, GoogleCredentials
from foundation.sources.source import Source

API = "https://bigquery.googleapis.com"
TABLE = re.compile(
    r"(?P<project>[a-z][a-z0-9.:-]*[a-z0-9])\.\w+\.gcp_billing_export_(resource_)?v1_\w+"
)


class GoogleSettings(GoogleCredentials):
    google_billing_export_table: str | None = None
    google_billing_project: str | None = None
    google_billing_api_endpoint: Address | None = None


def base_url(settings: GoogleSettings) -> str:
    return settings.google_billing_api_endpoint or API


def job_project(settings: GoogleSettings) -> str:
    """The project in which queries run and are paid: by default that of the table."""
    found = TABLE.fullmatch(settings.google_billing_export_table or "")
    return settings.google_billing_project or (found["project"] if found else "")


def problems(settings: GoogleSettings) -> Iterator[str]:
    table = settings.google_billing_export_table
    if not table:
        return
    if not TABLE.fullmatch(table):
        yield (
            "GOOGLE_BILLING_EXPORT_TABLE must be the name of a standard or detailed export, "
            "project.dataset.gcp_billing_export_v1_… or project.dataset."
            "gcp_billing_export_resource_v1_…"
        )
    yield from settings.credentials_problems()


SOURCE = Source(
    "google",
    GoogleSettings,
    needs_one_of=("GOOGLE_BILLING_EXPORT_TABLE",),
    base_url=base_url,
    problems=problems,
)
