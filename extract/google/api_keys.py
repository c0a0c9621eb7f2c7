"""The API keys of a project: their names and ids, never the keys themselves
(https://cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys/list)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from extract.google.api import Api, fetch_optional
from extract.google.records import ApiKey
from extract.windows import Page, Period, Resource, Run, Window

TABLES = ("api_keys",)

ADVICE = (
    "enable the API Keys API in the project and give the account API Keys Viewer there "
    "(docs/vendors/google.md)"
)
# The largest page allowed.
KEYS_PER_PAGE = 300


def extract(api: Api, project: str, run: Run) -> Iterator[Window]:
    resource = Resource(
        TABLES[0],
        ApiKey,
        partial(_keys, api, project),
        is_directory=True,
        is_optional=True,
        brings="names of API keys",
    )
    yield from fetch_optional(resource, project, run, advice=ADVICE)


def _keys(api: Api, project: str, _: Period) -> Iterator[Page]:
    url = f"apikeys.googleapis.com/v2/projects/{project}/locations/global/keys"
    return api.pages("GET", url, "keys", {"pageSize": KEYS_PER_PAGE})
