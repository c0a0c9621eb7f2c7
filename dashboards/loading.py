"""Reads `definitions/*.yml`, and names file and line of everything wrong in them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from dashboards import definition, sentences
from dashboards.catalog import Catalog, did_you_mean
from dashboards.compile import compile_dashboard
from dashboards.compiled import CompiledDashboard
from dashboards.definition import Dashboard
from foundation.settings import ROOT

DEFINITIONS = Path(__file__).parent / "definitions"
POLL_SECONDS = 0.3


class UnknownDashboardError(Exception):
    """No definition has this name; the message says which do."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something wrong in a file, and what to write instead. A hint may be right as it is."""

    file: Path
    line: int
    message: str
    is_hint: bool = False

    def __str__(self) -> str:
        file = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{file}:{self.line}: {'hint: ' if self.is_hint else ''}{self.message}"


@dataclass(frozen=True)
class Source:
    """A file of a dashboard, and the dashboard as far as it can be read."""

    file: Path
    content: Any
    dashboard: CompiledDashboard

    def finding(
        self, path: tuple[str | int, ...], message: str, *, is_hint: bool = False
    ) -> Finding:
        return Finding(self.file, line_of(self.content, path), message, is_hint)


def load(
    catalog: Catalog, folder: Path = DEFINITIONS, keys: Sequence[str] = ()
) -> tuple[list[Source], list[Finding]]:
    """The dashboards of a folder, all or those with the given keys, and what is wrong with them. A
    chart with mistakes is missing from its dashboard, and a dashboard that cannot be read is
    missing from the list. Raises UnknownDashboardError."""
    sources, findings = [], []
    for file in files(folder, keys):
        source, found = load_file(file, catalog)
        findings += found
        if source:
            sources.append(source)
    known = {file.stem for file in folder.glob("*.y*ml")}
    for name in sorted((catalog.people.shown_on or frozenset()) - known):
        message = (
            f"DASHBOARDS_WITH_PEOPLE names {name}{did_you_mean(name, known)}, and there is none"
        )
        findings.append(Finding(folder, 1, message))
    if not sources and not findings:
        findings.append(Finding(folder, 1, "there is no dashboard: write one, NAME.yml"))
    return sources, findings


def files(folder: Path = DEFINITIONS, keys: Sequence[str] = ()) -> list[Path]:
    """The definitions in a folder, all or those with the given keys. Raises
    UnknownDashboardError."""
    found = {file.stem: file for file in sorted(folder.glob("*.y*ml"))}
    for key in keys:
        if key not in found:
            remedy = did_you_mean(key, found) or f": write {folder / key}.yml"
            raise UnknownDashboardError(f"there is no dashboard {key}{remedy}")
    return [found[key] for key in keys or found]


def saved(folder: Path = DEFINITIONS, keys: Sequence[str] = ()) -> Iterator[list[str]]:
    """Waits, and yields the keys of the definitions that were saved meanwhile, without end. A file
    that is written while it is read is yielded once more."""
    seen = {file: file.stat().st_mtime_ns for file in files(folder, keys)}
    while True:
        time.sleep(POLL_SECONDS)
        found = {
            file: file.stat().st_mtime_ns
            for file in folder.glob("*.y*ml")
            if not keys or file.stem in keys
        }
        changed = [file.stem for file, at in found.items() if seen.get(file) != at]
        seen = found
        if changed:
            yield changed


def load_file(file: Path, catalog: Catalog) -> tuple[Source | None, list[Finding]]:
    """The dashboard of a file, None if it cannot be read, and what is wrong with it."""
    try:
        text = file.read_text(encoding="utf-8")
        content = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        return None, [Finding(file, *sentences.of_yaml(error))]
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return None, [Finding(file, line, "has a character here that YAML forbids: remove it")]
    except UnicodeDecodeError:
        return None, [Finding(file, 1, "is not UTF-8: save it as UTF-8")]
    if not isinstance(content, dict):
        return None, [Finding(file, 1, "is not a dashboard: a dashboard begins with `name:`")]
    if not definition.is_slug(file.stem):
        return None, [
            Finding(
                file,
                1,
                "its name is its key: only lowercase letters, digits and _, like my_page.yml",
            )
        ]
    try:
        dashboard = Dashboard.model_validate(content)
    except ValidationError as error:
        return None, sorted(
            Finding(
                file, line_of(content, sentences.place(one)), sentences.of_definition(one, content)
            )
            for one in error.errors()
        )
    compiled, problems = compile_dashboard(file.stem, dashboard, catalog)
    source = Source(file, content, compiled)
    return source, [source.finding(problem.path, problem.message) for problem in problems]


def line_of(content: Any, path: tuple[str | int, ...]) -> int:  # noqa: ANN401
    """The line of the deepest key of a path that is in the file; some keys are only pydantic's
    own."""
    line = 1
    for key in path:
        try:
            inner = content[key]
        except (KeyError, IndexError, TypeError):
            continue
        place = content.lc.key if hasattr(content, "keys") else content.lc.item
        line = place(key)[0] + 1
        content = inner
    return line
