"""What a run knows about itself without the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from extract.report import RunReport
from pipeline.building import Build
from pipeline.words import counted


@dataclass
class Outcome:
    """Filled in during the run. `seconds` is how long each step took, and `broken` the error that
    ended the run."""

    run_id: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_sample: bool = False
    exit_code: int = 0
    extracted: RunReport | None = None
    extract_code: int = 0
    build: Build | None = None
    # None if the marts are not complete.
    is_tied: bool | None = True
    preview_code: int = 0
    broken: Exception | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def failures(outcome: Outcome) -> list[str]:
    """A line for each thing that failed."""
    lines = list(_extract_failures(outcome))
    if outcome.build:
        lines += [f"dbt: {line}" for line in outcome.build.failures]
    if outcome.is_tied is False:
        lines.append("the marts do not tie to what the vendors reported")
    if outcome.preview_code:
        lines.append(
            "preview: some of the dashboards could not be drawn; `make preview` says which"
        )
    if outcome.broken:
        lines.append(f"the run ended with {type(outcome.broken).__name__}: {outcome.broken}")
    return lines


def _extract_failures(outcome: Outcome) -> Iterator[str]:
    if outcome.extracted is None:
        if not outcome.broken:
            yield "nothing was extracted; the marts stay as they were"
        return
    found = False
    for line in _extract_errors(outcome.extracted):
        found = True
        yield line
    if outcome.extract_code and not found:
        yield f"the extraction ended with code {outcome.extract_code}"


def _extract_errors(report: RunReport) -> Iterator[str]:
    for source in report.sources:
        yield from (f"{source.source}: {error}" for error in source.errors)
        for part in source.resources:
            name = " ".join(dict.fromkeys((source.source, part.organization, part.resource)))
            yield from (f"{name}: {error}" for error in part.errors)
            if part.rejected:
                yield f"{name}: {counted(part.rejected, 'record', 'records')} rejected"
