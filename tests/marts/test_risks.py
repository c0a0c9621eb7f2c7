"""What needs attention in the base company is found, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.company import Company, build_company
from sandbox.options import Options
from tests.marts.warehouse import Warehouse
from tools.base_company import COMPANY, TODAY

# What has the day of the run in it.
DATED = (
    "int_spend_limits rollup_risks_of_people rollup_risks_of_keys fct_budget_monthly"
    " rpt_alerts_disputes fct_risk_findings"
)


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company(Options(**COMPANY))


def found(warehouse: Warehouse, kind: str, columns: str = "subject") -> list[tuple[Any, ...]]:
    sql = f"select {columns} from marts.fct_risk_findings where finding_kind = ? order by all"
    return warehouse.rows(sql, kind)


def test_who_uses_an_account_that_was_left_open(base: Warehouse, company: Company) -> None:
    (person,) = (one for one in company.people if one.claude_until)
    assert person.end is not None
    ((email, platform, department, since, last, cost, severity),) = found(
        base,
        "use_after_last_day",
        "user_email, platform_code, department, since_date, last_date, amount_usd, severity",
    )
    assert (email, platform, severity) == (person.email, "claude_ai", "critical")
    assert department == person.stints[-1].department
    assert since == person.end + timedelta(days=1)
    assert since <= last <= person.claude_until
    assert cost == base.value(
        "select sum(effective_cost_usd) from marts.fct_cost_daily"
        " where user_email = ? and cost_date > ? and cost_type != 'subscription'",
        person.email,
        person.end,
    )
    assert cost > 0


def test_who_is_on_no_roster(base: Warehouse, company: Company) -> None:
    (guest,) = (one.email for one in company.people if not one.in_roster)
    people = found(base, "not_on_roster", "user_email, department, amount_usd")
    assert {(email, department) for email, department, _ in people} == {(guest, None)}
    assert sum(cost for *_, cost in people) == base.value(
        "select sum(effective_cost_usd) from marts.fct_cost_daily"
        " where user_email = ? and cost_type != 'subscription'",
        guest,
    )


def test_which_keys_nobody_answers_for(base: Warehouse, company: Company) -> None:
    ids = {key.name: key.id for key in company.keys}
    # Whoever has left before users were first listed cannot be found by their id.
    gone = {one.claude_user_id for one in company.people if one.end is not None}
    of_leavers = {
        key.name
        for key in company.keys
        if key.claude_code_owner and key.claude_code_owner.claude_user_id in gone
    }
    assert len(of_leavers) > 1
    nobodys = {"old-importer", "shared-demo", "ci-review", ids["forgotten"]}
    # Keys of other vendors, whose people are their own.
    others = base.rows(
        "select distinct unnest([usages.api_key_id, keys.api_key_name])"
        " from marts.fct_usage_daily as usages"
        " left join marts.dim_api_keys as keys using (api_key_id)"
        " where usages.vendor != 'anthropic' union"
        " select unnest([api_key_id, api_key_name]) from marts.dim_api_keys"
        " where organization not in ('console', 'enterprise')"
    )
    subjects = {subject for (subject,) in found(base, "key_without_owner")}
    assert subjects - {name for (name,) in others} == nobodys | of_leavers


def test_which_models_limits_and_groups_are_found(base: Warehouse, company: Company) -> None:
    models = {"claude-nimbus-preview", "moonbeam-experimental", "composer-2"}
    assert {model for (model,) in found(base, "model_not_listed")} == models

    spent = found(base, "spend_limit_reached", "user_email, amount_usd")
    assert spent == base.rows(
        "select actor_email, period_to_date_spend_usd from staging.stg_anthropic__spend_limits"
        " where period_to_date_spend_usd >= limit_usd * 0.8 order by all"
    )
    assert spent

    moved = {
        one.email
        for one in company.people
        if one.stints[0].department != one.stint_on(TODAY).department and one.cursor_email
    }
    assert {person for (person,) in found(base, "cursor_group_differs")} == moved


def test_which_money_is_found(base: Warehouse) -> None:
    over = found(base, "budget_overrun", "amount_usd")
    assert over == base.rows(
        "select actual_cost_usd - budget_usd from marts.fct_budget_monthly"
        " where month = ? and budget_status = 'Over Budget' order by all",
        TODAY.replace(day=1),
    )
    assert over
    ((subject, difference),) = found(base, "dispute", "subject, amount_usd")
    assert subject == "cursor 2026-10-01"
    # What the sample's invoice asks for too much, but for its rounding to a cent.
    assert abs(difference - Decimal("125.40")) < 1


def test_every_kind_is_found_once_the_reports_reach_back_far_enough(
    base: Warehouse, tmp_path: Path
) -> None:
    kinds = "select distinct finding_kind from marts.fct_risk_findings order by 1"
    all_kinds = base.rows("select finding_kind from seeds.risk_kinds order by 1")
    # The company's reports do not cover 90 days.
    assert base.rows(kinds) == [kind for kind in all_kinds if kind != ("key_unused",)]

    later = Warehouse.copy_of(base.path, tmp_path)
    later.build("--select", *DATED.split(), "--exclude-resource-type", "test", "unit_test",
                as_of=TODAY + timedelta(days=10))  # fmt: skip
    assert later.rows(kinds) == all_kinds
    assert found(later, "key_unused") == [("workshop",)]
