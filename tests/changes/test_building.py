"""Where the two sides come from, and the errors if there are none."""

import os
import subprocess
import sys
from datetime import date

import duckdb
import pytest

from changes import __main__ as command
from changes import building
from changes.__main__ import main
from changes.building import BuildError
from foundation import dbt
from foundation.settings import Settings
from tests.changes.files import warehouse

BUILT = [
    "create schema intermediate",
    "create table intermediate.completed_runs (as_of_date date)",
    "insert into intermediate.completed_runs values ('2026-11-19'), ('2026-11-20')",
]
RAW = [
    "create schema raw_cursor",
    "create table raw_cursor.events (id int, payload text)",
    "insert into raw_cursor.events values (1, 'a'), (2, 'b')",
]


def git(folder, *arguments):
    names = {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | names, check=True, capture_output=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of three commits: `main` went on after `branch`, which is checked out."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    git(folder, "checkout", "--quiet", "-b", "branch")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "of the branch")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "of others")
    git(folder, "checkout", "--quiet", "branch")
    monkeypatch.setattr(building, "ROOT", folder)
    return folder


def test_the_base_is_where_the_branch_left(repository):
    assert building.merge_base("main") == git(repository, "rev-parse", "main~1")


def test_a_branch_that_only_the_server_has_is_found(repository):
    git(repository, "update-ref", "refs/remotes/origin/theirs", "main~1")
    assert building.merge_base("theirs") == git(repository, "rev-parse", "main~1")


def test_a_base_that_git_does_not_know(repository):
    with pytest.raises(BuildError, match=r"no commit nowhere: fetch it .*make diff BASE="):
        building.merge_base("nowhere")


def test_a_base_without_a_common_commit(repository):
    git(repository, "checkout", "--quiet", "--orphan", "other")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "unrelated")
    with pytest.raises(BuildError, match="no commit in common"):
        building.merge_base("main")


def test_only_dbt_project_is_compared_with_all_that_is_not_committed(repository):
    model = repository / "dbt_project" / "model.sql"
    (repository / "README.md").write_text("new")
    assert not building.is_touched("HEAD")
    model.parent.mkdir()
    model.write_text("select 1")
    assert building.is_touched("HEAD")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "a model")
    assert not building.is_touched("HEAD")
    assert building.is_touched("main")
    model.write_text("select 2")
    assert building.is_touched("HEAD")


def test_the_day_is_that_of_the_newest_build(tmp_path):
    assert building.last_build(warehouse(tmp_path / "a", BUILT)) == date(2026, 11, 20)


@pytest.mark.parametrize("statements", [[], BUILT[:2]], ids=["no completed_runs", "an empty one"])
def test_a_warehouse_that_was_never_built(tmp_path, statements):
    with pytest.raises(BuildError, match=r"No run was ever completed in .*: run `make run` first"):
        building.last_build(warehouse(tmp_path / "a", statements))


def test_try_without_a_warehouse(tmp_path, monkeypatch, capsys):
    path = tmp_path / "warehouse.duckdb"
    command = ["changes", "try", "--models", "fct_cost_daily", "--warehouse", str(path)]
    monkeypatch.setattr(sys, "argv", command)
    assert main() == 2
    assert capsys.readouterr().err == f"There is no warehouse {path}: run `make run` first.\n"


@pytest.mark.parametrize("what", ["try --warehouse", "diff --base nonsuch --warehouse"])
def test_the_memory_of_a_real_warehouse_is_what_env_says(tmp_path, monkeypatch, what):
    settings = Settings(_env_file=None, duckdb_memory_limit="3GB")
    monkeypatch.setattr(command, "load_settings", lambda: settings)
    monkeypatch.setenv("DUCKDB_MEMORY_LIMIT", "1GB")
    monkeypatch.setattr(sys, "argv", ["changes", *what.split(), str(tmp_path / "w.duckdb")])
    assert main() == 2
    environment = dbt.environment(dbt.on_duckdb(tmp_path / "w.duckdb"))
    assert environment["DUCKDB_MEMORY_LIMIT"] == "3GB"


def test_a_warehouse_that_another_process_has_open(tmp_path):
    path = warehouse(tmp_path / "a", BUILT)
    code = f"import duckdb; held = duckdb.connect({str(path)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        with pytest.raises(BuildError, match=r"Another process is using .*warehouse\.duckdb"):
            building.last_build(path)
        process.stdin.close()


def test_a_file_that_is_not_a_warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_text("no database")
    with pytest.raises(BuildError, match="cannot be read"):
        building.last_build(path)


def test_raw_data_are_identified_by_their_content(tmp_path):
    def fingerprint(name, *statements):
        return building._fingerprint(warehouse(tmp_path / name, [*RAW, *statements]))

    first = fingerprint("first")
    # The same rows in another order, in a file that holds marts as well.
    again = [
        "delete from raw_cursor.events where id = 1",
        "insert into raw_cursor.events values (1, 'a')",
    ]
    assert fingerprint("again", *again, "create table marts.costs (id int)") == first
    changes = [
        "update raw_cursor.events set payload = 'c' where id = 1",
        "update raw_cursor.events set payload = 'c' where id = 2",
        "insert into raw_cursor.events values (2, 'b')",
        "alter table raw_cursor.events rename payload to content",
        "create table raw_cursor.more (id int)",
    ]
    others = [fingerprint(str(number), change) for number, change in enumerate(changes)]
    assert len({first, *others}) == 6


def test_a_warehouse_without_raw_data(tmp_path):
    with pytest.raises(BuildError, match="holds no raw data"):
        building._fingerprint(warehouse(tmp_path / "a", []))


def test_only_raw_schemas_are_copied(tmp_path):
    path = warehouse(tmp_path / "a", [*RAW, "create table marts.costs (id int)"])
    building._copy_raw(path, tmp_path / "copy.duckdb")
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as connection:
        tables = connection.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables()"
        ).fetchall()
    assert tables == [("raw_cursor", "events", 2)]
