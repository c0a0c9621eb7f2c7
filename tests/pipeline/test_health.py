"""The log of runs, what `python -m pipeline health` says about it, and the heartbeat."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import duckdb
import httpx
import pytest
from pydantic import SecretStr

from extract.report import ResourceReport, RunReport, SourceReport
from foundation.settings import ROOT, Settings, load_settings
from pipeline import health, heartbeat, run_log
from pipeline.alerts.outcome import Outcome
from pipeline.building import Build
from tests.marts.warehouse import Warehouse

STARTED = datetime(2026, 11, 21, 14, tzinfo=UTC)
SOON = STARTED + timedelta(minutes=30)


@pytest.fixture
def warehouse(base: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    copy = Warehouse.copy_of(base.path, tmp_path / "copy")
    monkeypatch.setenv("DUCKDB_PATH", str(copy.path))
    return copy


def outcome(**changes: object) -> Outcome:
    part = ResourceReport(resource="usage_events", organization="main", landed=7)
    made = Outcome(
        run_id="20261121-140000-ab12",
        started_at=STARTED,
        extracted=RunReport(str(STARTED), None, "2026-11-21", sources=[SourceReport("cursor")]),
        build=Build(Counter(success=3, warn=1), warnings=["a test: found 2"], bytes_billed=2**40),
        seconds={"extract": 1.25, "dbt build": 2.5, "run": 4.0},
    )
    assert made.extracted
    made.extracted.sources[0].resources.append(part)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def do(warehouse: Warehouse, statement: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(statement)


def ill(settings: Settings, now: datetime = SOON) -> dict[str, str]:
    return {check.name: check.found for check in health.look(settings, now) if not check.is_well}


def test_a_run_is_in_the_marts_with_what_it_brought_and_cost(warehouse: Warehouse) -> None:
    run_log.write(load_settings(), outcome())
    seconds = (Decimal("1.2"), Decimal("2.5"), None, Decimal("4.0"))
    assert warehouse.rows(
        "select run_id, is_successful, failures, warnings, records_landed, nodes_built,"
        " extract_seconds, build_seconds, preview_seconds, run_seconds, query_cost_usd"
        " from marts.pipeline_runs"
    ) == [
        ("20261121-140000-ab12", True, 0, 1, 7, 4, *seconds, Decimal("6.25")),
    ]


def test_a_run_that_broke_off_is_logged_too(warehouse: Warehouse) -> None:
    broken = Outcome(run_id="a", exit_code=1, broken=RuntimeError("it's broken"))
    run_log.write(load_settings(), broken)
    assert warehouse.rows(
        "select is_successful, failures, records_landed, nodes_built from marts.pipeline_runs"
    ) == [(False, 1, None, None)]


def test_a_run_is_not_lost_over_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "warehouse.duckdb"
    monkeypatch.setenv("DUCKDB_PATH", str(path))
    run_log.write(load_settings(), outcome())
    path.write_text("this is no database")
    run_log.write(load_settings(), outcome())
    assert "could not be logged" in caplog.text


def test_all_is_well_after_a_run_and_not_a_day_later(warehouse: Warehouse) -> None:
    settings = load_settings()
    assert ill(settings).keys() == {"run"}
    run_log.write(settings, outcome())
    looked = {check.name: check.found for check in health.look(settings, SOON)}
    assert looked["warehouse"] == str(warehouse.path)
    names = looked.keys()
    assert {"run", "cursor is fresh", "ties to the vendors", "reports of the week"} <= names
    later = ill(settings, STARTED + timedelta(hours=26))
    assert later["run"] == "the last one, 20261121-140000-ab12, began 26.0 hours ago: went well"
    assert "cursor is fresh" in later


def test_the_marts_are_enough(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    run_log.write(settings, outcome())
    asked = set()
    dataset = Settings.dataset

    def recorded(self: Settings, schema: str) -> str:
        asked.add(schema)
        return dataset(self, schema)

    monkeypatch.setattr(Settings, "dataset", recorded)
    assert ill(settings) == {}
    assert asked == {"marts"}


def test_a_run_on_the_sample_company_says_so(warehouse: Warehouse) -> None:
    run_log.write(load_settings(), outcome(is_sample=True))
    (run,) = (check for check in health.look(load_settings(), SOON) if check.name == "run")
    assert run.found.endswith("went well, on the sample company")


def test_what_a_run_could_not_do_is_ill(warehouse: Warehouse) -> None:
    settings = load_settings()
    run_log.write(settings, outcome(exit_code=1, extract_code=1))
    assert ill(settings)["run"].endswith("1 failure")
    do(
        warehouse,
        "create or replace view marts.rpt_cost_ties as select 'cursor' as vendor,"
        " 'main' as organization, 2 as differing_days, -1.5::decimal(38, 18) as difference_usd",
    )
    assert ill(settings)["ties to the vendors"] == "cursor main -$1.50 on 2 days"
    do(warehouse, "drop view marts.rpt_cost_ties")
    assert ill(settings)["ties"] == "not built yet: `make run` does it"


def test_only_configured_sources_are_judged(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURSOR_API_KEY", "k")
    names = [check.name for check in health.look(load_settings(), SOON)]
    assert [name for name in names if name.endswith("fresh")] == ["cursor is fresh"]


@pytest.mark.parametrize(
    ("answer", "is_well", "found"),
    [
        (httpx.Response(200, json={"status": "ok"}), True, "HTTP 200, ok"),
        (
            httpx.Response(503, json={"status": "Unable to get app-db connection"}),
            False,
            "HTTP 503, Unable to get app-db connection",
        ),
        (httpx.Response(200, text="<html>a sign-in page"), False, "no answer (JSONDecodeError)"),
    ],
)
def test_metabase_is_asked_for_its_own_health(
    answer: httpx.Response,
    is_well: bool,
    found: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    monkeypatch.setattr(httpx, "get", lambda url, **_: (asked.append(url), answer)[1])
    monkeypatch.setenv("METABASE_URL", "https://metabase.example.com/")
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "none.duckdb"))
    *_, check = health.look(load_settings(), SOON)
    assert check == health.Check("Metabase", is_well, found)
    assert asked == ["https://metabase.example.com/api/health"]


def test_a_monitor_gets_json_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "none.duckdb"))
    assert health.show(load_settings(), as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert not said["is_well"]
    (check,) = said["checks"]
    assert "there is no" in check["found"]


def test_the_heartbeat_is_asked_again_and_its_address_never_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [httpx.Response(503), httpx.Response(200)]
    monkeypatch.setattr(httpx, "get", lambda *_, **__: answers.pop(0))
    monkeypatch.setattr("time.sleep", lambda _: None)
    heartbeat.send(SecretStr("https://example.com/hush"))
    assert not answers
    monkeypatch.setattr(httpx, "get", lambda *_, **__: httpx.Response(404))
    heartbeat.send(SecretStr("https://example.com/hush"))
    heartbeat.send(SecretStr("not an address, hush"))
    assert "HEARTBEAT_URL did not answer: HTTP 404" in caplog.text
    assert "hush" not in caplog.text


def test_a_heartbeat_that_never_answers_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    never = Event()
    monkeypatch.setattr(httpx, "get", lambda *_, **__: never.wait(10))
    monkeypatch.setattr(heartbeat, "MAX_SECONDS", 0.05)
    heartbeat.send(SecretStr("https://example.com/hush"))
    assert "HEARTBEAT_URL did not answer: no answer in 0.05 s" in caplog.text
    never.set()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 minutes"), (1, "1 minute"), (2, "2 minutes"), (150, "2.5 hours"), (4320, "3 days")],
)
def test_an_age_is_said_in_words(minutes: int, words: str) -> None:
    assert health._ago(timedelta(minutes=minutes)) == f"{words} ago"


class Forbidden(BaseHTTPRequestHandler):
    """BigQuery, of which the account may do nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def do_GET(self) -> None:
        body = b'{"error": {"code": 403, "message": "Access Denied: no jobs.create"}}'
        self.send_response(403)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Forbidden) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for name, value in {
            "TARGET": "bigquery",
            "GOOGLE_CLOUD_PROJECT": "acme",
            "BIGQUERY_DATASET": "acme",
            "BIGQUERY_LOCATION": "EU",
            "BIGQUERY_API_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "CURSOR_API_KEY": "made-up-key",
        }.items():
            monkeypatch.setenv(name, value)
        yield
        server.shutdown()


def test_what_google_refuses_is_ill_and_the_rest_is_still_looked_at(forbidden: None) -> None:
    found = {check.name: check for check in health.look(load_settings(), SOON)}
    assert found.pop("warehouse").found == "acme.acme_… on BigQuery"
    assert found.keys() == {"run", "freshness", "ties", "completeness"}
    for check in found.values():
        assert not check.is_well
        assert "BigQuery refuses or does not answer" in check.found
        assert "Access Denied: no jobs.create" in check.found


def test_a_run_that_google_refuses_says_so_in_one_line(forbidden: None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "Access Denied: no jobs.create" in line
    assert "docs/bigquery.md lists the roles" in line
