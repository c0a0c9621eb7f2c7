"""OpenAI's admin API (https://platform.openai.com/docs/api-reference/administration): what is read.

Costs and usage come in buckets of a UTC day, and pages go over buckets. Costs are what is billed;
usage says who used what, but does not add up to them. Some organizations get costs by API key or by
user as well. The others are answered with 400, and their costs are shared out by usage in SQL.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache, partial
from typing import Any

import httpx
import msgspec

from extract.http import (
    UnreadableError,
    VendorError,
    client,
    open_envelope,
    records_in,
    scalars_in,
    send,
)
from extract.openai import records
from extract.records import Record
from extract.windows import (
    ONE_DAY,
    Page,
    Period,
    Resource,
    Run,
    Window,
    ending,
    fetch,
    unsaid_end,
)
from foundation.retrying import with_retries
from foundation.sources.openai import OpenAISettings

ORGANIZATION = "openai"
ROOT = "/v1/organization"

LOOK_BACK = 7
# The API gives 180 days of costs and 31 of usage at once, on pages of as many.
DAYS = BUCKETS_PER_PAGE = 31
# A chunk is held in memory until its last page has arrived, and a day of a large organization has
# many combinations of user, key and model.
COMPLETIONS_DAYS = 1
ENTRIES_PER_PAGE = 100

COSTS_BY = ["project_id", "line_item"]
# What costs may be broken down by as well, the better one first.
IDENTITIES = ("api_key_id", "user_id")

PAGING = frozenset({"data", "has_more", "next_page", "first_id", "last_id"})


@dataclass(frozen=True)
class Kind:
    """A kind of usage, and what it can be broken down by."""

    name: str
    brings: str
    by: tuple[str, ...]
    record: type[Record] = records.Usage
    max_days: int = DAYS

    @property
    def table(self) -> str:
        return f"usage_{self.name}"


_WHO = ("project_id", "user_id", "api_key_id")
COMPLETIONS = Kind(
    "completions",
    "tokens by project, key, person, model and service tier",
    (*_WHO, "model", "batch", "service_tier"),
    records.Completions,
    COMPLETIONS_DAYS,
)
# Most organizations use few of these.
OTHER_KINDS = (
    Kind("embeddings", "tokens of embeddings", (*_WHO, "model"), records.Embeddings),
    Kind("moderations", "tokens of moderations", (*_WHO, "model")),
    Kind("images", "requests for images", (*_WHO, "model")),
    Kind("audio_speeches", "requests for speech", (*_WHO, "model")),
    Kind("audio_transcriptions", "requests for transcriptions", (*_WHO, "model")),
    Kind("web_search_calls", "searches of the web", _WHO),
    Kind("file_search_calls", "searches of files", _WHO),
    Kind("code_interpreter_sessions", "sessions of the code interpreter", ("project_id",)),
    Kind("vector_stores", "bytes that are stored", ("project_id",)),
)
TABLES = (
    *("users", "projects", "project_api_keys", "service_accounts", "costs", "costs_by_identity"),
    *(kind.table for kind in (COMPLETIONS, *OTHER_KINDS)),
)


class Bucket(msgspec.Struct):
    """A day of a report; its rows do not carry the day themselves."""

    start_time: int
    results: list[msgspec.Raw]

    def day(self) -> date:
        return datetime.fromtimestamp(self.start_time, UTC).date()


def extract(settings: OpenAISettings, run: Run) -> Iterator[Window]:
    with _client(settings) as client:
        for directory in directories(client):
            yield from fetch(directory, ORGANIZATION, run)
        costs = yield from fetch(
            _costs(client, "costs", COSTS_BY, brings="what is billed"), ORGANIZATION, run
        )
        costs.notes += yield from _costs_by_identity(client, run)
        yield from fetch(_usage(client, COMPLETIONS), ORGANIZATION, run)
        for kind in OTHER_KINDS:
            yield from _if_used(_usage(client, kind), run)


def _client(settings: OpenAISettings) -> httpx.Client:
    key = settings.openai_admin_key
    return client(
        base_url=settings.openai_base_url,
        headers={"Authorization": f"Bearer {key.get_secret_value() if key else ''}"},
    )


# --- costs and usage -----------------------------------------------------------------------------


def _costs(client: httpx.Client, name: str, group_by: list[str], *, brings: str) -> Resource:
    pages = partial(_buckets, client, f"{ROOT}/costs", group_by)
    return Resource(
        name,
        records.Cost,
        pages,
        is_directory=False,
        look_back=LOOK_BACK,
        max_days=DAYS,
        brings=brings,
    )


def _usage(client: httpx.Client, kind: Kind) -> Resource:
    return Resource(
        kind.table,
        kind.record,
        partial(_buckets, client, f"{ROOT}/usage/{kind.name}", list(kind.by)),
        is_directory=False,
        look_back=LOOK_BACK,
        max_days=kind.max_days,
        # Older organizations do not have the newer kinds.
        is_optional=kind is not COMPLETIONS,
        brings=kind.brings,
    )


def _costs_by_identity(client: httpx.Client, run: Run) -> Generator[Window, None, list[str]]:
    """The costs by API key, or else by user, of the days for which OpenAI answers that; returns
    notes about the other days."""
    for identity in IDENTITIES:
        group_by = [*COSTS_BY, identity]
        resource = _costs(client, "costs_by_identity", group_by, brings="whose each cost is")
        known = run.memory.get(f"{ORGANIZATION}/{resource.name}", {})
        asked = _last_day(run) if run.is_probe else run.days(resource, known)
        first = _answered_from(resource, asked)
        if first is None:
            continue
        yield from fetch(resource, ORGANIZATION, run, earliest=first)
        if first == asked.start:
            return []
        return [f"OpenAI gives costs by {identity} only from {first} on; earlier: by usage"]
    return [
        f"OpenAI refuses costs by {' and by '.join(IDENTITIES)} (HTTP 400): they are shared out by "
        "usage"
    ]


def _last_day(run: Run) -> Period:
    return Period(run.until - ONE_DAY, run.until)


def _answered_from(resource: Resource, asked: Period) -> date | None:
    """The day from which on a breakdown is answered, None if it never is. Whether it is depends on
    the organization and on the days."""
    first = None if asked.days() else asked.start
    for chunk in reversed(list(asked.chunks(resource.max_days))):
        try:
            next(resource.pages(chunk)) if resource.pages else None
        except VendorError as error:
            if error.status == 400:
                return first
            # Asking again meets the error where it is reported.
            return asked.start
        first = chunk.start
    return first


def _if_used(resource: Resource, run: Run) -> Iterator[Window]:
    """The windows of a kind of usage from the first day on which there was any. Until then a run
    leaves nothing but the day up to which there was none."""
    known = run.memory.setdefault(f"{ORGANIZATION}/{resource.name}", {})
    earliest = None
    if "high_water" not in known and not run.is_probe:
        asked = run.days(resource, {"high_water": known.get("unused_to")})
        try:
            earliest = _first_used(resource, asked)
        except UnreadableError:
            return
        except VendorError:
            # Asking again meets the error where it is reported.
            earliest = asked.start
        if earliest is None:
            # Days before a backfill may never have been asked for.
            if not run.since or known.get("unused_to", "") >= str(asked.start):
                known["unused_to"] = max(known.get("unused_to", ""), str(asked.end))
            return
    yield from fetch(resource, ORGANIZATION, run, earliest=earliest)
    if "high_water" in known:
        known.pop("unused_to", None)


def _first_used(resource: Resource, asked: Period) -> date | None:
    for chunk in asked.chunks(resource.max_days):
        for page in resource.pages(chunk) if resource.pages else ():
            for day, found in page.parts:
                if found:
                    return day
    return None


@ending
def _buckets(
    client: httpx.Client, path: str, group_by: list[str], period: Period
) -> Iterator[Page]:
    query = {
        "start_time": _seconds(period.start),
        "end_time": _seconds(period.end),
        "bucket_width": "1d",
        "group_by": group_by,
        "limit": BUCKETS_PER_PAGE,
    }
    place: dict[str, str] = {}
    while True:
        envelope = _ask(client, path, {**query, **place})
        buckets = _days(envelope)
        yield Page(buckets, {"path": path, **query}, scalars_in(envelope, PAGING))
        is_full = len(buckets) >= BUCKETS_PER_PAGE
        place = _following(envelope, "page", "next_page", place, is_full=is_full)
        if not place:
            return


def _days(envelope: dict[str, msgspec.Raw]) -> list[tuple[date | None, list[msgspec.Raw]]]:
    try:
        buckets = msgspec.json.decode(envelope["data"], type=list[Bucket])
    except (KeyError, msgspec.DecodeError) as error:
        raise VendorError(f"the answer has no buckets: {error}", advice="report it") from None
    return [(bucket.day(), bucket.results) for bucket in buckets]


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


# --- directories ---------------------------------------------------------------------------------


def directories(client: httpx.Client) -> Iterator[Resource]:
    # Archived projects are hidden unless asked for, and still have costs.
    projects = f"{ROOT}/projects", {"include_archived": "true"}

    @cache
    def known_projects() -> list[dict[str, Any]]:
        pages = _entries(client, *projects)
        return [
            msgspec.json.decode(record)
            for page in pages
            for _, found in page.parts
            for record in found
        ]

    def in_projects(what: str, query: dict[str, str], _: Period) -> Iterator[Page]:
        for project in known_projects():
            path = f"{ROOT}/projects/{project['id']}/{what}"
            try:
                yield from _entries(client, path, query, project_id=project["id"])
            except UnreadableError:
                if project.get("status") != "archived":
                    raise

    for name, record, pages, brings in (
        (
            "users",
            records.User,
            lambda _: _entries(client, f"{ROOT}/users", {}),
            "whose the ids of people are",
        ),
        (
            "projects",
            records.Named,
            lambda _: _entries(client, *projects),
            "names of projects",
        ),
        (
            "project_api_keys",
            records.ApiKey,
            partial(in_projects, "api_keys", {"owner_project_access": "any"}),
            "names of keys, and who they act for",
        ),
        (
            "service_accounts",
            records.Named,
            partial(in_projects, "service_accounts", {}),
            "names of service accounts",
        ),
    ):
        yield Resource(name, record, pages, is_directory=True, is_optional=True, brings=brings)


@ending
def _entries(
    client: httpx.Client, path: str, query: dict[str, str], project_id: str | None = None
) -> Iterator[Page]:
    """All pages of a list. Entries of a project do not name it, so it is written before what the
    vendor sent."""
    place: dict[str, str] = {}
    while True:
        envelope = _ask(client, path, {**query, "limit": ENTRIES_PER_PAGE, **place})
        found = records_in(envelope, "data")
        if project_id is not None:
            begin = b'{"project_id":%s,' % msgspec.json.encode(project_id)
            found = [msgspec.Raw(begin + bytes(record)[1:]) for record in found]
        yield Page([(None, found)], {"path": path, **query}, scalars_in(envelope, PAGING))
        is_full = len(found) >= ENTRIES_PER_PAGE
        place = _following(envelope, "after", "last_id", place, is_full=is_full)
        if not place:
            return


# --- asking --------------------------------------------------------------------------------------


def _ask(client: httpx.Client, path: str, query: dict[str, Any]) -> dict[str, msgspec.Raw]:
    # httpx repeats the name of a list for each of its values, as OpenAI wants it.
    return with_retries(lambda: open_envelope(send(client, "GET", path, params=query)))


def _following(
    envelope: dict[str, msgspec.Raw],
    parameter: str,
    name: str,
    place: dict[str, str],
    *,
    is_full: bool,
) -> dict[str, str]:
    """Where the next page is, or nothing if this was the last one."""
    has_more = _value(envelope, "has_more")
    if has_more is None and is_full:
        raise unsaid_end()
    if not has_more:
        return {}
    following = {parameter: _value(envelope, name)}
    if not following[parameter] or following == place:
        raise VendorError("there is more, but no other page is named", advice="report it")
    return following


def _value(envelope: dict[str, msgspec.Raw], key: str) -> Any:  # noqa: ANN401
    return msgspec.json.decode(envelope[key]) if key in envelope else None
