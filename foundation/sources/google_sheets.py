"""The sheets that people edit: a Google spreadsheet, or a folder of CSV files."""

from __future__ import annotations

from collections.abc import Iterator

from foundation.fields import Address, GoogleCredentials, ProjectPath
from foundation.sources.source import Source


class GoogleSheetsSettings(GoogleCredentials):
    google_sheets_id: str | None = None
    google_sheets_base_url: Address = "https://sheets.googleapis.com"
    sheets_dir: ProjectPath | None = None


def base_url(settings: GoogleSheetsSettings) -> str:
    if settings.sheets_dir:
        return settings.sheets_dir.as_uri()
    return settings.google_sheets_base_url


def problems(settings: GoogleSheetsSettings) -> Iterator[str]:
    if settings.google_sheets_id and settings.sheets_dir:
        yield "GOOGLE_SHEETS_ID and SHEETS_DIR are both set: keep one of them"
    if settings.sheets_dir and not settings.sheets_dir.is_dir():
        yield f"SHEETS_DIR: there is no folder {settings.sheets_dir}"
    if settings.google_sheets_id:
        yield from settings.credentials_problems()


SOURCE = Source(
    "google_sheets",
    GoogleSheetsSettings,
    needs_one_of=("GOOGLE_SHEETS_ID", "SHEETS_DIR"),
    base_url=base_url,
    problems=problems,
)
