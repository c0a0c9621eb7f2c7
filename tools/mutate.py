"""Break models on purpose, one breakage at a time, and list those that no test notices.

A breakage is a small change of a model's SQL: a join flipped, a condition dropped, a constant
changed. dbt renders the models once, with every breakage marked in comments beside what it
replaces, and runs their tests; what it sent to the warehouse is then sent again for each breakage,
with that one put in. So a breakage takes milliseconds where the model's unit tests notice it, and
the time of a build where its data tests must. Nothing is written to the project or to the
warehouse: both are copied first.

Breakages that change no result are listed, each with its reason, in mutate_equivalent.toml.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "dbt_project"
EQUIVALENT = Path(__file__).with_name("mutate_equivalent.toml")
# A broken join may multiply rows without end; nobody overlooks a build that does not finish.
SECONDS = 60

# ------------------------------------------------------------------------------- what to break


@dataclass(frozen=True)
class Breakage:
    """One change of a model: characters `start` to `end` of its file become `after`."""

    model: str
    file: str
    line: int
    # The CTE that it is in, and what it does to it: together they name it in the allowlist.
    cte: str
    change: str
    start: int
    end: int
    after: str


# What must not be broken, and must not be mistaken for SQL: Jinja, comments, strings.
OPAQUE = re.compile(
    r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'",
    re.DOTALL,
)
BLOCK = re.compile(r"\{%-?\s*(end)?(if|for|call|filter|macro|else|elif)\b")
WORD = re.compile(r"[A-Za-z_]\w*")
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
# Days that are to be built again: every day, in a build of all of them.
PRUNING = re.compile(r"\{\{-?\s*(in_days|within_changes)\(")
SWAPPED = re.compile(
    r"(\{\{-?\s*(?:ratio|growth|percent_over)\(\s*)('[^']*')(\s*,\s*)('[^']*')(,?\s*\)\s*-?\}\})"
)

CLAUSES = {
    "where": {"group", "having", "qualify", "window", "order", "limit", "union", "except"},
    "having": {"qualify", "window", "order", "limit", "union", "except"},
    "qualify": {"window", "order", "limit", "union", "except"},
    "when": {"then"},
}
CLAUSES["on"] = CLAUSES["where"] | {"where", "left", "right", "inner", "full", "cross", "join"}
# Words for words, wherever they stand.
SIMPLE = [
    (r"\bleft join\b", "inner join"),
    (r"\binner join\b", "left join"),
    (r"\bfull(?: outer)? join\b", "left join"),
    (r"\bcount\(\s*distinct\b", "count("),
    (r"\bselect distinct\b", "select"),
    (r"\bsum(?=\()", "max"),
    (r"\bavg(?=\()", "max"),
    (r"\bmax(?=\()", "min"),
    (r"\bmin(?=\()", "max"),
    (r"\bgreatest(?=\()", "least"),
    (r"\bleast(?=\()", "greatest"),
    (r"\bdesc\b", "asc"),
    (r"\bnot in\b", "in"),
    (r"\bnot exists\b", "exists"),
    (r"\bnot (?!in\b|exists\b|null\b|distinct\b)", ""),
    (r"\bis not null\b", "is null"),
    (r"\bis null\b", "is not null"),
    (r"\bor\b", "and"),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"(?<![<>=!-])<=", "<"),
    (r"(?<![<>=!-])>=", ">"),
    (r"(?<![<>=!-])<(?![<>=])", "<="),
    (r"(?<![<>=!-])>(?![<>=])", ">="),
    (r"!=", "="),
    (r"(?<=\s)-(?= )", "+"),
    (r"(?<=\s)\+(?= )", "-"),
]
EQUALS = re.compile(r"(?<![<>=!:])=(?![=>])")

Change = tuple[int, int, str, str]


class Sql:
    """A model's text, and the same with all that is opaque blotted out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.masked = OPAQUE.sub(self._blot, text)

    @staticmethod
    def _blot(match: re.Match[str]) -> str:
        found = match.group()
        if found.startswith("'"):
            return "'" + "s" * (len(found) - 2) + "'"
        return ("J" if found.startswith("{{") else " ") * len(found)

    @cached_property
    def levels(self) -> list[int]:
        """How deep in brackets and cases each character is."""
        levels: list[int] = []
        level = 0
        for match in re.finditer(r"[A-Za-z_]\w*|.", self.masked, re.DOTALL):
            word = match.group()
            level -= word in (")", "end")
            levels += [level] * len(word)
            level += word in ("(", "case")
        return levels

    def until(self, start: int, level: int, words: set[str]) -> int:
        """Where a clause that begins at `start` ends: at one of the words, or a bracket."""
        for match in re.finditer(r"[A-Za-z_]\w*|\)", self.masked[start:]):
            position = start + match.start()
            if self.levels[position] < level:
                return position
            if self.levels[position] == level and match.group() in words:
                return position
        return len(self.masked)

    def parts(self, start: int, end: int, level: int, separator: str) -> list[tuple[int, int]]:
        """The parts of a clause between separators (a pattern), without space around them."""
        cuts = [start]
        for match in re.finditer(separator, self.masked[start:end]):
            if self.levels[start + match.start()] == level:
                cuts += [start + match.start(), start + match.end()]
        cuts.append(end)
        pairs = zip(cuts[::2], cuts[1::2], strict=True)
        return [self.trimmed(first, last) for first, last in pairs]

    def trimmed(self, start: int, end: int) -> tuple[int, int]:
        while start < end and self.masked[start].isspace():
            start += 1
        while start < end and self.masked[end - 1].isspace():
            end -= 1
        return start, end

    def line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def cte(self, position: int) -> str:
        name = ""
        for match in re.finditer(r"(?m)^(?:with )?(\w+) as \($", self.masked):
            if match.start() <= position:
                name = match.group(1)
        return name

    def find(self, pattern: str) -> Iterator[re.Match[str]]:
        return re.finditer(pattern, self.masked)


def breakages(model: str, file: str, text: str) -> list[Breakage]:
    """All that this script knows to break in a model."""
    sql = Sql(text)
    found: dict[tuple[int, int, str], Breakage] = {}
    for start, end, after, change in (
        *_simple(sql),
        *_conditions(sql),
        *_constants(sql),
        *_coalesces(sql),
        *_unions(sql),
        *_orders(sql),
        *_grains(sql),
        *_arguments(sql),
    ):
        before = text[start:end]
        if "/*" in before + after or "*/" in before + after or not _is_whole(before):
            continue
        named = change or _lines(text, start, end, after)
        place = (sql.line(start), sql.cte(start))
        broken = Breakage(model, file, *place, named, start, end, after)
        found.setdefault((start, end, after), broken)
    return sorted(found.values(), key=lambda broken: (broken.start, -broken.end))


def _is_whole(text: str) -> bool:
    """Whether Jinja's blocks that begin in a text end in it."""
    level = 0
    for match in BLOCK.finditer(text):
        if match.group(2) in ("else", "elif"):
            if not level:
                return False
            continue
        level += -1 if match.group(1) else 1
        if level < 0:
            return False
    return level == 0


def _lines(text: str, start: int, end: int, after: str) -> str:
    """The lines that change, before and after."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    head, tail = text[first:start], text[end : last if last >= 0 else len(text)]
    return f"{_flat(head + text[start:end] + tail)} → {_flat(head + after + tail)}"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _simple(sql: Sql) -> Iterator[Change]:
    for pattern, after in SIMPLE:
        for match in sql.find(pattern):
            yield match.start(), match.end(), after, ""
    # In a join's conditions an equation turned around is a join of everything: they are dropped
    # instead.
    joins = list(_clauses(sql, "on"))
    for match in EQUALS.finditer(sql.masked):
        if not any(start <= match.start() < end for start, end, _ in joins):
            yield match.start(), match.end(), "!=", ""


def _clauses(sql: Sql, word: str) -> Iterator[tuple[int, int, int]]:
    for match in sql.find(rf"\b{word}\b"):
        level = sql.levels[match.start()]
        yield match.end(), sql.until(match.end(), level, CLAUSES[word]), level


def _conditions(sql: Sql) -> Iterator[Change]:
    """Conditions dropped, and whole cases."""
    for word in CLAUSES:
        for start, end, level in _clauses(sql, word):
            for first, last in _operands(sql, start, end, level):
                condition = sql.text[first:last]
                if PRUNING.match(condition):
                    continue
                alone = (first, last) == sql.trimmed(start, end)
                if word == "when" and alone:
                    before = sql.masked[: start - len(word)].rstrip()
                    # `case x when 1` has values, not conditions.
                    if re.search(r"\bcase\s+\S[^()]*$", before) and not _searched(sql, start):
                        continue
                    yield first, last, "false", f"never: when {_flat(condition)}"
                else:
                    neutral = "false" if _is_alternative(sql, first, last, level) else "true"
                    yield first, last, neutral, f"{word} without: {_flat(condition)}"


def _searched(sql: Sql, position: int) -> bool:
    """Whether the case around a `when` has no value after `case`."""
    level = sql.levels[position]
    opened = [
        match.end()
        for match in sql.find(r"\bcase\b")
        if match.start() < position and sql.levels[match.start()] == level - 1
    ]
    return bool(opened) and sql.masked[opened[-1] :].lstrip().startswith("when")


def _operands(sql: Sql, start: int, end: int, level: int) -> Iterator[tuple[int, int]]:
    """What `and` and `or` join; the `and` of a `between` joins nothing."""
    held = list(sql.masked)
    for match in re.finditer(r"\bbetween\b", sql.masked[start:end]):
        following = re.compile(r"\band\b").search(sql.masked, start + match.end(), end)
        while following and sql.levels[following.start()] != sql.levels[start + match.start()]:
            following = re.compile(r"\band\b").search(sql.masked, following.end(), end)
        if following:
            held[following.start() : following.end()] = "xxx"
    apart = Sql.__new__(Sql)
    apart.text, apart.masked = sql.text, "".join(held)
    apart.__dict__["levels"] = sql.levels
    for first, last in apart.parts(start, end, level, r"\b(?:and|or)\b"):
        if first < last:
            yield first, last
            inner = apart.masked[first:last]
            closes = inner.startswith("(") and sql.until(first + 1, level + 1, set()) == last - 1
            if closes and re.search(r"\b(?:and|or)\b", inner) and "select" not in inner:
                yield from _operands(sql, first + 1, last - 1, level + 1)


def _is_alternative(sql: Sql, start: int, end: int, level: int) -> bool:
    """Whether an operand is one of an `or`."""
    before = re.search(r"\b(\w+)\s*\(?\s*$", sql.masked[:start])
    after = re.match(r"\s*(\w+)", sql.masked[end:])
    words = {match.group(1) for match in (before, after) if match}
    return "or" in words and sql.levels[start] >= level


def _constants(sql: Sql) -> Iterator[Change]:
    for match in NUMBER.finditer(sql.masked):
        before = sql.masked[: match.start()].rstrip()
        if re.search(r"\b(?:select|limit|(?:decimal|numeric|varchar)\([\d, ]*)$", before):
            continue
        yield match.start(), match.end(), _other(match.group()), ""
    for call in re.finditer(r"\{\{.*?\}\}", sql.text, re.DOTALL):
        if re.match(r"\{\{-?\s*config\(", call.group()) or sql.masked[call.start()] != "J":
            continue
        for match in NUMBER.finditer(call.group()):
            inside = call.group()
            after = inside[: match.start()] + _other(match.group()) + inside[match.end() :]
            yield call.start(), call.end(), after, ""


def _other(number: str) -> str:
    if "." in number:
        digits = len(number.split(".")[1])
        return f"{float(number) + 10**-digits:.{digits}f}"
    if re.fullmatch(r"100+", number):
        return number[:-1]
    return str(int(number) + 1)


def _coalesces(sql: Sql) -> Iterator[Change]:
    for match in sql.find(r"\bcoalesce\("):
        level = sql.levels[match.start()]
        end = sql.until(match.end(), level + 1, set())
        parts = sql.parts(match.end(), end, level + 1, ",")
        if len(parts) > 1:
            yield match.start(), end + 1, sql.text[slice(*parts[0])], ""


def _unions(sql: Sql) -> Iterator[Change]:
    done: set[int] = set()
    for match in sql.find(r"\bunion all\b"):
        level = sql.levels[match.start()]
        start = max(
            (one.end() for one in sql.find(r"\(") if one.start() < match.start()
             and sql.levels[one.start()] == level - 1),
            default=-1,
        )  # fmt: skip
        if start < 0 or start in done:
            continue
        done.add(start)
        end = sql.until(start, level, set())
        branches = sql.parts(start, end, level, r"\bunion all\b")
        for number, (first, last) in enumerate(branches):
            change = f"without branch {number + 1} of the union"
            if number:
                yield branches[number - 1][1], last, "", change
            else:
                yield first, branches[1][0], "", change


def _orders(sql: Sql) -> Iterator[Change]:
    """The first key of an order that has no direction."""
    for match in sql.find(r"\border by\b"):
        level = sql.levels[match.start()]
        end = sql.until(match.end(), level, {"rows", "range", "limit", "nulls", "union"})
        first, last = sql.parts(match.end(), end, level, ",")[0]
        if not re.search(r"\b(?:asc|desc)$", sql.masked[first:last]):
            yield last, last, " desc", f"order by {_flat(sql.text[first:last])} → … desc"


def _grains(sql: Sql) -> Iterator[Change]:
    """A column less to group or partition by."""
    for match in sql.find(r"\bpartition by\b"):
        level = sql.levels[match.start()]
        end = sql.until(match.end(), level, {"order", "rows", "range"})
        parts = sql.parts(match.end(), end, level, ",")
        for number, (first, last) in enumerate(parts):
            change = f"partition by without {_flat(sql.text[first:last])}"
            if len(parts) == 1:
                yield match.start(), last, "", change
            elif number:
                yield parts[number - 1][1], last, "", change
            else:
                yield first, parts[1][0], "", change
    for match in sql.find(r"\bgroup by\b"):
        yield from _groups(sql, match)


def _groups(sql: Sql, match: re.Match[str]) -> Iterator[Change]:
    level = sql.levels[match.start()]
    end = sql.until(match.end(), level, CLAUSES["where"])
    columns = sql.parts(match.end(), end, level, ",")
    selects = [
        one.end()
        for one in sql.find(r"\bselect\b(?: distinct\b)?")
        if one.start() < match.start() and sql.levels[one.start()] == level
    ]
    if not selects:
        return
    start = selects[-1]
    listed = sql.parts(start, sql.until(start, level, {"from"}), level, ",")
    items = {_flat(sql.text[slice(*item)]): item for item in listed}
    for first, last in columns:
        column = _flat(sql.text[first:last])
        name = column.split(".")[-1]
        kept = [sql.text[slice(*other)] for other in columns if other != (first, last)]
        grouped = f"group by {', '.join(kept)}" if kept else ""
        tail = sql.text[columns[-1][1] : columns[-1][1]] + grouped
        body = (start, match.start())
        for text, item in items.items():
            if text == column or text.startswith(f"{column} as "):
                alias = text.removeprefix(column).strip() or f"as {name}"
                body_text = (
                    sql.text[start : item[0]]
                    + f"min({column}) {alias}"
                    + sql.text[item[1] : match.start()]
                )
                break
        else:
            body_text = sql.text[slice(*body)]
        yield start, columns[-1][1], body_text + tail, f"group by without {column}"


def _arguments(sql: Sql) -> Iterator[Change]:
    for match in SWAPPED.finditer(sql.text):
        if sql.masked[match.start()] == "J":
            begin, one, comma, two, end = match.groups()
            yield match.start(), match.end(), begin + two + comma + one + end, ""


# ------------------------------------------------------------- how a breakage travels through dbt


def marked(text: str, broken: list[Breakage]) -> str:
    """A model with all its breakages beside what they replace: dbt renders both."""
    inserts: dict[int, list[tuple[int, int, str]]] = {}
    for number, one in enumerate(broken):
        closing = f"/*({number})" + one.after + f"({number})*/"
        inserts.setdefault(one.start, []).append((1, -one.end, f"/*[{number}]*/"))
        # What begins last ends first; what is empty ends where it begins.
        where = 2 if one.start == one.end else 0
        inserts.setdefault(one.end, []).append((where, -one.start, closing))
    pieces, position = [], 0
    for place in sorted(inserts):
        pieces.append(text[position:place])
        pieces += [piece for _, _, piece in sorted(inserts[place], key=lambda item: item[:2])]
        position = place
    return "".join(pieces) + text[position:]


def put_in(sql: str, number: int) -> str:
    """A rendered statement with one of its breakages put in."""
    pattern = rf"/\*\[{number}\]\*/.*?/\*\({number}\)(.*?)\({number}\)\*/"
    return re.sub(pattern, lambda match: f" {match.group(1)} ", sql, flags=re.DOTALL)


@dataclass
class Trial:
    """What dbt sent for one model, with the breakages marked."""

    model: str
    breakages: list[Breakage]
    unit_tests: dict[str, str] = field(default_factory=dict)
    # What the contract is compared with, and what builds the model.
    described: str | None = None
    statements: list[str] = field(default_factory=list)
    # Data tests that would fail the build: what they prepare, and what they ask.
    data_tests: dict[str, list[str]] = field(default_factory=dict)

    def has(self, number: int) -> bool:
        mark = f"/*[{number}]*/"
        return any(mark in sql for sql in (*self.unit_tests.values(), *self.statements))


def capture(project: str, warehouse: str, models: list[str]) -> tuple[Any, ...]:
    """Build models and run their tests; what each node sent, and what each test depends on.

    In a process of its own: dbt keeps its connection open, and its settings.
    """
    os.environ |= {"DUCKDB_PATH": warehouse, "TARGET": "duckdb", "DO_NOT_TRACK": "1"}
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from dbt_common.events.base_types import EventMsg

    sent: dict[str, list[str]] = {}

    def listen(event: EventMsg) -> None:
        if event.info.name == "SQLQuery":
            sent.setdefault(event.data.node_info.unique_id, []).append(event.data.sql)

    folders = ["--project-dir", project, "--profiles-dir", project]
    folders += ["--target-path", f"{project}/target", "--log-path", f"{project}/logs"]
    command = ["--quiet", "--no-partial-parse", "build", "--full-refresh", *folders]
    runner = dbtRunner(callbacks=[listen])
    done = runner.invoke([*command, "--select", *models])
    if not isinstance(done.result, RunExecutionResult):
        raise RuntimeError(f"dbt broke off: {done.exception}")
    bad = [
        f"{result.node.name}: {result.message}"
        for result in done.result.results
        if result.status not in ("success", "pass", "warn")
    ]
    nodes = {
        result.node.unique_id: (
            str(result.node.resource_type),
            list(getattr(result.node.depends_on, "nodes", [])),
            str(getattr(result.node.config, "severity", "ERROR")).upper(),
        )
        for result in done.result.results
    }
    return bad, nodes, sent


def trials(models: dict[str, list[Breakage]], captured: tuple[Any, ...]) -> list[Trial]:
    _, nodes, sent = captured
    found = {f"model.ai_spend.{model}": Trial(model, broken) for model, broken in models.items()}
    for unique_id, (kind, parents, severity) in nodes.items():
        statements = sent.get(unique_id, [])
        if kind == "model":
            trial = found[unique_id]
            described = [sql for sql in statements if re.search(r"\bDESCRIBE \(", sql)]
            trial.described = described[0] if described else None
            trial.statements = [
                sql for sql in statements
                if re.search(r"(?s)^\s*(?:/\*.*?\*/)?\s*(?:create|alter)\s", sql)
            ]  # fmt: skip
        elif kind == "unit_test":
            trial = found[".".join(["model", *unique_id.split(".")[1:3]])]
            asked = [sql for sql in statements if "from dbt_internal_unit_test_expected" in sql]
            trial.unit_tests[unique_id.split(".")[-1]] = asked[-1]
        elif kind == "test" and severity != "WARN":
            made = [
                re.sub(r"(?s)^(\s*(?:/\*.*?\*/)?\s*create)\s+table", r"\1 or replace table", sql)
                for sql in statements
                if re.search(r"(?s)^\s*(?:/\*.*?\*/)?\s*create\s+table", sql)
            ]
            asked = [sql for sql in statements if "as should_error" in sql]
            for parent in set(parents) & set(found):
                found[parent].data_tests[unique_id] = [*made, asked[-1]]
    return list(found.values())


# ------------------------------------------------------------------------------ trying them out

# Syntax that the rules made wrong breaks nothing that a test could notice.
STILLBORN = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
_connections: dict[str, duckdb.DuckDBPyConnection] = {}
_sound: set[str] = set()


def _connect(warehouse: str) -> duckdb.DuckDBPyConnection:
    """This process's own copy of the warehouse. Views are qualified with its file's name."""
    if warehouse not in _connections:
        folder = Path(warehouse).parent / f"worker-{os.getpid()}"
        folder.mkdir()
        copy = shutil.copy(warehouse, folder)
        connection = duckdb.connect(copy, config={"threads": 1})
        connection.execute("set timezone = 'UTC'")
        _connections[warehouse] = connection
    return _connections[warehouse]


def attempt(warehouse: str, trial: Trial, numbers: list[int]) -> list[tuple[int, str, str]]:
    """What became of breakages: `unit`, `data`, `unnoticed`, `stillborn` or `unrendered`, and
    the test that noticed."""
    connection = _connect(warehouse)
    if trial.model not in _sound:
        for name, sql in trial.unit_tests.items():
            if not _agrees(connection, sql):
                raise RuntimeError(f"{trial.model}: {name} fails before anything is broken")
        _sound.add(trial.model)
    return [(number, *_attempt(connection, trial, number)) for number in numbers]


def _attempt(connection: duckdb.DuckDBPyConnection, trial: Trial, number: int) -> tuple[str, str]:
    if not trial.has(number):
        return "unrendered", ""
    mark = f"/*[{number}]*/"
    for name, sql in trial.unit_tests.items():
        if mark in sql:
            try:
                if not _agrees(connection, put_in(sql, number)):
                    return "unit", name
            except STILLBORN as error:
                return "stillborn", str(error).splitlines()[0]
            except duckdb.Error as error:
                return "unit", f"{name}: {str(error).splitlines()[0]}"
    return _attempt_on_data(connection, trial, number)


def _agrees(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    rows = connection.execute(sql).fetchall()
    sides: dict[str, Counter[tuple[Any, ...]]] = {"actual": Counter(), "expected": Counter()}
    for *values, side in rows:
        sides[side][tuple(values)] += 1
    return sides["actual"] == sides["expected"]


def _attempt_on_data(
    connection: duckdb.DuckDBPyConnection, trial: Trial, number: int
) -> tuple[str, str]:
    if not any(f"/*[{number}]*/" in sql for sql in trial.statements):
        return "unnoticed", ""
    timer = threading.Timer(SECONDS, connection.interrupt)
    timer.start()
    connection.execute("begin")
    try:
        if trial.described:
            types = connection.execute(trial.described).fetchall()
            if _kinds(types) != _kinds(
                connection.execute(put_in(trial.described, number)).fetchall()
            ):
                return "data", "contract"
        for sql in trial.statements:
            connection.execute(put_in(sql, number))
        for name, (*made, asked) in trial.data_tests.items():
            for sql in made:
                connection.execute(sql)
            row = connection.execute(asked).fetchone()
            if row and row[2]:
                return "data", name.split(".")[2]
    except STILLBORN as error:
        return "stillborn", str(error).splitlines()[0]
    except duckdb.InterruptException:
        return "data", "does not end"
    except duckdb.Error as error:
        return "data", str(error).splitlines()[0]
    finally:
        timer.cancel()
        connection.execute("rollback")
    return "unnoticed", ""


def _kinds(described: list[tuple[Any, ...]]) -> list[tuple[str, str]]:
    return [(row[0], row[1].split("(")[0]) for row in described]


# ------------------------------------------------------------------------------------ the report


@dataclass
class Outcome:
    breakage: Breakage
    result: str
    noticed_by: str = ""


def equivalents() -> dict[tuple[str, str, str], str]:
    """The reasons of breakages that change no result, by model, CTE and change."""
    if not EQUIVALENT.exists():
        return {}
    entries = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
    return {(one["model"], one["cte"], one["change"]): one["reason"] for one in entries}


def default_models(project: Path) -> list[str]:
    """All marts, and what lies between staging and them."""
    files = [*project.glob("models/marts/**/*.sql"), *project.glob("models/intermediate/**/*.sql")]
    return [file.stem for file in sorted(files, reverse=True)]


def read(project: Path, models: Iterable[str], limit: int | None) -> dict[str, list[Breakage]]:
    found = {}
    for model in models:
        files = list(project.glob(f"models/**/{model}.sql"))
        if len(files) != 1:
            sys.exit(f"There is no model {model}.")
        name = str(files[0].relative_to(project.parent))
        found[model] = breakages(model, name, files[0].read_text())[:limit]
    return found


def run(
    models: list[str], warehouse: Path, limit: int | None, workers: int, console: Console
) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="mutate-") as temporary:
        folder = Path(temporary)
        project = folder / "dbt_project"
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
        copy = Path(shutil.copy(warehouse, folder))
        found = read(project, models or default_models(project), limit)
        allowed = equivalents()
        outcomes = []
        named = {(one.model, one.cte, one.change) for broken in found.values() for one in broken}
        if not limit and (
            stale := [key for key in allowed if key[0] in found and key not in named]
        ):
            raise SystemExit(
                "\n".join([f"{EQUIVALENT.name} names what is not there:", *map(str, stale)])
            )
        for model, broken in found.items():
            (file,) = project.glob(f"models/**/{model}.sql")
            for one in list(broken):
                if reason := allowed.get((one.model, one.cte, one.change)):
                    outcomes.append(Outcome(one, "equivalent", reason))
                    broken.remove(one)
            file.write_text(marked(file.read_text(), broken))
        context = multiprocessing.get_context("spawn")
        told = "dbt builds the models and runs their tests, breakages marked"
        with console.status(told), ProcessPoolExecutor(1, mp_context=context) as pool:
            captured = pool.submit(capture, str(project), str(copy), list(found)).result()
        if captured[0]:
            raise SystemExit("\n".join(["Red before anything is broken:", *captured[0]]))
        return outcomes + _try_all(trials(found, captured), copy, workers, console)


def _try_all(
    all_trials: list[Trial], warehouse: Path, workers: int, console: Console
) -> list[Outcome]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    outcomes: list[Outcome] = []
    context = multiprocessing.get_context("spawn")
    with (
        Progress(*columns, console=console) as progress,
        ProcessPoolExecutor(workers, mp_context=context) as pool,
    ):
        task = progress.add_task("Breaking", total=sum(len(one.breakages) for one in all_trials))
        pending = {}
        for trial in all_trials:
            for start in range(0, len(trial.breakages), 10):
                numbers = list(range(start, min(start + 10, len(trial.breakages))))
                pending[pool.submit(attempt, str(warehouse), trial, numbers)] = trial
        for future in as_completed(pending):
            trial = pending.pop(future)
            for number, result, noticed_by in future.result():
                broken = trial.breakages[number]
                outcomes.append(Outcome(broken, result, noticed_by))
                if result == "unnoticed":
                    console.print(_line(broken), markup=False, highlight=False, soft_wrap=True)
                progress.advance(task)
    return outcomes


def _line(broken: Breakage) -> str:
    return f"{broken.file}:{broken.line} ({broken.cte}) {broken.change}"


def show(outcomes: list[Outcome], console: Console) -> None:
    table = Table()
    table.add_column("model", no_wrap=True)
    for name in ("breakages", "unit tests", "data tests", "equivalent", "unnoticed"):
        table.add_column(name, justify="right")
    by_model: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        by_model.setdefault(outcome.breakage.model, Counter())[outcome.result] += 1
    total: Counter[str] = Counter()
    for model, counts in [*sorted(by_model.items()), ("all", total)]:
        if counts is not total:
            total += counts
        names = ("unit", "data", "equivalent", "unnoticed")
        values = [counts[name] for name in names]
        table.add_row(model, str(sum(values)), *map(str, values))
    console.print(table)
    left_out = f"{total['stillborn']} more are not SQL, {total['unrendered']} not in a full build."
    console.print(left_out)
    unnoticed = [one.breakage for one in outcomes if one.result == "unnoticed"]
    for broken in sorted(unnoticed, key=lambda one: (one.file, one.line)):
        console.print(_line(broken), markup=False, highlight=False, soft_wrap=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("models", nargs="*", help="all marts and intermediate models if none")
    default = os.environ.get("DUCKDB_PATH") or str(ROOT / "data" / "warehouse.duckdb")
    parser.add_argument("--warehouse", type=Path, default=Path(default), help="a built warehouse")
    parser.add_argument("--limit", type=int, help="so many breakages per model at most")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--report", type=Path, help="write what was found as JSON")
    arguments = parser.parse_args()
    if not arguments.warehouse.exists():
        print(f"There is no {arguments.warehouse}: `make run` builds one.", file=sys.stderr)
        return 2
    console = Console()
    start = time.monotonic()
    outcomes = run(
        arguments.models, arguments.warehouse, arguments.limit, arguments.workers, console
    )
    show(outcomes, console)
    console.print(f"{time.monotonic() - start:.0f} s")
    if arguments.report:
        found = [
            asdict(one.breakage) | {"result": one.result, "noticed_by": one.noticed_by}
            for one in outcomes
        ]
        arguments.report.write_text(json.dumps(found, indent=2, ensure_ascii=False))
    return int(any(one.result == "unnoticed" for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
