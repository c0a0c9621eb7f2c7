"""The check of BigQuery's SQL finds what the service would refuse, and says where."""

from __future__ import annotations

import pytest

from bigquery_dev.check import Problem, analyze
from bigquery_dev.compiled import Node
from bigquery_dev.googlesql import GoogleSql
from bigquery_dev.scans import nodes_in
from foundation.settings import Settings
from foundation.sources import SOURCES
from tests.bigquery.engines import render

RAW = {"day": "DATE", "seen_at": "TIMESTAMP", "amount": "NUMERIC", "name": "STRING"}


def node(name, sql="", kind="model", parents=(), columns=None, **config):
    return Node(
        name=name,
        kind=kind,
        table=f"p.d.{name}",
        path=f"models/{name}.sql",
        sql=sql,
        materialized=config.pop("materialized", "table"),
        columns=columns or {},
        config=config,
        has_contract=bool(columns) and kind == "model",
        parents=list(parents),
        parent_tables=[f"p.d.{parent}" for parent in parents],
    )


RAW_NODE = node("raw", kind="source", columns=RAW)


def problems(*nodes, incremental=None):
    full = [RAW_NODE, *nodes]
    other = [RAW_NODE, *(incremental or nodes)]
    return analyze({"full": full, "incremental": other}).problems


def reasons(*nodes):
    return sorted({problem.reason for problem in problems(*nodes)})


def test_what_is_valid_has_no_problems():
    day = node("daily", "select day, sum(amount) as amount from `p`.`d`.`raw` group by day")
    assert problems(day) == []


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select amount::string as a from `p`.`d`.`raw`", 'got ":"'),
        ("select date_trunc('month', day) as a from `p`.`d`.`raw`", "could not cast"),
        ("select 1 as a from `p`.`d`.`raw` where name ilike 'x'", "ilike"),
        ("select 1 as a from `p`.`d`.`raw` where day = seen_at", "No matching signature"),
        ("select count(*) filter (where true) as a from `p`.`d`.`raw`", 'got "("'),
        ("select amonut from `p`.`d`.`raw`", "Did you mean amount?"),
    ],
)
def test_sql_of_another_dialect_is_refused(sql, says):
    (reason,) = reasons(node("wrong", sql))
    assert says.lower() in reason.lower()


def test_a_problem_names_the_model_the_branch_and_the_line():
    wrong = node("wrong", "select\n    day,\n    amonut\nfrom `p`.`d`.`raw`")
    right = node("wrong", "select day, amount from `p`.`d`.`raw`")
    assert problems(right, incremental=[wrong]) == [
        Problem(
            "incremental",
            "wrong",
            "models/wrong.sql",
            3,
            "Unrecognized name: amonut; Did you mean amount?",
        )
    ]


def test_only_the_model_that_is_wrong_is_blamed():
    parent = node("parent", "select nothing from `p`.`d`.`raw`")
    child = node("child", "select nothing from `p`.`d`.`parent`", parents=["parent"])
    assert [problem.reason for problem in problems(parent, child)][:2] == [
        "Unrecognized name: nothing",
        "could not be checked, because of parent",
    ]


def test_a_contract_is_compared_with_the_types_that_come_down_the_graph():
    parent = node("parent", "select day, amount * 2 as amount, name from `p`.`d`.`raw`")
    promised = {"day": "DATE", "amount": "BIGNUMERIC", "gone": "STRING"}
    child = node("child", "select * from `p`.`d`.`parent`", parents=["parent"], columns=promised)
    assert reasons(parent, child) == [
        "the contract lacks name STRING",
        "the contract promises amount BIGNUMERIC, the model gives NUMERIC",
        "the contract promises gone, which the model lacks",
    ]


def test_a_type_that_differs_in_one_branch_shows_in_its_children():
    full = node("parent", "select amount from `p`.`d`.`raw`")
    other = node("parent", "select name as amount from `p`.`d`.`raw`")
    child = node("child", "select amount * 2 as twice from `p`.`d`.`parent`", parents=["parent"])
    (problem,) = problems(full, child, incremental=[other, child])
    assert (problem.branch, problem.node) == ("incremental", "child")


def test_functions_that_only_the_analyzer_knows_are_refused():
    (reason,) = reasons(node("sums", "select array_sum([1, 2]) as total"))
    assert "array_sum" in reason


@pytest.mark.parametrize("kind", ["left", "right", "full"])
def test_outer_joins_need_an_equality_of_both_sides(kind):
    join = f"select 1 as one from `p`.`d`.`raw` as a {kind} join `p`.`d`.`raw` as b on "
    assert reasons(node("fine", join + "a.day = b.day and a.amount > b.amount")) == []
    for condition in ("a.day >= b.day", "a.name = 'x'", "a.day = b.day or a.name = b.name"):
        (reason,) = reasons(node("wrong", join + condition))
        assert "without an equality" in reason


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"partition_by": {"field": "date_trunc(day, month)"}}, "which is not one of its columns"),
        ({"partition_by": {"field": "name"}}, "a STRING"),
        ({"partition_by": {"field": "seen_at"}}, "as DATE, which is a TIMESTAMP"),
        ({"cluster_by": ["nmae"]}, "which is not one of its columns"),
        ({"cluster_by": ["day", "name", "amount", "seen_at", "day"]}, "allows 4"),
    ],
)
def test_partitions_and_clusters_are_columns_of_suitable_types(config, says):
    (reason,) = reasons(node("laid_out", "select * from `p`.`d`.`raw`", **config))
    assert says in reason


FACT = node(
    "fact",
    "select day, name, amount from `p`.`d`.`raw`",
    partition_by={"field": "day", "data_type": "date"},
    require_partition_filter=True,
)


@pytest.mark.parametrize(
    "condition",
    [
        "day >= date '2026-01-01'",
        "day in (date '2026-01-01', date '2026-01-02')",
        "day between date '2026-01-01' and date '2026-01-31'",
        "day = date '2026-01-01'",
    ],
)
def test_a_condition_on_the_day_is_found_wherever_engines_push_it_down(condition):
    sql = f"""
    with fact as (select * from `p`.`d`.`fact`),
    renamed as (select day, name, sum(amount) as amount from fact group by day, name),
    both as (select * from renamed union all select * from renamed)
    select both.name, other.amount from both
    inner join renamed as other on both.day = other.day
    where both.{condition} and other.{condition}
    """
    assert reasons(FACT, node("reader", sql, parents=["fact"])) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select name from `p`.`d`.`fact`",
        "select name from `p`.`d`.`fact` where day = (select max(day) from `p`.`d`.`raw`)",
        "select name from `p`.`d`.`fact` where day >= date '2026-01-01' or name = 'x'",
        "select a.name from `p`.`d`.`raw` as a left join `p`.`d`.`fact` as b on a.day = b.day"
        " where b.day >= date '2026-01-01'",
        "select name from (select name, day from `p`.`d`.`fact` limit 5)"
        " where day >= date '2026-01-01'",
    ],
)
def test_a_table_that_requires_a_condition_on_its_day_must_get_one(sql):
    (reason,) = reasons(FACT, node("reader", sql, parents=["fact"]))
    assert reason == "reads fact without a condition on day, which that requires"


def test_a_condition_reaches_the_table_under_a_view():
    view = node(
        "view",
        "select day as on_day, name from `p`.`d`.`fact` where day >= date '1900-01-01'",
        parents=["fact"],
        materialized="view",
    )
    reader = node("reader", "select name from `p`.`d`.`view`", parents=["view"])
    assert reasons(FACT, view, reader) == []


def test_the_datasets_are_named_as_the_extractors_name_them(project):
    settings = Settings(target="bigquery", bigquery_dataset="ai_spend")
    datasets = {
        node.table.split(".")[1] for node in project["full"] if node.table and node.kind != "test"
    }
    schemas = {source.raw_schema for source in SOURCES}
    schemas |= {"staging", "intermediate", "marts", "legacy", "comparison", "seeds", "snapshots"}
    # Older tables are where they are.
    assert datasets == {settings.dataset(schema) for schema in schemas} | {"older"}


def test_the_function_that_tells_costs_as_of_a_date_is_valid(project, tmp_path):
    (versions,) = (node for node in project["full"] if node.name == "fct_cost_versions")
    google = GoogleSql()
    google.add_table(versions.table, versions.columns)
    hook = "{{ create_cost_as_of(ref('fct_cost_versions')) }}"
    statement = google.analyze(render("bigquery", hook, tmp_path, {}))
    (made,) = nodes_in(statement, "ResolvedCreateTableFunctionStmtProto")
    assert [column.name for column in made.output_column_list] == [
        *("vendor", "organization", "window_date", "reported_usd")
    ]
