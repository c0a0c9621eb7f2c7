"""Every dollar that a vendor reports is in the marts exactly once, with who and how sure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import Warehouse
from tools.base_company import COMPANY, TODAY

Built = tuple[Warehouse, Running]
# The models whose unit tests run, in groups that take about equally long.
PARTS = {
    "revops": "path:models/intermediate/revops path:models/marts/revops path:models/staging"
    " path:models/marts/rollups",
    "intermediate": "path:models/intermediate",
    "marts": "path:models/marts path:models/legacy",
}


@pytest.fixture(scope="module")
def built(base: Warehouse) -> Iterator[Built]:
    """The base company in the marts, and the vendors, which know what they reported."""
    with running(**COMPANY) as sandbox:
        yield base, sandbox


@pytest.fixture
def copy(base: Warehouse, tmp_path: Path) -> Warehouse:
    return Warehouse.copy_of(base.path, tmp_path)


def test_all_data_tests_of_the_models_pass(copy: Warehouse) -> None:
    copy.build("--select", "test_type:data", command="test")


@pytest.mark.parametrize("part", PARTS)
def test_all_unit_tests_of_the_models_pass(copy: Warehouse, part: str) -> None:
    first = list(PARTS)[: list(PARTS).index(part)]
    tested = [f"{place},test_type:unit" for place in PARTS[part].split()]
    before = [place for name in first for place in PARTS[name].split()]
    excluded = ["--exclude", *before] if before else []
    copy.build("--select", *tested, *excluded, command="test")


def test_every_day_of_every_organization_is_what_anthropic_reported(built: Built) -> None:
    warehouse, sandbox = built
    held = {
        (organization, str(day)): (billed, listed)
        for organization, day, billed, listed in warehouse.rows(
            "select organization, cost_date, sum(billed_cost_usd), sum(list_cost_usd)"
            " from marts.fct_cost_daily where source != 'seat_plans'"
            " and vendor = 'anthropic' group by 1, 2"
        )
    }
    reported = {
        (organization, day): (Decimal(amounts["billed"]), Decimal(amounts["list"]))
        for organization, days in sandbox.totals()["anthropic"].items()
        for day, amounts in days.items()
        if Decimal(amounts["list"])
    }
    assert held == reported
    assert len({organization for organization, _ in reported}) == 2


def test_cursors_on_demand_charges_are_billed_and_what_the_plan_includes_is_not(
    built: Built,
) -> None:
    warehouse, sandbox = built
    held = {
        str(day): (on_demand, included)
        for day, on_demand, included in warehouse.rows(
            "select cost_date,"
            " sum(case when cost_type = 'overage' then billed_cost_usd else 0 end),"
            " sum(case when cost_type = 'usage' then billed_cost_usd else 0 end)"
            " from marts.fct_cost_daily where source = 'usage_events' group by 1"
        )
    }
    (days,) = sandbox.totals()["cursor"].values()
    for day, amounts in days.items():
        on_demand, included = held.get(day, (0, 0))
        assert (on_demand, included) == (Decimal(amounts["on_demand"]), 0), day
    assert sum(on_demand for on_demand, _ in held.values()) > 0


def test_what_cursors_plan_includes_keeps_its_value_at_list_price(built: Built) -> None:
    warehouse, _ = built
    value, charged = warehouse.rows(
        "select sum(list_cost_usd), sum(billed_cost_usd) from marts.fct_cost_daily"
        " where source = 'usage_events' and product = 'included'"
    )[0]
    assert value > 0
    assert charged == 0


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("events without an e-mail", "source = 'usage_events' and user_email = 'unattributed'"),
        ("models that nobody lists", "model in ('moonbeam-experimental', 'claude-nimbus-preview')"),
        ("products that nobody lists", "product = 'aurora_canvas'"),
        ("service accounts", "attribution_method = 'service_account'"),
        ("keys that nobody owns", "api_key_id != 'unattributed' and user_email = 'unattributed'"),
        ("code execution", "token_type = 'code_execution'"),
        ("web searches", "token_type = 'web_search'"),
        ("cost centers without a person", "attribution_method = 'team_mapping'"),
        ("seats", "cost_type = 'subscription'"),
    ],
)
def test_hard_cases_of_attribution_are_shown(built: Built, what: str, where: str) -> None:
    warehouse, _ = built
    cost = warehouse.value(f"select sum(list_cost_usd) from marts.fct_cost_daily where {where}")
    assert (cost or 0) > 0, what


def test_no_inner_join_with_a_dimension_loses_a_row(built: Built) -> None:
    warehouse, _ = built
    for fact, day in (("fct_cost_daily", "cost_date"), ("fct_usage_daily", "usage_date")):
        rows = warehouse.value(f"select count(*) from marts.{fact}")
        joined = warehouse.value(
            f"select count(*) from marts.{fact}"
            " inner join marts.dim_users using (user_sk)"
            " inner join marts.dim_platforms using (platform_code)"
            " inner join marts.dim_workspaces using (workspace_id)"
            " inner join marts.dim_api_keys using (api_key_id)"
            " inner join marts.dim_models using (model)"
            f" inner join marts.dim_dates on date_day = {day}"
        )
        assert joined == rows > 0


def test_equal_events_in_one_millisecond_all_count(built: Built) -> None:
    warehouse, _ = built
    twins = warehouse.value(
        "select sum(copies) from (select count(*) as copies from raw_cursor.usage_events"
        " group by payload having count(*) > 1)"
    )
    assert twins >= 2
    events = warehouse.value("select count(*) from raw_cursor.usage_events")
    requests = warehouse.value(
        "select sum(requests) from marts.fct_usage_daily where source = 'usage_events'"
    )
    assert requests == events


def test_tokens_are_counted_once(built: Built) -> None:
    warehouse, _ = built
    reported = warehouse.value(
        "select sum(cast(payload ->> '$.usage.total_tokens' as bigint))"
        " from raw_anthropic.analytics_usage"
    )
    held = warehouse.value(
        "select sum(total_tokens) from marts.fct_usage_daily where vendor = 'anthropic'"
    )
    assert held == reported


MEASURED = {
    "total_tokens": "measures_tokens",
    "lines_accepted": "measures_lines",
    "lines_suggested": "measures_suggested_lines",
    "messages": "measures_messages",
    "sessions": "measures_sessions",
}


@pytest.mark.parametrize("count", MEASURED)
def test_a_platform_has_a_count_exactly_if_its_vendor_measures_it(built: Built, count: str) -> None:
    warehouse, _ = built
    wrong = warehouse.rows(
        f"select platform_code, {MEASURED[count]}, count({count}) from marts.fct_usage_daily"
        " inner join marts.dim_platforms using (platform_code) group by all"
        f" having (count({count}) > 0) != {MEASURED[count]}"
    )
    assert wrong == []


def test_a_plain_ratio_of_lines_is_the_published_acceptance_rate(built: Built) -> None:
    warehouse, _ = built
    plain = "round(sum(suggested_lines_accepted) / sum(lines_suggested), 6)"
    published = warehouse.rows(
        "select month, round(acceptance_rate, 6)::double from marts.vw_executive_dashboard"
        " where acceptance_rate is not null order by 1"
    )
    assert published
    for table, month in (
        ("marts.fct_usage_daily", "date_trunc('month', usage_date)"),
        ("marts.vw_team_productivity", "month"),
        ("marts.vw_engineering_productivity", "date_trunc('month', activity_date)"),
    ):
        sql = f"select {month}::date, {plain} from {table} group by 1 order by 1"
        assert [row for row in warehouse.rows(sql) if row[1] is not None] == published, table


def test_seats_cost_their_price_for_the_days_that_they_were_held(built: Built) -> None:
    warehouse, _ = built
    finished = (
        "cost_type = 'subscription' and cost_date >= (select min(cost_date)"
        f" from marts.fct_cost_daily) and cost_date < date '{TODAY.replace(day=1)}'"
    )
    per_month = warehouse.rows(
        "select platform_code, date_trunc('month', cost_date), sum(billed_cost_usd),"
        f" sum(effective_cost_usd) from marts.fct_cost_daily where {finished} group by 1, 2"
    )
    assert per_month
    for platform, month, billed, effective in per_month:
        assert billed == effective > 0, (platform, month)
    whole_month, price = warehouse.rows(
        "select max(spent), count(distinct spent) from (select user_email,"
        " sum(effective_cost_usd) as spent from marts.fct_cost_daily"
        f" where {finished} and platform_code = 'cursor' and cost_date >= "
        f" date '{TODAY.replace(day=1)}' - interval 1 month group by 1)"
    )[0]
    assert whole_month == 40
    assert price >= 1


def test_a_person_who_changes_team_has_each_day_in_the_team_of_that_day(built: Built) -> None:
    warehouse, _ = built
    moved = warehouse.rows(
        "select email, max(start_date) from staging.stg_google_sheets__employees"
        " group by 1 having count(*) > 1"
    )
    assert moved
    seen = 0
    for email, day in moved:
        expected = dict(
            warehouse.rows(
                "select start_date, department || team || cost_center"
                " from staging.stg_google_sheets__employees where email = ?",
                email,
            )
        )
        first, second = expected[min(expected)], expected[max(expected)]
        for cost_date, place in warehouse.rows(
            "select distinct cost_date, department || team || cost_center"
            " from marts.fct_cost_daily where user_email = ?",
            email,
        ):
            assert place == (first if cost_date < day else second), (email, cost_date)
            seen += 1
    assert seen
