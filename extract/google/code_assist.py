"""Who used Gemini Code Assist: the metadata of its log in Cloud Logging
(https://cloud.google.com/gemini/docs/log-gemini).

Code Assist writes three logs: requests and responses, which hold prompts and code, and metadata.
Only metadata is asked for. Whatever is answered, only the fields named here land, of entries that
are metadata; so nothing that somebody wrote can land, not even as a record that was refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from extract.google.api import Api, fetch_optional
from extract.google.records import CodeAssistEntry
from extract.windows import Page, Period, Resource, Run, Window

TABLES = ("code_assist_log",)

ADVICE = (
    "enable the Cloud Logging API in the project and give the account Logs Viewer there "
    "(docs/vendors/google.md)"
)
LOOK_BACK = 3
MAX_DAYS = 7
# What the log keeps unless told otherwise: of older days an answer may be empty, and must not
# replace what landed when it was not.
REACH = timedelta(days=29)
# The largest page allowed.
ENTRIES_PER_PAGE = 1000

URL = "logging.googleapis.com/v2/entries:list"
LOG = "cloudaicompanion.googleapis.com%2Fmetadata"
PAYLOAD = ".MetadataLog"
LABELS = ("user_id", "product", "method")
IN_PAYLOAD = ("@type", "clientName", "clientVersion", "requestId")
# Ids, names and versions are shorter.
LONGEST_TEXT = 320


def extract(api: Api, project: str, run: Run) -> Iterator[Window]:
    resource = Resource(
        TABLES[0],
        CodeAssistEntry,
        partial(_entries, api, project),
        is_directory=False,
        look_back=LOOK_BACK,
        max_days=MAX_DAYS,
        is_optional=True,
        brings="who used Gemini Code Assist, and when",
    )
    earliest = run.today - REACH
    yield from fetch_optional(resource, project, run, advice=ADVICE, earliest=earliest)


def _entries(api: Api, project: str, period: Period) -> Iterator[Page]:
    query = {
        "resourceNames": [f"projects/{project}"],
        "filter": " AND ".join(
            (
                'resource.type="cloudaicompanion.googleapis.com/Instance"',
                'labels.product="code_assist"',
                f'logName="projects/{project}/logs/{LOG}"',
                f'timestamp>="{period.start}T00:00:00Z"',
                f'timestamp<"{period.end}T00:00:00Z"',
            )
        ),
        "orderBy": "timestamp asc",
        "pageSize": ENTRIES_PER_PAGE,
    }
    return api.pages("POST", URL, "entries", query, _metadata)


def _metadata(entries: list[msgspec.Raw]) -> list[tuple[None, list[msgspec.Raw]]]:
    """What may land of a page of entries."""
    kept = [kept for entry in entries if (kept := _kept(msgspec.json.decode(entry))) is not None]
    return [(None, [msgspec.Raw(msgspec.json.encode(entry)) for entry in kept])]


def _kept(entry: dict[str, Any]) -> dict[str, Any] | None:
    """The named fields of an entry of metadata, None of any other entry."""
    payload = entry.get("jsonPayload") or {}
    is_metadata = str(entry.get("logName")).endswith(f"/{LOG}")
    if not is_metadata or not str(payload.get("@type")).endswith(PAYLOAD):
        return None
    return {
        **_texts(entry, ("insertId", "timestamp", "logName")),
        "labels": _texts(entry.get("labels") or {}, LABELS),
        "jsonPayload": _texts(payload, IN_PAYLOAD),
    }


def _texts(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {
        name: value
        for name in names
        if isinstance(value := values.get(name), str) and len(value) <= LONGEST_TEXT
    }
