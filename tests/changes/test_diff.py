"""`make diff` from end to end: a copy of the project in which one mart was changed."""

import os
import re
import shutil
import subprocess
import sys

import duckdb
import pytest

from foundation.settings import ROOT

MART = "dbt_project/models/marts/vw_team_productivity.sql"
COST = "coalesce(costs.effective_cost_usd, 0) as allocated_cost"


@pytest.fixture
def project(tmp_path):
    """The working tree as a repository with one commit. What landed and was built for a base is
    known by its content, so it is shared with the project itself."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    for shared in ("target/cache", "target/diff/bases"):
        (ROOT / shared).mkdir(parents=True, exist_ok=True)
        (tmp_path / shared).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / shared).symlink_to(ROOT / shared)
    who = ["-c", "user.name=x", "-c", "user.email=x"]
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_changed_mart_is_the_whole_of_the_difference(project):
    text = (project / MART).read_text()
    assert COST in text
    changed = text.replace(COST, COST.replace(" as", " + cast(0.5 as decimal(2, 1)) as"))
    (project / MART).write_text(changed)
    done = subprocess.run(
        [sys.executable, "-m", "changes", "diff", "--base", "HEAD"],
        cwd=project,
        env=os.environ | {"CURSOR_API_KEY": "a secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = project / "target/diff/branch/warehouse.duckdb"
    with duckdb.connect(str(built), read_only=True) as connection:
        months = connection.execute(
            "select strftime(month, '%Y-%m'), count(*) from marts.vw_team_productivity"
            " group by 1 order by 1"
        ).fetchall()
        emails = connection.execute("select user_email from marts.dim_users").fetchall()
    rows = sum(count for _, count in months)

    report = (project / "target/diff.md").read_text()
    head, details = report.split("\n### ")
    assert "over the base company" in head
    assert "Changed models: `vw_team_productivity`.  \n" in head
    assert "Of 1 mart rebuilt, 0 stayed the same.  \n" in head
    assert (
        "Dashboards that read what differs: A person, A team, Engineering productivity.  \n" in head
    )
    assert f"| `vw_team_productivity` | {rows} | {rows} | 0 | 0 | {rows} |  |\n" in head
    # Half a dollar more for each row of a month.
    sums = re.findall(r"^\| (\S+) \| `allocated_cost` .* \| \+(\S+) \|$", details, re.MULTILINE)
    assert sums == [(month, f"{count / 2:.2f}") for month, count in months]
    assert f"`allocated_cost` in {rows} rows" in details
    assert "| `user_email` | `person 1` | `person 1` |" in details
    assert [email for (email,) in emails if "@" in email and email in report] == []
