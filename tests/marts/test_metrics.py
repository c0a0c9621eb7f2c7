"""Metrics agree with the facts: MetricFlow's answers compared with SQL that is written by hand."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from foundation.dbt import PROJECT
from pipeline.building import METRICFLOW
from tests.marts.warehouse import ROOT, Warehouse
from tools import base_company

Rows = dict[tuple[str, ...], dict[str, str]]

NOBODYS = "user_email = 'unattributed' and (cost_center is null or cost_center = 'unattributed')"
INPUT = " + ".join(
    f"coalesce({column}, 0)"
    for column in (
        "uncached_input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
    )
)
# Platforms that say how many lines they suggested.
SUGGESTING = "filter (platform_code in ('cursor', 'github_copilot'))"
# Vendors that say what was read from a cache do so in each row.
CACHING = "filter (cache_read_tokens is not null)"
# What a metric is, over the rows of costs and of usages of a month.
ON_COSTS = {
    "billed_cost": "sum(billed_cost_usd)",
    "effective_cost": "sum(effective_cost_usd)",
    "list_cost": "sum(list_cost_usd)",
    "unattributed_cost": f"sum(case when {NOBODYS} then effective_cost_usd else 0 end)",
    "no_cost_center_cost": "sum(case when cost_center is null then effective_cost_usd else 0 end)",
    "unattributed_share": (
        f"sum(case when {NOBODYS} then effective_cost_usd end) / sum(effective_cost_usd)"
    ),
}
ON_USAGES = {
    "active_users": "count(distinct user_email) filter (user_email != 'unattributed')",
    "lines_accepted": "sum(lines_accepted)",
    "lines_suggested": "sum(lines_suggested)",
    "suggested_lines_accepted": f"sum(lines_accepted) {SUGGESTING}",
    "acceptance_rate": f"sum(lines_accepted) {SUGGESTING} / sum(lines_suggested) {SUGGESTING}",
    "total_tokens": "sum(total_tokens)",
    "input_tokens": f"sum({INPUT})",
    "cache_read_tokens": "sum(cache_read_tokens)",
    "output_tokens": "sum(output_tokens)",
    "cache_measured_input_tokens": f"sum({INPUT}) {CACHING}",
    "cache_hit_rate": f"sum(cache_read_tokens) / sum({INPUT}) {CACHING}",
    "requests": "sum(requests)",
}
CODING = "filter (platform_code in ('cursor', 'claude_code', 'github_copilot'))"
# A sum of costs by another of usages, each over a month by itself.
ON_BOTH = {
    "cost_per_active_user": ("sum(effective_cost_usd)", ON_USAGES["active_users"]),
    "cost_per_accepted_line": (
        f"sum(effective_cost_usd) {CODING}",
        f"sum(lines_accepted) {CODING}",
    ),
}
# What the executive dashboard calls them.
ON_DASHBOARD = {
    "effective_cost": "total_monthly_cost",
    "unattributed_cost": "unattributed_cost",
    "active_users": "active_users",
    "cost_per_active_user": "cost_per_user",
    "acceptance_rate": "acceptance_rate",
    "cost_per_line_produced": "cost_per_line_produced",
    "cost_per_accepted_line": "cost_per_accepted_line",
    "company_budget": "budget_amount",
    "company_budget_variance_pct": "budget_variance_pct",
}
MONTHLY = sorted({*ON_COSTS, *ON_USAGES, *ON_BOTH, *ON_DASHBOARD})
ROLLING = {"active_users_7_days": 7, "active_users_30_days": 30}


@dataclass
class Metrics:
    """MetricFlow over a warehouse, and the project as that was built from it."""

    warehouse: Warehouse
    project: Path

    def call(self, *arguments: str) -> str:
        """`mf`; what it printed."""
        folders = {"DBT_PROJECT_DIR": str(self.project), "DBT_PROFILES_DIR": str(self.project)}
        done = subprocess.run(
            [sys.executable, *METRICFLOW, *arguments],
            env=self.warehouse.environment() | folders,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def query(self, metrics: list[str], by: list[str]) -> Rows:
        """The values of metrics, by the values of what they are split by; days as YYYY-MM-DD."""
        answer = self.project / "answer.csv"
        answer.unlink(missing_ok=True)
        split = ["--metrics", ",".join(metrics), "--group-by", ",".join(by)]
        self.call("query", *split, "--csv", str(answer))
        with answer.open() as file:
            rows = list(csv.DictReader(file))
        # MetricFlow writes a day as its midnight.
        return {tuple(row[name].removesuffix(" 00:00:00") for name in by): row for row in rows}


@pytest.fixture(scope="module")
def metrics(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """MetricFlow reads the `target` of the project's folder, which is that of whoever works here:
    the test has a folder of its own around the same files."""
    project = tmp_path_factory.mktemp("project")
    for path in PROJECT.iterdir():
        if path.name not in ("target", "logs"):
            (project / path.name).symlink_to(path)
    (project / "target").symlink_to(base_company.parsed())
    # MetricFlow opens the file as if to write.
    return Metrics(Warehouse.copy_of(base.path, tmp_path_factory.mktemp("metrics")), project)


@pytest.fixture(scope="module")
def monthly(metrics: Metrics) -> Rows:
    return metrics.query(MONTHLY, ["metric_time__month"])


@pytest.fixture(scope="module")
def rolling(metrics: Metrics) -> Rows:
    return metrics.query(list(ROLLING), ["metric_time__day"])


def by_month(metrics: Metrics, table: str, day: str, expression: str) -> dict[str, Decimal | None]:
    """An expression by month, over the rows of a fact."""
    return dict(
        metrics.warehouse.rows(
            f"select strftime(date_trunc('month', {day}), '%Y-%m-%d'), {expression}"
            f" from marts.{table} group by 1"
        )
    )


def same(found: str, expected: Decimal | float | None) -> bool:
    """Equal as far as a double is exact: MetricFlow makes one of every number except whole ones."""
    if expected is None or found == "":
        return expected is None and found == ""
    if isinstance(expected, int):
        return int(found) == expected
    return float(found) == pytest.approx(float(expected), rel=1e-12)


def test_all_metrics_are_valid_and_can_be_queried(metrics: Metrics) -> None:
    printed = metrics.call("validate-configs")
    assert "Successfully validated metrics against data warehouse (ERRORS: 0" in printed


@pytest.mark.parametrize("name", [*ON_COSTS, *ON_USAGES])
def test_a_metric_by_month_is_what_the_fact_says(
    metrics: Metrics, monthly: Rows, name: str
) -> None:
    if name in ON_COSTS:
        expected = by_month(metrics, "fct_cost_daily", "cost_date", ON_COSTS[name])
    else:
        expected = by_month(metrics, "fct_usage_daily", "usage_date", ON_USAGES[name])
    assert len(expected) >= 3
    assert any(expected.values())
    for month, value in expected.items():
        assert same(monthly[(month,)][name], value), (month, monthly[(month,)][name], value)


@pytest.mark.parametrize("name", ON_BOTH)
def test_a_cost_per_usage_divides_sums_of_the_same_month(
    metrics: Metrics, monthly: Rows, name: str
) -> None:
    on_costs, on_usages = ON_BOTH[name]
    costs = by_month(metrics, "fct_cost_daily", "cost_date", on_costs)
    usages = by_month(metrics, "fct_usage_daily", "usage_date", on_usages)
    assert len(usages) >= 3
    for month, usage in usages.items():
        assert same(monthly[(month,)][name], float(costs[month]) / float(usage)), month


@pytest.mark.parametrize("name", ON_DASHBOARD)
def test_a_metric_is_the_number_on_the_executive_dashboard(
    metrics: Metrics, monthly: Rows, name: str
) -> None:
    expected = metrics.warehouse.rows(
        f"select strftime(month, '%Y-%m-%d'), {ON_DASHBOARD[name]}"
        " from marts.vw_executive_dashboard"
    )
    assert len(expected) >= 3
    assert any(value for _, value in expected)
    for month, value in expected:
        found = monthly[(month,)][name]
        if value is None:
            assert found == "", month
        else:
            # Rates there have nine decimals.
            assert float(found) == pytest.approx(float(value), rel=1e-12, abs=1e-9), month


def test_each_department_has_its_own_budget(metrics: Metrics) -> None:
    name = "department_budget_variance_pct"
    found = metrics.query([name], ["metric_time__month", "budget__scope"])
    expected = metrics.warehouse.rows(
        "select strftime(month, '%Y-%m-%d'), scope, budget_variance_pct"
        " from marts.fct_budget_monthly where scope_type = 'department'"
    )
    assert len(expected) == len(found) > 3
    for month, scope, value in expected:
        assert float(found[(month, scope)][name]) == pytest.approx(float(value), abs=1e-8)


@pytest.mark.parametrize("name", ROLLING)
def test_people_who_were_active_in_the_days_before_count_once(
    metrics: Metrics, rolling: Rows, name: str
) -> None:
    expected = metrics.warehouse.rows(
        "select strftime(date_day, '%Y-%m-%d'), count(distinct user_email)"
        " from marts.dim_dates inner join marts.fct_usage_daily"
        f" on usage_date > date_day - {ROLLING[name]} and usage_date <= date_day"
        " where user_email != 'unattributed' and is_complete group by 1"
    )
    assert len(expected) >= 60
    for day, value in expected:
        assert same(rolling[(day,)][name], value), day


def test_costs_and_usage_are_split_alike_and_keep_what_is_unattributed(metrics: Metrics) -> None:
    found = metrics.query(["effective_cost", "active_users"], ["department", "platform"])
    expected = metrics.warehouse.rows(
        "select coalesce(department, ''), platform_code, sum(effective_cost_usd)"
        " from marts.fct_cost_daily group by 1, 2"
    )
    for department, platform, cost in expected:
        assert same(found[(department, platform)]["effective_cost"], cost)
    assert "unattributed" in {department for department, _, _ in expected}
