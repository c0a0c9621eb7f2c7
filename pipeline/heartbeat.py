"""Tells a dead man's switch that a run went well: a service that raises an alarm when it was not
asked for a day, so that a run that did not happen is noticed too."""

from __future__ import annotations

import logging

import httpx
from pydantic import SecretStr

from foundation.retrying import TransientError, with_retries, within

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(5)
MAX_ATTEMPTS = 3
# A run never waits longer, however slowly a name server or an answer comes.
MAX_SECONDS = 20.0


def send(url: SecretStr) -> None:
    """Ask HEARTBEAT_URL. Never raises. Whoever has the address can say that all is well, so it is
    not logged."""
    try:
        within(MAX_SECONDS, lambda: with_retries(lambda: _ask(url), attempts=MAX_ATTEMPTS))
    except Exception as error:  # noqa: BLE001 - an invalid address, for example
        log.warning("HEARTBEAT_URL did not answer: %s", error)


def _ask(url: SecretStr) -> None:
    try:
        response = httpx.get(url.get_secret_value(), timeout=TIMEOUT)
    except httpx.HTTPError as error:
        raise TransientError(type(error).__name__) from None
    if not response.is_success:
        raise TransientError(f"HTTP {response.status_code}")
