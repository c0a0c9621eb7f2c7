"""What is known of a run without the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.building import Build


@dataclass
class Outcome:
    """Filled in while the run goes on. `extracted` is the JSON report of `python -m extract run`,
    `broken` the error that ended the run."""

    is_sample: bool = False
    exit_code: int = 0
    extracted: dict[str, Any] | None = None
    extract_code: int = 0
    build: Build | None = None
    preview_code: int = 0
    broken: Exception | None = None


def failures(outcome: Outcome) -> list[str]:
    """A line for each thing that failed."""
    lines = list(_extract_failures(outcome))
    if outcome.build:
        lines += [f"dbt: {line}" for line in outcome.build.failures]
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
    for source in outcome.extracted["sources"]:
        for part in (source, *source["resources"]):
            names = (source["source"], part.get("organization"), part.get("resource"))
            name = " ".join(dict.fromkeys(filter(None, names)))
            for error in part["errors"]:
                found = True
                yield f"{name}: {error}"
            if rejected := part.get("rejected"):
                found = True
                yield f"{name}: {rejected:,} records rejected"
    if outcome.extract_code and not found:
        yield f"the extraction ended with code {outcome.extract_code}"
