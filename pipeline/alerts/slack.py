"""A message for Slack's incoming webhooks: its blocks, and how it is sent.

The address of a webhook is a secret: whoever has it can post. It must not get into a log or an
error, so of a library's error only its kind is reported.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx
from pydantic import SecretStr

from foundation.retrying import TransientError, retry_after, with_retries, within
from pipeline.alerts.message import Message, Section

log = logging.getLogger(__name__)

# Slack's limits: https://docs.slack.dev/reference/block-kit/blocks
MAX_BLOCKS = 50
MAX_SECTION_LENGTH = 3_000
MAX_HEADER_LENGTH = 150

MAX_ATTEMPTS = 3
TIMEOUT = httpx.Timeout(10, connect=5)
# No attempt begins later than LAST_ATTEMPT_SECONDS, and whatever happens a run never waits longer
# than MAX_SECONDS.
LAST_ATTEMPT_SECONDS = 12.0
MAX_SECONDS = 20.0


def payload(message: Message) -> dict[str, Any]:
    """The message as Block Kit, and as plain text for where blocks are not shown."""
    headline = message.headline[:MAX_HEADER_LENGTH]
    sections = message.sections[: MAX_BLOCKS - 2]
    footer = [escape(message.where)]
    if message.link:
        footer.append(f"<{escape(message.link)}|log of the run>")
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": headline, "emoji": False}},
        *({"type": "section", "text": _mrkdwn(_fit(section))} for section in sections),
        {"type": "context", "elements": [_mrkdwn(" · ".join(footer))]},
    ]
    lines = (line for section in sections for line in (section.title, *section.lines))
    text = _fit(Section(headline, tuple(lines), sum(section.more for section in sections)))
    # Where blocks are not shown, no address or name in the text becomes a link either.
    unlinked = {"parse": "none", "link_names": False, "unfurl_links": False}
    return {"text": text, "blocks": blocks, **unlinked}


def escape(text: str) -> str:
    """Slack reads <…> as a link or a mention, including <!channel>, and `…` as code, in which a
    name could hide what comes after it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("`", "'")


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim, so that Slack makes no links or mentions out of addresses and names.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fit(section: Section, most: int = MAX_SECTION_LENGTH) -> str:
    """A section's title and as many of its lines as there is room for; the rest as a number."""
    text = f"*{escape(section.title)}*"
    lines = [f"\n• {escape(line)}" for line in section.lines]
    for count in range(len(lines), -1, -1):
        more = section.more + len(lines) - count
        rest = f"\n… and {more:,} more" if more else ""
        fitted = text + "".join(lines[:count]) + rest
        if len(fitted) <= most:
            return fitted
    return text[:most]


def post(webhook: SecretStr, content: dict[str, Any]) -> bool:
    """Post it; returns whether Slack accepted it. Never raises, and takes at most MAX_SECONDS."""
    try:
        problem = within(MAX_SECONDS, lambda: _deliver(webhook, content))
    except TimeoutError as error:
        problem = str(error)
    if problem:
        log.warning("Slack did not accept the message: %s", problem)
    return not problem


class _AgainError(TransientError):
    """Worth another attempt, after `retry_after` seconds if Slack said so."""

    def __init__(self, problem: str, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


def _deliver(webhook: SecretStr, content: dict[str, Any]) -> str:
    """What went wrong, without the address; None if it was delivered."""
    try:
        with httpx.Client(timeout=TIMEOUT) as client:
            return with_retries(
                lambda: _attempt(client, webhook, content),
                attempts=MAX_ATTEMPTS,
                seconds=LAST_ATTEMPT_SECONDS,
            )
    except _AgainError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - an invalid webhook or proxy address, for example
        return type(error).__name__


def _attempt(client: httpx.Client, webhook: SecretStr, content: dict[str, Any]) -> str:
    try:
        response = client.post(webhook.get_secret_value(), json=content)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise _AgainError(type(error).__name__) from None
    # After any other failure the message may have arrived: better once than twice.
    if response.is_success:
        return ""
    problem = f"HTTP {response.status_code}"
    # Slack answers with one word, such as no_service. Other servers might repeat the address.
    if re.fullmatch(r"[a-z_]{1,60}", response.text.strip()):
        problem += f" {response.text.strip()}"
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        raise _AgainError(problem, retry_after(response.headers))
    return problem
