"""Hides people on dashboards that are not named in DASHBOARDS_WITH_PEOPLE.

Wherever a chart's answer has text, addresses, names, and keys that are named after somebody become
pseudonyms, in the query itself, so that neither a page nor an answer in Metabase has them. The salt
of the pseudonyms is in the query too: a page shows its queries without it, and in Metabase whoever
may see a query sees it.

People are not listed unless there are enough of them. Filters by person are left out: with one,
everybody could be looked up.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from dashboards.definition import (
    AnyChart,
    Dashboard,
    Dropdown,
    MultiSelect,
    Search,
    StaticText,
)
from dashboards.names import NAMED
from foundation.settings import Settings

# Columns of marts that hold one person: their address, or their name.
_PERSON = re.compile(r"email$|^full_name$", re.IGNORECASE)
# Who looks after a customer's account. A list of accounts is not a list of these people.
_STAFF = re.compile(r"(^|_)(owner|manager)_name$", re.IGNORECASE)
# Columns that hold people among other things.
_OTHERS = frozenset({"scope", "scope_name", "subject", "explained_by", "main_contributor"})
_NAME = re.compile(rf"^full_name$|{_STAFF.pattern}", re.IGNORECASE)
# Claude Code names a key after the person whom it is for: claude_code_key_ann.bell_x1y2.
_KEYS = frozenset({"api_key_name", "api_key_label"})
_KEY_OF_PERSON = "claude_code_key_"
# In what people write an @ alone is no address: 40 seats @ $32.50.
_ADDRESS = r"[^\s@]@[^\s@]+\.[^\s@]"
# Stands for the salt in a query that is shown.
SALT = "secret"


@dataclass(frozen=True)
class People:
    """Who may be shown. `shown_on` are keys of dashboards, None for all of them; `salt` goes into
    pseudonyms, so that nobody who does not know it makes them from an address; `smallest` is how
    many people a list of them must have."""

    shown_on: frozenset[str] | None = None
    smallest: int = 5
    salt: str = ""

    @classmethod
    def of(cls, settings: Settings) -> People:
        if settings.dashboards_with_people is None:
            return cls()
        named = {name.strip() for name in settings.dashboards_with_people.split(",")} - {"none", ""}
        key = settings.privacy_key.get_secret_value() if settings.privacy_key else ""
        salt = hmac.digest(key.encode(), b"pseudonyms on dashboards", "sha256").hex()[:16]
        return cls(frozenset(named), settings.dashboards_smallest_group, salt)

    def without_salt(self, text: str) -> str:
        """A text, such as a query that is shown to somebody, with a placeholder for the salt."""
        return text.replace(self.salt, SALT) if self.salt else text

    def are_hidden_on(self, dashboard: str) -> bool:
        return self.shown_on is not None and dashboard not in self.shown_on

    def note(self) -> str:
        return (
            f"People have pseudonyms here, and are listed where there are at least {self.smallest}."
        )

    def without_filters(self, definition: Dashboard) -> Dashboard:
        """A dashboard without filters by person or by the name of a key, which may be a person's;
        one that is locked stays, since it hides."""
        locked = definition.embed.locked if definition.embed else []
        kept = {
            name: bound
            for name, bound in definition.filters.items()
            if name in locked
            or not isinstance(bound, Dropdown | MultiSelect | Search | StaticText)
            or not any(is_hidden(column.partition(".")[2]) for column in bound.column)
        }
        return definition.model_copy(update={"filters": kept})

    def masked(self, template: str, columns: list[str], texts: set[str]) -> tuple[str, bool]:
        """A template of which the text columns show pseudonyms, and whether it lists people; that
        it then only does if they are enough. `columns` are those of its answer."""
        tree = _parse(template)
        listing: set[str] = set()
        for select in _selects(tree):
            listing |= self._mask(select, columns, texts)
        if not listing:
            return tree.sql(dialect="duckdb"), False
        return self._only_enough(tree, columns, sorted(listing)), True

    def pseudonym(self, sql: str, name: str = "", *, is_prose: bool = False) -> str:
        """An expression with a pseudonym for each text that has an address or the name of
        somebody's key, and the same one each time; for each text at all if people's names are in
        it, or parts of addresses. `name` is what the expression is called, and prose is what
        somebody wrote, in which an @ may stand for another thing."""
        tree = _parse(sql)
        condition = f"regexp_matches({sql}, '{_ADDRESS}')" if is_prose else f"{sql} like '%@%'"
        if _NAME.search(name) or _has_names(tree):
            # What somebody wrote into the expression, such as coalesce(full_name, 'nobody').
            written = {one.name for one in _shown(tree, exp.Literal) if one.is_string}
            others = sorted(written | {"Unattributed", "unattributed"})
            texts = ", ".join(exp.Literal.string(one).sql(dialect="duckdb") for one in others)
            condition = f"{sql} not in ({texts})"
        hashed = f"substr(md5(concat('{self.salt}', {sql})), 1, 8)"
        return (
            f"case when {condition} then concat('person ', {hashed})"
            f" when {sql} like '%{_KEY_OF_PERSON}%' then concat('key ', {hashed}) else {sql} end"
        )

    def _mask(self, select: exp.Select, columns: list[str], texts: set[str]) -> set[str]:
        """Mask a select's text columns in place; returns the names of those that are people."""
        listing = set()
        if any(one.is_star for one in select.selects):
            select.set("expressions", [exp.column(name, quoted=True) for name in columns])
        outputs = []
        for name, one in zip(columns, select.selects, strict=True):
            inner = one.this if isinstance(one, exp.Alias) else one
            if name not in texts or isinstance(inner, exp.Literal):
                outputs.append(one)
                continue
            sources = {name, *(found.name for found in inner.find_all(exp.Column))}
            if any(map(_holds_people, sources)):
                listing.add(name)
            masked = _parse(self.pseudonym(inner.sql(dialect="duckdb"), name))
            outputs.append(exp.alias_(masked, name, quoted=True))
        select.set("expressions", outputs)
        return listing

    def _only_enough(self, tree: exp.Expr, columns: list[str], listing: list[str]) -> str:
        """The rows of a query without people if they are too few, in the same order."""
        order, limit = tree.args.get("order"), tree.args.get("limit")
        keys = list(_kept_order(order, columns))
        if order is not None and len(keys) == len(order.expressions):
            tree.set("order", None)
            tree.set("limit", None)
        else:
            limit = None
        names = ", ".join(f'"{name}"' for name in columns)
        # What stands beside people, such as teams with a budget, is shown in any case.
        enough = " and ".join(
            f'case when "{name}" like \'person %\' then count(distinct case when "{name}"'
            f" like 'person %' then \"{name}\" end) over () >= {self.smallest} else true end"
            for name in listing
        )
        lines = [
            f"select {names} from (\n{tree.sql(dialect='duckdb')}\n) as listed",
            f"qualify {enough}",
        ]
        if keys:
            lines.append("order by " + ", ".join(keys))
        if limit is not None:
            lines.append(limit.sql(dialect="duckdb"))
        return "\n".join(lines)


def _parse(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect="duckdb")


def is_person(column: str) -> bool:
    """Whether a column holds one person."""
    return bool(_PERSON.search(column))


def _holds_people(column: str) -> bool:
    """Whether people are in a column, among other things or not."""
    return is_person(column) or column in _OTHERS


def is_hidden(column: str) -> bool:
    """Whether a column has values that nobody may see or choose where people are hidden."""
    return _holds_people(column) or bool(_NAME.search(column)) or column in _KEYS


# What leaves an address whole, so that it can be told from other texts.
_KEEPING = (
    *(exp.Coalesce, exp.Case, exp.If, exp.Nullif, exp.Greatest, exp.Least, exp.Paren, exp.Cast),
    *(exp.Max, exp.Min, exp.AnyValue, exp.GroupConcat, exp.Filter, exp.Window, exp.Distinct),
    *(exp.Concat, exp.DPipe, exp.Lower, exp.Upper, exp.Trim),
    *(exp.Alias, exp.Subquery, exp.Select),
)
# What tells nobody's value of the columns in it: whether, how many, in which order.
_ASKING = (exp.Predicate, exp.Count, exp.Where, exp.Having, exp.Group, exp.Order)


def _above(node: exp.Expr, root: exp.Expr) -> Iterator[exp.Expr]:
    while node is not root and node.parent is not None:
        node = node.parent
        yield node


def _shown(root: exp.Expr, kind: type[exp.Column | exp.Literal]) -> Iterator[exp.Expr]:
    """The columns or literals that may be in an expression's value."""
    for found in root.find_all(kind):
        below: exp.Expr = found
        for above in _above(found, root):
            is_condition = (
                (isinstance(above, exp.If | exp.Case) and below.arg_key == "this")
                or (isinstance(above, exp.Filter) and below.arg_key == "expression")
                or (isinstance(above, exp.Window) and below.arg_key != "this")
            )
            if is_condition or isinstance(above, _ASKING):
                break
            below = above
        else:
            yield found


def _has_names(tree: exp.Expr) -> bool:
    """Whether an expression's value may have somebody's name, or a part of an address or of the
    name of a key, in which nothing tells that it is one."""
    return any(
        _NAME.search(column.name)
        or (
            is_hidden(column.name)
            and not all(
                isinstance(above, _KEEPING) or above.name.lower() == NAMED
                for above in _above(column, tree)
            )
        )
        for column in _shown(tree, exp.Column)
    )


def renamed(template: str) -> Iterator[str]:
    """What to write instead where a query, before its last select, gives people another name: the
    last one would not know that they are people."""
    tree = _parse(template)
    if any(isinstance(alias.parent, exp.Table) and alias.columns for alias in _aliases(tree)):
        yield "names for all columns of a mart are not possible: name them in the select"
    outputs = {id(select) for select in _selects(tree)}
    for select in tree.find_all(exp.Select):
        if id(select) in outputs:
            continue
        whole: exp.Expr = select
        while isinstance(whole.parent, exp.SetOperation):
            whole = whole.parent
        within = whole.parent
        if not isinstance(within, exp.CTE | exp.Subquery):
            continue
        if isinstance(within, exp.Subquery) and not isinstance(within.parent, exp.From | exp.Join):
            continue
        alias = within.args.get("alias")
        given = [one.name for one in alias.columns] if alias else []
        names = given or [one.alias_or_name for one in _first(whole).selects]
        for name, one in zip(names, select.selects, strict=False):
            yield from _renamed(name, one.unalias())


def _renamed(name: str, value: exp.Expr) -> Iterator[str]:
    if value.is_star:
        if value.args.get("rename") or value.args.get("replace"):
            yield "`* rename` and `* replace` are not possible: name the columns"
        return
    shown = [column.name for column in _shown(value, exp.Column)]
    has_people = any(map(_holds_people, shown))
    wanted = None
    has_names = _has_names(value)
    if has_names and not _NAME.search(name):
        staff = next(filter(_STAFF.search, shown), None)
        wanted = "full_name" if has_people or staff is None else staff
    elif has_people and not _holds_people(name):
        wanted = "full_name" if has_names else "user_email"
    if wanted:
        yield f"{name or value.sql(dialect='duckdb')} has people: call it {wanted}"


def _first(query: exp.Expr) -> exp.Select:
    """The select that gives a union's columns their names."""
    while not isinstance(query, exp.Select):
        query = query.this
    return query


def _aliases(tree: exp.Expr) -> Iterator[exp.TableAlias]:
    return tree.find_all(exp.TableAlias)


def counts_people(template: str) -> bool:
    """Whether a chart over a model counts distinct values of a column with people, or with names
    of keys. Whoever counts them has to have them: a page, and Metabase's pivot."""
    return any(
        is_hidden(column.name)
        for counted in _parse(template).find_all(exp.Distinct)
        for column in counted.find_all(exp.Column)
    )


def compared_with_people(template: str, call: str) -> Iterator[str]:
    """The names in the calls of a query that stand in a comparison with a column of people."""
    for found in _parse(template).find_all(exp.Anonymous):
        comparison = found.find_ancestor(exp.Predicate)
        if found.name.lower() != call or comparison is None:
            continue
        if any(is_hidden(column.name) for column in comparison.find_all(exp.Column)):
            yield found.expressions[0].name


def noted(chart: AnyChart, note: str) -> AnyChart:
    """A chart that says in its description how it shows people."""
    text = " ".join(filter(None, (chart.description, note)))
    return chart.model_copy(update={"description": text})


def _selects(tree: exp.Expr) -> Iterator[exp.Select]:
    """The selects that make the columns of an answer: of a union both, and of a query that only
    cuts another one that one."""
    if isinstance(tree, exp.SetOperation):
        yield from _selects(tree.this)
        yield from _selects(tree.expression)
    elif isinstance(tree, exp.Subquery):
        yield from _selects(tree.this)
    elif isinstance(tree, exp.Select):
        source = tree.args.get("from_") or tree.args.get("from")
        is_cut = len(tree.selects) == 1 and isinstance(tree.selects[0], exp.Star)
        if is_cut and source is not None and isinstance(source.this, exp.Subquery):
            yield from _selects(source.this)
        else:
            yield tree


def _kept_order(order: exp.Order | None, columns: Iterable[str]) -> Iterator[str]:
    """The keys of an order that a query around it can sort by as well."""
    known = set(columns)
    for one in order.expressions if order is not None else ():
        key = one.this
        if isinstance(key, exp.Literal) or (isinstance(key, exp.Column) and key.name in known):
            copied = one.copy()
            if isinstance(key, exp.Column):
                copied.set("this", exp.column(key.name, quoted=True))
            yield copied.sql(dialect="duckdb")
