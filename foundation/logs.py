"""Logging for every command: lines of text, or one JSON object per line, on standard error.

Whatever a vendor sends may be in what we print, so all of it is made harmless here: secrets are
replaced, and nothing in it is a command for a terminal or for the log of a workflow.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, quote_plus

from foundation.settings import Settings

# Only these log at LOG_LEVEL; libraries only from WARNING up.
OURS = ("__main__", "foundation", "pipeline", "extract", "dashboards")

HIDDEN = "[secret]"
# In the environment of a run and its children: the name of the run.
RUN_ID = "RUN_ID"

# What is a secret wherever it comes from: tokens that were fetched during the run, for example.
_CREDENTIALS = (
    # Not "basic authentication": a token without a digit is rare.
    re.compile(r"(?i)(?P<keep>\b(?:basic|bearer)\s+)(?=[\w.~+/%-]*[\d=])[\w.~+/=%-]{6,}"),
    re.compile(
        r"(?i)(?P<keep>\b(?:proxy-)?(?:authorization|x-api-key|x-goog-api-key|set-cookie|cookie)"
        r"\\?[\"']?\s*[:=]\s*\\?[\"']?(?!(?:\w+\s+)?\[secret\])(?:(?:basic|bearer|token)\s+)?)"
        r"[^\s\"',;\\]+"
    ),
    re.compile(r"(?P<keep>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]*:)(?!\[secret\])[^\s/\",]+(?=@)"),
)
# GitHub Actions obeys `::name::` at the beginning of a line and `##[name]` anywhere in it.
_WORKFLOW_COMMAND = re.compile(r"(:(?=:[A-Za-z])|##(?=\[))")
_BASE64 = "A-Za-z0-9+/_="


class Formatter(logging.Formatter):
    """Text or JSON, with every known secret replaced.

    Secrets are `SecretStr` and should never get here. This is the second line of defense, for what
    a library puts in a message or a traceback, so it works on the final text.
    """

    def __init__(self, kind: Literal["text", "json"], secrets: list[str]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
        self._kind = kind
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        if self._kind == "text":
            return printable(redacted(super().format(record), self._secrets))
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": printable(redacted(record.getMessage(), self._secrets)),
        }
        if run_id := os.environ.get(RUN_ID):
            entry["run_id"] = run_id
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            entry["exception"] = printable(redacted(trace, self._secrets))
        return json.dumps(entry, ensure_ascii=False)


def redacted(text: str, secrets: Sequence[str]) -> str:
    """The text without any secret, however it is written: a vendor may repeat our request in its
    message. Values of headers with credentials and passwords in addresses are replaced too."""
    plain, cores = _spellings(tuple(secrets))
    for spelling in plain:
        text = text.replace(spelling, HIDDEN)
    for core in cores:
        if core in text:
            text = re.sub(rf"[{_BASE64}-]*{re.escape(core)}[{_BASE64}-]*", HIDDEN, text)
    for pattern in _CREDENTIALS:
        text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
    return text


@lru_cache
def _spellings(secrets: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Every spelling of the secrets, and what is in each base64 text that holds one. The longest
    first, since one secret may be the beginning of another."""
    secrets = tuple(filter(None, secrets))
    plain = {spelling for secret in secrets for spelling in _plain_spellings(secret)}
    cores = {core for secret in secrets for core in _base64_cores(secret)}
    return sorted(plain, key=len, reverse=True), sorted(cores, key=len, reverse=True)


def _plain_spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]


def _base64_cores(secret: str) -> Iterator[str]:
    """What is in every base64 text in which the secret is, whatever is before and after it, as in
    the Basic authorization of `user:secret`: three bytes make four characters, so there are three
    ways to be written, without the characters that neighbors share."""
    raw = secret.encode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            first = (before * 8 + 5) // 6
            last = (before + len(raw)) * 8 // 6
            if core := encode(b"\0" * before + raw).decode()[first:last]:
                yield core


def printable(text: str) -> str:
    """The text without what a terminal obeys (control characters, changes of the direction of
    writing) and without commands of a workflow. Lines stay lines."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)
    return _WORKFLOW_COMMAND.sub(r"\1 ", text)


def one_line(text: str) -> str:
    """The same in one line, so that nobody can add lines of their own to a log."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def set_up_logs(settings: Settings) -> None:
    """Send all logging of this process to standard error as LOG_LEVEL and LOG_FORMAT say."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(settings.log_format, settings.secret_values()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level)
