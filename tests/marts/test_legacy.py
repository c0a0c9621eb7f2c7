"""The views of the older design: its names and types, the marts' numbers, and a page that says
where each column comes from."""

from __future__ import annotations

import math
import re

import pytest

from changes.manifest import Manifest
from dashboards.catalog import Catalog
from tests.marts import migration_page
from tests.marts.warehouse import Warehouse
from tools import base_company

MODELS = migration_page.models()
COLUMNS = [
    (table, column.name, column.description)
    for table, model in MODELS.items()
    for column in model.columns.values()
]
# By day, person and platform: what an old table sums to, and what the mart does.
FACTS = {
    "fact_ai_costs": {
        "total_cost_usd": "effective_cost_usd",
        "base_cost_usd + overage_cost_usd": "effective_cost_usd",
        "overage_cost_usd": "case when cost_type = 'overage' then effective_cost_usd else 0 end",
        "allocated_cost_usd": "case when is_attributed then effective_cost_usd else 0 end",
        "1": "1",
    },
    "fact_ai_usage": {
        "session_count": "sessions",
        "request_count": "requests",
        "input_tokens": "uncached_input_tokens",
        "output_tokens": "output_tokens",
        "cached_input_tokens": "cache_write_5m_tokens + cache_write_1h_tokens",
        "cache_read_tokens": "cache_read_tokens",
        "case when total_tokens is not null then"
        " coalesce(input_tokens, 0) + coalesce(output_tokens, 0) + coalesce(cached_input_tokens, 0)"
        " + coalesce(cache_read_tokens, 0) end": "total_tokens",
        "total_tokens": "total_tokens",
        "lines_added": (
            "case when platform_code in ('cursor', 'github_copilot') then lines_suggested end"
        ),
        "lines_accepted": "lines_accepted",
        "suggestions_shown": "suggestions_shown",
        "suggestions_accepted": "suggestions_accepted",
        "1": "1",
    },
}
MARTS = {"fact_ai_costs": "fct_cost_daily", "fact_ai_usage": "fct_usage_daily"}
DAYS = {"fact_ai_costs": "cost_date", "fact_ai_usage": "usage_date"}
# Columns of the monthly views that are not what the mart's column is.
DIFFERENT = {
    ("vw_cost_allocation_detailed", "budget_variance_pct"): "budget_variance_pct / 100",
    # The mart has the score of the month before; test below.
    ("vw_team_productivity", "prev_month_productivity"): None,
    ("vw_team_productivity", "productivity_growth_mom"): None,
}
SOURCE = re.compile(r"(?:From|The same as) (\w+)\.(\w+)")


def test_the_page_lists_every_column_with_its_type_and_source() -> None:
    written, wanted = migration_page.written(), migration_page.wanted()
    assert written.keys() == wanted.keys()
    for table, columns in wanted.items():
        assert written[table] == columns, f"docs/migration.md, {table}, should be:\n{columns}"


def test_a_column_says_which_column_of_a_mart_it_is_or_why_it_is_none() -> None:
    nodes = base_company.manifest().nodes
    for table, column, description in COLUMNS:
        if source := SOURCE.match(description):
            mart = f"model.ai_spend.{source[1]}"
            assert mart in MODELS[table].depends_on_nodes, (table, column)
            assert source[2] in nodes[mart].columns, (table, column)
        else:
            assert description.startswith(("Null: ", "Always ")), (table, column)


@pytest.mark.parametrize("table", MODELS)
def test_a_column_is_empty_if_it_says_so_and_only_then(base: Warehouse, table: str) -> None:
    columns = [column for name, column, _ in COLUMNS if name == table]
    counts = ", ".join(f"count({column})" for column in columns)
    (found,) = base.rows(f"select {counts} from legacy.{table}")
    empty = {column for column, count in zip(columns, found, strict=True) if not count}
    said = {column for name, column, text in COLUMNS if name == table and text.startswith("Null: ")}
    assert empty == said


@pytest.mark.parametrize("table", MODELS)
def test_columns_have_the_old_types_in_the_warehouse(base: Warehouse, table: str) -> None:
    names = {"VARCHAR": "STRING", "BIGINT": "INT64", "DOUBLE": "FLOAT64", "BOOLEAN": "BOOL"}
    found = {row[0]: names.get(row[1], row[1]) for row in base.rows(f"describe legacy.{table}")}
    assert found == migration_page.types()[table]


@pytest.mark.parametrize("table", FACTS)
def test_an_old_fact_joined_to_its_dimensions_sums_to_the_mart(base: Warehouse, table: str) -> None:
    old, new = (
        ", ".join(f"sum({one})" for one in side) for side in zip(*FACTS[table].items(), strict=True)
    )
    legacy = sums(
        base,
        f"select {DAYS[table]}, user_email, platform_name, {old} from legacy.{table}"
        " join legacy.dim_users using (user_sk) join legacy.dim_platforms using (platform_sk)",
    )
    marts = sums(
        base,
        f"select {DAYS[table]}, user_email, platform_name, {new} from marts.{MARTS[table]}"
        " join marts.dim_platforms using (platform_code)",
    )
    assert len(marts) > 1_000
    assert_equal(legacy, marts)


def sums(base: Warehouse, sql: str, keys: int = 3) -> dict[tuple[object, ...], list[float]]:
    """The sums of a query by its first columns; no number where there was nothing to sum."""
    return {
        tuple(row[:keys]): [math.nan if value is None else float(value) for value in row[keys:]]
        for row in base.rows(f"{sql} group by all")
    }


def assert_equal(
    legacy: dict[tuple[object, ...], list[float]], marts: dict[tuple[object, ...], list[float]]
) -> None:
    """To what a float can tell."""
    assert legacy.keys() == marts.keys()
    for key, found in legacy.items():
        assert found == pytest.approx(marts[key], rel=1e-9, nan_ok=True), key


@pytest.mark.parametrize("view", [name for name in MODELS if name.startswith("vw_")])
def test_a_monthly_view_sums_to_the_mart_of_its_name(base: Warehouse, view: str) -> None:
    old, new = [], []
    for column in MODELS[view].columns.values():
        source = SOURCE.match(column.description)
        is_number = column.data_type in ("double", "int64")
        expected = DIFFERENT.get((view, column.name), source and source[2])
        if is_number and source and expected:
            old.append(f"sum({column.name})")
            new.append(f"sum({expected})")
    legacy, marts = (
        sums(base, f"select month, count(*), {', '.join(side)} from {schema}.{view}", keys=1)
        for schema, side in (("legacy", old), ("marts", new))
    )
    assert len(marts) == 3
    assert_equal(legacy, marts)


def test_lines_of_the_month_before_are_those_that_the_mart_had_then(base: Warehouse) -> None:
    before = base.rows(
        "select later.user_email, later.month, earlier.lines_accepted"
        " from marts.vw_team_productivity as later join marts.vw_team_productivity as earlier"
        " on later.user_email = earlier.user_email"
        " and later.month = earlier.month + interval 1 month"
    )
    legacy = base.rows(
        "select user_email, month, prev_month_productivity from legacy.vw_team_productivity"
        " where prev_month_productivity is not null"
    )
    assert sorted(legacy) == sorted(before)
    assert len(before) > 20


def test_dashboards_and_comparisons_of_numbers_do_not_take_them_for_marts(
    catalog: Catalog,
) -> None:
    marts = Manifest(base_company.parsed() / "manifest.json").marts
    compared = {mart.unique_id for mart in marts.values()}
    for model in MODELS.values():
        assert model.name not in catalog.models
        assert model.unique_id not in compared
    assert "vw_team_productivity" in catalog.models.keys() & marts.keys()
