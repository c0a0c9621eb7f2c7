"""Google: what a billing account exports to BigQuery, and what Gemini is used for. Each part of it
has a module of its own."""

from __future__ import annotations

from collections.abc import Iterator

from extract.google import billing_export, usage, workspace
from extract.windows import Run, Window
from foundation.sources.google import GoogleSettings, usage_projects

TABLES = (*billing_export.TABLES, *workspace.TABLES, *usage.TABLES)


def extract(settings: GoogleSettings, run: Run) -> Iterator[Window]:
    if settings.google_billing_export_table:
        yield from billing_export.extract(settings, run)
    if settings.google_workspace_admin:
        yield from workspace.extract(settings, run)
    if usage_projects(settings):
        yield from usage.extract(settings, run)
