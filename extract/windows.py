"""Windows: one resource of one organization for one UTC day. Only this module knows about them.

A run asks for days (`Run.days`), in chunks that the vendor allows, oldest first, splits each answer
into its days and compares a hash of every day with what last landed. What landed is in `memory`,
which dlt keeps in the warehouse:

    {"console/analytics_cost": {"high_water": "2026-11-20", "hashes": {"2026-11-19": "0f3a…"}},
     "cursor/members": {"snapshot_date": "2026-11-20", "hash": "77b2…", "records": 61}}

A directory (members, keys, a sheet) has no past: its window is the day of the run, and it is
compared with its last landed snapshot, whatever its day.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec

import msgspec
import pyarrow as pa
from pydantic import ValidationError

from extract.http import (
    ExpiredError,
    MismatchError,
    TooRecentError,
    UnreadableError,
    VendorError,
)
from extract.records import Record
from extract.report import ResourceReport, SourceReport
from foundation.erased import Erased
from foundation.logs import one_line

log = logging.getLogger(__name__)

# How far back the first run reaches. Vendors keep more, but fetching it takes hundreds of requests.
FIRST_RUN_DAYS = 180
# How many pages a query may have, how many of them in a row may be empty, and how many bytes all of
# them may have: they are held in memory.
MAX_PAGES = 5_000
MAX_EMPTY_PAGES = 25
MAX_BYTES = 2_000_000_000
# How often a query whose pages no longer belong together starts over at its first page.
MAX_RESTARTS = 3

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days from `start` to before `end`."""

    start: date
    end: date

    def days(self) -> list[date]:
        return [self.start + ONE_DAY * n for n in range((self.end - self.start).days)]

    def chunks(self, max_days: int) -> Iterator[Period]:
        """The period in pieces of at most `max_days`, oldest first."""
        start = self.start
        while start < self.end:
            end = min(start + ONE_DAY * max_days, self.end)
            yield Period(start, end)
            start = end

    def within(self, earliest: date | None, before: date | None) -> Period:
        """The part of the period in [earliest, before); empty periods have start >= end."""
        return Period(max(self.start, earliest or self.start), min(self.end, before or self.end))

    def __str__(self) -> str:
        last = self.end - ONE_DAY
        return str(self.start) if self.start == last else f"{self.start}..{last}"


@dataclass(frozen=True)
class Page:
    """One answer of a vendor. `parts` are its records as bytes, with their day if the answer rather
    than the record says it; `request` is what was asked, without the position in the paging."""

    parts: list[tuple[date | None, list[msgspec.Raw]]]
    request: dict[str, Any]
    envelope: dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """One list that a vendor offers, and how to read it.

    A directory only says what is there now and lands as a whole snapshot; in any other list each
    day is a window. `pages` returns all pages for a period; a directory ignores the period.
    `look_back` is for how many days before the high-water mark the vendor may still change its
    answer, `max_days` how many it accepts in one query. An optional resource that the key may not
    read is not a failure. With `oldest` the first run begins on the day that it returns (None:
    there is no data yet) instead of FIRST_RUN_DAYS ago. With `has_today` the current day is a
    window as well. A list of typed rows, from a database, has `windows` instead of a record and
    pages. `brings` says in words what it is for. `probe` asks for as little as possible, where that
    is not the first page. `at_once` is how many queries may be under way at the same time; their
    days land in order all the same.
    """

    name: str
    record: type[Record] = Record
    pages: Callable[[Period], Iterator[Page]] | None = None
    look_back: int = 0
    max_days: int = 1
    is_directory: bool = field(kw_only=True)
    is_optional: bool = False
    may_be_emptied: bool = True
    oldest: Callable[[], date | None] | None = None
    has_today: bool = False
    windows: Callable[[Period], list[Window]] | None = None
    brings: str = ""
    probe: Callable[[], None] | None = None
    at_once: int = 1


@dataclass
class Window:
    """A day of a resource as the vendor reports it now. `end` is exclusive.

    It lands `payloads`, records as the vendor's bytes, or `rows` if they are typed. For a directory
    the day is that of the snapshot.
    """

    start: date
    end: date
    resource: str = ""
    organization: str = ""
    payloads: list[bytes] = field(default_factory=list)
    rows: pa.Table | None = None
    digests: list[bytes] = field(default_factory=list)
    rejected: list[tuple[bytes, str]] = field(default_factory=list)
    rejected_digests: list[bytes] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)
    envelope: dict[str, Any] = field(default_factory=dict)
    pages: int = 0
    content_hash: str = ""
    is_changed: bool = False
    is_directory: bool = False
    extracted_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def records(self) -> int:
        """How many there are, without those that were rejected."""
        return len(self.payloads) if self.rows is None else int(self.rows.num_rows)


@dataclass
class Run:
    """What one source's run needs. `since` is None on an ordinary run; `until` is exclusive;
    `today` is the window of directories. With `is_probe` each resource is only asked whether it
    answers, and no window comes of it. What lands names none of the people who were `erased`."""

    report: SourceReport
    since: date | None
    until: date
    today: date
    memory: dict[str, Any] = field(default_factory=dict)
    is_probe: bool = False
    erased: Erased = field(default_factory=Erased)

    def days(self, resource: Resource, known: dict[str, Any]) -> Period:
        """The days to ask for: exactly those named, or from the high-water mark back."""
        if resource.is_directory:
            return Period(self.today, self.today + ONE_DAY)
        until = self.until
        if resource.has_today and until == self.today:
            until += ONE_DAY
        if self.since:
            return Period(self.since, until)
        mark = known.get("high_water")
        if mark is not None:
            return Period(date.fromisoformat(mark) - ONE_DAY * resource.look_back, until)
        if resource.oldest:
            return Period(min(resource.oldest() or until, until), until)
        return Period(until - ONE_DAY * FIRST_RUN_DAYS, until)


P = ParamSpec("P")


def ending(pages: Callable[P, Iterator[Page]]) -> Callable[P, Iterator[Page]]:
    """For the function that yields all pages of a query: raises VendorError if they do not end,
    because the vendor sends the same page again, or empty ones, or more than can be."""

    @wraps(pages)
    def limited(*args: P.args, **kwargs: P.kwargs) -> Iterator[Page]:
        seen: set[bytes] = set()
        size = empty = 0
        for count, page in enumerate(pages(*args, **kwargs), 1):
            found = hashlib.blake2b(digest_size=16)
            before = size
            for day, records in page.parts:
                # Two days may have the same records.
                found.update(f"{day}".encode())
                for record in records:
                    payload = bytes(record)
                    size += len(payload)
                    found.update(payload)
            empty = empty + 1 if size == before else 0
            if size > before and found.digest() in seen:
                raise _endless(f"page {count} has the records of an earlier one")
            seen.add(found.digest())
            if empty > MAX_EMPTY_PAGES:
                raise _endless(f"{empty} pages in a row are empty")
            if count > MAX_PAGES or size > MAX_BYTES:
                raise _endless(f"after {count:,} pages with {size / 1e6:,.0f} MB there are more")
            yield page

    return limited


def _endless(why: str) -> VendorError:
    return VendorError(
        f"the list does not end: {why}", advice="the vendor's paging is broken: report it"
    )


def unsaid_end() -> VendorError:
    """For a full page of a vendor that always says whether there is another one, and did not."""
    return VendorError(
        "a page is full, and nothing says whether there is more",
        advice="the vendor's paging is broken or has changed: report it",
    )


class _Undated(Exception):  # noqa: N818 - a signal, not an error
    """A record from a query for several days does not say which of them is its day."""


_decode = msgspec.json.Decoder().decode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def digest(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The same bytes for the same JSON value, whatever the order of its keys and its whitespace."""
    return hashlib.blake2b(_encode_sorted(value), digest_size=16).digest()


def content_hash(digests: Iterable[bytes], rejected: Iterable[bytes] = ()) -> str:
    """128 bits over a set of records that do not depend on their order, in hex.

    Rejected records are hashed separately: when the checks change, a window with rejected records
    changes and lands again; as long as nothing changes, it does not.
    """
    total = hashlib.blake2b(digest_size=16)
    for part in (digests, rejected):
        for one in sorted(part):
            total.update(one)
        total.update(b"|")
    return total.hexdigest()


EMPTY = content_hash(())


def fetch(
    resource: Resource,
    organization: str,
    run: Run,
    *,
    earliest: date | None = None,
    before: date | None = None,
) -> Generator[Window, None, ResourceReport]:
    """The windows of a resource, each as soon as its query is complete; returns its report.

    Only days in [earliest, before) are asked for. The resource stops at its first failure, which
    goes into the report: earlier windows count, and the high-water mark stays before the failure.
    Only a day that the vendor lists otherwise than it counts does not stop it: such a day may never
    agree. It fails the run, and the mark passes it once a later day landed.
    """
    part = ResourceReport(resource.name, organization, brings=resource.brings)
    known = run.memory.setdefault(f"{organization}/{resource.name}", {})

    def whole() -> Iterator[Window]:
        if run.is_probe:
            _probe(resource, run, part)
            return
        asked = run.days(resource, known)
        moves = not resource.is_directory
        if moves and run.since and "high_water" not in known:
            # The mark is left to the first run, which would not reach its past otherwise.
            first = replace(run, since=None, until=run.today)
            moves = not resource.oldest and (
                run.since <= first.days(resource, known).start <= run.until
            )
        clipped = asked.within(earliest, before)
        yield from _fetch_period(resource, asked, clipped, part, known, moves=moves)

    is_optional = resource.is_optional
    if run.is_probe:
        # A run would not ask for this day.
        yesterday = Period(run.until - ONE_DAY, run.until).within(earliest, before)
        is_optional |= not resource.is_directory and not yesterday.days()
    yield from reported(run, part, whole(), is_optional=is_optional)
    return part


def _probe(resource: Resource, run: Run, part: ResourceReport) -> None:
    """Ask for as little as shows whether the resource can be read. Raises VendorError."""
    last = run.today if resource.is_directory else run.until - ONE_DAY
    try:
        if resource.probe:
            resource.probe()
        elif resource.pages:
            next(iter(resource.pages(Period(last, last + ONE_DAY))), None)
    except TooRecentError as error:
        part.notes.append(f"{last} is not published yet: {error.message}")


def reported(
    run: Run, part: ResourceReport, windows: Iterator[Window], *, is_optional: bool = False
) -> Iterator[Window]:
    """The windows up to the first failure, which goes into the report along with the time they
    took."""
    run.report.resources.append(part)
    began = time.monotonic()
    try:
        yield from windows
    except UnreadableError as error:
        if is_optional:
            part.status = "not readable"
        else:
            _fail(part, str(error))
    except VendorError as error:
        _fail(part, str(error))
    except Exception as error:  # one resource must not make the others fail
        log.exception("%s", part.name)
        _fail(part, f"unexpected {type(error).__name__}: {error}")
    part.seconds = round(time.monotonic() - began, 3)
    if run.is_probe:
        return
    log.info(
        "%s %s: %s, %d windows, %d changed, %d records landed, %.1f s",
        *(run.report.source, part.name, part.status),
        *(part.windows, part.changed, part.landed, part.seconds),
    )


def _fail(part: ResourceReport, message: str) -> None:
    part.status = "failed"
    part.errors.append(one_line(message))


def _fetch_period(
    resource: Resource,
    asked: Period,
    clipped: Period,
    part: ResourceReport,
    known: dict[str, Any],
    *,
    moves: bool,
) -> Iterator[Window]:
    """The windows of the days; the mark goes along with them if it `moves`."""
    part.days_asked = len(clipped.days())
    # In years in which little happened, only days on which something did are worth a window.
    is_sparse = resource.oldest is not None and "high_water" not in known
    for chunk, read, reading in _readings(resource, clipped, part):
        try:
            windows = reading.result()
        except TooRecentError as error:
            part.notes.append(f"days from {chunk.start} on are not published yet: {error.message}")
            return
        except VendorError as error:
            error.args = (f"{chunk}: {error}",)
            raise
        finally:
            part.pages += read.pages
            part.notes += read.notes
            for message in read.errors:
                _fail(part, message)
        windows.reverse()
        while windows:
            # Removed from the list, so that its records can be freed as soon as they have landed.
            window = windows.pop()
            is_empty = not window.records and not window.rejected
            if is_sparse and is_empty and str(window.start) not in known.get("hashes", {}):
                continue
            window.is_directory = resource.is_directory
            _decide(resource, window, known)
            if moves:
                _advance(known, asked.start, window.end)
            yield counted(window, part)
        if moves and not read.errors:
            _advance(known, asked.start, chunk.end)
    # Without a first day there is nothing yet, or no right to see it: each run is the first.
    if moves and asked.days() and not part.errors:
        _advance(known, asked.start, asked.end)


def _readings(
    resource: Resource, period: Period, part: ResourceReport
) -> Iterator[tuple[Period, ResourceReport, Future[list[Window]]]]:
    """Each chunk, a report of its reading alone, and its windows, oldest first. The next chunks are
    read meanwhile, as many as the resource allows; no more are begun once nobody asks for the
    next."""
    under_way: deque[tuple[Period, ResourceReport, Future[list[Window]]]] = deque()
    with ThreadPoolExecutor(resource.at_once, thread_name_prefix=part.name) as pool:
        try:
            for chunk in period.chunks(resource.max_days):
                read = ResourceReport(part.resource, part.organization)
                under_way.append((chunk, read, pool.submit(_read, resource, chunk, read)))
                if len(under_way) == resource.at_once:
                    yield under_way.popleft()
            yield from under_way
        finally:
            pool.shutdown(cancel_futures=True)


def _read(
    resource: Resource, chunk: Period, part: ResourceReport, restarts: int = 0
) -> list[Window]:
    """The windows of a chunk, from one complete, consistent reading of all pages of the chunk or of
    each of its days. A day without one goes into the report. `restarts` is how often its days were
    read in vain."""
    if resource.windows:
        return resource.windows(chunk)
    for restart in range(restarts, MAX_RESTARTS + 1):
        try:
            return _collect(resource, chunk, part)
        except MismatchError as error:
            # A reading may take half an hour, and more than two seldom help.
            if len(chunk.days()) > 1:
                log.info("%s %s: %s; reading day by day", resource.name, chunk, error.message)
                part.notes.append(f"{chunk}: read day by day: {error.message}")
                return _day_by_day(resource, chunk, part, restarts=1)
            if restart:
                part.errors.append(f"{chunk}: {error}")
                return []
            _start_over(resource, chunk, part, error)
        except ExpiredError as error:
            if restart == MAX_RESTARTS:
                raise
            _start_over(resource, chunk, part, error)
        except _Undated:
            # A query for one day gives the day of everything in its answer.
            return _day_by_day(resource, chunk, part, restart)
    raise AssertionError("unreachable")


def _day_by_day(
    resource: Resource, chunk: Period, part: ResourceReport, restarts: int
) -> list[Window]:
    days = chunk.chunks(1)
    return [window for day in days for window in _read(resource, day, part, restarts)]


def _start_over(
    resource: Resource, chunk: Period, part: ResourceReport, error: ExpiredError
) -> None:
    log.info("%s %s: %s; starting over at the first page", resource.name, chunk, error.message)
    part.notes.append(f"{chunk}: started over at the first page: {error.message}")


def _collect(resource: Resource, chunk: Period, part: ResourceReport) -> list[Window]:
    now = datetime.now(UTC)
    windows = {day: Window(day, day + ONE_DAY, extracted_at=now) for day in chunk.days()}
    only = windows[chunk.start] if len(windows) == 1 else None
    validate = resource.record.model_validate
    pages = 0
    page = None
    for page in resource.pages(chunk) if resource.pages else ():
        pages += 1
        part.pages += 1
        for told, records in page.parts:
            for record in records:
                payload = bytes(record)
                reason = None
                day = told
                try:
                    value = _decode(payload)
                    checked = validate(value)
                except msgspec.DecodeError:  # such as half of a surrogate pair
                    value, reason = payload.decode(), "is not valid JSON"
                except RecursionError:
                    value, reason = payload.decode(), "is nested too deeply"
                except ValidationError as error:
                    reason = _reason(error)
                else:
                    day = told or checked.day()
                if day is not None and day not in windows:
                    reason = f"its day, {day}, is not in the period asked for, {chunk}"
                    day = None
                window = only if day is None else windows[day]
                if window is None:
                    raise _Undated
                if reason:
                    window.rejected.append((payload, reason))
                    window.rejected_digests.append(digest(value))
                else:
                    window.payloads.append(payload)
                    window.digests.append(digest(value))
    for window in windows.values():
        window.pages = pages
        if page:
            window.request, window.envelope = page.request, page.envelope
    return list(windows.values())


def _reason(error: ValidationError) -> str:
    """Which keys are wrong and how, without the values: those are in the payload."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'record'}: {problem['msg']}"
        for problem in problems[:5]
    )


def _decide(resource: Resource, window: Window, known: dict[str, Any]) -> None:
    """Compare the window with what last landed, and remember it."""
    # Typed rows already have their hash.
    window.content_hash = window.content_hash or content_hash(
        window.digests, window.rejected_digests
    )
    if resource.is_directory:
        had = known.get("records", 0)
        if had and not window.records and not resource.may_be_emptied:
            raise VendorError(
                f"had {had} rows and now has none",
                advice="the last good version stays in force; fill it again or restore it from "
                "the version history, or give it its name back if its tab was renamed",
            )
        window.is_changed = known.get("hash") != window.content_hash
        if window.is_changed:
            known["snapshot_date"] = str(window.start)
            known["hash"] = window.content_hash
            known["records"] = window.records
    else:
        hashes = known.setdefault("hashes", {})
        # The first run left out days on which nothing happened.
        before = hashes.get(str(window.start), EMPTY if resource.oldest else None)
        window.is_changed = before != window.content_hash
        hashes[str(window.start)] = window.content_hash


def counted(window: Window, part: ResourceReport) -> Window:
    """The window with its resource's name set, and counted in the report."""
    window.resource, window.organization = part.resource, part.organization
    part.windows += 1
    part.records += window.records
    part.rejected += len(window.rejected)
    if window.is_changed:
        part.changed += 1
        part.landed += window.records
    return window


def _advance(known: dict[str, Any], start: date, end: date) -> None:
    """Move the high-water mark to `end`, if [start, end) leaves no gap behind it."""
    mark = known.get("high_water")
    if mark is None or date.fromisoformat(mark) >= start:
        known["high_water"] = max(mark or "", str(end))
