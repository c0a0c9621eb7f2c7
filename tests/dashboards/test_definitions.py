"""The project's own dashboards over a sample company: their numbers tie out, and none is empty."""

import re
from datetime import date
from decimal import Decimal
from typing import get_args

import duckdb
import pytest

from dashboards import definition
from dashboards.check import sql_of
from dashboards.loading import load
from tools.base_company import TODAY

# Two whole months and the current one.
MONTH, MONTH_BEFORE, NEXT_MONTH = date(2026, 10, 1), date(2026, 9, 1), date(2026, 11, 1)

EMPTY = {
    "finance.days_that_vendors_corrected": "the sandbox's vendors correct nothing by themselves",
    "data_quality.runs": "the base company is built without a run of the pipeline",
}


@pytest.fixture(scope="module")
def warehouse(base):
    with duckdb.connect(str(base.path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def dashboards(catalog):
    """Those about a company's own spend; the seller's are in tests/marts/test_revops.py."""
    sources, found = load(catalog)
    assert not found
    return {
        source.dashboard.key: source.dashboard
        for source in sources
        if source.dashboard.definition.collection != "RevOps"
    }


@pytest.fixture(scope="module")
def rows(warehouse, dashboards):
    """What each chart shows as its dashboard opens, as dicts by the names of its columns."""
    shown = {}
    for dashboard in dashboards.values():
        for chart in dashboard.charts:
            answer = warehouse.execute(sql_of(dashboard, chart, TODAY))
            names = [column[0] for column in answer.description]
            shown[chart.key] = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return shown


@pytest.fixture(scope="module")
def cost(warehouse):
    """Effective cost of a month in the fact, where something holds."""

    def cost(month: date, where: str = "true") -> Decimal:
        ((total,),) = warehouse.execute(
            "select sum(effective_cost_usd) from marts.fct_cost_daily"
            f" where date_trunc('month', cost_date) = ? and ({where})",
            [month],
        ).fetchall()
        return total

    return cost


def total(rows, value, **where):
    """The sum of a column over the rows in which others have a value."""
    found = [row for row in rows if all(row[name] == wanted for name, wanted in where.items())]
    assert found, where
    return sum(row[value] for row in found)


def test_the_cost_of_the_last_whole_month_is_one_number_wherever_it_shows(rows, cost):
    spent = cost(MONTH)
    assert spent > 0
    executive = rows["executive.last_whole_month"]
    assert executive[-1] == {"month": MONTH, "spend": spent}
    assert executive[-2]["spend"] == cost(MONTH_BEFORE)
    assert total(rows["executive.spend_by_platform"], "spend", month=MONTH) == spent
    trend = rows["executive.spend_forecast_and_budget_by_month"]
    assert total(trend, "spend", month=MONTH) == spent
    assert {row["forecast"] for row in trend[:-1]} == {None}
    assert rows["finance.charged_for_the_last_whole_month"][-1]["charged"] == spent
    assert total(rows["finance.chargeback_by_cost_center"], "charged", month=MONTH) == spent
    plans = rows["finance.plans_and_on_demand"]
    parts = ("seats_and_usage", "on_demand_beyond_plans")
    assert sum(total(plans, part, month=MONTH) for part in parts) == spent
    assert total(rows["cost_explorer.department_by_month"], "cost", month=MONTH) == spent


def test_the_running_month_is_one_number_too(rows, cost):
    so_far = cost(NEXT_MONTH)
    assert [row["spend_so_far"] for row in rows["executive.this_month_so_far"]] == [so_far]
    assert total(rows["finance.chargeback_by_cost_center"], "charged", month=NEXT_MONTH) == so_far
    forecast = rows["executive.forecast_for_this_month"][0]["forecast"]
    trend = rows["executive.spend_forecast_and_budget_by_month"][-1]
    assert so_far < trend["forecast_low"] <= forecast <= trend["forecast_high"]
    assert trend["forecast"] == forecast


def test_total_spend_is_one_number_however_it_is_split(rows, warehouse):
    ((spent,),) = warehouse.execute(
        "select sum(effective_cost_usd) from marts.fct_cost_daily"
    ).fetchall()
    for key, value in [
        ("cost_explorer.effective_cost", "effective"),
        ("cost_explorer.cost_by_week", "cost"),
        ("cost_explorer.kinds_of_cost", "cost"),
        ("executive.spend_by_vendor", "spend"),
        ("executive.spend_by_department", "spend"),
    ]:
        assert total(rows[key], value) == spent, key


def test_the_waterfall_begins_at_the_month_before_and_ends_at_the_last(rows, cost):
    steps = rows["finance.from_the_month_before_to_the_last_whole_one"]
    assert steps[0] == {"step": "Month before", "cost": cost(MONTH_BEFORE)}
    assert total(steps, "cost") == cost(MONTH)
    cursor = "platform_code = 'cursor'"
    change = cost(MONTH, cursor) - cost(MONTH_BEFORE, cursor)
    assert total(steps, "cost", step="Cursor") == change


def test_unattributed_cost_is_one_number(rows, warehouse):
    ((unattributed,),) = warehouse.execute(
        "select sum(unattributed_cost) from marts.vw_executive_dashboard"
    ).fetchall()
    assert total(rows["cost_explorer.unattributed"], "unattributed") == unattributed > 0
    month = rows["finance.unattributed_in_the_last_whole_month"][-1]
    share = rows["executive.unattributed_share"][-1]
    spent = rows["executive.last_whole_month"][-1]
    assert month["month"] == share["month"] == spent["month"] == MONTH
    assert float(month["unattributed"] / spent["spend"]) == pytest.approx(
        float(share["unattributed_share"])
    )
    # A service account has a method of attribution, with a cost center or without.
    ((unattributed,),) = warehouse.execute(
        "select sum(effective_cost_usd) from marts.fct_cost_daily where not is_attributed"
        " and cost_date >= cast(? as date) - 90 and cost_date < ?",
        [TODAY, TODAY],
    ).fetchall()
    for key in ("how_cost_was_attributed", "attribution_by_week", "costs_by_how_sure_we_are"):
        quality = rows[f"data_quality.{key}"]
        assert total(quality, "cost", known_by="unattributed") == unattributed, key


def test_kinds_of_work_cost_what_the_fact_says(rows, cost):
    coding = rows["engineering.cost_of_coding_tools"][-1]
    assert coding["cost"] == cost(MONTH, "usage_category = 'engineering_productivity'")
    knowledge = rows["knowledge_work.cost_of_a_month"][-1]
    assert knowledge["cost"] == cost(MONTH, "usage_category = 'knowledge_work'")
    api = rows["api_consumption.cost_of_a_month"][-1]
    metered = (
        "cost_type <> 'subscription' and (api_key_id <> 'unattributed' or platform_code in"
        " (select platform_code from marts.dim_platforms where category = 'api_consumption'))"
    )
    assert api["cost"] == cost(MONTH, metered)
    kinds = total(rows["api_consumption.cost_by_kind"], "cost")
    assert kinds == total(rows["api_consumption.cost_by_model"], "cost")


def test_pages_of_a_person_and_a_team_and_of_the_return_cost_what_the_fact_says(rows, cost):
    people = "user_email <> 'unattributed'"
    assert rows["person.cost"][-1] == {"month": MONTH, "cost": cost(MONTH, people)}
    assert total(rows["person.cost_by_tool"], "cost", month=MONTH) == cost(MONTH)
    in_team = total(rows["team.people_and_tools"], "cost")
    assert in_team == total(rows["team.cost_by_tool"], "cost")
    departments = total(rows["roi.departments"], "cost")
    assert departments == total(rows["roi.departments_and_platforms"], "cost")
    assert departments == total(rows["roi.what_each_platform_yields"], "cost")


def test_a_seat_that_nobody_used_is_listed_with_what_it_costs_in_a_year(rows, warehouse):
    listed = rows["engineering.paid_seats_that_nobody_used"]
    unused = warehouse.execute(
        """
        select user_email, platform_name, sum(effective_cost_usd), count(distinct cost_date)
        from marts.fct_cost_daily join marts.dim_platforms using (platform_code)
        where
            cost_type = 'subscription' and user_email <> 'unattributed'
            and date_trunc('month', cost_date) = $month
            and (user_email, platform_code) not in (
                select user_email, platform_code from marts.fct_usage_daily
                where date_trunc('month', usage_date) = $month
            )
            and (measures_tokens or measures_lines or measures_messages or measures_sessions)
        group by all having sum(effective_cost_usd) > 0
        """,
        {"month": MONTH},
    ).fetchall()
    assert {(row["user_email"], row["platform_name"]): row["cost"] for row in listed} == {
        (person, tool): spent for person, tool, spent, _ in unused
    }
    days = {(person, tool): count for person, tool, _, count in unused}
    for row in listed:
        in_a_year = float(row["cost"]) / days[row["user_email"], row["platform_name"]] * 365
        assert float(row["yearly_cost"]) == pytest.approx(in_a_year)


def test_the_steps_of_a_funnel_never_rise(rows, dashboards):
    funnels = [
        chart
        for dashboard in dashboards.values()
        for chart in dashboard.charts
        if isinstance(chart.definition, definition.Funnel)
    ]
    for chart in funnels:
        steps = [row[chart.measures[0].name] for row in rows[chart.key]]
        assert len(steps) > 2
        assert steps == sorted(steps, reverse=True), chart.key
        assert steps[0] > steps[-1] > 0


def test_no_chart_is_empty(rows):
    def is_empty(found) -> bool:
        return not any(value is not None for row in found for value in row.values())

    assert {key for key, found in rows.items() if is_empty(found)} == EMPTY.keys()


def test_people_read_names_and_not_codes(rows, dashboards):
    """What is grouped by and what filters offer: Claude.ai, not claude_ai."""
    fields = {
        (chart.key, one.name): one
        for dashboard in dashboards.values()
        for chart in dashboard.charts
        for one in chart.fields
    }
    shown = {
        (*place, one.names.get(row[one.name], row[one.name]))
        for place, one in fields.items()
        for row in rows[place[0]]
    }
    assert [one for one in shown if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", str(one[-1]))] == []
    assert ("engineering.tools_compared", "tool", "Claude Code") in shown


def test_shares_are_between_nothing_and_all(rows, dashboards):
    """Except growth, prices compared with list, and what was spent of a budget. What rounding takes
    back is unattributed, which leaves a little more than all attributed."""
    for dashboard in dashboards.values():
        for chart in dashboard.charts:
            for measure in chart.measures:
                is_share = not any(word in measure.name for word in ("budget", "growth"))
                if measure.format == "percent" and is_share:
                    values = [row[measure.name] for row in rows[chart.key]]
                    assert all(0 <= value <= 1.00001 for value in values if value is not None), (
                        chart.key
                    )


def test_every_type_of_chart_and_of_filter_is_used(dashboards):
    charts, filters = (
        get_args(get_args(one)[0]) for one in (definition.AnyChart, definition.AnyFilter)
    )
    used = {type(chart.definition) for page in dashboards.values() for chart in page.charts}
    assert used == set(charts)
    bound = {type(one) for page in dashboards.values() for one in page.definition.filters.values()}
    assert bound == set(filters)


def test_the_last_whole_month_is_that_of_today_whatever_the_period_is(dashboards):
    whole = [
        (dashboard, chart)
        for dashboard in dashboards.values()
        for chart in dashboard.charts
        if isinstance(chart.definition, definition.Scalar)
        and str(chart.definition.where).startswith("is_complete_month")
    ]
    assert len(whole) >= 5
    for dashboard, chart in whole:
        said = f"{chart.definition.name} {chart.definition.description}"
        assert "last whole month" in said.lower(), chart.key
        assert "period" in dashboard.unfiltered(chart), chart.key
