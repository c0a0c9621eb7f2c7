"""The script that breaks models sees what a test notices, and says what none does."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tools.mutate import Trial, attempt, breakages, marked, put_in

MODEL = """\
{{ config(materialized='table') }}

-- a comment with a left join, and 'where'
with costs as (

    select * from {{ ref('costs') }}
    where
        {{ in_days('cost_date', days) }}
        and amount > 10

),

summed as (

    select
        costs.team,
        costs.kind,
        sum(costs.amount) as amount,
        coalesce(max(teams.size), 0) as team_size,
        'it is < 5' as note
    from costs
    left join teams
        on
            costs.team = teams.team
            and costs.month = teams.month
    group by costs.team, costs.kind

)

select * from summed
"""


def changes(text: str) -> set[str]:
    return {broken.change for broken in breakages("model", "model.sql", text)}


def test_what_is_broken() -> None:
    assert changes(MODEL) == {
        "where without: amount > 10",
        "and amount > 10 → and amount >= 10",
        "and amount > 10 → and amount > 11",
        "sum(costs.amount) as amount, → max(costs.amount) as amount,",
        "coalesce(max(teams.size), 0) as team_size, → coalesce(min(teams.size), 0) as team_size,",
        "coalesce(max(teams.size), 0) as team_size, → coalesce(max(teams.size), 1) as team_size,",
        "coalesce(max(teams.size), 0) as team_size, → max(teams.size) as team_size,",
        "left join teams → inner join teams",
        "on without: costs.team = teams.team",
        "on without: costs.month = teams.month",
        "group by without costs.team",
        "group by without costs.kind",
    }


def test_cases_unions_and_windows() -> None:
    text = """with rows_of_both as (
    select
        case when size < 3 and is_open then 'a' when size = 3 then 'b' end as kind,
        row_number() over (partition by team order by size desc) as place
    from one
    where size between 1 and 2 or team in ('x')
    union all
    select * from two
)
"""
    assert {
        "when without: size < 3",
        "when without: is_open",
        "never: when size = 3",
        "partition by without team",
        "where without: size between 1 and 2",
        "where without: team in ('x')",
        "without branch 1 of the union",
        "without branch 2 of the union",
    } <= changes(text)


def test_a_marked_model_is_the_model_until_a_breakage_is_put_in() -> None:
    broken = breakages("model", "model.sql", MODEL)
    text = marked(MODEL, broken)
    for number, one in enumerate(broken):
        expected = MODEL[: one.start] + one.after + MODEL[one.end :]
        assert _plain(put_in(text, number)) == _plain(expected)
    assert _plain(text) == _plain(MODEL)


def _plain(sql: str) -> list[str]:
    """The words of a statement, without the marks of breakages."""
    sql = re.sub(r"/\*\((\d+)\).*?\(\1\)\*/", " ", sql, flags=re.DOTALL)
    return re.findall(r"\w+|[^\w\s]", re.sub(r"/\*\[\d+\]\*/", " ", sql))


@pytest.fixture
def trial(tmp_path: Path) -> tuple[str, Trial]:
    """A model with a unit test that sees sums only, and a data test that sees duplicates."""
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table costs as select 'a' as team, 5 as amount, 1 as month")
        connection.execute("create table teams as from (values ('a', 1), ('a', 2)) _ (team, month)")
    text = """select costs.team, sum(costs.amount) as amount from costs
        inner join teams on costs.team = teams.team and costs.month = teams.month
        where costs.amount > 1 group by costs.team, costs.month"""
    broken = breakages("model", "model.sql", text)
    sql = marked(text, broken)
    fixtures = """with costs as (from (values ('a', 2, 1), ('a', 3, 1)) _ (team, amount, month)),
        teams as (from (values ('a', 1)) _ (team, month)),"""
    asked = f"""{fixtures} answer as ({sql})
        select team, amount, 'actual' as side from answer
        union all select 'a', 5, 'expected'"""
    test = "select count(*), false, count(*) != 1 or any_value(amount) != 5 from model"
    built = f"create or replace table model as {sql}"
    return str(warehouse), Trial(
        "model", broken, {"sums": asked}, None, [built], {"test.x.one": [test]}
    )


def test_what_becomes_of_breakages(trial: tuple[str, Trial]) -> None:
    warehouse, tried = trial
    found = attempt(warehouse, tried, list(range(len(tried.breakages))))
    results = {tried.breakages[number].change: result for number, result, _ in found}
    summed = next(change for change in results if "→ select costs.team, max(" in change)
    assert results[summed] == "unit"
    assert results["on without: costs.month = teams.month"] == "data"
    assert results["where without: costs.amount > 1"] == "unnoticed"
    with duckdb.connect(warehouse) as connection:
        assert connection.sql("show tables").fetchall() == [("costs",), ("teams",)]


def test_a_test_that_fails_already_is_said(trial: tuple[str, Trial]) -> None:
    warehouse, tried = trial
    tried.model = "other"
    tried.unit_tests = {"sums": tried.unit_tests["sums"].replace("'a', 5,", "'a', 6,")}
    with pytest.raises(RuntimeError, match="fails before anything is broken"):
        attempt(warehouse, tried, [0])
