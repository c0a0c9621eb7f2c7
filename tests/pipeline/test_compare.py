"""The marts beside older tables that make each mistake once: each is named with its amount."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import compare
from tests.marts.warehouse import ROOT, Warehouse

Row = dict[str, Any]
# Without seats, and without the vendors that the older tables never had.
EXPORT = """
    select {day} as {day}, platform_code, nullif(user_email, 'unattributed') as user_email,
        case when user_email != 'unattributed' then team end as team,
        nullif(model, 'unattributed') as model, attribution_method, {columns}
    from marts.{fact} where platform_code in ('cursor', 'claude_api', 'claude_code', 'claude_ai')
"""
COSTS = EXPORT.format(
    day="cost_date",
    fact="fct_cost_daily",
    columns="product, list_cost_usd, effective_cost_usd as total_cost_usd",
)
COSTS += " and cost_type != 'subscription'"
USAGE = EXPORT.format(
    day="usage_date", fact="fct_usage_daily", columns="coalesce(total_tokens, 0) as total_tokens"
)


def october(number: int) -> date:
    return date(2026, 10, number)


@dataclass
class Older:
    """The rows of the older facts, right but for the mistakes made so far; `expected` has what each
    mistake should be called, and its amount, by measure and month."""

    costs: list[Row]
    usage: list[Row]
    expected: dict[tuple[str, str], Decimal]

    def change(
        self,
        reason: str,
        chosen: Callable[[Row], bool],
        change: Callable[[Row], Decimal],
        measure: str = "cost",
    ) -> None:
        """Change the amount of the chosen rows, of which there must be some."""
        rows, column = (
            (self.costs, "total_cost_usd") if measure == "cost" else (self.usage, "total_tokens")
        )
        found = [row for row in rows if chosen(row)]
        changes = [change(row) for row in found]
        assert any(changes), reason
        for row, amount in zip(found, changes, strict=True):
            row[column] += amount
        self.expected[measure, reason] = sum(changes, Decimal(0))

    def drop(self, reason: str, chosen: Callable[[Row], bool], measure: str = "cost") -> None:
        rows, column = (
            (self.costs, "total_cost_usd") if measure == "cost" else (self.usage, "total_tokens")
        )
        dropped = [row for row in rows if chosen(row)]
        assert dropped, reason
        rows[:] = [row for row in rows if not chosen(row)]
        self.expected[measure, reason] = -sum((row[column] for row in dropped), Decimal(0))

    def write(self, folder: Path) -> None:
        for name, rows in (("fct_cost_daily", self.costs), ("fct_usage_daily", self.usage)):
            with (folder / f"{name}.csv").open("w", newline="") as file:
                skipped = ("attribution_method", "product", "list_cost_usd")
                names = [column for column in rows[0] if column not in skipped]
                writer = csv.DictWriter(file, names, extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)


def on(row: Row, day: date, platform: str, person: str | None = None) -> bool:
    is_there = row.get("cost_date", row.get("usage_date")) == day
    is_there = is_there and row["platform_code"] == platform
    return is_there and (person is None or row["user_email"] == person)


def with_each_mistake_once(warehouse: Warehouse) -> Older:
    older = Older(table(warehouse, COSTS), table(warehouse, USAGE), {})
    cents, lost = "nutmeg.inkwell@example.com", october(24)
    older.change(
        "cents_as_dollars",
        lambda row: on(row, october(6), "claude_code") and row["user_email"] is not None,
        lambda row: 99 * row["total_cost_usd"],
    )
    older.drop(
        "no_email_dropped",
        lambda row: (
            on(row, october(8), "claude_api") and row["attribution_method"] != "vendor_identity"
        ),
    )
    older.change(
        "included_as_on_demand",
        lambda row: on(row, october(14), "cursor", cents) and row["product"] == "included",
        lambda row: row["list_cost_usd"],
    )
    # Two events at the same moment, of which the smaller one stayed.
    collided = "meadow.bellwether@example.com"
    amounts = [
        amount
        for (amount,) in warehouse.rows(
            "select billed_cost_usd from staging.stg_cursor__usage_events"
            " join staging.stg_cursor__charges using (record_id, actor_email, usage_date)"
            " where actor_email = ? and usage_date = ?"
            " qualify count(*) over (partition by occurred_at) > 1",
            collided,
            lost,
        )
    ]
    at_once = iter([min(amounts) - sum(amounts)])
    older.change(
        "events_collided",
        lambda row: on(row, lost, "cursor", collided) and row["product"] == "on_demand",
        lambda _: next(at_once, Decimal(0)),
    )
    before = iter([Decimal("-7.5")])
    older.change(
        "late_correction",
        lambda row: on(row, october(20), "claude_api") and row["user_email"] is not None,
        lambda _: next(before, Decimal(0)),
    )
    older.drop(
        "unknown_model",
        lambda row: row["model"] == "moonbeam-experimental" and row["cost_date"] < october(1),
    )
    older.drop(
        "unknown_model",
        lambda row: row["model"] == "moonbeam-experimental" and row["usage_date"] < october(1),
        measure="tokens",
    )
    older.drop(
        "no_email_dropped",
        lambda row: (
            on(row, october(8), "claude_api") and row["attribution_method"] != "vendor_identity"
        ),
        measure="tokens",
    )
    moved = Decimal(0)
    for row in older.costs:
        if on(row, october(1), "cursor", "lotus.marmalade@example.com"):
            assert row["team"] == "Infrastructure"
            row["team"] = "Machine Learning"
            moved += row["total_cost_usd"]
    older.expected["moved", "todays_team"] = moved
    return older


def table(warehouse: Warehouse, sql: str) -> list[Row]:
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        done = connection.execute(sql)
        names = [column[0] for column in done.description or ()]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]


def run(warehouse: Warehouse, legacy: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "compare", "--legacy", str(legacy)]
    command += ["--folder", str(warehouse.folder / "page")]
    env = warehouse.environment()
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@dataclass
class Compared:
    """What a comparison printed and left behind."""

    warehouse: Warehouse
    older: Older
    done: subprocess.CompletedProcess[str]

    def amounts(self) -> dict[tuple[str, str], Decimal]:
        """What each reason makes up, by measure; `moved` between teams."""
        return {
            (measure, reason): amount
            for measure, reason, amount in self.warehouse.rows(
                "select case when is_team_move then 'moved' else measure end, reason,"
                " sum(case when is_team_move then greatest(amount, 0) else amount end)"
                " from comparison.comparison_differences group by all"
            )
        }

    def verdicts(self) -> dict[str, str]:
        return dict(
            self.warehouse.rows(
                "select strftime(month, '%Y-%m'), verdict from comparison.comparison_months"
                " where measure = 'cost'"
            )
        )


@pytest.fixture(scope="module")
def warehouse(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The base company, in which Anthropic corrected a day upward."""
    copy = Warehouse.copy_of(base.path, tmp_path_factory.mktemp("compared"))
    with duckdb.connect(str(copy.path)) as connection:
        connection.execute(
            "insert into marts.fct_cost_versions select * replace (0 as version_number,"
            " 'earlier' as load_id, reported_usd - 7.5 as reported_usd,"
            " timestamp '2026-10-21' as reported_at, reported_at as superseded_at)"
            " from marts.fct_cost_versions where window_date = '2026-10-20'"
            " and organization = 'console' and resource = 'analytics_cost'"
        )
    return copy


@pytest.fixture(scope="module")
def known(warehouse: Warehouse) -> Compared:
    """Every mistake once, and nothing else."""
    older = with_each_mistake_once(warehouse)
    older.write(warehouse.folder)
    return Compared(warehouse, older, run(warehouse, warehouse.folder))


def test_each_mistake_is_named_with_its_exact_amount(known: Compared) -> None:
    assert known.done.returncode == 0, known.done.stderr + known.done.stdout
    assert known.amounts() == known.older.expected
    assert {reason for _, reason in known.older.expected} == compare.REASONS.keys() - {
        "rounding",
        "unexplained",
    }
