"""The script that breaks models sees what a test notices, and says what none does."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
import sqlglot
from jinja2 import Environment

from tools.breakages import Breakage, breakages, put_in
from tools.marks import Jinja, marked
from tools.mutate import PROJECT, Trial, attempt, equivalents

MODEL = """\
{{ config(materialized='table', post_hook="{{ log_build() }}") }}

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


def rendered(text: str) -> tuple[str, Jinja]:
    """What dbt makes of a model with marks: macros become calls of functions."""
    sql, jinja = marked(text)

    def call(name: str) -> object:
        return lambda *values: f"{name}({', '.join(map(str, values))})"

    macros: dict[str, object] = {name: call(name) for name in ("in_days", "ratio", "days_since")}
    known = macros | {"config": lambda **_: "", "ref": '"main"."{}"'.format, "days": "days"}
    return Environment().from_string(sql).render(known), jinja  # noqa: S701


def changes(text: str) -> set[str]:
    return {broken.change for broken in breakages(*rendered(text))}


def broken_by(text: str, change: str) -> str:
    """A model with what is called so, in one line."""
    sql, jinja = rendered(text)
    (broken,) = [one for one in breakages(sql, jinja) if one.change == change]
    return plain(put_in(sql, jinja, broken))


def plain(sql: str) -> str:
    return sqlglot.parse_one(sql, dialect="duckdb").sql("duckdb", comments=False)


def test_what_is_broken() -> None:
    assert changes(MODEL) == {
        "where without: amount > 10",
        "amount > 10 → amount >= 10",
        "amount > 10 → amount > 11",
        "sum(costs.amount) as amount → max(costs.amount) as amount",
        "coalesce(max(teams.size), 0) as team_size → coalesce(min(teams.size), 0) as team_size",
        "coalesce(max(teams.size), 0) as team_size → coalesce(max(teams.size), 1) as team_size",
        "coalesce(max(teams.size), 0) as team_size → max(teams.size) as team_size",
        "left join teams → inner join teams",
        "on without: costs.team = teams.team",
        "on without: costs.month = teams.month",
        "group by without costs.team",
        "group by without costs.kind",
    }


def test_a_breakage_has_its_cte_and_its_line() -> None:
    places = breakages(*rendered(MODEL))
    assert Breakage(9, "costs", "where without: amount > 10") in places
    assert Breakage(25, "summed", "on without: costs.month = teams.month") in places


def test_cases_unions_and_windows() -> None:
    text = """with rows_of_both as (
    select
        case when size < 3 and is_open then 'a' when size = 3 then 'B' else null end as kind,
        case kind when 1 then 2 end as two,
        row_number() over (partition by team order by size desc, name) as place
    from one
    where size between 1 and 2 or team in ('x') and name is not null
    union all
    select * from two
)

select distinct kind, place from rows_of_both order by place
"""
    found = changes(text)
    assert {
        "when without: size < 3",
        "when without: is_open",
        "never: when size = 3",
        "when size = 3 then 'B' → when size != 3 then 'B'",
        "partition by without team",
        "where without: size between 1 and 2",
        "where without: team in ('x')",
        "name is not null → name is null",
        "size desc → size asc",
        "without branch 1 of the union",
        "without branch 2 of the union",
        "not distinct: kind, place",
        "order by place → … desc",
    } <= found
    assert "never: when 1" not in found


def test_grouped_by_less_a_column_shows_its_least_value() -> None:
    text = "select team, size as people, sum(amount) as amount from costs group by team, size"
    assert broken_by(text, "group by without size") == (
        "SELECT team, MIN(size) AS people, SUM(amount) AS amount FROM costs GROUP BY team"
    )


def test_what_is_dropped_leaves_the_rest_as_it_was() -> None:
    text = "select coalesce(a - b, 0) * 2 as c from t where a > 1 or b is not null"
    assert "FALSE OR NOT b IS NULL" in broken_by(text, "where without: a > 1")
    change = "coalesce(a - b, 0) * 2 as c → (a - b) * 2 as c"
    assert "SELECT (a - b) * 2 AS c FROM t" in broken_by(text, change)


def test_jinja_is_broken_in_its_numbers_and_its_order_only() -> None:
    text = "select {{ ratio('spend', 'people') }} as a, {{ days_since(days, 29) }} as b from t"
    assert changes(text) == {
        "{{ ratio('spend', 'people') }} as a → {{ ratio('people', 'spend') }} as a",
        "{{ days_since(days, 29) }} as b → {{ days_since(days, 30) }} as b",
    }
    swapped = "{{ ratio('spend', 'people') }} as a → {{ ratio('people', 'spend') }} as a"
    assert "RATIO(people, spend) AS a, DAYS_SINCE(days, 29) AS b" in broken_by(text, swapped)


def test_a_loop_is_broken_in_all_its_passes() -> None:
    text = """{% set kinds = ['agent', 'tab'] %}
        {% for kind in kinds %}
        select {{ kind }}, sum(uses) as {{ kind }}_uses, '{{ kind }}' as kind from t
        where kind != '{{ kind }}' -- {{ kind }}'s
        group by {{ kind }}{{ ", kind" if loop.first }}
        {{ "union all" if not loop.last }}
        {% endfor %}"""
    found = changes(text)
    assert "sum(uses) as {{ kind }}_uses → max(uses) as {{ kind }}_uses" in found
    assert "where without: kind != '{{ kind }}'" in found
    assert {"without branch 1 of the union", "without branch 2 of the union"} <= found
    assert broken_by(text, "group by without {{ kind }}") == (
        "SELECT MIN(agent) AS agent, SUM(uses) AS agent_uses, 'agent' AS kind FROM t"
        " WHERE kind <> 'agent' GROUP BY kind UNION ALL"
        " SELECT MIN(tab) AS tab, SUM(uses) AS tab_uses, 'tab' AS kind FROM t WHERE kind <> 'tab'"
    )


def test_a_marked_model_is_the_model() -> None:
    sql, jinja = rendered(MODEL)
    assert plain(sql) == plain(put_in(sql, jinja, None))
    assert '"main"."costs"' in put_in(sql, jinja, None)
    assert plain(sql) == plain(put_in(sql, jinja, Breakage(1, "costs", "not in this model")))


def test_what_dbt_puts_before_the_model_is_left_alone() -> None:
    sql, jinja = rendered(MODEL)
    given = sql.replace("with/*<<", "with costs_given as (select max(a) from b),/*<<")
    assert breakages(given, jinja) == breakages(sql, jinja)
    for broken in breakages(given, jinja):
        assert "with costs_given as (select max(a) from b)," in put_in(given, jinja, broken)


@pytest.fixture
def trial(tmp_path: Path) -> tuple[str, Trial]:
    """A model with a unit test that sees sums only, and a data test that sees duplicates."""
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table costs as select 'a' as team, 5 as amount, 1 as month")
        connection.execute("create table teams as from (values ('a', 1), ('a', 2)) _ (team, month)")
    sql, jinja = rendered("""select costs.team, sum(costs.amount) as amount from costs
        inner join teams on costs.team = teams.team and costs.month = teams.month
        where costs.amount > 1 group by costs.team, costs.month""")
    fixtures = """with costs as (from (values ('a', 2, 1), ('a', 3, 1)) _ (team, amount, month)),
        teams as (from (values ('a', 1)) _ (team, month)),"""
    asked = f"""{fixtures} answer as ({sql})
        select team, amount, 'actual' as side from answer
        union all select 'a', 5, 'expected'"""
    test = "select count(*), false, count(*) != 1 or any_value(amount) != 5 from model"
    built = f"create or replace table model as {sql}"
    tried = Trial(
        "model", "model.sql", jinja, {"sums": asked}, None, [built], {"test.x.one": [test]}
    )
    return str(warehouse), tried


def test_what_becomes_of_breakages(trial: tuple[str, Trial]) -> None:
    warehouse, tried = trial
    broken = list(tried.breakages())
    found = attempt(warehouse, tried, broken)
    results = {one.change: result for one, (result, _) in zip(broken, found, strict=True)}
    assert results["sum(costs.amount) as amount → max(costs.amount) as amount"] == "unit"
    assert results["on without: costs.month = teams.month"] == "data"
    assert results["where without: costs.amount > 1"] == "unnoticed"
    with duckdb.connect(warehouse) as connection:
        assert connection.sql("show tables").fetchall() == [("costs",), ("teams",)]


def test_a_test_that_fails_already_is_said(trial: tuple[str, Trial]) -> None:
    warehouse, tried = trial
    tried.model = "other"
    tried.unit_tests = {"sums": tried.unit_tests["sums"].replace("'a', 5,", "'a', 6,")}
    with pytest.raises(RuntimeError, match="fails before anything is broken"):
        attempt(warehouse, tried, list(tried.breakages()))


def test_what_nothing_can_notice_is_of_models_that_are_there() -> None:
    texts = {file.stem: file.read_text() for file in PROJECT.glob("models/**/*.sql")}
    gone = {
        (model, cte)
        for model, cte, _ in equivalents()
        if not re.search(rf"\b{cte} as \(", texts.get(model, ""))
    }
    assert not gone
