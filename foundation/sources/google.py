"""Google Cloud: the table to which a billing account exports its costs, the projects whose use is
read, and the administrator of Google Workspace on whose behalf its use is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from foundation.fields import Address, GoogleCredentials
from foundation.sources.source import Source

API = "https://bigquery.googleapis.com"
PROJECT = re.compile(r"([a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]*[a-z0-9]")
TABLE = re.compile(
    r"(?P<project>[a-z][a-z0-9.:-]*[a-z0-9])\.\w+\.gcp_billing_export_(resource_)?v1_\w+"
)


class GoogleSettings(GoogleCredentials):
    google_billing_export_table: str | None = None
    google_billing_project: str | None = None
    google_billing_api_endpoint: Address | None = None
    google_usage_projects: str | None = None
    google_workspace_admin: str | None = None
    google_gemini_enterprise_location: Literal["global", "us", "eu"] = "global"
    google_api_base_url: Address | None = None


def base_url(settings: GoogleSettings) -> str:
    return settings.google_billing_api_endpoint or settings.google_api_base_url or API


def job_project(settings: GoogleSettings) -> str:
    """The project in which queries run and are paid: by default that of the table."""
    found = TABLE.fullmatch(settings.google_billing_export_table or "")
    return settings.google_billing_project or (found["project"] if found else "")


def usage_projects(settings: GoogleSettings) -> list[str]:
    """The projects whose use is read."""
    parts = (part.strip() for part in (settings.google_usage_projects or "").split(","))
    return list(dict.fromkeys(filter(None, parts)))


def problems(settings: GoogleSettings) -> Iterator[str]:
    table, admin = settings.google_billing_export_table, settings.google_workspace_admin
    if table and not TABLE.fullmatch(table):
        yield (
            "GOOGLE_BILLING_EXPORT_TABLE must be the name of a standard or detailed export, "
            "project.dataset.gcp_billing_export_v1_… or project.dataset."
            "gcp_billing_export_resource_v1_…"
        )
    for project in usage_projects(settings):
        if not PROJECT.fullmatch(project):
            yield (
                "GOOGLE_USAGE_PROJECTS must be ids of projects, separated by commas, such as "
                f"my-project-123, not {project}"
            )
    if admin and not re.fullmatch(r"[^@\s,]+@[^@\s,]+", admin):
        yield f"GOOGLE_WORKSPACE_ADMIN must be the e-mail of one administrator, not {admin}"
    if table or admin or usage_projects(settings):
        yield from settings.credentials_problems()


SOURCE = Source(
    "google",
    GoogleSettings,
    needs_one_of=(
        "GOOGLE_BILLING_EXPORT_TABLE",
        "GOOGLE_USAGE_PROJECTS",
        "GOOGLE_WORKSPACE_ADMIN",
    ),
    base_url=base_url,
    problems=problems,
)
