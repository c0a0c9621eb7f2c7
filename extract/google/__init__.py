"""Google: what a billing account exports to BigQuery. Each part of it has a module of its own."""

from __future__ import annotations

from collections.abc import Iterator

from extract.google import billing_export
from extract.windows import Run, Window
from foundation.sources.google import GoogleSettings

TABLES = billing_export.TABLES


def extract(settings: GoogleSettings, run: Run) -> Iterator[Window]:
    yield from billing_export.extract(settings, run)
