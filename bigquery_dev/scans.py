"""What a statement reads: the columns of each table, and the days to which it is restricted.

This is taken from the resolved form that the analyzer returns, through views down to the tables.
Conditions count if BigQuery can prune partitions by them: comparisons of a column with literal
dates. A condition reaches a table through CTEs, views, unions, groupings by that column, and both
sides of inner joins; never from one side of a join to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Days:
    """Days that a condition allows: those in `among` (None for all) that are not before `since`."""

    among: frozenset[date] | None = None
    since: date | None = None

    def __and__(self, other: Days) -> Days:
        both = (self.among, other.among)
        among = both[0] & both[1] if both[0] is not None and both[1] is not None else None
        since = max((day for day in (self.since, other.since) if day), default=None)
        return Days(among if among is not None else both[0] or both[1], since)

    def __or__(self, other: Days) -> Days:
        if self.since and other.since and self.among is None and other.among is None:
            return Days(since=min(self.since, other.since))
        if self.among is not None and other.among is not None and self.since == other.since:
            return Days(self.among | other.among, self.since)
        return Days()

    def __contains__(self, day: date) -> bool:
        return (self.among is None or day in self.among) and (
            self.since is None or day >= self.since
        )


@dataclass(frozen=True)
class Read:
    """One reading of a table; `days` are the conditions on each of its columns of dates."""

    table: str
    columns: frozenset[str]
    days: dict[str, Days] = field(default_factory=dict)


# For each column that is needed: the condition on it, or None.
Wanted = dict[int, Days | None]


def reads(
    resolved: Any,  # noqa: ANN401
    views: Callable[[str], Any | None],
    *,
    is_counted: bool = False,
) -> list[Read]:
    """The tables that a query reads, from its resolved form. `views` returns the resolved form of a
    view by its name, None for a table. If the rows are only counted, no column of them is read."""
    query = resolved.resolved_query_stmt_node
    outputs: Wanted = {}
    if not is_counted:
        outputs = {output.column.column_id: None for output in query.output_column_list}
    walk = _Walk(views)
    walk.visit(query.query, outputs)
    return walk.found


class _Walk:
    def __init__(self, views: Callable[[str], Any | None]) -> None:
        self.views = views
        self.found: list[Read] = []
        self.ctes: dict[str, Any] = {}

    def visit(self, scan: Any, wanted: Wanted) -> None:  # noqa: ANN401
        """Follow the needed columns of a scan down to the tables."""
        node = concrete(scan)
        getattr(self, node.DESCRIPTOR.name)(node, wanted)

    def ResolvedSingleRowScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        """SELECT without FROM."""

    def ResolvedTableScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        columns = [column for column in node.parent.column_list if column.column_id in wanted]
        days = {
            column.name: condition
            for column in columns
            if (condition := wanted[column.column_id]) is not None
        }
        names = frozenset(column.name for column in columns)
        view = self.views(node.table.full_name)
        if view is None:
            self.found.append(Read(node.table.full_name, names, days))
            return
        query = view.resolved_query_stmt_node
        inner: Wanted = {}
        for output in query.output_column_list:
            if output.name in names:
                _want(inner, output.column.column_id, days.get(output.name))
        walk = _Walk(self.views)
        walk.visit(query.query, inner)
        self.found += walk.found

    def ResolvedFilterScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        inner = dict(wanted)
        self._expression(node.filter_expr, inner)
        for column, days in conditions(node.filter_expr):
            _want(inner, column, days)
        self.visit(node.input_scan, inner)

    def ResolvedProjectScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        self.visit(node.input_scan, self._computed(node.expr_list, wanted))

    def ResolvedAggregateScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        inner: Wanted = {}
        grouped = {_column(item).column_id: concrete(item) for item in node.parent.group_by_list}
        for number, item in grouped.items():
            reference = _reference(item.expr)
            if reference is None:
                self._expression(item.expr, inner)
            else:
                _want(inner, reference, wanted.get(number))
        for item in node.parent.aggregate_list:
            if _column(item).column_id in wanted:
                self._expression(item, inner)
        self.visit(node.parent.input_scan, inner)

    def ResolvedAnalyticScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        needed: Wanted = {}
        partitions: set[int] | None = None
        produced: set[int] = set()
        for group in node.function_group_list:
            numbers = {_column(item).column_id for item in group.analytic_function_list}
            produced |= numbers
            by = {_column(part).column_id for part in group.partition_by.partition_by_list}
            partitions = by if partitions is None else partitions & by
            self._expression(group, needed)
        for number, days in wanted.items():
            if number not in produced:
                # A condition on a column by which window functions are partitioned does not change
                # their results.
                _want(needed, number, days if number in (partitions or set()) else None)
        self.visit(node.input_scan, needed)

    def ResolvedJoinScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        needed = dict(wanted)
        self._expression(node.join_expr, needed)
        kind = (
            node.DESCRIPTOR.fields_by_name["join_type"]
            .enum_type.values_by_number[node.join_type]
            .name
        )
        for side, scan in (("LEFT", node.left_scan), ("RIGHT", node.right_scan)):
            mine = columns_of(scan)
            # On the optional side of the join, a condition after the join is not one before it.
            narrows = kind in ("INNER", side)
            self.visit(scan, {n: d if narrows else None for n, d in needed.items() if n in mine})

    def ResolvedSetOperationScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        for item in node.input_item_list:
            inner: Wanted = {}
            for mine, theirs in zip(node.parent.column_list, item.output_column_list, strict=True):
                if mine.column_id in wanted:
                    _want(inner, theirs.column_id, wanted[mine.column_id])
            self.visit(item.scan, inner)

    def ResolvedWithScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        self.ctes |= {entry.with_query_name: entry.with_subquery for entry in node.with_entry_list}
        self.visit(node.query, wanted)

    def ResolvedWithRefScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        scan = self.ctes[node.with_query_name]
        theirs = _parent(concrete(scan)).column_list
        inner: Wanted = {}
        for mine, other in zip(node.parent.column_list, theirs, strict=True):
            if mine.column_id in wanted:
                _want(inner, other.column_id, wanted[mine.column_id])
        self.visit(scan, inner)

    def ResolvedOrderByScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        inner = dict(wanted)
        for item in node.order_by_item_list:
            self._expression(item, inner)
        self.visit(node.input_scan, inner)

    def ResolvedLimitOffsetScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        self.visit(node.input_scan, dict.fromkeys(wanted))

    def ResolvedArrayScanProto(self, node: Any, wanted: Wanted) -> None:  # noqa: ANN401, N802
        inner = dict(wanted)
        for item in node.array_expr_list:
            self._expression(item, inner)
        if node.HasField("input_scan"):
            self.visit(node.input_scan, inner)

    def _computed(self, items: Iterable[Any], wanted: Wanted) -> Wanted:
        """What is needed below a SELECT list; columns that are only renamed keep their
        condition."""
        computed = {_column(item).column_id: concrete(item).expr for item in items}
        inner: Wanted = {}
        for number, days in wanted.items():
            if number not in computed:
                _want(inner, number, days)
            elif (reference := _reference(computed[number])) is not None:
                _want(inner, reference, days)
            else:
                self._expression(computed[number], inner)
        return inner

    def _expression(self, message: Any, wanted: Wanted) -> None:  # noqa: ANN401
        """Mark each column that an expression names as needed; visit its subqueries."""
        for column in columns_in(message):
            _want(wanted, column.column_id, None)
        for part in parts(message):
            if part.DESCRIPTOR.name == "ResolvedSubqueryExprProto":
                self.visit(part.subquery, dict.fromkeys(columns_of(part.subquery)))


def conditions(expression: Any) -> Iterator[tuple[int, Days]]:  # noqa: ANN401
    """The days to which an expression restricts columns, in the parts that AND joins."""
    call = concrete(expression)
    if call.DESCRIPTOR.name != "ResolvedFunctionCallProto":
        return
    name, arguments = function_name(call), call.parent.argument_list
    if name == "$and":
        for argument in arguments:
            yield from conditions(argument)
        return
    column = _reference(arguments[0]) if arguments else None
    days = [_date(argument) for argument in arguments[1:]]
    if column is None or not days or None in days:
        return
    written = [day for day in days if day is not None]
    if name in ("$in", "$equal"):
        yield column, Days(among=frozenset(written))
    elif name in ("$greater_or_equal", "$between"):
        yield column, Days(since=written[0])
    elif name == "$greater":
        yield column, Days(since=written[0] + timedelta(days=1))


def function_name(call: Any) -> str:  # noqa: ANN401
    """The name of the function that a resolved call uses, such as `div` or `$add`."""
    while "function" not in call.DESCRIPTOR.fields_by_name:
        call = call.parent
    name: str = call.function.name
    return name.split(":")[-1]


def parts(message: Any) -> Iterator[Any]:  # noqa: ANN401
    """A resolved expression and everything in it, except for the scans of subqueries."""
    yield message
    for child in _children(message):
        if child.DESCRIPTOR.name != "AnyResolvedScanProto":
            yield from parts(child)


def nodes_in(message: Any, name: str) -> Iterator[Any]:  # noqa: ANN401
    """Every node of a kind in a resolved statement."""
    if message.DESCRIPTOR.name == name:
        yield message
    for child in _children(message):
        yield from nodes_in(child, name)


def columns_in(expression: Any) -> Iterator[Any]:  # noqa: ANN401
    """The columns (ResolvedColumnProto) that an expression names."""
    for part in parts(expression):
        if part.DESCRIPTOR.name == "ResolvedColumnRefProto":
            yield part.column


def columns_of(scan: Any) -> set[int]:  # noqa: ANN401
    """The ids of the columns that a scan returns."""
    return {column.column_id for column in _parent(concrete(scan)).column_list}


def _children(message: Any) -> Iterator[Any]:  # noqa: ANN401
    for descriptor, value in message.ListFields():
        kind = descriptor.message_type
        if kind and kind.name.startswith(("Resolved", "AnyResolved")):
            yield from value if descriptor.is_repeated else (value,)


def concrete(message: Any) -> Any:  # noqa: ANN401
    """The node inside the messages that stand for one of several kinds of nodes."""
    while message.DESCRIPTOR.name.startswith("Any"):
        message = getattr(message, message.WhichOneof("node"))
    return message


def _parent(node: Any) -> Any:  # noqa: ANN401
    """The part that all scans have: their columns."""
    while "column_list" not in node.DESCRIPTOR.fields_by_name:
        node = node.parent
    return node


def _column(item: Any) -> Any:  # noqa: ANN401
    item = concrete(item)
    while "column" not in item.DESCRIPTOR.fields_by_name:
        item = item.parent
    return item.column


def _reference(expression: Any) -> int | None:  # noqa: ANN401
    node = concrete(expression)
    return node.column.column_id if node.DESCRIPTOR.name == "ResolvedColumnRefProto" else None


def _date(expression: Any) -> date | None:  # noqa: ANN401
    node = concrete(expression)
    if node.DESCRIPTOR.name != "ResolvedLiteralProto":
        return None
    value = node.value.value
    if value.HasField("timestamp_value"):
        moment: datetime = value.timestamp_value.ToDatetime()
        return moment.date()
    return _EPOCH + timedelta(days=value.date_value) if value.HasField("date_value") else None


def _want(wanted: Wanted, column: int, days: Days | None) -> None:
    """Add a condition; a column needed with two conditions is needed for the days of either."""
    before = wanted.get(column)
    wanted[column] = before & days if before and days else before or days
