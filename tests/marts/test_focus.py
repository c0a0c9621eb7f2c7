"""The FOCUS export holds every dollar and token of the facts once, and validators accept it."""

from __future__ import annotations

import csv
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline import focus
from tests.marts.warehouse import ROOT, Warehouse
from tools import focus_validator

KNOWN = Path(__file__).with_name("focus_1_2_known.toml")
MARTS = ("focus_cost_and_usage", "focus_cost_and_usage_1_2")
MANDATORY = (
    "BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd"
    " BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargePeriodEnd"
    " ChargePeriodStart ContractedCost EffectiveCost HostProviderName InvoiceIssuerName ListCost"
    " PricingQuantity PricingUnit ServiceCategory ServiceName ServiceProviderName"
).split()
COSTS = {
    "ListCost": "list_cost_usd",
    "BilledCost": "billed_cost_usd",
    "EffectiveCost": "effective_cost_usd",
}


@dataclass
class Export:
    warehouse: Warehouse
    folder: Path

    def csv(self, mart: str) -> Path:
        return self.folder / f"{mart}.csv"


@pytest.fixture(scope="module")
def built(base: Warehouse) -> Warehouse:
    return base


@pytest.fixture(scope="module")
def export(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Both marts in files, as `make focus` writes them."""
    folder = tmp_path_factory.mktemp("files")
    done = make_focus(built, "--folder", str(folder))
    assert done.returncode == 0, done.stderr
    return Export(built, folder)


def make_focus(warehouse: Warehouse, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "focus", *arguments]
    env = warehouse.environment()
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def toolkit(file: Path) -> subprocess.CompletedProcess[str]:
    """What the validator of FOCUS 1.4 reports."""
    command = [str(Path(sys.executable).with_name("focus-toolkit")), "validate", str(file)]
    command += ["--dataset", "cost-and-usage"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


Change = Callable[[list[dict[str, str]]], None]


def changed(file: Path, target: Path, change: Change) -> Path:
    """A copy of a CSV file with its rows changed."""
    with file.open(newline="") as source:
        rows = list(csv.DictReader(source))
    change(rows)
    with target.open("w", newline="") as copy:
        writer = csv.DictWriter(copy, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("period", ["date_trunc('month', {day})", "'overall'"])
def test_each_cost_sums_to_that_of_the_facts(built: Warehouse, period: str) -> None:
    ours, theirs = period.format(day="x_ChargeDate"), period.format(day="cost_date")
    charged = built.rows(
        f"select {ours}, {', '.join(f'sum({name})' for name in COSTS)}"
        " from marts.focus_cost_and_usage group by 1 order by 1"
    )
    facts = built.rows(
        f"select {theirs}, {', '.join(f'sum({name})' for name in COSTS.values())}"
        " from marts.fct_cost_daily group by 1 order by 1"
    )
    assert charged == facts
    assert all(cost > 0 for _, *costs in facts for cost in costs)


def test_each_token_is_counted_once_per_model_and_type(built: Warehouse) -> None:
    types = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    facts = built.rows(
        " union all ".join(
            f"select model, '{name}', sum({name}_tokens) as tokens from marts.fct_usage_daily"
            " group by all having tokens != 0"
            for name in types
        )
        + " order by 1, 2"
    )
    charged = built.rows(
        "select SkuId, SkuMeter, sum(ConsumedQuantity) from marts.focus_cost_and_usage"
        " where ConsumedQuantity is not null group by all order by 1, 2"
    )
    assert charged == facts
    assert len({name for _, name, _ in facts}) == len(types)
    unit = built.rows("select distinct ConsumedUnit from marts.focus_cost_and_usage order by all")
    assert unit == [("Tokens",), (None,)]


def test_tokens_that_a_vendor_charges_by_type_are_on_the_row_of_their_cost(
    built: Warehouse,
) -> None:
    rows = built.value(
        "select count(*) from marts.focus_cost_and_usage where x_CostType = 'usage'"
        " and x_PlatformCode = 'claude_code' and ListCost > 0 and PricingQuantity > 0"
    )
    assert rows > 0
    left = built.value(
        "select count(*) from marts.focus_cost_and_usage where x_CostType = 'usage'"
        " and x_PlatformCode = 'claude_code' and ListCost != 0 and PricingQuantity is null"
    )
    assert left == 0


def test_seats_are_bought_with_an_invoice_and_used_by_day(built: Warehouse) -> None:
    rows = {
        category: costs
        for category, *costs in built.rows(
            "select ChargeCategory, sum(ListCost), sum(BilledCost), sum(EffectiveCost)"
            " from marts.focus_cost_and_usage where x_CostType = 'subscription' group by 1"
        )
    }
    listed, billed, effective = rows["Purchase"]
    assert listed == billed > 0 == effective
    listed, billed, effective = rows["Usage"]
    assert listed == billed == 0 < effective


def test_the_view_of_1_2_has_the_same_rows(built: Warehouse) -> None:
    same = "ListCost, BilledCost, EffectiveCost, ConsumedQuantity, SkuId, x_ChargeDate"
    one, other = (
        built.rows(f"select {provider}, {same} from marts.{mart} order by all")
        for provider, mart in zip(("ServiceProviderName", "ProviderName"), MARTS, strict=True)
    )
    assert one == other
    assert one


@pytest.mark.parametrize("mart", MARTS)
def test_files_hold_the_mart_to_the_last_digit(export: Export, mart: str) -> None:
    sums = ", ".join(f"sum({name})" for name in (*COSTS, "ConsumedQuantity"))
    ((*expected, count),) = export.warehouse.rows(f"select {sums}, count(*) from marts.{mart}")
    rows = rows_of(export.csv(mart))
    found = [sum(Decimal(row[name] or 0) for row in rows) for name in (*COSTS, "ConsumedQuantity")]
    assert found == expected
    assert len(rows) == count
    table = parquet.read_table(export.folder / f"{mart}.parquet")
    assert table.column_names == list(rows[0])
    assert table.num_rows == count
    assert [
        sum(number or 0 for number in table[name].to_pylist())
        for name in (*COSTS, "ConsumedQuantity")
    ] == expected


def test_numbers_have_a_decimal_point_and_times_a_zone(export: Export) -> None:
    for row in rows_of(export.csv("focus_cost_and_usage")):
        for name in (*COSTS, "ContractedCost"):
            assert "." in row[name], row
            assert "E" not in row[name], row
        assert row["ConsumedQuantity"].endswith(".0") or not row["ConsumedQuantity"]
        assert row["ChargePeriodStart"] == f"{row['x_ChargeDate']}T00:00:00Z"


def test_months_can_be_exported_in_parts(export: Export, tmp_path: Path) -> None:
    days = sorted({row["x_ChargeDate"] for row in rows_of(export.csv(MARTS[0]))})
    middle = days[len(days) // 2]
    parts = []
    for name, *arguments in (("early", "--until", middle), ("late", "--since", middle)):
        folder = tmp_path / name
        assert make_focus(export.warehouse, "--folder", str(folder), *arguments).returncode == 0
        parts += rows_of(folder / "focus_cost_and_usage.csv")
    keys = sorted(map(str, parts))
    assert keys == sorted(map(str, rows_of(export.csv(MARTS[0]))))


def test_days_without_charges_and_days_in_disorder_are_refused(
    built: Warehouse, tmp_path: Path
) -> None:
    done = make_focus(built, "--folder", str(tmp_path), "--until", "2001-01-01")
    assert done.returncode == 2
    assert "has no charges for these days" in done.stderr
    done = make_focus(
        built, "--folder", str(tmp_path), "--since", "2026-02-01", "--until", "2026-01-01"
    )
    assert done.returncode == 2
    assert "must be before" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_the_marts_it_says_what_to_do(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path, {})
    done = make_focus(warehouse, "--folder", str(tmp_path / "files"))
    assert done.returncode == 2
    assert "make run" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_validator_of_1_4_accepts_it(export: Export) -> None:
    for kind in ("csv", "parquet"):
        done = toolkit(export.folder / f"focus_cost_and_usage.{kind}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "STRUCTURAL_VALID, SEMANTIC_VALID" in done.stdout


def test_it_has_all_mandatory_columns_of_1_4(export: Export) -> None:
    assert set(MANDATORY) <= rows_of(export.csv(MARTS[0]))[0].keys()
    assert len(MANDATORY) == 21


def without(column: str) -> Change:
    def change(rows: list[dict[str, str]]) -> None:
        for row in rows:
            del row[column]

    return change


def with_value(column: str, value: str) -> Change:
    def change(rows: list[dict[str, str]]) -> None:
        rows[0][column] = value

    return change


@pytest.mark.parametrize("column", MANDATORY)
def test_the_validator_of_1_4_misses_each_mandatory_column(
    export: Export, tmp_path: Path, column: str
) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        del rows[50:]
        without(column)(rows)

    done = toolkit(changed(export.csv(MARTS[0]), tmp_path / "wrong.csv", change))
    assert done.returncode != 0
    assert column in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("BilledCost", "ten"),
        ("BillingCurrency", "DOLLAR"),
        ("ChargeCategory", "Seat"),
        ("ChargePeriodStart", "2026-01-01"),
        ("ServiceSubcategory", "Object Storage"),
        ("ServiceName", ""),
        ("Tags", "department=Kitchen"),
        ("ConsumedUnit", "Tokens"),
    ],
)
def test_the_validator_of_1_4_finds_a_wrong_value(
    export: Export, tmp_path: Path, column: str, value: str
) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        del rows[50:]
        rows[0]["ConsumedQuantity"] = ""
        with_value(column, value)(rows)

    done = toolkit(changed(export.csv(MARTS[0]), tmp_path / "wrong.csv", change))
    assert done.returncode != 0
    assert column in done.stdout + done.stderr


needs_validator = pytest.mark.skipif(
    not focus_validator.is_installed(),
    reason="FOCUS 1.2 NOT VALIDATED: `make test-focus` installs the validator (Python 3.12)",
)


def known() -> dict[str, str]:
    groups = tomllib.loads(KNOWN.read_text())["known"]
    return {rule: group["reason"] for group in groups for rule in group["rules"]}


def problems(found: focus_validator.Found) -> list[str]:
    """What is wrong with what the validator found, and with the list of what it may find."""
    listed = known()
    new = [f"{rule} fails and is not listed" for rule in sorted(found.failed - listed.keys())]
    stale = [f"{rule} is listed and holds" for rule in sorted(listed.keys() - found.failed)]
    return new + stale


@needs_validator
def test_the_validator_of_1_2_finds_what_is_listed_and_nothing_else(
    export: Export, tmp_path: Path
) -> None:
    found = focus_validator.validate(export.csv(MARTS[1]), tmp_path / "report.xml")
    assert not problems(found)
    # A validator that checks nothing would find nothing.
    assert len(found.passed) >= 150


@needs_validator
@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("BilledCost-C-003-M", with_value("BilledCost", "")),
        ("BillingCurrency-C-003-M", with_value("BillingCurrency", "DOLLAR")),
        ("CostAndUsage-D-006-M", without("BilledCost")),
    ],
)
def test_the_validator_of_1_2_finds_what_is_wrong(
    export: Export, tmp_path: Path, rule: str, change: Change
) -> None:
    def shorter(rows: list[dict[str, str]]) -> None:
        del rows[300:]
        change(rows)

    wrong = changed(export.csv(MARTS[1]), tmp_path / "wrong.csv", shorter)
    found = focus_validator.validate(wrong, tmp_path / "report.xml")
    assert f"{rule} fails and is not listed" in problems(found)


def test_a_listed_rule_that_passes_is_a_problem() -> None:
    listed = set(known())
    one = min(listed)
    found = focus_validator.Found(passed={one}, failed=listed - {one})
    assert problems(found) == [f"{one} is listed and holds"]
    assert all(known().values())


def test_the_report_is_read_even_if_the_validator_exits_with_0(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        "<testcase name='A-1 :: Type'/><testcase name='A-2 :: Type'><failure/></testcase>"
        "<testcase name='A-3 :: None'><error/></testcase>"
        "<testcase name='A-4 :: Type'><skipped/></testcase>"
        "</testsuite></testsuites>"
    )
    found = focus_validator.read(report)
    assert (found.passed, found.failed, found.skipped) == ({"A-1"}, {"A-2", "A-3"}, {"A-4"})


def test_texts_of_vendors_are_no_formulas_and_numbers_stay_numbers() -> None:
    texts = ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "a=1", "", None]
    table = pa.table(
        {
            "x_Owner": pa.array(texts, pa.string()),
            "BilledCost": pa.array([Decimal("-1.5")] * len(texts), pa.decimal128(38, 18)),
        }
    )
    lines = list(focus._lines(table))
    assert [line[0] for line in lines] == [*(f"'{text}" for text in texts[:7]), "a=1", "", None]
    assert {line[1] for line in lines} == {"-1.5"}
