"""What BigQuery refuses although its analyzer accepts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bigquery_dev.compiled import Node
from bigquery_dev.googlesql import type_name
from bigquery_dev.scans import columns_in, columns_of, function_name, nodes_in, parts, reads

# The analyzer knows functions that BigQuery does not have (yet). These were looked up in
# https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all: look up a new one,
# then add it. Operators begin with $.
FUNCTIONS = frozenset(
    """
    $add $and $between $case_no_value $case_with_value $concat_op $count_star $divide $equal
    $extract $extract_date $greater $greater_or_equal $in $is_distinct $is_false $is_not_distinct
    $is_null $is_true $less $less_or_equal $like $multiply $not $not_equal $or $safe_cast $subtract
    $unary_minus abs any_value approx_quantiles array_agg array_length avg bit_xor ceil coalesce
    concat count countif date date_add date_diff date_sub date_trunc datetime dense_rank div
    first_value floor format format_date generate_array generate_date_array greatest if ifnull
    json_query_array json_value lag
    last_day last_value lead least left length logical_and logical_or lower max md5 min mod nullif
    percentile_cont percentile_disc rank regexp_contains regexp_extract regexp_extract_all
    regexp_replace replace round row_number safe_divide sign split starts_with string_agg substr sum
    timestamp_add timestamp_diff timestamp_millis timestamp_trunc to_hex to_json_string trim trunc
    upper
""".split()  # noqa: SIM905
)

_PARTITIONS = ("DATE", "TIMESTAMP", "DATETIME")
_MAX_CLUSTERS = 4


def lint(
    node: Node,
    resolved: Any,  # noqa: ANN401
    nodes: Mapping[str, Node],
    views: Mapping[str, Any],
) -> Iterator[str]:
    """Reasons to refuse a node's statement. `nodes` and `views` are by the names of tables."""
    yield from _unknown_functions(resolved)
    yield from _outer_joins_without_equality(resolved)
    yield from _layout(node, resolved)
    for read in reads(resolved, views.get):
        table = nodes.get(read.table)
        if table and table.config.get("require_partition_filter"):
            column = table.config["partition_by"]["field"]
            if column not in read.days:
                yield f"reads {table.name} without a condition on {column}, which that requires"


def _unknown_functions(resolved: Any) -> Iterator[str]:  # noqa: ANN401
    calls = nodes_in(resolved, "ResolvedFunctionCallBaseProto")
    for name in sorted({function_name(call) for call in calls} - FUNCTIONS):
        yield f"calls {name}, which bigquery_dev/lints.py does not list as a function of BigQuery"


def _outer_joins_without_equality(resolved: Any) -> Iterator[str]:  # noqa: ANN401
    """BigQuery: "LEFT OUTER JOIN cannot be used without a condition that is an equality of fields
    from both sides of the join"."""
    for join in nodes_in(resolved, "ResolvedJoinScanProto"):
        kinds = join.DESCRIPTOR.fields_by_name["join_type"].enum_type.values_by_number
        kind = kinds[join.join_type].name
        if kind == "INNER":
            continue
        left, right = columns_of(join.left_scan), columns_of(join.right_scan)
        if not any(_joins(equality, left, right) for equality in _equalities(join.join_expr)):
            names = sorted({column.table_name for column in columns_in(join.join_expr)})
            yield f"{kind} JOIN without an equality of both sides ({', '.join(names)})"


def _equalities(expression: Any) -> Iterator[Any]:  # noqa: ANN401
    """The comparisons with = that AND joins in a condition."""
    for part in parts(expression):
        if part.DESCRIPTOR.name == "ResolvedFunctionCallBaseProto":
            if function_name(part) == "$and":
                for argument in part.argument_list:
                    yield from _equalities(argument)
            elif function_name(part) == "$equal":
                yield part
            return


def _joins(equality: Any, left: set[int], right: set[int]) -> bool:  # noqa: ANN401
    sides = [
        {column.column_id for column in columns_in(argument)} for argument in equality.argument_list
    ]
    return any(a and b and a <= left and b <= right for a, b in (sides, sides[::-1]))


def _layout(node: Node, resolved: Any) -> Iterator[str]:  # noqa: ANN401
    """Partitions must be by a column (not an expression) that holds dates, clusters by columns."""
    outputs = resolved.resolved_query_stmt_node.output_column_list
    found = {output.name: output.column.type for output in outputs}
    partition = node.config.get("partition_by")
    if partition:
        yield from _partition(partition, found)
    clusters = node.config.get("cluster_by") or []
    if len(clusters) > _MAX_CLUSTERS:
        yield f"is clustered by {len(clusters)} columns; BigQuery allows {_MAX_CLUSTERS}"
    for column in clusters:
        if column not in found:
            yield f"is clustered by {column}, which is not one of its columns"


def _partition(partition: dict[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    column = partition["field"]
    if column not in found:
        yield f"is partitioned by {column}, which is not one of its columns"
        return
    kind, promised = type_name(found[column]), partition.get("data_type", "date").upper()
    if kind not in _PARTITIONS:
        yield f"is partitioned by {column}, a {kind}: only dates and times can partition a table"
    elif kind != promised:
        yield f"is partitioned by {column} as {promised}, which is a {kind}"
