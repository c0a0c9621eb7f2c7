"""A warehouse that cannot be used: one sentence says why, who has it and what to do."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from threading import Event, Thread
from unittest.mock import Mock

import duckdb
import pytest
from google.api_core.exceptions import BadRequest, NotFound

from bigquery_dev.googlesql import GoogleSql
from dashboards.preview import PreviewError, preview
from foundation import dbt, reservation
from foundation.reservation import HOLDER, BusyError, Lease, reserved
from foundation.settings import ROOT, load_settings
from foundation.warehouse import WarehouseError, open_file, warehouse, who_holds
from pipeline import building, run
from pipeline.alerts import telling
from pipeline.alerts.outcome import Outcome
from pipeline.run import RefusedError


@pytest.fixture(params=["writes", "reads"])
def held(request, tmp_path, monkeypatch):
    """Settings, and the process that has their warehouse open."""
    path = tmp_path / "warehouse.duckdb"
    open_file(path).close()
    monkeypatch.setenv("DUCKDB_PATH", str(path))
    monkeypatch.setenv("CURSOR_API_KEY", "made-up-key")
    code = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'reads');"
        " print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        holder.stdout.readline()
        yield load_settings(), holder


writes = pytest.mark.parametrize("held", ["writes"], indirect=True)


@pytest.mark.parametrize("arguments", ["run", "dbt build", "mf list metrics"])
def test_a_command_says_who_has_the_warehouse_and_what_to_do(held, arguments):
    settings, holder = held
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stderr
    assert done.returncode == 1
    assert printed.count("\n") == 1
    assert (
        f"{settings.duckdb_path} is in use by process {holder.pid} ({sys.executable} -c" in printed
    )
    assert f"wait until that is done or end it with `kill {holder.pid}`" in printed


@writes
def test_commands_that_need_no_warehouse_work(held, tmp_path, monkeypatch):
    settings, _ = held
    stand_in = tmp_path / "dbt"
    stand_in.write_text("")
    monkeypatch.setattr(dbt, "DBT", str(stand_in))
    assert building.call(settings, ["parse"]) == 0


@pytest.mark.parametrize(
    ("arguments", "builds"),
    [
        ("retry", True),
        ("--log-level info build --select x", True),
        ("ls --resource-type seed", False),
        ("--quiet test --exclude-resource-type snapshot", False),
    ],
)
def test_what_builds_has_the_warehouse_to_itself_and_the_last_build_is_forgotten(
    arguments, builds, tmp_path, monkeypatch
):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    stand_in = tmp_path / "dbt"
    stand_in.write_text("")
    monkeypatch.setattr(dbt, "DBT", str(stand_in))
    monkeypatch.setattr(building, "reserved", Mock(wraps=reserved))
    monkeypatch.setattr(building.finished_builds, "forget", Mock())
    assert building.call(load_settings(), arguments.split()) == 0
    assert building.reserved.called == builds
    assert building.finished_builds.forget.called == builds


@writes
def test_a_build_that_finds_the_warehouse_in_use_says_so_in_the_same_words(held):
    settings, holder = held
    with pytest.raises(WarehouseError, match=f"is in use by process {holder.pid} "):
        building.build(settings)


@writes
def test_the_preview_says_so_in_the_same_words(held, tmp_path):
    settings, holder = held
    with pytest.raises(PreviewError, match=f"is in use by process {holder.pid} "):
        preview(settings, [], tmp_path / "pages")


@writes
def test_alerts_that_cannot_be_read_or_remembered_give_no_traceback(held, monkeypatch, caplog):
    settings, _ = held
    telling.tell(settings, Outcome())
    with pytest.raises(WarehouseError) as caught:
        open_file(settings.duckdb_path)
    monkeypatch.setattr(telling, "compose", Mock(side_effect=caught.value))
    telling.tell(settings, Outcome())
    assert [record.exc_info for record in caplog.records] == [None]
    assert "is in use by process" in caplog.text


def test_an_unknown_process_is_named_as_duckdb_names_it(tmp_path):
    error = "Could not set lock: Conflicting lock is held in /bin/duckdb (PID 4194305). See also"
    assert "in use by process 4194305 (/bin/duckdb)" in who_holds(tmp_path, error)


def filled(path):
    """A warehouse with a table that takes many blocks."""
    with open_file(path) as connection:
        connection.execute("create table t as select hash(range) as a from range(200000)")
    return path.read_bytes()


def damaged(content):
    """All blocks but the headers have other bits."""
    head = 3 * 4096
    return content[:head] + bytes(byte ^ 255 for byte in content[head:])


def newer(content, path):
    """The version of the storage is one that no DuckDB has yet, and the checksum is right."""
    content = content[:12] + (9999).to_bytes(8, "little") + content[20:]
    path.write_bytes(content)
    with pytest.raises(duckdb.IOException) as error:
        duckdb.connect(path)
    checksum = int(re.search(r"computed checksum (\d+)", str(error.value))[1])
    return checksum.to_bytes(8, "little") + content[8:]


def test_a_file_of_a_newer_duckdb_is_said_to_be_one(tmp_path):
    path = tmp_path / "w.duckdb"
    path.write_bytes(newer(filled(path), path))
    sentence = "version number 9999, .*: use the version of this project that wrote it, or name"
    with pytest.raises(WarehouseError, match=sentence):
        open_file(path)


BROKEN_FILES = {
    "empty": lambda *_: b"",
    "text": lambda *_: b"no database" * 1000,
    "cut": lambda content, _: content[: len(content) // 2],
    "damaged": lambda content, _: damaged(content),
    "newer": newer,
}


@pytest.mark.parametrize("kind", BROKEN_FILES)
def test_a_file_that_is_no_warehouse_is_named_and_nothing_begins(kind, tmp_path):
    path = tmp_path / "w.duckdb"
    path.write_bytes(BROKEN_FILES[kind](filled(path), path))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run"],
        cwd=ROOT,
        env=os.environ | {"DUCKDB_PATH": str(path), "CURSOR_API_KEY": "made-up-key"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{path} cannot be opened (" in done.stderr
    assert "name another file with DUCKDB_PATH" in done.stderr
    assert done.stdout == ""


def test_a_file_that_turns_out_to_be_damaged_gives_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "w.duckdb"
    content = bytearray(filled(path))
    middle = len(content) // 4
    content[middle : middle + 100_000] = b"x" * 100_000
    path.write_bytes(content)
    monkeypatch.setenv("DUCKDB_PATH", str(path))
    with (
        warehouse(load_settings()) as ask,
        pytest.raises(WarehouseError, match=r"w\.duckdb cannot be read or written \(.*damaged"),
    ):
        ask("select sum(a) from t")


def cursor_run(file, first="", **settings):
    """`python -m extract run --source cursor` of a small company, after the code in `first`."""
    code = (
        f"import os, sys; {first}\n"
        "from sandbox.server import running; import extract.command\n"
        "with running(people=20, days=20, rate_limits=False) as company:\n"
        "    os.environ.update(company.env)\n"
        "    sys.exit(extract.command.main(['run', '--source', 'cursor']))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DUCKDB_PATH": str(file)} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_gives_a_sentence_and_the_run_ends(tmp_path):
    """The limit on the size of files stands in for the disk."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))"
    done = cursor_run(tmp_path / "w.duckdb", limit, LOG_LEVEL="ERROR")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "if the disk is full, make room" in done.stderr


def test_too_little_memory_is_a_sentence_of_its_source(tmp_path):
    done = cursor_run(tmp_path / "w.duckdb", DUCKDB_MEMORY_LIMIT="2MB")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "nothing from this run landed: DuckDB has too little memory" in done.stdout + done.stderr
    assert "set DUCKDB_MEMORY_LIMIT to more" in done.stdout + done.stderr


@pytest.mark.parametrize("place", ["/proc/no/w.duckdb", "/dev/null/w.duckdb"])
def test_a_place_that_cannot_be_written_is_named(place, monkeypatch):
    monkeypatch.setenv("DUCKDB_PATH", place)
    settings = load_settings()
    with pytest.raises(WarehouseError, match="cannot be opened"):
        open_file(settings.duckdb_path)
    with pytest.raises(WarehouseError, match="cannot be written"), reserved(settings):
        pass


def test_only_its_owner_may_read_a_warehouse(tmp_path):
    path = tmp_path / "data" / "w.duckdb"
    open_file(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    open_file(path).close()
    # Who shares it on purpose may.
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_a_run_leaves_behind_is_its_owners(tmp_path):
    """Also the log beside the file, which is there until DuckDB closes it, or after a kill."""
    path = tmp_path / "data" / "w.duckdb"
    code = (
        "import runpy, sys, duckdb\n"
        "from unittest.mock import patch\n"
        "def main():\n"
        "    held = duckdb.connect(sys.argv[1])\n"
        "    held.execute('create table t as select 1')\n"
        "    print(1, flush=True)\n"
        "    input()\n"
        "with patch('foundation.stopping.run_command', lambda *_: main()), "
        "patch('argparse.ArgumentParser.parse_args', lambda _: main()):\n"
        "    runpy.run_module(sys.argv[2], run_name='__main__')"
    )
    for module in ("pipeline", "extract", "changes", "dashboards"):
        path = tmp_path / module
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path), module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            process.stdout.readline()
            modes = {
                file.suffix: file.stat().st_mode & 0o777 for file in tmp_path.glob(f"{module}*")
            }
            process.kill()
        assert modes == {"": 0o600, ".wal": 0o600}


def test_a_file_that_everybody_can_read_is_named(tmp_path, monkeypatch, caplog):
    path = tmp_path / "w.duckdb"
    key = tmp_path / "key.json"
    for file in (path, key):
        file.touch(0o600)
    monkeypatch.setenv("DUCKDB_PATH", str(path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    settings = load_settings()
    mine = settings.open_to_everybody()
    assert not {path, key} & set(mine)
    path.chmod(0o640)
    assert settings.open_to_everybody() == mine
    path.chmod(0o644)
    key.chmod(0o604)
    assert {path, key} <= set(settings.open_to_everybody())
    monkeypatch.setattr(run, "refuse_mixture", Mock(side_effect=RefusedError))
    path.unlink()
    with pytest.raises(RefusedError):
        run.run(settings)
    assert f"Everybody on this machine can read {key}: run `chmod 600 {key}`" in caplog.text


# --- two runs at once ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "pipeline run",
        "extract run",
        "pipeline erase --email a@example.com --by me",
        "pipeline dbt build --full-refresh",
    ],
)
def test_the_second_of_two_runs_says_who_runs_and_ends_with_its_own_code(
    command, tmp_path, monkeypatch
):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("CURSOR_API_KEY", "made-up-key")
    settings = load_settings()
    with reserved(settings):
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            cwd=ROOT,
            # It is no child of that run.
            env=os.environ | {HOLDER: ""},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert f"(process {os.getpid()} on {socket.gethostname()}, since 20" in done.stderr
    with reserved(settings):
        pass


def test_a_run_that_was_killed_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    settings = load_settings()
    code = (
        "from foundation.settings import load_settings\n"
        "from foundation.reservation import reserved\n"
        "with reserved(load_settings()): print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(BusyError, match=f"process {other.pid} on "), reserved(settings):
            pass
        other.kill()
    with reserved(settings), reserved(settings):
        written = json.loads((tmp_path / "w.duckdb.lock").read_text())
    assert written["pid"] == os.getpid()


def test_a_child_of_a_run_uses_what_the_run_has_reserved(tmp_path, monkeypatch):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    settings = load_settings()
    code = (
        "from foundation.settings import load_settings\n"
        "from foundation.reservation import reserved\n"
        "with reserved(load_settings()): print('in')"
    )
    with reserved(settings):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.stdout == "in\n", done.stderr
    assert HOLDER not in os.environ


# --- two runs at once, on BigQuery ----------------------------------------------------------------


class FakeBigQuery:
    """Runs the statements on DuckDB, and answers as a client of BigQuery would."""

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        self.asked, self.fails = [], None

    def create_dataset(self, name, exists_ok):
        assert exists_ok
        self.connection.execute(f"create schema {name}")

    def query_and_wait(self, sql):
        self.asked.append(sql)
        if self.fails and sql.startswith("update"):
            raise self.fails
        try:
            result = self.connection.cursor().execute(sql)
        except duckdb.CatalogException as error:
            raise NotFound(str(error)) from error
        names = [column[0] for column in result.description]
        return Rows(dict(zip(names, row, strict=True)) for row in result.fetchall())


class Rows(list):
    @property
    def num_dml_affected_rows(self):
        return self[0]["Count"]


@pytest.fixture
def google():
    return FakeBigQuery()


def lease(google):
    return Lease(google, "acme_intermediate.run_lease")


def test_on_bigquery_the_second_run_says_who_runs_until_the_first_is_done(google):
    first, second = lease(google), lease(google)
    first.take()
    with pytest.raises(BusyError, match=rf"\(process {os.getpid()} on .* if it was killed, until"):
        second.take()
    second.release()
    with pytest.raises(BusyError):
        second.take()
    first.release()
    second.take()


def test_a_lease_of_a_run_that_was_killed_expires(google):
    lease(google).take()
    google.connection.execute(
        "update acme_intermediate.run_lease set expires_at = expires_at - interval 6 minute"
    )
    lease(google).take()


def test_a_task_that_cloud_run_starts_again_goes_on_at_once(google, monkeypatch):
    monkeypatch.setenv("CLOUD_RUN_EXECUTION", "ai-spend-x7k2p")
    lease(google).take()
    lease(google).take()
    monkeypatch.setenv("CLOUD_RUN_EXECUTION", "ai-spend-other")
    with pytest.raises(BusyError):
        lease(google).take()


def test_of_two_updates_at_once_the_one_that_fails_gives_way(google):
    first, second = lease(google), lease(google)
    first.take()
    google.fails = BadRequest("Could not serialize access to table due to concurrent update")
    with pytest.raises(BusyError, match=f"process {os.getpid()} on "):
        second.take()
    google.fails = BadRequest("Syntax error")
    with pytest.raises(BadRequest):
        second.take()


def test_a_lease_is_renewed_while_the_run_works_and_lost_if_somebody_took_it(
    google, monkeypatch, caplog
):
    monkeypatch.setattr(reservation, "RENEWAL_SECONDS", 0.01)
    stopped = Event()
    monkeypatch.setattr(reservation.os, "kill", lambda *_: stopped.set())
    mine, is_over = lease(google), Event()
    mine.take()
    google.fails = ConnectionError("no network")
    thread = Thread(target=mine.renew_until, args=(is_over,), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while "could not be renewed: no network" not in caplog.text:
        assert time.monotonic() < deadline
    google.fails = None
    before = len(google.asked)
    while len(google.asked) < before + 3:
        assert time.monotonic() < deadline
    assert not stopped.is_set()
    google.connection.cursor().execute("update acme_intermediate.run_lease set holder = 'other'")
    assert stopped.wait(10)
    assert "Another run has taken the warehouse" in caplog.text
    is_over.set()
    thread.join(10)


def test_what_a_lease_asks_is_valid_on_bigquery(google):
    mine, other = lease(google), lease(google)
    mine.take()
    with pytest.raises(BusyError):
        other.take()
    mine.release()
    analyzer = GoogleSql()
    columns = {"holder": "STRING", "who": "STRING", "expires_at": "TIMESTAMP"}
    analyzer.add_table("acme_intermediate.run_lease", columns)
    for sql in google.asked:
        analyzer.analyze(sql)


@pytest.fixture
def on_bigquery(google, monkeypatch):
    for name, value in {
        "TARGET": "bigquery",
        "GOOGLE_CLOUD_PROJECT": "acme",
        "BIGQUERY_DATASET": "acme",
        "BIGQUERY_LOCATION": "EU",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(reservation, "bigquery_client", lambda *_: google)
    return load_settings()


def test_a_run_on_bigquery_takes_the_lease_and_gives_it_back(google, on_bigquery):
    with reserved(on_bigquery), pytest.raises(BusyError):
        lease(google).take()
    lease(google).take()


def test_datasets_in_another_location_are_a_sentence(google, on_bigquery, monkeypatch):
    # It is there, so it is not made, and statements of this location do not find it.
    monkeypatch.setattr(google, "create_dataset", Mock())
    said = "another location than BIGQUERY_LOCATION, EU, or there is no project"
    with pytest.raises(WarehouseError, match=said), reserved(on_bigquery):
        pass
