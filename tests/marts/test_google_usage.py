"""Gemini's use in the marts: actions and requests by person, requests by key, tokens by model, each
of them once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.company import Company
from sandbox.google import ledger
from sandbox.google.ledger import AI_STUDIO, ML, SEATS
from sandbox.google.monitoring import RESEARCH_KEY
from sandbox.options import Options
from sandbox.vendors import build_sandbox
from tests.marts.warehouse import Warehouse
from tools import base_company

DAY = base_company.TODAY - timedelta(days=5)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse.copy_of(base_company.built(), tmp_path_factory.mktemp("base"))


def company() -> Company:
    options = {
        name: base_company.COMPANY[name] for name in ("people", "days", "today", "seller_events")
    }
    return build_sandbox(Options(**options)).company


def test_what_people_do_with_gemini_is_theirs_and_is_what_it_is_for(base: Warehouse) -> None:
    people = {
        (platform, category): (people, requests)
        for platform, category, people, requests in base.rows(
            "select platform_code, usage_category, count(distinct user_email), sum(requests)"
            " from marts.fct_usage_daily where vendor = 'google' and user_email != 'unattributed'"
            " and source in ('workspace_activities', 'code_assist_log') group by all"
        )
    }
    assert people.keys() == {
        ("gemini_workspace", "knowledge_work"),
        ("gemini_code_assist", "engineering_productivity"),
    }
    assert people["gemini_workspace", "knowledge_work"][0] > 10
    assert people["gemini_code_assist", "engineering_productivity"][0] > 5
    listed = base.value("select count(*) from staging.stg_google__workspace_activities")
    ((counted, nameless),) = base.rows(
        "select sum(requests), sum(case when not is_attributed then requests end)"
        " from marts.fct_usage_daily where platform_code = 'gemini_workspace'"
    )
    assert counted == listed
    assert 0 < nameless < counted / 5


def test_requests_are_by_key_with_the_name_of_google_and_the_mapping_of_the_sheet(
    base: Warehouse,
) -> None:
    assert base.rows(
        "select api_key_name, purpose, is_shared from marts.dim_api_keys where api_key_id = ?",
        RESEARCH_KEY.credential,
    ) == [(RESEARCH_KEY.name, "research", False)]
    assert base.rows(
        "select distinct attribution_method, cost_center, usage_category, total_tokens"
        " from marts.fct_usage_daily where api_key_id = ?",
        RESEARCH_KEY.credential,
    ) == [("team_mapping", "CC-2200", "knowledge_work", None)]


def test_labels_name_the_cost_center_of_a_request_and_of_a_project_that_nobody_mapped(
    base: Warehouse,
) -> None:
    assert base.rows(
        "select workspace_id, attribution_method, cost_center from marts.fct_cost_daily"
        " where vendor = 'google' and workspace_id in (?, ?) group by all order by all",
        SEATS,
        ML,
    ) == [
        (SEATS, "project_label", "CC-1100"),
        (ML, "project_mapping", "CC-2200"),
        (ML, "request_label", "CC-2200"),
    ]
    labeled = sum(row.net for row in ledger.usage_of(company(), DAY) if row.labels)
    assert base.rows(
        "select sum(billed_cost_usd) from marts.fct_cost_daily"
        " where attribution_method = 'request_label' and cost_type = 'usage' and cost_date = ?",
        DAY,
    ) == [(labeled,)]


def test_tokens_are_counted_once_by_project_and_model(base: Warehouse) -> None:
    used: dict[tuple[str | None, ledger.Sku], int] = {}
    for row in ledger.usage_of(company(), DAY):
        key = (row.project, row.sku)
        used[key] = used.get(key, 0) + int(row.quantity)
    for project, sku, model, column in (
        (AI_STUDIO, ledger.GEMINI_OUTPUT, "gemini-2.5-flash", "output_tokens"),
        (AI_STUDIO, ledger.GEMINI_INPUT, "gemini-2.5-flash", "uncached_input_tokens"),
        (ML, ledger.CLAUDE_INPUT, "claude-sonnet-4-6", "uncached_input_tokens"),
    ):
        counted = base.value(
            f"select sum({column}) from marts.fct_usage_daily where usage_date = ?"
            " and workspace_id = ? and model = ? and vendor = 'google'",
            DAY,
            project,
            model,
        )
        assert counted == pytest.approx(used[project, sku], rel=0.002)
