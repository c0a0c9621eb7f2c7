"""Hours of use tie to the facts, and show no group of few people."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from tests.marts.warehouse import Warehouse

SMALLEST = 5
# What has a time, by month, person and team.
TIMED = """
    select cast(date_trunc('month', usage_date) as date), user_email, team, sum(requests)
    from marts.fct_usage_daily
    where source in ('usage_events', 'workspace_activities', 'code_assist_log') group by all
"""


def test_requests_tie_to_the_facts(base: Warehouse) -> None:
    facts: defaultdict[date, int] = defaultdict(int)
    of_people: defaultdict[date, int] = defaultdict(int)
    for month, email, _, requests in base.rows(TIMED):
        facts[month] += requests
        of_people[month] += requests if email != "unattributed" else 0
    assert of_people != facts
    by_hour = "select month, sum(requests) from marts.fct_usage_by_hour group by month"
    assert dict(base.rows(by_hour)) == facts
    by_team = "select month, sum(requests) from marts.fct_work_outside_hours group by month"
    assert dict(base.rows(by_team)) == of_people


def test_small_teams_are_shown_together_only(base: Warehouse) -> None:
    teams: defaultdict[tuple[date, str | None], set[str]] = defaultdict(set)
    for month, email, team, _ in base.rows(TIMED):
        if email != "unattributed":
            teams[month, team].add(email)
    shown = {
        (month, team): people
        for month, team, people in base.rows(
            "select month, team, people from marts.fct_work_outside_hours"
        )
    }
    small = {key for key, people in teams.items() if len(people) < SMALLEST}
    large = {key: len(people) for key, people in teams.items() if key not in small}
    assert small
    assert large
    assert {key: people for key, people in shown.items() if key[1] != "other teams"} == large
    for month in {month for month, _ in shown}:
        others = set().union(*(teams[key] for key in small if key[0] == month))
        assert shown[month, "other teams"] == len(others) >= SMALLEST


def test_outside_hours_is_what_the_hours_say(base: Warehouse) -> None:
    by_hour = """
        select month, iso_weekday > 5 or local_hour not between 8 and 17, sum(requests)
        from marts.fct_usage_by_hour group by all
    """
    by_flag = """
        select month, is_outside_hours, sum(requests) from marts.fct_usage_by_hour group by all
    """
    assert sorted(base.rows(by_hour)) == sorted(base.rows(by_flag))
