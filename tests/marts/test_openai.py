"""OpenAI's dollars: each day's is in the marts to the last digit, whichever report counts for it,
whatever was archived, deleted, revised or emptied since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools.base_company import COMPANY, at

# The base company was built then, and a day has passed since.
YESTERDAY: date = COMPANY["today"]
TODAY = YESTERDAY + timedelta(days=1)
REVISED, EMPTIED = TODAY - timedelta(days=4), TODAY - timedelta(days=5)
BY_KEY = TODAY - timedelta(days=6)
BUILT = ("+fct_cost_daily", "+fct_usage_daily", "+rollup_cost_ties", "+fct_cost_versions")
OPENAI = "platform_code = 'openai_api'"


def held(warehouse: Warehouse) -> dict[str, Decimal]:
    days = warehouse.rows(
        "select cost_date, sum(billed_cost_usd) from marts.fct_cost_daily"
        f" where {OPENAI} group by 1"
    )
    return {str(day): billed for day, billed in days}


def reported(sandbox: Running) -> dict[str, Decimal]:
    days = sandbox.totals()["openai"]["openai"]
    amounts = {day: Decimal(amounts["billed"]) for day, amounts in days.items()}
    return {day: amount for day, amount in amounts.items() if amount}


def methods(warehouse: Warehouse, where: str = "true") -> set[str]:
    found = warehouse.rows(
        f"select distinct attribution_method from marts.fct_cost_daily where {OPENAI} and {where}"
    )
    return {method for (method,) in found}


# --- the base company ----------------------------------------------------------------------------


def test_every_day_is_what_openai_reported(base: Warehouse) -> None:
    with running(**COMPANY) as sandbox:
        assert held(base) == reported(sandbox)


def test_an_archived_projects_costs_are_under_its_name(base: Warehouse) -> None:
    (cost,) = base.rows(
        "select sum(billed_cost_usd), max(workspace_name) from marts.fct_cost_daily"
        " inner join marts.dim_workspaces using (workspace_id)"
        f" where {OPENAI} and workspace_name = 'old prototype'"
    )
    assert cost[0] > 0


def test_a_key_that_is_not_listed_keeps_its_costs_and_their_person(base: Warehouse) -> None:
    found = base.rows(
        "select facts.api_key_id, min(user_email), sum(billed_cost_usd)"
        " from marts.fct_cost_daily as facts"
        " left join staging.stg_openai__keys as keys on facts.api_key_id = keys.api_key_id"
        " left join staging.stg_openai__workspaces as projects"
        " on facts.workspace_id = projects.workspace_id"
        f" where {OPENAI} and facts.api_key_id != 'unattributed' and keys.api_key_id is null"
        " and projects.workspace_name = 'semantic-search' group by 1"
    )
    ((_, person, cost),) = found
    assert person.endswith("@example.com")
    assert cost > 0


def test_costs_have_a_key_or_a_person_and_a_model_or_a_tool(base: Warehouse) -> None:
    ((allocated, named),) = base.rows(
        "select count_if(allocation_method in ('tokens', 'model_tokens', 'workspace_tokens')),"
        " count_if(model != 'unattributed' or token_type = 'web_search')"
        f" from marts.fct_cost_daily where {OPENAI}"
    )
    rows = base.value(f"select count(*) from marts.fct_cost_daily where {OPENAI}")
    assert allocated == named == rows > 0
    assert methods(base) == {"vendor_identity", "service_account"}


def test_tokens_are_counted_once(base: Warehouse) -> None:
    reported = base.value(
        "select sum(cast(payload ->> '$.input_tokens' as bigint)"
        " + coalesce(cast(payload ->> '$.output_tokens' as bigint), 0)) from ("
        " select payload from raw_openai.usage_completions"
        " union all select payload from raw_openai.usage_embeddings)"
    )
    held = base.value(f"select sum(total_tokens) from marts.fct_usage_daily where {OPENAI}")
    assert held == reported > 0


# --- a day later ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def later(
    base: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Warehouse, Running]]:
    """OpenAI now gives costs by key of the last days; then a day was revised, one emptied, a key
    deleted."""
    with running(**COMPANY) as sandbox:
        folder = tmp_path_factory.mktemp("openai")
        warehouse = Warehouse.copy_of(base.path, folder, sandbox.env)
        sandbox.control({"today": str(TODAY)})
        sandbox.control({"openai_costs_by": {"api_key_id": str(BY_KEY)}})
        with at(TODAY):
            warehouse.extract(sources=["openai"], since=BY_KEY)
            sandbox.control(
                {"revise": {"vendor": "openai", "date": str(REVISED), "factor": "1.37"}}
            )
            sandbox.control({"empty": {"vendor": "openai", "date": str(EMPTIED)}})
            sandbox.control({"openai_delete_key": "nightly batch"})
            warehouse.extract(sources=["openai"], since=BY_KEY)
        warehouse.build(*MODELS_ONLY, "--select", *BUILT, as_of=TODAY)
        yield warehouse, sandbox


def test_after_all_that_every_day_is_what_openai_reports_now(
    later: tuple[Warehouse, Running],
) -> None:
    warehouse, sandbox = later
    assert held(warehouse) == reported(sandbox)
    assert str(EMPTIED) not in held(warehouse)
    ties = warehouse.rows(
        "select count(*), sum(abs(difference_usd)) from intermediate.rollup_cost_ties"
        " where vendor = 'openai'"
    )
    assert ties == [(COMPANY["days"], 0)]


def test_costs_by_key_count_instead_on_their_days_and_name_their_service_accounts(
    later: tuple[Warehouse, Running],
) -> None:
    warehouse, _ = later
    sources = warehouse.rows(
        f"select cost_date >= date '{BY_KEY}', string_agg(distinct source) from"
        f" marts.fct_cost_daily where {OPENAI} group by 1 order by 1"
    )
    assert sources == [(False, "costs"), (True, "costs_by_identity")]
    assert "service_account" in methods(warehouse, f"cost_date >= date '{BY_KEY}'")


def test_costs_by_key_are_no_restatement(later: tuple[Warehouse, Running]) -> None:
    warehouse, _ = later
    # Of days before: the revised one, the emptied one, and none because the report is another one.
    changed = warehouse.rows(
        "select distinct window_date from marts.fct_cost_versions"
        f" where vendor = 'openai' and window_date < date '{YESTERDAY}'"
        " and resource = 'costs' and version_number > 1 order by 1"
    )
    assert changed == [(EMPTIED,), (REVISED,)]


def test_a_day_revised_after_its_costs_by_key_were_reported_is_no_failure(
    later: tuple[Warehouse, Running],
) -> None:
    warehouse, _ = later
    never_counted = warehouse.rows(
        "select window_date from marts.fct_cost_versions where superseded_at < reported_at"
        " and vendor = 'openai' order by 1"
    )
    assert never_counted == [(EMPTIED,), (REVISED,)]
    tested = ("fct_cost_versions", "--exclude-resource-type", "unit_test")
    warehouse.build("--select", *tested, command="test", as_of=TODAY)


def test_a_day_on_which_the_two_reports_differ_is_named(
    later: tuple[Warehouse, Running], tmp_path: Path
) -> None:
    warehouse = Warehouse.copy_of(later[0].path, tmp_path)
    agree = ("--select", "openai_costs_agree")
    assert warehouse.build(*agree, command="test", as_of=TODAY) == ""
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(
            "insert into raw_openai.costs by name select * from raw_openai.costs"
            f" where window_start = '{REVISED}'"
        )
    warned = warehouse.build(*agree, command="test", as_of=TODAY)
    assert "openai_costs_agree: Got 1 result" in warned


def test_a_key_deleted_since_keeps_its_account(later: tuple[Warehouse, Running]) -> None:
    warehouse, _ = later
    ((seen_to, principal),) = warehouse.rows(
        "select seen_to, principal_id from staging.stg_openai__keys"
        " where api_key_name = 'nightly batch'"
    )
    assert seen_to == TODAY
    assert principal.startswith("svc_acct_")


def test_another_build_of_everything_is_the_same(later: tuple[Warehouse, Running]) -> None:
    warehouse, _ = later
    before = warehouse.rows(f"select * from marts.fct_cost_daily where {OPENAI} order by all")
    again = ("stg_openai__cost_shares", "int_costs", "fct_cost_daily")
    warehouse.build(*MODELS_ONLY, "--full-refresh", "--select", *again, as_of=TODAY)
    after = warehouse.rows(f"select * from marts.fct_cost_daily where {OPENAI} order by all")
    assert after == before
