"""A warehouse that another process has open: one sentence says which process and what to do."""

import subprocess
import sys
from unittest.mock import Mock

import pytest

from dashboards.preview import PreviewError, preview
from foundation import dbt
from foundation.settings import ROOT, load_settings
from foundation.warehouse import WarehouseError, open_file, who_holds
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


def test_a_file_that_is_not_a_warehouse_is_named(tmp_path):
    path = tmp_path / "w.duckdb"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseError, match=r"w\.duckdb cannot be opened .* DUCKDB_PATH"):
        open_file(path)
