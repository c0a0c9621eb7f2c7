"""The statements that finance posts: nothing is left out, and they sum to the invoices."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipeline import statement
from tests.marts.warehouse import ROOT, Warehouse

OCTOBER = date(2026, 10, 1)


def make_statement(warehouse: Warehouse, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "statement", *arguments]
    env = warehouse.environment()
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def folder(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October's statements; a page of an earlier attempt is in their place before."""
    target = tmp_path_factory.mktemp("statements")
    warehouse = Warehouse.copy_of(base.path, target)
    (target / "2026-10").mkdir()
    (target / "2026-10" / "CC-GONE.html").write_text("of a cost center that is no more")
    done = make_statement(warehouse, "--month", "2026-10", "--folder", str(target))
    assert done.returncode == 0, done.stderr
    return target / "2026-10"


def test_the_files_sum_to_the_invoices_of_each_vendor(base: Warehouse, folder: Path) -> None:
    stated: Counter[str] = Counter()
    for file in folder.glob("*.csv"):
        if file.name != "index.csv":
            for row in rows_of(file):
                stated[row["vendor"]] += Decimal(row["amount_usd"])
    billed = base.rows(
        "select vendor, round(sum(marts_usd + coalesce(invoice_difference_usd, 0)), 2)"
        " from marts.fct_cost_reconciliation where month = ? group by 1",
        OCTOBER,
    )
    assert stated == dict(billed)
    ((cursor,),) = base.rows(
        "select sum(invoiced_usd) from marts.fct_cost_reconciliation"
        " where month = ? and vendor = 'cursor'",
        OCTOBER,
    )
    assert stated["cursor"] == cursor  # disputed, and still what the invoice asks


def test_each_cost_center_has_a_page_and_so_has_what_has_none(
    base: Warehouse, folder: Path
) -> None:
    index = rows_of(folder / "index.csv")
    centers = base.rows(
        "select distinct cost_center from marts.fct_statement_lines where month = ?", OCTOBER
    )
    assert {row["cost_center"] for row in index} == {name for (name,) in centers}
    assert index[-1]["cost_center"] == "unattributed"
    for row in index:
        stem = row["cost_center"].replace("unattributed", "not-attributed")
        lines = rows_of(folder / f"{stem}.csv")
        assert sum(Decimal(line["amount_usd"]) for line in lines) == Decimal(row["amount_usd"])
        assert f"{Decimal(row['amount_usd']):,.2f}" in (folder / f"{stem}.html").read_text()
    assert not (folder / "CC-GONE.html").exists()
    lines = rows_of(folder / "not-attributed.csv")
    assert "invoice_difference" in {line["line"] for line in lines}


def test_pages_refer_to_nothing_outside_and_say_what_is_not_final(
    base: Warehouse, folder: Path, tmp_path: Path
) -> None:
    pages = [page.read_text() for page in folder.glob("*.html")]
    assert not any("http" in page or "src=" in page for page in pages)
    assert not any("not final" in page for page in pages)
    assert make_statement(base, "--month", "2026-11", "--folder", str(tmp_path)).returncode == 0
    pages = [page.read_text() for page in (tmp_path / "2026-11").glob("*.html")]
    assert pages
    assert all("not final" in page for page in pages)


def test_a_later_statement_says_how_it_differs_from_what_was_written(
    base: Warehouse, tmp_path: Path
) -> None:
    warehouse = Warehouse.copy_of(base.path, tmp_path)

    def write() -> Path:
        done = make_statement(warehouse, "--month", "2026-10", "--folder", str(tmp_path))
        assert done.returncode == 0, done.stderr
        return tmp_path / "2026-10"

    def change(sql: str) -> None:
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute(sql)

    first = write()
    names = [row["cost_center"] for row in rows_of(first / "index.csv")]
    charged, gone = names[:2]
    amount = Decimal(rows_of(first / "index.csv")[0]["amount_usd"])
    log = "select cost_center, amount_usd from intermediate.statement_log order by written_at"
    assert {name for name, _ in warehouse.rows(log)} == set(names)
    # Written again without a change: nothing to say, nothing to add.
    assert not any("Differs from" in page.read_text() for page in write().glob("*.html"))
    assert len(warehouse.rows(log)) == len(names)
    change("update intermediate.statement_log set written_at = '2026-11-02 08:00:00'")
    lines = "marts.fct_statement_lines where month = '2026-10-01' and cost_center ="
    change(
        "update marts.fct_statement_lines set amount_usd = amount_usd + 12.4"
        f" where rowid = (select min(rowid) from {lines} '{charged}')"
    )
    change(f"delete from {lines} '{gone}'")
    said = (
        "Differs from what was written on 2 November 2026 by +$12.40:"
        f" it was ${statement.dollars(amount)}."
    )
    for _ in range(2):  # also when it is written once more
        pages = {page.stem: page.read_text() for page in write().glob("*.html")}
        assert [name for name, page in pages.items() if "Differs from" in page] == [charged]
        assert said in pages[charged]
        assert f"<tr><td>{gone}</td><td>2026-11-02</td>" in pages["index"]
        assert pages["index"].count("<td>2026-11-02</td>") == 2
    assert len(warehouse.rows(log)) == len(names) + 1
    # What is not over is not posted, and so not compared with.
    assert (
        make_statement(warehouse, "--month", "2026-11", "--folder", str(tmp_path)).returncode == 0
    )
    assert len(warehouse.rows(log)) == len(names) + 1


def test_a_month_of_which_cost_is_to_come_is_not_final(base: Warehouse, tmp_path: Path) -> None:
    warehouse = Warehouse.copy_of(base.path, tmp_path)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(
            "insert into marts.fct_statement_gaps values"
            " ('2026-10-01', 'cursor', 'cursor', 2, null, null),"
            " ('2026-10-01', 'google', 'google', 0, '2026-10-20', '2026-11-06');"
            "update marts.fct_cost_reconciliation set has_pending_invoice = true"
            " where month = '2026-10-01' and platform_code = 'cursor'"
        )
    done = make_statement(warehouse, "--month", "2026-10", "--folder", str(tmp_path))
    said = (
        "an invoice of cursor is a draft, or its period is not over,"
        " cursor cursor lacks 2 reports, google google is known only from 2026-10-20 on,"
        " google google reports cost of the month until 2026-11-06"
    )
    assert done.stdout.rstrip().endswith(f". Not final: {said}")
    for page in (tmp_path / "2026-10").glob("*.html"):
        assert f"These amounts are not final: {said}." in page.read_text()
    tables = warehouse.rows("select table_name from information_schema.tables")
    assert ("statement_log",) not in tables


def test_the_index_names_what_became_known_of_earlier_months(
    base: Warehouse, tmp_path: Path
) -> None:
    """A day of September that was first reported in September, and changed in October."""
    warehouse = Warehouse.copy_of(base.path, tmp_path)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(
            "update marts.fct_cost_versions set reported_at = '2026-09-20',"
            " superseded_at = '2026-10-20', reported_usd = 10"
            " where vendor = 'cursor' and window_date = '2026-09-15'"
        )
        connection.execute(
            "insert into marts.fct_cost_versions (window_date, vendor, organization, resource,"
            " load_id, version_number, records, reported_usd, reported_at, superseded_at)"
            " select window_date, vendor, organization, resource, 'later', 2, 1, 8.5,"
            " '2026-10-20', null from marts.fct_cost_versions"
            " where vendor = 'cursor' and window_date = '2026-09-15'"
        )
    assert (
        make_statement(warehouse, "--month", "2026-10", "--folder", str(tmp_path)).returncode == 0
    )
    index = (tmp_path / "2026-10" / "index.html").read_text()
    assert (
        '<tr><td>September 2026</td><td>cursor cursor</td><td class="number">1</td>'
        '<td class="number">-1.50</td></tr>'
    ) in index


def test_what_a_spreadsheet_would_run_is_text() -> None:
    assert statement.cell("=1+1") == "'=1+1"
    assert [statement.cell(f"{sign}x")[0] for sign in "+-@\t\r"] == ["'"] * 5
    assert statement.cell(Decimal("-4.5")) == "-4.50"
    assert statement.cell("CC-1") == "CC-1"


def test_files_have_names_of_their_own() -> None:
    names = statement.file_names(["R&D/AI", "r-d-ai", "index", "../x", "Ö", "unattributed"])
    assert names == {
        "R&D/AI": "R-D-AI",
        "r-d-ai": "r-d-ai-2",
        "index": "index-2",
        "../x": "x",
        "Ö": "cost-center",
        "unattributed": "not-attributed",
    }


@pytest.mark.parametrize(
    ("month", "reason"),
    [
        ("2026-13", "'2026-13' is not a month, such as 2026-10"),
        ("2020-01", "There is no statement of 2020-01: the marts hold 2026-09 to 2026-11."),
    ],
)
def test_another_month_is_refused(base: Warehouse, month: str, reason: str) -> None:
    done = make_statement(base, "--month", month)
    assert done.returncode == 2
    assert reason in done.stderr
