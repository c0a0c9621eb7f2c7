"""Stopping a command stops its children too, and the exit code shows it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from foundation import stopping
from foundation.settings import ROOT
from pipeline.run import step

# A command with a child, both of which hold the pipe open that the test reads.
PARENT = """
import os, signal, sys
from foundation.processes import child
from foundation.stopping import run_command

def main():
    with child(["-c", sys.argv[1]], os.environ) as process:
        return process.wait()

run_command(main, "It")
"""
# It ends by itself if the test fails.
WAITS = "import signal; signal.alarm(30); print('ready', flush=True); signal.pause()"


@contextmanager
def started(*arguments, **variables):
    """A Python process in a session of its own, as a terminal has one."""
    # Under nohup these tests would pass on that the signal is ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ends(process):
    """Its exit code and its output, once it and all its children have ended: they hold the pipe."""
    _, said = process.communicate(timeout=20)
    return process.returncode, said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child")
def test_a_child_ends_with_a_parent_that_is_killed():
    with started("-c", PARENT, WAITS) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert ends(process) == (-signal.SIGKILL, "")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_stopped_command_stops_its_child_logs_it_once_and_exits_with_the_signals_code(
    number, code
):
    with started("-c", PARENT, WAITS) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert ends(process) == (
            code,
            f"It was stopped ({number.name}); the next run makes up for it\n",
        )


def test_ctrl_c_reaches_the_command_only_which_stops_its_child():
    """A terminal sends it to the whole process group."""
    child = f"import signal; signal.signal(2, lambda *_: print('disturbed', flush=True)); {WAITS}"
    with started("-c", PARENT, child) as process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")


def test_a_stop_that_a_library_swallows_still_counts():
    script = PARENT.replace(
        "return process.wait()",
        """
        try:
            process.wait()
        except BaseException:
            return 0
""",
    )
    with started("-c", script, WAITS) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert ends(process)[0] == 143


def test_a_child_that_does_not_stop_is_killed_with_all_that_it_started():
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN);"
    child = (
        f"import subprocess, sys; {stubborn}"
        f" subprocess.run([sys.executable, '-c', {f'{stubborn} {WAITS}'!r}])"
    )
    script = "from foundation import processes; processes.SECONDS_TO_STOP = 0.1\n" + PARENT
    with started("-c", script, child) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert ends(process)[0] == 143


def test_a_stopped_dbt_is_one_line(tmp_path):
    """A stand-in for dbt that starts at once. Like dbt it has semaphores."""
    stand_in = tmp_path / "dbt"
    stand_in.write_text(
        f"import multiprocessing as m; lock = m.get_context('spawn').Lock(); {WAITS}"
    )
    script = (
        "import sys\n"
        "from foundation import dbt, stopping\n"
        "from pipeline import __main__\n"
        f"dbt.DBT = {str(stand_in)!r}\n"
        "stopping.run_command(__main__.main, 'dbt')\n"
    )
    none = str(tmp_path / "none.duckdb")
    with started("-c", script, "dbt", "build", DUCKDB_PATH=none) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        code, said = ends(process)
    assert code == 130
    assert said.count("\n") == 1
    assert "dbt was stopped (SIGINT)" in said


def test_a_stopped_step_is_the_last_one(monkeypatch):
    """dbt swallows a KeyboardInterrupt."""
    monkeypatch.setattr(stopping, "_stopped", stopping.Stopped(signal.SIGTERM, "It"))
    with pytest.raises(stopping.Stopped), step("dbt build", {}):
        pass


@pytest.fixture
def silent_vendor():
    """A vendor that accepts a request and never answers: accept() shows that a run is fetching."""
    with socket.create_server(("127.0.0.1", 0)) as vendor:
        vendor.settimeout(30)
        yield vendor


def test_a_terminated_run_stops_in_the_middle_of_a_fetch(tmp_path, silent_vendor):
    settings = {
        "CURSOR_API_KEY": "made-up-key",
        "CURSOR_BASE_URL": f"http://127.0.0.1:{silent_vendor.getsockname()[1]}",
        "DUCKDB_PATH": str(tmp_path / "w.duckdb"),
        "TMPDIR": str(tmp_path),
    }
    with started("-m", "pipeline", "run", **settings) as process:
        asked, _ = silent_vendor.accept()
        with asked:
            process.terminate()
            code, said = ends(process)
    assert code == 143
    assert said.count("stopped") == 1
    assert "`python -m pipeline run` was stopped (SIGTERM); the next run makes up for it" in said
    assert "Traceback" not in said
