"""What is retried, what is not, and what an error says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from tenacity.wait import wait_exponential

from extract.http import (
    ExpiredError,
    Pace,
    TransientError,
    UnreadableError,
    VendorError,
    open_envelope,
    send,
)
from foundation import retrying
from foundation.retrying import with_retries

KEY = "sk-ant-very-secret"

Answers = list[httpx.Response | Exception]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The seconds that would have been waited."""
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    return slept


def ask(answers: Answers) -> Callable[[], bytes]:
    left = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    client = httpx.Client(
        base_url="http://vendor",
        headers={"x-api-key": KEY},
        transport=httpx.MockTransport(answer),
    )
    return lambda: with_retries(lambda: send(client, "GET", "/rows"))


GOOD = httpx.Response(200, content=b"{}")


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(504),
        httpx.Response(529),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    ],
    ids=str,
)
def test_temporary_failures_are_retried(
    trouble: httpx.Response | Exception, pauses: list[float]
) -> None:
    assert ask([trouble, trouble, GOOD])() == b"{}"
    assert len(pauses) == 2


def test_attempts_are_1_2_4_8_16_seconds_apart_and_then_fail(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(retrying, "BACKOFF", wait_exponential(multiplier=1, max=16))
    with pytest.raises(VendorError, match="HTTP 500"):
        ask([httpx.Response(500)] * 6)()
    assert [int(pause) for pause in pauses] == [1, 2, 4, 8, 16]


def test_retry_after_is_honored_as_seconds_and_as_a_date(pauses: list[float]) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    headers = [{"retry-after": "7"}, {"retry-after": at}]
    ask([*(httpx.Response(429, headers=one) for one in headers), GOOD])()
    assert pauses[0] == 7
    assert 37 <= pauses[1] <= 40


@pytest.mark.parametrize("said", ["nan", "-5", "-inf", "soon", "Mon, 99 Foo 2026", "0x10"])
def test_a_retry_after_that_makes_no_sense_is_ignored(said: str, pauses: list[float]) -> None:
    ask([httpx.Response(429, headers={"retry-after": said}), GOOD])()
    assert len(pauses) == 1
    assert retrying.retry_after({"retry-after": said}) is None


def test_a_date_without_a_zone_is_in_utc(pauses: list[float]) -> None:
    at = datetime.now(UTC) + timedelta(seconds=40)
    said = at.strftime("%a, %d %b %Y %H:%M:%S")
    ask([httpx.Response(429, headers={"retry-after": said}), GOOD])()
    assert 37 <= pauses[0] <= 40


@pytest.mark.parametrize(
    "said",
    ["inf", "1e300", "31536000", format_datetime(datetime.now(UTC) + timedelta(days=365), True)],
    # Each test process has a date of its own.
    ids=["inf", "1e300", "seconds", "a date"],
)
def test_a_retry_after_of_a_year_is_not_waited_for_and_said(said: str, pauses: list[float]) -> None:
    with pytest.raises(VendorError, match=r"HTTP 429: no message; .* run again later"):
        ask([httpx.Response(429, headers={"retry-after": said})])()
    assert pauses == []


def test_a_retry_after_of_an_hour_is_not_waited_for(pauses: list[float]) -> None:
    with pytest.raises(VendorError, match="429"):
        ask([httpx.Response(429, headers={"retry-after": "3600"})])()
    assert pauses == []


def used_up(status: int, reset: str, remaining: str = "0") -> httpx.Response:
    """GitHub's answer when the requests of an hour are used up: no Retry-After."""
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
    return httpx.Response(status, headers=headers, json={"message": "API rate limit exceeded"})


@pytest.mark.parametrize("status", [403, 429])
def test_the_reset_of_a_limit_that_is_used_up_is_waited_for(
    status: int, pauses: list[float]
) -> None:
    assert ask([used_up(status, str(int(time.time()) + 40)), GOOD])() == b"{}"
    assert 37 <= pauses[0] <= 40


def test_a_reset_in_an_hour_is_named_and_not_waited_for(pauses: list[float]) -> None:
    reset = int(time.time()) + 3600
    at = datetime.fromtimestamp(reset, UTC)
    said = f"HTTP 403: API rate limit exceeded; the rate limit is used up until {at:%Y-%m-%d %H:%M}"
    with pytest.raises(TransientError, match=said):
        ask([used_up(403, str(reset))])()
    assert pauses == []


@pytest.mark.parametrize(("reset", "remaining"), [("1796083200", "4999"), ("30", "0"), ("", "0")])
def test_a_403_for_missing_rights_fails_at_once(
    reset: str, remaining: str, pauses: list[float]
) -> None:
    with pytest.raises(UnreadableError, match="give the key the scope"):
        ask([used_up(403, reset, remaining)])()
    assert pauses == []


@pytest.mark.parametrize(
    "error",
    [
        {"type": "rate_limit_error", "message": "You have reached your monthly API usage limit."},
        {"type": "spend_limit_error", "message": "stop"},
        {"type": "x", "message": "y", "details": {"error_code": "enforced_spend_limit_reached"}},
    ],
)
def test_a_spend_cap_is_not_retried(error: object, pauses: list[float]) -> None:
    with pytest.raises(VendorError, match="spend limit is reached: raise it"):
        ask([httpx.Response(429, json={"type": "error", "error": error})])()
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, VendorError),
        (401, VendorError),
        (403, UnreadableError),
        (404, UnreadableError),
        (410, ExpiredError),
    ],
)
def test_refusals_are_not_retried(status: int, kind: type[Exception], pauses: list[float]) -> None:
    with pytest.raises(kind):
        ask([httpx.Response(status)])()
    assert pauses == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"type": "error", "error": {"type": "t", "message": "m"}, "request_id": "req_9"},
            "HTTP 401: t: m, request req_9; check the key",
        ),
        ({"error": "Unauthorized", "message": "Invalid API key"}, "Unauthorized: Invalid API key"),
        ({"error": {"code": 401, "message": "m", "status": "DENIED"}}, "HTTP 401: DENIED: m"),
        ([], "HTTP 401: no message"),
    ],
)
def test_an_error_has_the_vendors_message_and_advice_but_not_the_key(
    body: object, expected: str
) -> None:
    with pytest.raises(VendorError) as caught:
        ask([httpx.Response(401, json=body)])()
    assert expected in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize("body", [b'{"data": [1, 2', b"", b"<html>", b"[]", b'{"a": "\xff"}'])
def test_a_cut_body_is_worth_another_attempt(body: bytes) -> None:
    with pytest.raises(TransientError):
        open_envelope(body)


def test_the_limit_per_minute_is_kept_by_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("extract.http.time.monotonic", lambda: now[0])
    monkeypatch.setattr("extract.http.time.sleep", lambda pause: now.__setitem__(0, now[0] + pause))
    pace = Pace(3)
    begun = []
    for _ in range(7):
        pace.wait()
        begun.append(now[0] - 1000)
        now[0] += 1
    assert begun == [0, 1, 2, 60, 61, 62, 120]
