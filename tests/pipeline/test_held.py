"""A warehouse that cannot be used: one sentence says why, who has it and what to do."""

import json
import os
import socket
import subprocess
import sys
from unittest.mock import Mock

import pytest

from dashboards.preview import PreviewError, preview
from foundation import dbt
from foundation.settings import ROOT, load_settings
from foundation.warehouse import (
    BusyError,
    WarehouseError,
    open_file,
    reserved,
    warehouse,
    who_holds,
)
from pipeline import building
from pipeline.alerts import telling
from pipeline.alerts.outcome import Outcome


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


BROKEN_FILES = {
    "empty": lambda _: b"",
    "text": lambda _: b"no database" * 1000,
    "cut": lambda content: content[: len(content) // 2],
    "damaged": damaged,
    "newer": lambda content: content[:12] + (9999).to_bytes(8, "little") + content[20:],
}


@pytest.mark.parametrize("kind", BROKEN_FILES)
def test_a_file_that_is_no_warehouse_is_named_and_nothing_begins(kind, tmp_path):
    path = tmp_path / "w.duckdb"
    path.write_bytes(BROKEN_FILES[kind](filled(path)))
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


def test_a_full_disk_gives_a_sentence_and_the_run_ends(tmp_path):
    """The limit on the size of files stands in for the disk."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from sandbox.server import running; import os, extract.command\n"
        "with running(people=20, days=20, rate_limits=False) as company:\n"
        "    os.environ.update(company.env)\n"
        "    sys.exit(extract.command.main(['run', '--source', 'cursor']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DUCKDB_PATH": str(tmp_path / "w.duckdb"), "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "if the disk is full, make room" in done.stderr


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


# --- two runs at once ----------------------------------------------------------------------------


def test_the_second_of_two_runs_says_who_runs_and_ends_with_its_own_code(tmp_path, monkeypatch):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("CURSOR_API_KEY", "made-up-key")
    settings = load_settings()
    with reserved(settings):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run"],
            cwd=ROOT,
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
        "from foundation.settings import load_settings; from foundation.warehouse import reserved\n"
        "with reserved(load_settings()): print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(BusyError, match=f"process {other.pid} on "), reserved(settings):
            pass
        other.kill()
    with reserved(settings):
        written = json.loads((tmp_path / "w.duckdb.lock").read_text())
    assert written["pid"] == os.getpid()
