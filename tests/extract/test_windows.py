"""Days, versions and high-water marks, without a vendor and without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Event
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.cursor.records import UsageEvent
from extract.http import (
    ExpiredError,
    MismatchError,
    TooRecentError,
    TransientError,
    UnreadableError,
)
from extract.records import Record
from extract.report import SourceReport
from extract.windows import (
    FIRST_RUN_DAYS,
    Page,
    Period,
    Resource,
    Run,
    Window,
    content_hash,
    digest,
    fetch,
)

TODAY = date(2026, 6, 30)
DAY = timedelta(days=1)


class Row(Record):
    n: int


def page(*records: object, day: date | None = None) -> Page:
    found = [msgspec.Raw(msgspec.json.encode(record)) for record in records]
    return Page([(day, found)], {"path": "/rows"}, {})


def resource(
    pages: Callable[[Period], Iterator[Page]],
    **options: Any,
) -> Resource:
    return Resource("rows", options.pop("record", Row), pages, **{"is_directory": False} | options)


def run_of(memory: dict[str, Any], since: date | None = None, until: date = TODAY) -> Run:
    return Run(SourceReport("vendor"), since, until, TODAY, memory)


def asked_for(one: Resource, run: Run, **limits: date) -> list[date]:
    return [window.start for window in fetch(one, "org", run, **limits)]


def days_from(start: date, end: date) -> list[date]:
    return Period(start, end).days()


def nothing(_: Period) -> Iterator[Page]:
    yield page()


def event(day: date, n: int = 1) -> dict[str, Any]:
    midnight = (day - date(1970, 1, 1)).days * 86_400_000
    return {"timestamp": str(midnight + n), "kind": "Usage-based"}


# --- days ----------------------------------------------------------------------------------------


@given(st.integers(0, 400), st.integers(1, 40))
def test_chunks_cover_a_period_once_oldest_first_and_none_is_too_long(days: int, most: int) -> None:
    period = Period(TODAY, TODAY + DAY * days)
    chunks = list(period.chunks(most))
    assert [day for chunk in chunks for day in chunk.days()] == period.days()
    assert all(1 <= len(chunk.days()) <= most for chunk in chunks)


def test_the_first_run_reaches_back_its_180_days_and_ends_yesterday() -> None:
    run = run_of({})
    asked = asked_for(resource(nothing, max_days=30), run)
    assert asked == days_from(TODAY - DAY * FIRST_RUN_DAYS, TODAY)
    assert run.memory["org/rows"]["high_water"] == "2026-06-30"


def test_an_ordinary_run_goes_from_the_high_water_mark_back_by_the_look_back() -> None:
    run = run_of({"org/rows": {"high_water": "2026-06-28"}})
    assert asked_for(resource(nothing, look_back=7), run) == days_from(date(2026, 6, 21), TODAY)


def test_named_days_are_asked_for_exactly() -> None:
    run = run_of({"org/rows": {"high_water": "2026-06-28"}}, date(2026, 1, 5), date(2026, 1, 7))
    asked = asked_for(resource(nothing, look_back=7), run)
    assert asked == [date(2026, 1, 5), date(2026, 1, 6)]
    assert run.memory["org/rows"]["high_water"] == "2026-06-28"


def test_a_backfill_that_begins_after_the_mark_does_not_move_it() -> None:
    run = run_of({"org/rows": {"high_water": "2026-03-01"}}, date(2026, 3, 2), date(2026, 3, 4))
    asked_for(resource(nothing), run)
    assert run.memory["org/rows"]["high_water"] == "2026-03-01"


def test_a_backfill_that_touches_the_mark_moves_it() -> None:
    run = run_of({"org/rows": {"high_water": "2026-03-01"}}, date(2026, 2, 20), date(2026, 3, 4))
    asked_for(resource(nothing), run)
    assert run.memory["org/rows"]["high_water"] == "2026-03-04"


@pytest.mark.parametrize("oldest", [None, TODAY - DAY * 400])
def test_named_days_before_the_first_run_take_nothing_of_its_past(oldest: date | None) -> None:
    run = run_of({}, TODAY - DAY * 3)
    one = resource(nothing, max_days=30, oldest=(lambda: oldest) if oldest else None)
    asked_for(one, run)
    assert "high_water" not in run.memory["org/rows"]
    days = run_of(run.memory).days(one, run.memory["org/rows"])
    assert days == Period(oldest or TODAY - DAY * FIRST_RUN_DAYS, TODAY)


def test_named_days_that_have_all_of_a_first_run_are_one() -> None:
    run = run_of({}, TODAY - DAY * FIRST_RUN_DAYS)
    asked_for(resource(nothing, max_days=30), run)
    assert run.memory["org/rows"]["high_water"] == str(TODAY)
    long_ago = replace(run_of({}, TODAY - DAY * 900), until=TODAY - DAY * 500)
    asked_for(resource(nothing, max_days=30), long_ago)
    assert "high_water" not in long_ago.memory["org/rows"]


def test_a_day_that_landed_before_the_first_run_and_is_empty_now_lands_empty() -> None:
    def some(_: Period) -> Iterator[Page]:
        yield page({"n": 1}, day=TODAY - DAY)

    options = {"oldest": lambda: TODAY - DAY * 3}
    run = run_of({}, TODAY - DAY)
    assert asked_for(resource(some, **options), run) == [TODAY - DAY]
    assert asked_for(resource(nothing, **options), run_of(run.memory)) == [TODAY - DAY]


def test_the_first_run_is_still_to_come_while_there_is_nothing() -> None:
    """Rights to old records may be given after a run without any."""
    run = run_of({})
    assert asked_for(resource(nothing, oldest=lambda: None, has_today=True), run) == []
    first = TODAY - DAY * 2
    one = resource(lambda _: iter([page({"n": 1})]), oldest=lambda: first, has_today=True)
    assert asked_for(one, run_of(run.memory)) == days_from(first, TODAY + DAY)


def test_days_that_a_resource_does_not_have_are_not_asked_for() -> None:
    run = run_of({}, date(2025, 12, 30), date(2026, 1, 3))
    begin = date(2026, 1, 1)
    assert asked_for(resource(nothing), run, earliest=begin) == days_from(begin, date(2026, 1, 3))
    assert asked_for(resource(nothing), run, before=begin) == days_from(date(2025, 12, 30), begin)


def test_days_before_another_resource_begins_are_not_asked_for_forever() -> None:
    run = run_of({"org/rows": {"high_water": "2026-06-29"}})
    assert asked_for(resource(nothing, look_back=30), run, before=date(2026, 1, 1)) == []
    assert run.memory["org/rows"]["high_water"] == "2026-06-30"


# --- versions ------------------------------------------------------------------------------------

records = st.dictionaries(
    st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none() | st.booleans()
)


@given(st.lists(records), st.randoms())
def test_the_hash_does_not_depend_on_the_order_of_records_and_keys(
    values: list[dict[str, Any]],
    random: Any,
) -> None:
    turned = [dict(reversed(value.items())) for value in values]
    random.shuffle(turned)
    assert content_hash(map(digest, values)) == content_hash(map(digest, turned))


@given(records)
def test_a_record_that_comes_twice_gives_another_hash(value: dict[str, Any]) -> None:
    one = digest(value)
    assert len({content_hash([]), content_hash([one]), content_hash([one, one])}) == 3


def test_a_rejected_record_gives_another_hash_than_an_accepted_one() -> None:
    one = digest({"n": 1})
    assert len({content_hash([]), content_hash([one]), content_hash([], [one])}) == 3


def windows_of(run: Run, *pages: Page, **options: Any) -> list[Window]:
    return list(fetch(resource(lambda _: iter(pages), **options), "org", run))


def test_a_day_that_did_not_change_is_not_landed_again() -> None:
    memory: dict[str, Any] = {}
    one_day = {"since": TODAY - DAY}
    assert windows_of(run_of(memory, **one_day), page({"n": 1}))[0].is_changed
    again = run_of(memory, **one_day)
    assert not windows_of(again, page({"n": 1}))[0].is_changed
    assert again.report.resources[0].landed == 0
    assert windows_of(run_of(memory, **one_day), page({"n": 2}))[0].is_changed


def test_a_day_without_records_is_a_version_too() -> None:
    memory: dict[str, Any] = {}
    first = windows_of(run_of(memory, TODAY - DAY), page())[0]
    assert first.is_changed
    assert first.payloads == []
    windows_of(run_of(memory, TODAY - DAY), page({"n": 1}))
    assert windows_of(run_of(memory, TODAY - DAY), page())[0].is_changed


def test_records_keep_every_byte_of_theirs() -> None:
    text = b'{"n": 1,  "cents":40.16699999999999990, "big": 12345678901234567890123}'
    raw = msgspec.json.decode(b"[" + text + b"]", type=list[msgspec.Raw])
    window = windows_of(run_of({}, TODAY - DAY), Page([(None, raw)], {}, {}))[0]
    assert window.payloads == [text]


def test_a_malformed_record_is_rejected_with_the_reason_and_the_others_land() -> None:
    run = run_of({}, TODAY - DAY)
    window = windows_of(run, page({"n": 1}, {"n": "many"}, {"m": 3}, "text"))[0]
    assert [json.loads(payload) for payload in window.payloads] == [{"n": 1}]
    assert [json.loads(payload) for payload, _ in window.rejected] == [
        {"n": "many"},
        {"m": 3},
        "text",
    ]
    assert "n: Input should be a valid integer" in window.rejected[0][1]
    assert "n: Field required" in window.rejected[1][1]
    assert run.report.resources[0].rejected == 3


def test_a_rejected_record_lands_again_only_once_it_is_accepted() -> None:
    memory: dict[str, Any] = {}
    rows = page({"n": 1}, {"m": 1})
    windows_of(run_of(memory, TODAY - DAY), rows)
    again = run_of(memory, TODAY - DAY)
    assert not windows_of(again, rows)[0].is_changed
    assert again.report.resources[0].rejected == 1
    accepting = windows_of(run_of(memory, TODAY - DAY), rows, record=Record)[0]
    assert accepting.is_changed
    assert len(accepting.payloads) == 2


# --- splitting an answer into days ---------------------------------------------------------------


def test_an_answer_is_split_into_its_days_and_empty_days_are_there() -> None:
    first = TODAY - DAY * 3
    pages = page(event(first), event(first), event(first + DAY * 2))
    windows = windows_of(run_of({}, first), pages, record=UsageEvent, max_days=7)
    assert [(window.start, len(window.payloads)) for window in windows] == [
        (first, 2),
        (first + DAY, 0),
        (first + DAY * 2, 1),
    ]


def test_a_record_that_cannot_say_its_day_is_looked_for_day_by_day() -> None:
    first = TODAY - DAY * 3
    broken = {"timestamp": "some day", "kind": "Usage-based"}
    by_day = {first: [event(first)], first + DAY: [broken, event(first + DAY)]}

    def pages(period: Period) -> Iterator[Page]:
        yield page(*(one for day in period.days() for one in by_day.get(day, [])))

    run = run_of({}, first)
    windows = list(fetch(resource(pages, record=UsageEvent, max_days=7), "org", run))
    assert [(len(window.payloads), len(window.rejected)) for window in windows] == [
        (1, 0),
        (1, 1),
        (0, 0),
    ]


def test_a_record_of_a_day_that_was_not_asked_for_is_rejected() -> None:
    day = TODAY - DAY
    window = windows_of(run_of({}, day), page(event(TODAY)), record=UsageEvent)[0]
    assert "2026-06-30, is not in the period asked for" in window.rejected[0][1]


# --- failures ------------------------------------------------------------------------------------


def failing(bad_day: date, error: Exception) -> Callable[[Period], Iterator[Page]]:
    def pages(period: Period) -> Iterator[Page]:
        yield page({"n": 1})
        if bad_day in period.days():
            raise error

    return pages


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_failed_page_lands_nothing_of_its_days_and_the_mark_stays_before_them(
    at_once: int,
) -> None:
    bad = TODAY - DAY * 2
    run = run_of({"org/rows": {"high_water": str(TODAY - DAY * 4)}})
    error = TransientError("no", status=500, request_id="req_1")
    one = resource(failing(bad, error), at_once=at_once)
    assert asked_for(one, run) == [TODAY - DAY * 4, TODAY - DAY * 3]
    assert run.memory["org/rows"]["high_water"] == str(bad)
    assert run.report.resources[0].status == "failed"
    assert run.report.resources[0].errors == [
        "2026-06-28: HTTP 500: no, request req_1; the vendor is failing: run again later, "
        "and the next run fetches what is missing"
    ]
    # The mark is before the day that failed, so the next run begins there.
    assert asked_for(resource(nothing), run_of(run.memory)) == [bad, TODAY - DAY]


def test_several_days_are_asked_for_at_once_and_no_more_than_the_resource_allows() -> None:
    """Twelve days, three at once: four times the vendor's pause rather than twelve."""
    three = Barrier(3, timeout=20)
    under_way: list[date] = []
    most = 0

    def pages(period: Period) -> Iterator[Page]:
        nonlocal most
        under_way.append(period.start)
        most = max(most, len(under_way))
        three.wait()  # nobody is answered before three have asked
        under_way.remove(period.start)
        yield page({"n": period.start.day})

    first = TODAY - DAY * 12
    run = run_of({}, first)
    windows = list(fetch(resource(pages, at_once=3), "org", run))
    assert run.report.resources[0].errors == []
    assert most == 3
    assert [window.start for window in windows] == days_from(first, TODAY)
    assert [window.payloads for window in windows] == [
        [b'{"n":%d}' % window.start.day] for window in windows
    ]
    assert run.report.resources[0].pages == 12


def test_days_land_in_order_even_if_a_later_one_is_answered_first() -> None:
    first = TODAY - DAY * 3
    later = Event()

    def pages(period: Period) -> Iterator[Page]:
        if period.start == first:
            assert later.wait(20)
        yield page()
        later.set()

    assert asked_for(resource(pages, at_once=2), run_of({}, first)) == days_from(first, TODAY)


def test_nothing_more_is_asked_for_once_a_day_failed() -> None:
    asked: list[date] = []

    def pages(period: Period) -> Iterator[Page]:
        asked.append(period.start)
        raise TransientError("no", status=500)
        yield

    first = TODAY - DAY * 30
    asked_for(resource(pages, at_once=3), run_of({}, first))
    assert set(asked) <= set(days_from(first, first + DAY * 3))


def test_a_bug_in_one_resource_is_reported_and_does_not_stop_the_others() -> None:
    run = run_of({}, TODAY - DAY)
    asked_for(resource(failing(TODAY - DAY, ZeroDivisionError("oh"))), run)
    assert run.report.resources[0].errors == ["unexpected ZeroDivisionError: oh"]


def test_an_expired_cursor_starts_the_query_from_its_first_page() -> None:
    answers = [ExpiredError("gone", status=410), None]

    def pages(_: Period) -> Iterator[Page]:
        yield page({"n": 1})
        if error := answers.pop(0):
            raise error
        yield page({"n": 2})

    run = run_of({}, TODAY - DAY)
    [window] = fetch(resource(pages), "org", run)
    assert len(window.payloads) == 2
    assert run.report.resources[0].status == "ok"


def test_a_cursor_that_always_expires_is_an_error() -> None:
    run = run_of({}, TODAY - DAY)
    error = ExpiredError("gone", status=410)
    assert asked_for(resource(failing(TODAY - DAY, error)), run) == []
    assert run.report.resources[0].status == "failed"


def test_a_day_that_the_vendor_miscounts_fails_the_run_and_the_days_around_it_land() -> None:
    """Each run that still looks back to it asks again. Its chunk is read once more, by day, rather
    than over and over: a reading may take half an hour."""
    bad, first = TODAY - DAY * 3, TODAY - DAY * 7
    memory = {"org/rows": {"high_water": str(first)}}

    def pages(period: Period) -> Iterator[Page]:
        yield page()
        if bad in period.days() and is_bad:
            raise MismatchError("3 of 4 arrived", advice="report it")

    for is_bad in (True, True, False):
        run = run_of(memory)
        asked = asked_for(resource(pages, max_days=7, look_back=7), run)
        [part] = run.report.resources
        assert [day for day in days_from(asked[0], TODAY) if day not in asked] == [bad] * is_bad
        assert part.errors == [f"{bad}: 3 of 4 arrived; report it"] * is_bad
        assert part.status == ("failed" if is_bad else "ok")
        assert memory["org/rows"]["high_water"] == str(TODAY)
        first_run = asked[0] < first
        # Its chunk, and the days of that; on the first run the chunk before it.
        assert part.pages == (1 + 7 if is_bad else 1) + first_run


def test_the_mark_stays_before_days_that_the_vendor_miscounts_until_a_later_one_lands() -> None:
    memory = {"org/rows": {"high_water": "2026-06-20"}}

    def pages(period: Period) -> Iterator[Page]:
        if period.end > date(2026, 6, 22):
            raise MismatchError("3 of 4 arrived")
        yield page()

    run = run_of(memory)
    asked = asked_for(resource(pages, max_days=7), run)
    assert asked == [date(2026, 6, 20), date(2026, 6, 21)]
    assert len(run.report.resources[0].errors) == 8
    assert memory["org/rows"]["high_water"] == "2026-06-22"


def test_a_day_that_is_not_published_yet_is_not_an_error_and_is_asked_for_again() -> None:
    run = run_of({"org/rows": {"high_water": str(TODAY - DAY * 3)}})
    late = resource(failing(TODAY - DAY, TooRecentError("newest is 2026-06-28", status=400)))
    asked_for(late, run)
    assert run.report.resources[0].status == "ok"
    assert run.memory["org/rows"]["high_water"] == "2026-06-29"


@pytest.mark.parametrize(("is_optional", "status"), [(True, "not readable"), (False, "failed")])
def test_only_an_optional_resource_may_be_unreadable(is_optional: bool, status: str) -> None:
    run = run_of({}, TODAY - DAY)
    one = resource(failing(TODAY - DAY, UnreadableError("no", status=403)), is_optional=is_optional)
    asked_for(one, run)
    assert run.report.resources[0].status == status


# --- directories ---------------------------------------------------------------------------------


def snapshot(memory: dict[str, Any], today: date, *records: object, **options: bool) -> Run:
    run = Run(SourceReport("vendor"), None, TODAY, today, memory)
    one = resource(lambda _: iter([page(*records)]), is_directory=True, **options)
    list(fetch(one, "org", run))
    return run


def test_each_window_says_whether_it_belongs_to_a_directory() -> None:
    for is_directory in (True, False):
        one = resource(lambda _: iter([page({"n": 1})]), is_directory=is_directory)
        windows = list(fetch(one, "org", run_of({}, TODAY - DAY)))
        assert [window.is_directory for window in windows] == [is_directory]


def test_a_resource_has_to_say_whether_it_is_a_directory() -> None:
    with pytest.raises(TypeError, match="is_directory"):
        Resource("rows", Row, lambda _: iter([]))


def test_a_directory_lands_only_when_it_changed() -> None:
    memory: dict[str, Any] = {}
    assert snapshot(memory, TODAY, {"n": 1}).report.resources[0].landed == 1
    assert snapshot(memory, TODAY + DAY, {"n": 1}).report.resources[0].landed == 0
    assert memory["org/rows"]["snapshot_date"] == str(TODAY)
    assert snapshot(memory, TODAY + DAY * 2, {"n": 2}).report.resources[0].landed == 1
    assert snapshot(memory, TODAY + DAY * 3, {"n": 1}).report.resources[0].landed == 1
    assert "high_water" not in memory["org/rows"]


def test_a_directory_that_must_not_be_emptied_keeps_its_last_version() -> None:
    memory: dict[str, Any] = {}
    assert snapshot(memory, TODAY, may_be_emptied=False).report.resources[0].status == "ok"
    snapshot(memory, TODAY, {"n": 1}, may_be_emptied=False)
    before = dict(memory["org/rows"])
    run = snapshot(memory, TODAY + DAY, may_be_emptied=False)
    assert run.report.resources[0].status == "failed"
    assert "had 1 rows and now has none" in run.report.resources[0].errors[0]
    assert memory["org/rows"] == before
