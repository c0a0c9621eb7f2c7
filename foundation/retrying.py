"""One retry policy for everything we ask over a network: vendors, Metabase, Slack."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
    """Retry-After in seconds: it may be a number or an HTTP date (RFC 9110 §10.2.3)."""
    said = headers.get("retry-after")
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
