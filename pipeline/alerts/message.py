"""A message as data, the same for every renderer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foundation.logs import one_line, redacted

# How many lines a section shows, and how many characters a line.
MAX_LINES = 10
MAX_LINE_LENGTH = 300


@dataclass(frozen=True)
class Section:
    """A title and lines of plain text, and how many lines were left out."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True)
class Message:
    """Without sections there is nothing to report. `where` says where to look further, `link` is
    the address of the run's log, `told` are selects of what the message reports, in the columns of
    `alert_log`."""

    headline: str
    sections: tuple[Section, ...]
    where: str
    link: str | None = None
    told: tuple[str, ...] = ()


def section(title: str, lines: Sequence[str], secrets: Sequence[str]) -> Section:
    """A section with at most MAX_LINES lines, each short, printable and without the secrets."""
    shown = tuple(_plain(redacted(line, list(secrets))) for line in lines[:MAX_LINES])
    return Section(title, shown, max(0, len(lines) - MAX_LINES))


def _plain(text: str) -> str:
    """One line that is not too long."""
    text = " ".join(one_line(text).split())
    return text if len(text) <= MAX_LINE_LENGTH else text[: MAX_LINE_LENGTH - 1] + "…"
