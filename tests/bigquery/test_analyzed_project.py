"""The whole project, as Google's analyzer reads it: every statement is valid on BigQuery, and the
cost of the daily run there does not grow with history."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import mean

import pytest

from bigquery_dev.check import Analysis
from bigquery_dev.compiled import Node
from bigquery_dev.googlesql import type_name
from bigquery_dev.plan import LEAST_BILLED, Company, Plan, totals
from bigquery_dev.plan import Warehouse as Measured
from bigquery_dev.style import style
from foundation import dbt
from tests.bigquery.conftest import DAYS
from tests.marts import migration_page
from tests.marts.warehouse import Warehouse
from tools.base_company import TODAY


def test_every_statement_is_valid_on_bigquery(analysis: Analysis) -> None:
    assert analysis.problems == []


def test_the_views_of_the_older_design_have_its_types_on_bigquery(
    analysis: Analysis, project: dict[str, list[Node]]
) -> None:
    tables = {node.name: node.table for node in project["full"]}
    assert migration_page.types() == {
        name: {
            column: type_name(kind)
            for column, kind in analysis.google.tables[tables[model.name]].items()
        }
        for name, model in migration_page.models().items()
    }


@pytest.mark.nightly
def test_sqlfluff_reads_every_statement_as_bigquerys(
    project: dict[str, list[Node]], project_folder: Path
) -> None:
    assert style(project, project_folder) == []


@pytest.fixture(scope="module")
def plan(base: Warehouse, project: dict[str, list[Node]], analysis: Analysis) -> Plan:
    return Plan(project["incremental"], analysis, Measured(base.path))


def steps(plan: Plan, people: int = 5_000, history: int = 365):
    return {step.name: step for step in plan.steps(Company(people, history), TODAY)}


def partitions(step):
    return {reading.table: reading.partitions for reading in step.readings}


@pytest.fixture
def customers(project: dict[str, list[Node]]) -> set[str]:
    """The models about a seller's customers, and their tests: those by subscription read all days,
    see below."""
    paths = ("/revops/", "/product/", "/salesforce/")
    nodes = project["full"]
    models = {node.name for node in nodes if any(path in node.path for path in paths)}
    return models | {
        node.name for node in nodes if node.kind == "test" and models & set(node.parents)
    }


def test_ten_times_the_history_is_read_at_most_1_6_times_as_much(
    plan: Plan, customers: set[str]
) -> None:
    models = steps(plan).keys() - customers
    # Most of them, or nothing is measured.
    assert {"int_costs", "int_usages", "fct_cost_daily", "vw_executive_dashboard"} <= models
    once, more = (
        totals([step for name, step in steps(plan, history=days).items() if name in models])
        for days in (365, 3_650)
    )
    for now, then in zip(once, more, strict=True):
        # The monthly views read all months.
        assert then <= 1.6 * now


def test_no_table_of_records_or_facts_is_read_entirely(plan: Plan) -> None:
    daily = ("analytics_cost", "analytics_usage", "usage_events", "cost_report", "int_costs")
    daily += ("daily_activity", "spend_limits", "costs", "costs_by_identity")
    daily += ("billing_usage", "ai_credits", "stg_github__cost_rows", "billing_export")
    daily += ("base_google__billing_rows", "stg_google__charge_changes", "stg_google__tax_changes")
    daily += ("stg_google__taxes", "stg_google__cost_rows")
    daily += ("usage_report_messages", "int_usages", "fct_cost_daily", "fct_usage_daily")
    whole = {
        (step.name, reading.table)
        for step in steps(plan).values()
        for reading in step.readings
        if reading.table in daily and (reading.partitions or 365) >= 365
    }
    assert whole == set()


def test_only_customer_models_by_subscription_read_all_days(plan: Plan) -> None:
    daily = ("int_revops_daily_user_activity", "fct_revops_usage_daily", "dau_all")
    whole = {
        (step.name.partition("_month__")[0], reading.table)
        for step in steps(plan).values()
        for reading in step.readings
        if reading.table in daily and (reading.partitions or 365) >= 365
    }
    # An invoice's period may begin and end on any day, and so may a subscription: what is told of
    # it by month is summed from days.
    by_subscription = (
        "subscription_overage",
        "revops_join_gaps",
        "revops_spend_is_the_same_in_every_model",
        "unique_combination_model_usage_monthly_sfdc",
        "never_null_model_usage_monthly_sfdc",
    )
    assert whole == {(name, "fct_revops_usage_daily") for name in by_subscription}


def test_the_facts_read_and_write_the_days_that_changed(plan: Plan) -> None:
    fact = steps(plan)["fct_cost_daily"]
    assert partitions(fact)["int_costs"] == len(DAYS)
    assert partitions(fact)["int_identity_days"] == len(DAYS)
    assert partitions(fact)["dim_users"] is None
    assert fact.writes == "the days"


def test_tests_of_months_read_the_months_of_the_days_that_they_look_at(plan: Plan) -> None:
    tests = [step for name, step in steps(plan).items() if "_rollup_costs_by_month_" in name]
    assert {step.kind for step in tests} == {"test"}
    assert {reading.partitions for step in tests for reading in step.readings} == {2}


def test_twice_the_people_are_twice_the_facts(plan: Plan) -> None:
    def size(people):
        readings = steps(plan, people)["fct_cost_daily"].readings
        return next(reading.size for reading in readings if reading.table == "int_costs")

    assert size(10_000) == pytest.approx(2 * size(5_000))


def test_a_small_table_is_billed_ten_megabytes(plan: Plan) -> None:
    step = steps(plan)["dim_platforms"]
    assert step.read < LEAST_BILLED
    assert step.billed == len(step.readings) * LEAST_BILLED


def test_widths_are_bigquerys(plan: Plan) -> None:
    measured = plan.warehouse
    assert measured.width("marts.fct_cost_daily", "billed_cost_usd", "BIGNUMERIC") == 32
    assert measured.width("marts.fct_cost_daily", "attribution_confidence", "NUMERIC") == 16
    assert measured.width("marts.fct_cost_daily", "cost_date", "DATE") == 8
    assert measured.width("marts.dim_users", "is_current", "BOOL") == 1
    with (dbt.PROJECT / "seeds" / "platforms.csv").open(encoding="utf-8") as file:
        codes = [row["platform_code"] for row in csv.DictReader(file)]
    assert measured.width("seeds.platforms", "platform_code", "STRING") == pytest.approx(
        2 + mean(map(len, codes))
    )
    assert measured.as_of_date == TODAY
