"""How a model's SQL is found again in what dbt made of it.

dbt renders a model for the warehouse, and again for each of its unit tests. `marked` puts comments
around the model and around each Jinja expression in it, which dbt leaves where they are. In what
was rendered, `Rendered` has one name for each expression, whatever it became.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment

# A model's Jinja expressions: each as it stands there, and what may stand there instead.
Jinja = tuple[tuple[str, ...], ...]

# In what the lexer of Jinja made of a model: expressions and other tags by their number, and the
# ends of lines.
_EXPRESSION = re.compile(r"\x00(\d+)\x00")
_TAG = re.compile(r"[\x00\x02](\d+)[\x00\x02]")
_LINE_END = re.compile(r"\x01(\d+)\x01")
_COMMENT = r"--[^\n]*|/\*.*?\*/"
# An expression may be a part of a word, or of a string.
_WORD = rf"\w*{_EXPRESSION.pattern}(?:\w|{_EXPRESSION.pattern})*"
_PIECE = re.compile(rf"{_WORD}|{_COMMENT}|'(?:[^']|'')*'", re.DOTALL)
_HEAD = re.compile(rf"(?:\s|{_TAG.pattern}|{_LINE_END.pattern}|{_COMMENT})*", re.DOTALL)

# No expressions of SQL: settings, and what stands between the passes of a loop.
_APART = re.compile(r"\{\{-?\s*config\(|\{\{[^}]*\bloop\.(?:first|last)\b|\{[%#]")
_SWAPPED = re.compile(
    r"(\{\{-?\s*(?:ratio|growth|percent_over)\(\s*)('[^']*')(\s*,\s*)('[^']*')(,?\s*\)\s*-?\}\})"
)


def marked(text: str) -> tuple[str, Jinja]:
    """A model with marks, and its Jinja expressions.

    Marks are comments: `/*<3*/…/*3>*/` around expression 3, which end with `/*|…|*/` for each text
    that may stand there instead; `/*@12*/` at the end of line 12; `/*<<*/…/*>>*/` around the
    model. Where it begins with `with`, it is `/*<<with*/` after that: dbt puts CTEs of its own
    before the mark.
    """
    sql, tags = _without_tags(text)
    jinja: list[tuple[str, ...]] = []

    def mark(match: re.Match[str]) -> str:
        found = match.group()
        whole = _TAG.sub(lambda tag: tags[int(tag[1])], found)
        if found.startswith("'"):
            whole = _LINE_END.sub("", whole)
        # Jinja in a comment stays part of it.
        if not _EXPRESSION.search(found) or found.startswith(("--", "/*")):
            return whole
        others = _others(whole) if _EXPRESSION.fullmatch(found) else ()
        number = len(jinja)
        jinja.append((whole, *others))
        instead = "".join(f"/*|{other}|*/" for other in jinja[-1][1:])
        return f"/*<{number}*/{whole}{instead}/*{number}>*/"

    head = _HEAD.match(sql)
    start = head.end() if head else 0
    begins_with = re.match(r"with\b", sql[start:])
    start, sign = (start + 4, "/*<<with*/") if begins_with else (0, "/*<<*/")
    body = _PIECE.sub(mark, sql[:start]) + sign + _PIECE.sub(mark, sql[start:])
    body = _TAG.sub(lambda tag: tags[int(tag[1])], body)
    # A comment between two strings would part what SQL takes for one.
    body = re.sub(rf"(?<='){_LINE_END.pattern}", "", body)
    return _LINE_END.sub(r"/*@\1*/", body) + "\n/*>>*/", tuple(jinja)


def _without_tags(text: str) -> tuple[str, list[str]]:
    """A model with numbers for Jinja's tags and at the ends of lines, and the tags."""
    sql, tag, tags = "", "", list[str]()
    for line, kind, value in Environment(autoescape=True).lex(text):
        if kind == "data":
            first, *rest = value.split("\n")
            pieces = [f"\x01{number}\x01\n{piece}" for number, piece in enumerate(rest, line)]
            sql += first + "".join(pieces)
            continue
        tag += value
        if kind.endswith("_end"):
            sign = "\x02" if _APART.match(tag) else "\x00"
            sql += f"{sign}{len(tags)}{sign}"
            tags.append(tag)
            tag = ""
    return sql, tags


def _others(tag: str) -> Iterator[str]:
    """A Jinja expression with another number, or with two arguments swapped."""
    for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", tag):
        yield tag[: match.start()] + other_number(match.group()) + tag[match.end() :]
    if _SWAPPED.fullmatch(tag):
        yield _SWAPPED.sub(r"\1\4\3\2\5", tag)


def other_number(number: str) -> str:
    if "." in number:
        digits = len(number.split(".")[1])
        return f"{float(number) + 10**-digits:.{digits}f}"
    if re.fullmatch(r"100+", number):
        return number[:-1]
    return str(int(number) + 1)


_MODEL = re.compile(r"/\*<<(with)?\*/(.*?)/\*>>\*/", re.DOTALL)
_MARKED = re.compile(r"/\*<(\d+)\*/(.*?)((?:/\*\|.*?\|\*/)*)/\*\1>\*/", re.DOTALL)
_OTHER = re.compile(r"/\*\|(.*?)\|\*/", re.DOTALL)
# The number of an expression, and of what stands there instead.
NAME = re.compile(r"\bjinja_(\d+)_\d+(?:_(\d+))?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Rendered:
    """A statement around a model, whose SQL has names for Jinja."""

    before: str
    sql: str
    after: str
    # What became of the expressions, by name.
    texts: dict[str, str]
    # The model's first word is before the mark.
    is_without_with: bool

    def filled(self, sql: str) -> str:
        """The statement with other SQL of the model, in which the same names are."""
        if self.is_without_with:
            sql = sql.removeprefix("WITH ")
        sql = NAME.sub(lambda name: self.texts[name.group().lower()], sql)
        return f"{self.before} {sql} {self.after}"


def rendered(statement: str) -> Rendered | None:
    """None if there is no marked model in the statement."""
    model = _MODEL.search(statement)
    if model is None:
        return None
    texts: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        if not match[2].strip():
            return ""
        # A loop renders an expression several times.
        name = f"jinja_{match[1]}_{len(texts)}"
        texts[name] = match[2]
        for number, other in enumerate(_OTHER.findall(match[3]), 1):
            texts[f"{name}_{number}"] = other
        return name

    sql = f"{model[1] or ''} {_MARKED.sub(name, model[2])}"
    before, after = statement[: model.start()], statement[model.end() :]
    return Rendered(before, sql, after, texts, is_without_with=bool(model[1]))
