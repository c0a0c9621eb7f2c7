"""`python -m extract`: what it prints, what it writes, how it exits."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extract.command import main
from extract.report import RunReport
from sandbox.server import Running

TODAY = datetime.now(UTC).date()
YESTERDAY = str(TODAY - timedelta(days=1))
# On some Sundays nobody of a small company works.
LAST_WEEKDAY = TODAY - timedelta(days={0: 3, 6: 2}.get(TODAY.weekday(), 1))


@pytest.fixture
def environment(
    company: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    for name, value in {**company.env, "DUCKDB_PATH": str(tmp_path / "w.duckdb")}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_run_reports_what_arrived_and_writes_the_report(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("GOOGLE_SHEETS_ID", "")
    file = tmp_path / "reports" / "run.json"
    days = ["--since", str(LAST_WEEKDAY), "--until", str(LAST_WEEKDAY + timedelta(days=1))]
    assert main(["run", *days, "--report", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "cursor/usage_events" in printed
    assert "google_sheets: not configured: set GOOGLE_SHEETS_ID or SHEETS_DIR" in printed
    report = RunReport.read(file)
    assert report.exit_code == 0
    statuses = {one.source: one.status for one in report.sources}
    assert statuses["anthropic"] == statuses["cursor"] == "ok"
    assert statuses["salesforce"] == statuses["google_sheets"] == "not configured"
    [events] = [one for one in report.sources[1].resources if one.resource == "usage_events"]
    assert events.windows == events.changed == 1
    assert events.records == events.landed > 0


def test_the_report_is_read_without_importing_the_extraction() -> None:
    code = "import sys, extract.report; print({'dlt', 'extract.run'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_file_that_is_not_a_report_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "extract.json"
    file.write_text('{"sources": [{"source": "cursor", "status": "splendid"}]}')
    with pytest.raises(ValueError, match=r"(?s)RunReport.*status.*'ok'"):
        RunReport.read(file)


def test_missing_data_is_reported_at_the_end_and_in_the_exit_code(
    company: Running, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    company.control({"faults": [{"match": "/teams/spend", "kind": "500", "times": None}]})
    assert main(["run", "--source", "cursor", "--since", YESTERDAY]) == 1
    printed = capsys.readouterr().out
    assert f"error: cursor cursor/spend: {TODAY}: HTTP 500" in printed
    assert "run again later" in printed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "2026-02-02", "--until", "2026-02-01"], "must be before --until"),
        (["--since", str(TODAY)], "must be before --until"),
        (["--until", str(TODAY + timedelta(days=1))], "it is exclusive"),
    ],
)
def test_days_in_the_wrong_order_are_refused(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: str,
) -> None:
    assert main(["run", *arguments]) == 2
    assert expected in capsys.readouterr().err


def test_after_midnight_the_day_is_that_on_which_the_run_began(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("RUN_DAY", YESTERDAY)
    assert main(["run", "--until", str(TODAY)]) == 2
    assert f"is after {YESTERDAY}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run", "--source", "nobody"], ["run", "--since", "x"], []])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_wrong_settings_exit_with_2(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("EXTRACT_SINCE", "yesterday")
    assert main(["run"]) == 2
    assert "EXTRACT_SINCE: must be a day" in capsys.readouterr().err


def test_a_warehouse_that_is_not_named_is_not_guessed(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("TARGET", "bigquery")
    environment.setenv("GOOGLE_CLOUD_PROJECT", "project")
    assert main(["run"]) == 2
    expected = "TARGET=bigquery needs BIGQUERY_DATASET, BIGQUERY_LOCATION"
    assert expected in capsys.readouterr().err


def test_a_source_that_is_asked_for_but_not_configured_is_incomplete(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("CURSOR_API_KEY", "")
    asked = ["--source", "cursor", "--source", "google_sheets"]
    assert main(["run", *asked, "--since", YESTERDAY]) == 1
    assert "cursor: not configured: set CURSOR_API_KEY" in capsys.readouterr().out


def test_check_tries_each_credential_and_moves_no_data(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("COLUMNS", "160")
    assert main(["check"]) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert {
        "console/users good whose the ids of people are",
        "enterprise/users not readable whose the ids of people are",
        # A run does not ask for it while the analytics can be read.
        "enterprise/cost_report not readable cost of days without analytics",
        "cursor/usage_events good cost and tokens of each use",
        "sheets/seat_plans good What a seat costs",
        "note: salesforce: not configured: set SALESFORCE_INSTANCE_URL",
    } <= set(printed)
    environment.setenv("CURSOR_API_KEY", "key_mistyped")
    environment.setenv("ANTHROPIC_ENTERPRISE_KEY", "")
    environment.setenv("GOOGLE_SHEETS_ID", "")
    assert main(["check"]) == 1
    printed = capsys.readouterr().out
    assert "cursor cursor/members: HTTP 401: Unauthorized: Invalid API key" in printed
    assert "google_sheets: not configured" in printed
    assert "key_mistyped" not in printed
    assert not (tmp_path / "w.duckdb").exists()


def test_check_without_any_source_exits_with_2() -> None:
    assert main(["check"]) == 2


def test_the_command_writes_nothing_at_home(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-m", "extract", "run", "--source", "cursor", "--since", YESTERDAY]
    done = subprocess.run(
        command, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=True
    )
    assert "cursor/usage_events: ok, 1 windows" in done.stderr
    assert list(home.iterdir()) == []


def test_a_stopped_run_ends_at_once_and_removes_what_a_killed_one_left(
    tmp_path: Path,
) -> None:
    """A vendor that takes a question and never answers: accept() says that a run fetches."""
    with socket.create_server(("127.0.0.1", 0)) as vendor:
        vendor.settimeout(30)
        environment = {
            **os.environ,
            "CURSOR_API_KEY": "made-up-key",
            "CURSOR_BASE_URL": f"http://127.0.0.1:{vendor.getsockname()[1]}",
            "DUCKDB_PATH": str(tmp_path / "w.duckdb"),
            "TMPDIR": str(tmp_path),
        }
        left = []
        for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
            process = subprocess.Popen(
                [sys.executable, "-m", "extract", "run", "--source", "cursor"],
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
            )
            asked, _ = vendor.accept()
            with asked:
                process.send_signal(number)
                _, printed = process.communicate(timeout=20)
            assert process.returncode == code
            left.append(set(tmp_path.glob("ai-spend-*")))
    killed, stopped = left
    assert len(killed) == len(stopped) == 1
    assert killed != stopped
    assert "was stopped (SIGINT); the next run makes up for it" in printed
    assert "Traceback" not in printed


def test_a_program_that_has_the_file_open_is_named_with_what_to_do(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "w.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert main(["run", "--source", "cursor"]) == 1
        holder.communicate(b"\n")
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.count("\n") == 1
    assert f"is in use by process {holder.pid} ({sys.executable} -c" in printed.err
    assert f"end it with `kill {holder.pid}`" in printed.err
