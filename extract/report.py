"""What a run did: filled in during the run, printed at the end, and written for `make run` to read.

`make run` imports this without the extraction, which takes seconds to import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter
from rich import box
from rich.table import Table
from rich.text import Text

from foundation.logs import redacted
from foundation.sources import source_named
from foundation.terminal import Terminal

Status = Literal["ok", "failed", "not readable", "not configured"]


@dataclass
class ResourceReport:
    """One resource of one organization, and in words what it brings. `windows` and `pages` count
    what we asked for, `records` and `rejected` what those windows contained, `landed` the records
    of windows that had changed.
    """

    resource: str
    organization: str
    status: Status = "ok"
    brings: str = ""
    days_asked: int = 0
    windows: int = 0
    changed: int = 0
    records: int = 0
    landed: int = 0
    rejected: int = 0
    pages: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.organization}/{self.resource}"

    def numbers(self) -> list[str]:
        counts = (self.windows, self.changed, self.records, self.landed, self.rejected)
        return [f"{count:,}" for count in counts]


@dataclass
class SourceReport:
    """One source; `errors` are those that are not about a single resource."""

    source: str
    status: Status = "ok"
    base_url: str | None = None
    seconds: float = 0.0
    resources: list[ResourceReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def all_errors(self) -> Iterator[str]:
        yield from (f"{self.source}: {error}" for error in self.errors)
        for part in self.resources:
            name = f"{self.source} {part.name}"
            yield from (f"{name}: {error}" for error in part.errors)
            if part.rejected:
                yield (
                    f"{name}: {part.rejected} records lack what the marts need; "
                    f"see {source_named(self.source).raw_schema}.rejected_records"
                )

    def all_notes(self) -> Iterator[str]:
        yield from (f"{self.source}: {note}" for note in self.notes)
        if unreadable := [part.name for part in self.resources if part.status == "not readable"]:
            yield f"{self.source}: not readable with this key: {', '.join(unreadable)}"
        for part in self.resources:
            yield from (f"{self.source} {part.name}: {note}" for note in part.notes)


@dataclass
class RunReport:
    """A whole run. `since` and `until` (exclusive) are ISO days, since null for an ordinary run."""

    started_at: str
    since: str | None
    until: str
    seconds: float = 0.0
    exit_code: int = 0
    sources: list[SourceReport] = field(default_factory=list)

    def write(self, path: Path, hide: list[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(redacted(json.dumps(self.as_json(), indent=2), hide) + "\n")

    @classmethod
    def read(cls, path: Path) -> RunReport:
        """The report that `write` wrote. Raises OSError, and ValueError if it is something else."""
        return TypeAdapter(cls).validate_json(path.read_bytes())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def show_probe(self, console: Terminal, hide: list[str]) -> None:
        """Print what each resource answered, and what those that cannot be read would bring."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
        table.add_column("resource", no_wrap=True)
        table.add_column("answer", no_wrap=True)
        table.add_column("what it brings")
        for source in self.sources:
            if source.resources:
                table.add_row(Text(source.source, "bold"))
            for part in source.resources:
                color = {"ok": "green", "failed": "red"}.get(part.status, "yellow")
                answer = "good" if part.status == "ok" else part.status
                table.add_row(f"  {part.name}", Text(answer, color), part.brings)
            table.add_section()
        if table.row_count:
            console.print(table)
        self._show_what_is_missing(console, hide)

    def show(self, console: Terminal, hide: list[str]) -> None:
        """Print a table of what arrived, then what is missing and why."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
        table.add_column("what came in", no_wrap=True)
        for heading in ("days", "changed", "records", "landed", "rejected"):
            table.add_column(heading, justify="right", no_wrap=True)
        for source in self.sources:
            # A legacy report that was not needed would only be noise.
            shown = [part for part in source.resources if part.windows or part.status == "failed"]
            if shown:
                table.add_row(Text(source.source, "bold"))
            for part in shown:
                table.add_row(f"  {part.name}", *part.numbers())
            table.add_section()
        if table.row_count:
            console.print(table)
        self._show_what_is_missing(console, hide)

    def _show_what_is_missing(self, console: Terminal, hide: list[str]) -> None:
        for source in self.sources:
            for note in source.all_notes():
                console.print(f"note: {redacted(note, hide)}", soft_wrap=True)
        for source in self.sources:
            for error in source.all_errors():
                line = Text.assemble(("error", "red"), f": {redacted(error, hide)}")
                console.print(line, soft_wrap=True)
