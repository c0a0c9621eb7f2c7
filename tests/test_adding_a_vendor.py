"""A vendor has its own folders: a made-up one is added to a copy of the project, as
docs/adding_a_vendor.md says, and its dollars are in the marts. Outside its own folders that touches
a few lines."""

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from foundation.settings import ROOT
from tools.base_company import TODAY

ROOMS = ROOT / "tests" / "parrot"
# The files outside its own folders: after which line to add what.
OUTSIDE = {
    "foundation/sources/__init__.py": [
        ("from foundation.sources.source import Source", "from foundation.sources import parrot"),
        ("    product_database.SOURCE,", "    parrot.SOURCE,"),
    ],
    "sandbox/vendors.py": [
        ("from sandbox.state import Sandbox", "from sandbox.parrot.vendor import Parrot"),
        ("    ProductDatabase,", "    Parrot,"),
    ],
    "dbt_project/dbt_project.yml": [
        (
            "    cursor: [cost_rows, cost_records, cost_versions, usage_rows, usage_times,",
            "    parrot: [cost_rows, cost_records, cost_versions]",
        )
    ],
    "dbt_project/seeds/platforms.csv": [
        (
            "cursor,Cursor,cursor,",
            "parrot,Parrot,parrot,knowledge_work,usage,false,false,false,false,false",
        )
    ],
    "dbt_project/seeds/models.csv": [
        ("claude-opus-4-8,anthropic,opus", "polly-1,parrot,polly"),
    ],
    ".env.example": [("CURSOR_API_KEY=", "PARROT_API_KEY=")],
}
DAYS = 12
FETCH = """
import os, subprocess, sys
from datetime import date
from sandbox.server import running
company = {"people": 20, "days": 30, "today": date.fromisoformat(sys.argv[1])}
company |= {"rate_limits": False, "seller_events": 100, "seller_months": 1}
with running(**company, product_database="duckdb") as sandbox:
    environment = os.environ | sandbox.env
    land = ["extract", "run", "--since", sys.argv[2], "--until", sys.argv[1]]
    build = ["pipeline", "dbt", "build", "--quiet", "--vars", f"as_of_date: {sys.argv[1]}"]
    marts = ["fct_cost_daily", "rollup_cost_ties", "fct_cost_versions", "fct_data_quality_daily"]
    build += ["--select", *[f"+{mart}" for mart in marts], "--indirect-selection", "cautious"]
    build += ["--exclude-resource-type", "unit_test"]
    for words in (land, build):
        code = subprocess.run([sys.executable, "-m", *words], env=environment).returncode
        if code:
            sys.exit(code)
"""


def test_it_touches_few_files_outside_and_no_model_above_staging():
    assert len(OUTSIDE) <= 8
    assert all(1 <= len(lines) <= 4 for lines in OUTSIDE.values())
    assert not any("/intermediate/" in file or "/marts/" in file for file in OUTSIDE)
    own = {file.relative_to(ROOMS).parts[:2] for file in ROOMS.rglob("*.*")}
    assert not any("intermediate" in parts or "marts" in parts for parts in own)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with the vendor."""
    copy = tmp_path_factory.mktemp("parrot") / "project"
    folders = ("foundation", "extract", "sandbox", "pipeline", "dbt_project")
    left_out = shutil.ignore_patterns("target", "logs", "__pycache__")
    for folder in folders:
        shutil.copytree(ROOT / folder, copy / folder, ignore=left_out)
    for file in (".env.example", "requirements.lock"):
        shutil.copy(ROOT / file, copy / file)
    shutil.copytree(ROOMS, copy, dirs_exist_ok=True, ignore=left_out)
    for name, lines in OUTSIDE.items():
        file = copy / name
        text = file.read_text().splitlines()
        for after, added in lines:
            places = [number for number, line in enumerate(text) if line.startswith(after)]
            assert len(places) == 1, f"{name}: {after}"
            text.insert(places[0] + 1, added)
        file.write_text("\n".join(text) + "\n")
    return copy


def test_its_dollars_are_in_the_marts_attributed_or_not(project: Path):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(project),
        "DUCKDB_PATH": str(project / "warehouse.duckdb"),
    }
    done = subprocess.run(
        [sys.executable, "-c", FETCH, str(TODAY), str(TODAY - timedelta(days=DAYS))],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    with duckdb.connect(str(project / "warehouse.duckdb"), read_only=True) as warehouse:

        def ask(sql):
            return warehouse.execute(sql).fetchall()

        dollar = Decimal("1.00000000000000001")
        ((days,),) = ask(
            "select count(distinct cost_date) from marts.fct_cost_daily where vendor = 'parrot'"
        )
        assert days == 12
        assert ask(
            "select attribution_method, sum(billed_cost_usd) from marts.fct_cost_daily"
            " where vendor = 'parrot' group by 1 order by 1"
        ) == [("unattributed", DAYS * dollar), ("vendor_identity", DAYS * dollar)]
        assert ask(
            "select sum(reported_usd), sum(marts_usd), count(*) from intermediate.rollup_cost_ties"
            " where vendor = 'parrot' and difference_usd = 0"
        ) == [(2 * DAYS * dollar, 2 * DAYS * dollar, DAYS)]
        ((versions,),) = ask("select count(*) from marts.fct_cost_versions where vendor = 'parrot'")
        assert versions == DAYS
        ((latest,),) = ask(
            "select max(quality_date) from marts.fct_data_quality_daily"
            " where source_name = 'parrot' and completeness = 1"
        )
        assert latest == TODAY - timedelta(days=1)
