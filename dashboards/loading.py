"""Reads `definitions/*.yml`, and names file and line of everything wrong in them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from dashboards import definition
from dashboards.catalog import Catalog, did_you_mean
from dashboards.compile import compile_dashboard
from dashboards.compiled import CompiledDashboard
from dashboards.definition import Dashboard
from foundation.settings import ROOT

DEFINITIONS = Path(__file__).parent / "definitions"


@dataclass(frozen=True, order=True)
class Finding:
    """Something wrong in a file, and what to write instead."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        file = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Source:
    """A file of a dashboard, and the dashboard as far as it can be read."""

    file: Path
    content: Any
    dashboard: CompiledDashboard

    def finding(self, path: tuple[str | int, ...], message: str) -> Finding:
        return Finding(self.file, line_of(self.content, path), message)


def load(catalog: Catalog, folder: Path = DEFINITIONS) -> tuple[list[Source], list[Finding]]:
    """All dashboards of a folder, and what is wrong with them. A chart with mistakes is missing
    from its dashboard, and a dashboard that cannot be read is missing from the list."""
    sources, findings = [], []
    for file in sorted(folder.glob("*.y*ml")):
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


def load_file(file: Path, catalog: Catalog) -> tuple[Source | None, list[Finding]]:
    """The dashboard of a file, None if it cannot be read, and what is wrong with it."""
    try:
        content = YAML(typ="rt").load(file)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [Finding(file, line, f"is not valid YAML: {error.problem}")]
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
        return None, sorted(_finding(file, content, one) for one in error.errors())
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


def _finding(file: Path, content: Any, error: Any) -> Finding:  # noqa: ANN401
    path = error["loc"]
    message = error["msg"].removeprefix("Value error, ")
    key = path[-1] if path else ""
    if error["type"] == "extra_forbidden":
        message = f"unknown key {key}"
        known = _keys(path)
        if close := get_close_matches(str(key), known, n=2, cutoff=0.6):
            message += f": did you mean {' or '.join(close)}?"
        elif known:
            message += f": known are {', '.join(sorted(known))}"
    elif error["type"] == "missing":
        message = f"{key} is missing"
    elif path:
        message = f"{key}: {message[:1].lower()}{message[1:]}"
    return Finding(file, line_of(content, path), message)


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that are allowed where an unknown one was found, for the type that the path names
    last."""
    models = {
        tag: model
        for model in vars(definition).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for tag in [*_tag(model), model.__name__]
    }
    parents = {"tabs": "Tab", "rows": "GridRow", "embed": "Embed", "segments": "Segment"}
    found = "Dashboard"
    for key in path[:-1]:
        found = parents.get(str(key), str(key) if str(key) in models else found)
    return list(models[found].model_fields)


def _tag(model: type[BaseModel]) -> list[str]:
    field = model.model_fields.get("type")
    return list(field.annotation.__args__) if field and field.annotation else []
