"""A message for Slack's incoming webhooks: its blocks, and the way there.

The address of a webhook is a secret: whoever has it can post. It is in no log and no error here,
so what a library says about a request is told by its kind only.
"""

from __future__ import annotations

import logging
import re
from queue import Empty, Queue
from threading import Thread
from typing import Any

import httpx
from pydantic import SecretStr

from foundation.retrying import TransientError, retry_after, with_retries
from pipeline.alerts.message import Message, Section

log = logging.getLogger(__name__)

# What Slack takes: https://docs.slack.dev/reference/block-kit/blocks
MOST_BLOCKS = 50
MOST_IN_SECTION = 3_000
MOST_IN_HEADER = 150

ATTEMPTS = 3
TIMEOUT = httpx.Timeout(10, connect=5)
# No attempt begins later than this, and a run waits no longer than that, whatever happens.
LAST_ATTEMPT_SECONDS = 12.0
LONGEST_SECONDS = 20.0


def payload(message: Message) -> dict[str, Any]:
    """The message as Block Kit, and as plain text for where blocks do not show."""
    headline = message.headline[:MOST_IN_HEADER]
    sections = message.sections[: MOST_BLOCKS - 2]
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
    return {"text": text, "blocks": blocks, "unfurl_links": False}


def escape(text: str) -> str:
    """Slack reads <…> as a link or a mention, <!channel> included."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: no address and no name in it is made into a link or a mention.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fit(section: Section, most: int = MOST_IN_SECTION) -> str:
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
    """Post it; whether Slack took it. Never raises, and takes LONGEST_SECONDS at the most."""
    problems: Queue[str] = Queue()
    # A thread, because nothing else bounds a slow name server or an answer that comes in drops.
    Thread(target=lambda: problems.put(_deliver(webhook, content)), daemon=True).start()
    try:
        problem = problems.get(timeout=LONGEST_SECONDS)
    except Empty:
        problem = f"no answer in {LONGEST_SECONDS:g} s"
    if problem:
        log.warning("Slack did not take the message: %s", problem)
    return not problem


class _AgainError(TransientError):
    """Worth another attempt, after so many seconds if Slack said so."""

    def __init__(self, problem: str, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


def _deliver(webhook: SecretStr, content: dict[str, Any]) -> str:
    """What went wrong, in words without the address; nothing if nothing did."""
    try:
        with httpx.Client(timeout=TIMEOUT) as client:
            return with_retries(
                lambda: _attempt(client, webhook, content),
                attempts=ATTEMPTS,
                seconds=LAST_ATTEMPT_SECONDS,
            )
    except _AgainError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a webhook that is no address, a proxy that is none
        return type(error).__name__


def _attempt(client: httpx.Client, webhook: SecretStr, content: dict[str, Any]) -> str:
    try:
        response = client.post(webhook.get_secret_value(), json=content)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise _AgainError(type(error).__name__) from None
    # After any other failure the message may have arrived: once is better than twice.
    if response.is_success:
        return ""
    problem = f"HTTP {response.status_code}"
    # Slack answers with one word, such as no_service. Another server might repeat the address.
    if re.fullmatch(r"[a-z_]{1,60}", response.text.strip()):
        problem += f" {response.text.strip()}"
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        raise _AgainError(problem, retry_after(response.headers))
    return problem
