"""The outlook for quarter and year, and what a head costs, worked out anew from the facts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.marts.warehouse import Warehouse
from tools.base_company import TODAY

QUARTER, YEAR = date(2026, 10, 1), date(2026, 1, 1)
# The days after the quarter and the year of the base company's last month.
END = date(2027, 1, 1)


@pytest.fixture(scope="module")
def days(base: Warehouse) -> dict[date, Decimal]:
    return dict(
        base.rows("select cost_date, sum(effective_cost_usd) from marts.fct_cost_daily group by 1")
    )


def to_come(days: dict[date, Decimal]) -> Decimal:
    """What each day from TODAY to the end of the year costs if it costs what its weekday did."""
    by_weekday: defaultdict[int, list[Decimal]] = defaultdict(list)
    for back in range(1, 57):
        day = TODAY - timedelta(days=back)
        by_weekday[day.weekday()].append(days.get(day, Decimal(0)))
    left = [TODAY + timedelta(days=ahead) for ahead in range((END - TODAY).days)]
    return sum(
        (sum(by_weekday[day.weekday()]) / len(by_weekday[day.weekday()]) for day in left),
        Decimal(0),
    )


def test_the_outlook_is_what_was_spent_and_what_is_to_come(
    base: Warehouse, days: dict[date, Decimal]
) -> None:
    ((quarter, quarter_end, year, year_end),) = base.rows(
        "select quarter_cost_so_far, forecast_quarter_cost, year_cost_so_far, forecast_year_cost"
        " from marts.vw_executive_dashboard where month = ?",
        TODAY.replace(day=1),
    )
    assert quarter == sum(cost for day, cost in days.items() if day >= QUARTER)
    assert year == sum(cost for day, cost in days.items() if day >= YEAR)
    assert year > quarter
    # Estimates are rounded to a cent.
    for forecast, spent in ((quarter_end, quarter), (year_end, year)):
        assert float(forecast - spent) == pytest.approx(float(to_come(days)), abs=0.006)


def test_a_sum_over_months_has_the_outlook_once(base: Warehouse) -> None:
    columns = base.rows(
        "select column_name from information_schema.columns where table_schema = 'marts'"
        " and table_name = 'vw_executive_dashboard'"
        " and (column_name like '%quarter_cost%' or column_name like '%year_cost%')"
    )
    assert len(columns) == 8
    for (column,) in columns:
        assert base.value(f"select count({column}) from marts.vw_executive_dashboard") == 1, column
    assert base.value("select count(*) from marts.vw_executive_dashboard") > 1


def test_a_head_is_of_the_roster_and_active_or_not(base: Warehouse) -> None:
    for month, roster, active, share, cost, per_head in base.rows(
        "select month, roster_people, active_roster_people, active_roster_share,"
        " total_monthly_cost, cost_per_head from marts.vw_executive_dashboard"
    ):
        members = {
            email
            for (email,) in base.rows(
                "select distinct email from intermediate.int_people"
                " where on_roster_from <= least(?, last_day(?)) and on_roster_to > ?",
                TODAY - timedelta(days=1), month, month,
            )
        }  # fmt: skip
        users = {
            email
            for (email,) in base.rows(
                "select distinct user_email from marts.fct_usage_daily"
                " where date_trunc('month', usage_date) = ?",
                month,
            )
        }
        assert roster == len(members)
        assert active == len(members & users) < len(users - {"unattributed"})
        assert float(share) == pytest.approx(active / roster)
        assert float(per_head) == pytest.approx(float(cost) / roster)
