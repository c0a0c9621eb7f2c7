"""The marts beside older tables that make each mistake once: each is named with its amount."""

from __future__ import annotations

import csv
import json
import re
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

from bigquery_dev.compiled import VARIABLES
from foundation import dbt
from foundation.settings import Settings
from foundation.warehouse import warehouse as reading
from pipeline import compare, legacy_tables
from pipeline.run import RefusedError
from tests.marts.warehouse import ROOT, Warehouse
from tools import base_company

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


def test_a_month_has_a_verdict(known: Compared) -> None:
    assert known.verdicts() == {
        "2026-09": "differs_for_known_reasons",
        "2026-10": "differs_for_known_reasons",
        "2026-11": "agrees",
    }
    assert "Every difference has a known reason." in known.done.stdout


def test_what_the_older_tables_never_had_is_named_and_not_compared(known: Compared) -> None:
    left_out = known.warehouse.rows(
        "select platform_code, scope, sum(marts_amount) from comparison.comparison_sides"
        " where measure = 'cost' and scope != 'compared' group by all"
    )
    expected = known.warehouse.rows(
        "select platform_code, case when platform_code in ('cursor', 'claude_ai') then 'seats'"
        " else 'platform' end as scope, sum(effective_cost_usd) from marts.fct_cost_daily"
        " where platform_code not in ('cursor', 'claude_api', 'claude_code', 'claude_ai')"
        " or cost_type = 'subscription' group by all"
    )
    assert sorted(left_out) == sorted(expected)
    assert "The older tables have no seats" in known.done.stdout


def test_the_page_and_the_csv_say_the_same(known: Compared) -> None:
    folder = known.warehouse.folder / "page"
    with (folder / "differences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        amount = Decimal(row["amount"])
        if row["is_team_move"] == "yes":
            key, amount = ("moved", row["reason"]), max(amount, Decimal(0))
        else:
            key = (row["measure"], row["reason"])
        sums[key] = sums.get(key, Decimal(0)) + amount
    assert sums == known.older.expected
    page = (folder / "index.html").read_text()
    assert "Every difference has a known reason." in page
    for (measure, reason), amount in known.older.expected.items():
        assert compare.quantity(amount, "cost" if measure == "moved" else measure) in page
        assert compare.REASONS[reason].replace("'", "&#39;") in page
    assert "http" not in page


def test_what_nothing_explains_is_unexplained_and_fails(known: Compared) -> None:
    """After the tests of known reasons: it changes the files and compares again."""
    older = known.older
    (row, *_) = [row for row in older.costs if on(row, date(2026, 11, 10), "claude_code")]
    # One has it too much and another too little, so the parts cancel.
    row["user_email"] = "=cmd@example.com"
    older.write(known.warehouse.folder)
    again = Compared(known.warehouse, older, run(known.warehouse, known.warehouse.folder))
    assert again.done.returncode == 1
    said = f"${2 * row['total_cost_usd']:.2f} are unexplained, in 2026-11."
    assert said in again.done.stdout
    assert again.verdicts()["2026-11"] == "has_unexplained_differences"
    assert again.amounts()["cost", "unexplained"] == 0
    assert re.search(r"2026-11 +0\.00 +Unexplained", again.done.stdout)
    folder = known.warehouse.folder / "page"
    page = (folder / "index.html").read_text()
    assert said in page
    assert 'Unexplained</td><td class="amount">0.00</td>' in page
    # What a spreadsheet would run as a formula is text.
    assert ",'=cmd@example.com," in (folder / "differences.csv").read_text()


def test_the_views_of_the_older_design_agree_with_the_marts(warehouse: Warehouse) -> None:
    done = run(warehouse, "legacy")
    assert done.returncode == 0, done.stderr
    assert "The older tables and the marts agree in every month." in done.stdout


def test_the_models_of_the_comparison_pass_their_unit_tests(
    known: Compared, tmp_path: Path
) -> None:
    """After a comparison: dbt takes the types of the rows given from the tables that it built."""
    manifest = dbt.read_manifest(base_company.parsed(with_comparison=True))
    command = ["test", "--select", "path:models/comparison,test_type:unit"]
    command += ["--vars", json.dumps(VARIABLES), "--target-path", str(tmp_path)]
    done = dbt.invoke(command, known.warehouse.environment(), manifest)
    assert done.success, done.exception or [
        result.message for result in done.result if result.status != "pass"
    ]


def test_the_cut_over_and_the_way_back_of_the_guide_work(base: Warehouse, tmp_path: Path) -> None:
    copy = Warehouse.copy_of(base.path, tmp_path)
    total = "select round(sum(total_cost_usd), 2) from older.fact_ai_costs"
    total += " join older.dim_users using (user_sk) join older.dim_platforms using (platform_sk)"
    tables = "select table_name, table_type from information_schema.tables"
    tables += " where table_schema = 'older' order by 1"
    names = ("dim_users", "dim_platforms", "fact_ai_usage", "fact_ai_costs")
    with duckdb.connect(str(copy.path)) as connection:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        connection.execute("create schema older")
        for name in names:
            connection.execute(f"create table older.{name} as select * from legacy.{name}")
        connection.execute("update older.fact_ai_costs set total_cost_usd = 100 * total_cost_usd")
        before, found = rows(total), rows(tables)
        connection.execute(steps("cut over"))
        assert rows(total) == rows(
            "select round(sum(effective_cost_usd), 2)::double from marts.fct_cost_daily"
        )
        assert rows(total) != before
        connection.execute(steps("back"))
        assert rows(total) == before
        assert rows(tables) == found


def steps(name: str) -> str:
    """The SQL of a step of docs/migration.md."""
    page = (ROOT / "docs" / "migration.md").read_text()
    found = re.search(rf"<!-- {name} -->\n```sql\n(.+?)```", page, re.DOTALL)
    assert found, name
    return found[1]


# --- What the older tables have to be ------------------------------------------------------------

FLAT = ["cost_date", "platform", "user_email", "cost_usd"]
STAR = {
    "fact_ai_costs": ["date_sk", "user_sk", "platform_sk", "base_cost_usd", "overage_cost_usd"],
    "dim_users": ["user_sk", "user_email", "team"],
    "dim_platforms": ["platform_sk", "platform_code", "platform_subtype"],
}


def test_names_in_the_fact_and_keys_of_dimensions_are_understood() -> None:
    flat = legacy_tables.understood({"fct_cost_daily": [*FLAT, "model"]})
    assert flat["columns"]["costs"] == {
        "day": "cost_date",
        "email": "user_email",
        "platform": "platform",
        "model": "model",
        "amount": "cost_usd",
    }
    star = legacy_tables.understood(STAR)
    assert star["tables"]["costs"] == "fact_ai_costs"
    assert star["columns"]["costs"] == {
        "day": "date_sk",
        "user_sk": "user_sk",
        "platform_sk": "platform_sk",
        "amount": "base_cost_usd,overage_cost_usd",
    }


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({}, "The older tables need fct_cost_daily or fact_ai_costs: there is no table"),
        ({"costs": FLAT}, "need fct_cost_daily or fact_ai_costs: there is costs"),
        (
            {"fct_cost_daily": FLAT[1:]},
            "fct_cost_daily has no day: expected one of cost_date, usage_date",
        ),
        (
            {"fct_cost_daily": FLAT[:3]},
            "fct_cost_daily has no amount: expected total_cost_usd, or cost_usd",
        ),
        (
            {"fct_cost_daily": [*FLAT[:2], "cost_usd", "user_sk"]},
            "fct_cost_daily has no email: expected one of user_email, email, or user_sk in it and"
            " in dim_users, which says the email of each",
        ),
        (
            {"fct_cost_daily": FLAT, "fct_usage_daily": ["date", "email", "total_tokens"]},
            "fct_usage_daily has no platform: expected one of platform_code, platform",
        ),
    ],
)
def test_what_is_missing_is_named(tables: dict[str, list[str]], reason: str) -> None:
    with pytest.raises(RefusedError) as error:
        legacy_tables.understood(tables)
    assert reason in str(error.value)


def test_a_key_that_is_there_twice_is_named(tmp_path: Path) -> None:
    rows = {
        "fact_ai_costs": ["20260102,1,1,2,0"],
        "dim_users": ["1,a@example.com,A", "1,b@example.com,B"],
        "dim_platforms": ["1,cursor,"],
    }
    for table, columns in STAR.items():
        (tmp_path / f"{table}.csv").write_text("\n".join([",".join(columns), *rows[table]]))
    settings = Settings(duckdb_path=tmp_path / "warehouse.duckdb", _env_file=None)
    schema = legacy_tables.place(settings, str(tmp_path))
    with reading(settings) as ask, pytest.raises(RefusedError) as error:
        legacy_tables.find(ask, schema, is_bigquery=False)
    assert "dim_users has the user_sk 1 more than once" in str(error.value)


HEADER, ROW = ",".join(FLAT), "2026-10-01,cursor,a@example.com,1.5"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([HEADER, ROW, ROW.replace("a@", "jörg@")], "line 3: it is not UTF-8: save the file as"),
        (["ä" + HEADER, ROW], "line 1: it is not UTF-8"),
        ([HEADER, ROW, ROW + ",5"], "line 3: expected 4 values, one for each name in the first"),
        ([HEADER, *[ROW] * 5, "2026-10-01,cursor", ROW], "line 7: expected 4 values"),
        ([HEADER, *[ROW] * 25_000, ROW + ",5"], "line 25002: expected 4 values"),
        (["Costs of 2026", HEADER, ROW], "line 2: expected 1 values"),
        ([HEADER, ROW.replace("cursor", '"cursor'), ROW], "line 2: a double quote is not closed"),
        ([HEADER + ",Platform", ROW + ",x"], "line 1: the column Platform is there twice"),
        (["", HEADER, ROW], "line 1: expected the names of its columns, and it is empty"),
        ([], "line 1: expected the names of its columns"),
        (["\r".join([HEADER, ROW])], "it cannot be read as CSV: new-line character"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, lines: list[str], reason: str
) -> None:
    file = tmp_path / "fct_cost_daily.csv"
    file.write_text("\n".join(lines), encoding="latin-1")
    settings = Settings(duckdb_path=tmp_path / "warehouse.duckdb", _env_file=None)
    with pytest.raises(RefusedError) as error:
        legacy_tables.place(settings, str(tmp_path))
    assert str(error.value).startswith(str(file))
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_file_is_read_as_its_first_line_says(tmp_path: Path, separator: str) -> None:
    """Its first value in quotes is later than the rows that DuckDB would look at."""
    rows = ["2026-10-01,cursor,a@example.com,1"] * 25_000
    text = "\r\n".join([f'"",{HEADER}', *(f"x,{row}" for row in rows)]).replace(",", separator)
    quoted = separator.join(["x", "2026-10-02", "cursor", f'"a{separator} ""b""@example.com"', "2"])
    (tmp_path / "fct_cost_daily.csv").write_text(f"{text}\r\n{quoted}\r\n", encoding="utf-8-sig")
    settings = Settings(duckdb_path=tmp_path / "warehouse.duckdb", _env_file=None)
    schema = legacy_tables.place(settings, str(tmp_path))
    with reading(settings) as ask:
        found = legacy_tables.find(ask, schema, is_bigquery=False)
        assert found["columns"]["costs"].keys() == {"day", "email", "platform", "amount"}
        assert ask(f"select count(*), sum(cost_usd::int) from {schema}.fct_cost_daily") == [
            (25_001, 25_002)
        ]
        assert ask(f"select user_email from {schema}.fct_cost_daily where cost_usd = '2'") == [
            (f'a{separator} "b"@example.com',)
        ]


@pytest.mark.parametrize(
    ("legacy", "reason"),
    [
        ("nowhere/at all", "is neither a folder nor the name of a schema or dataset"),
        ("nothing_here", "The older tables need fct_cost_daily or fact_ai_costs"),
    ],
)
def test_a_place_without_older_tables_is_refused(base: Warehouse, legacy: str, reason: str) -> None:
    done = run(base, legacy)
    assert done.returncode == 2
    assert reason in done.stderr


def test_a_day_that_cannot_be_read_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    """After the comparisons: it replaces what they loaded."""
    (tmp_path / "fct_cost_daily.csv").write_text(
        "cost_date,platform,user_email,cost_usd\n11/21/2026,cursor,a@example.com,1\n"
    )
    done = run(warehouse, tmp_path)
    assert done.returncode == 2
    assert "fct_cost_daily: 1 rows cannot be read, such as that with the day '11/21/2026'" in (
        done.stderr
    )
