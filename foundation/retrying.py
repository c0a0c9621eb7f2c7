"""One retry policy for everything we ask over a network: vendors, Metabase, Slack."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Thread
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay
from tenacity.wait import wait_exponential

log = logging.getLogger(__name__)

T = TypeVar("T")

# 1, 2, 4, 8, 16 s: what Cursor asks for, and enough for Anthropic's short overloads.
BACKOFF = wait_exponential(multiplier=1, max=16)
JITTER_SECONDS = 0.25
MAX_ATTEMPTS = 6
# If a vendor says "in an hour" we do not wait: the next run fetches what is missing.
MAX_RETRY_AFTER_SECONDS = 300.0


class TransientError(Exception):
    """Worth another attempt, after `retry_after` seconds if the other side said so."""

    retry_after: float | None = None


def with_retries(
    call: Callable[[], T], *, attempts: int | None = None, seconds: float = math.inf
) -> T:
    """The result of `call`, which is retried while it raises TransientError: at most MAX_ATTEMPTS
    or `attempts` times, and no attempt begins after so many seconds. Raises what the last attempt
    raised."""
    is_too_late = stop_before_delay(seconds)

    def stop(state: RetryCallState) -> bool:
        told = _failure(state).retry_after or 0.0
        return (
            state.attempt_number >= (attempts or MAX_ATTEMPTS)
            or told > MAX_RETRY_AFTER_SECONDS
            or is_too_late(state)
        )

    return Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=_wait,
        stop=stop,
        before_sleep=_log_retry,
        reraise=True,
    )(call)


def _wait(state: RetryCallState) -> float:
    told = _failure(state).retry_after
    if told is not None:
        return told
    pause = BACKOFF(state)
    return pause + random.uniform(0, JITTER_SECONDS) if pause else 0.0  # noqa: S311 - no secret


def _log_retry(state: RetryCallState) -> None:
    pause = state.next_action.sleep if state.next_action else 0.0
    # The rest of the message is advice, which would be premature.
    log.info("%s; asking again in %.1f s", str(_failure(state)).split(";")[0], pause)


def _failure(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, TransientError)  # noqa: S101 - with_retries retries nothing else
    return error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds: it may be a number or an HTTP date (RFC 9110 §10.2.3). None if it is
    missing or makes no sense; a date that is over means at once."""
    said = headers.get("retry-after")
    if not said:
        return None
    try:
        seconds = float(said)
    except ValueError:
        return _seconds_until(said)
    return seconds if seconds >= 0 else None


def _seconds_until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    # HTTP knows no other zone.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`, or what it raises; TimeoutError if that takes longer.

    In a thread, because nothing else limits a slow name server or an answer that trickles in. A
    call that takes longer goes on in the background, so it must have limits of its own.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is wanted
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        raise TimeoutError(f"no answer in {seconds:g} s") from None
