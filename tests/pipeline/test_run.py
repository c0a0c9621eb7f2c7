"""When a run refuses to start, what it leaves behind, and what its exit code says."""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal
from io import StringIO
from types import SimpleNamespace

import duckdb
import psutil
import pytest
from rich.console import Console

from extract.report import ResourceReport, RunReport, SourceReport
from foundation import dbt, processes
from foundation.settings import ROOT, SECRETS, load_settings
from pipeline import building, report, run, words
from pipeline.alerts.outcome import Outcome


def make_run(**variables):
    """`python -m pipeline run` with these settings only."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "run"],
        cwd=ROOT,
        env=os.environ | {"CI": ""} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_configured_on_bigquery_is_refused_and_everything_missing_is_named():
    result = make_run(TARGET="bigquery")
    assert result.returncode == 2
    for name in """
        GOOGLE_CLOUD_PROJECT BIGQUERY_DATASET BIGQUERY_LOCATION ANTHROPIC_ADMIN_KEY
        ANTHROPIC_ENTERPRISE_KEY CURSOR_API_KEY GOOGLE_SHEETS_ID SHEETS_DIR
    """.split():
        assert name in result.stderr


def test_nothing_configured_in_ci_is_refused(tmp_path):
    result = make_run(CI="true", DUCKDB_PATH=str(tmp_path / "w.duckdb"))
    assert result.returncode == 2
    assert "CI=true" in result.stderr
    assert "CURSOR_API_KEY" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_wrong_setting_is_refused_before_anything_happens():
    result = make_run(TARGET="postgres")
    assert result.returncode == 2
    assert result.stderr.strip() == "TARGET: Input should be 'duckdb' or 'bigquery'"


def test_days_on_the_command_line_are_checked_like_the_settings():
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", "--since", "2026-02-01", "--until", "2026-01-01"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "EXTRACT_SINCE (2026-02-01) must be before EXTRACT_UNTIL" in result.stderr


@pytest.fixture
def holding(tmp_path, monkeypatch):
    """Settings with a warehouse that holds answers from an address."""

    def make(base_url, **variables):
        path = tmp_path / "warehouse.duckdb"
        with duckdb.connect(path) as connection:
            connection.execute("create schema raw_cursor")
            connection.execute("create table raw_cursor.extractions (base_url text)")
            connection.execute("insert into raw_cursor.extractions values (?)", [base_url])
        for name, value in {"DUCKDB_PATH": str(path), **variables}.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return make


def test_real_data_never_mixes_with_sample_data(holding):
    settings = holding("http://127.0.0.1:4711", CURSOR_API_KEY="k")
    with pytest.raises(run.RefusedError, match="holds the sandbox's sample data"):
        run.refuse_mixture(settings, is_sample=False)


def test_sample_data_never_mixes_with_real_data(holding):
    settings = holding("https://api.cursor.com")
    with pytest.raises(run.RefusedError, match="holds data of real vendors"):
        run.refuse_mixture(settings, is_sample=True)


def test_more_data_of_the_same_kind_is_allowed(holding, tmp_path):
    run.refuse_mixture(holding("http://127.0.0.1:4711"), is_sample=True)
    (tmp_path / "warehouse.duckdb").unlink()
    run.refuse_mixture(load_settings(), is_sample=True)
    settings = holding("https://api.cursor.com", CURSOR_API_KEY="k", SHEETS_DIR=str(tmp_path))
    run.refuse_mixture(settings, is_sample=False)


def test_a_product_database_behind_a_tunnel_is_real_and_the_sandboxs_is_not(holding, tmp_path):
    tunnel = "postgresql://reader:hush@127.0.0.1:5432/product"
    real = holding("https://api.cursor.com", PRODUCT_DATABASE_URL=tunnel)
    run.refuse_mixture(real, is_sample=False)
    sample = holding_of("duckdb:////tmp/x/ai_spend_sandbox.duckdb", tmp_path / "sample.duckdb")
    with pytest.raises(run.RefusedError, match="holds the sandbox's sample data"):
        run.refuse_mixture(real.model_copy(update={"duckdb_path": sample}), is_sample=False)


def holding_of(base_url, path):
    """A warehouse whose product came from an address."""
    with duckdb.connect(path) as connection:
        connection.execute("create schema raw_product")
        connection.execute("create table raw_product.extractions (base_url text)")
        connection.execute("insert into raw_product.extractions values (?)", [base_url])
    return path


def test_salesforce_and_the_other_vendors_are_all_real_or_all_made_up(holding):
    settings = holding(
        "https://api.cursor.com",
        SALESFORCE_INSTANCE_URL="http://127.0.0.1:4711",
        SALESFORCE_CLIENT_ID="i",
        SALESFORCE_CLIENT_SECRET="s",
    )
    with pytest.raises(run.RefusedError, match="holds data of real vendors"):
        run.refuse_mixture(settings, is_sample=False)


def test_dbt_never_sees_a_secret(monkeypatch):
    for name in SECRETS:
        monkeypatch.setenv(name, "hush")
    environment = dbt.environment({"TARGET": "duckdb", "CURSOR_API_KEY": "hush"})
    assert "hush" not in environment.values()
    assert environment["TARGET"] == "duckdb"
    assert environment["PATH"] == os.environ["PATH"]


def test_dbt_finds_the_project_that_it_is_told(tmp_path):
    environment = dbt.environment(dbt.on_duckdb(tmp_path / "w.duckdb"), tmp_path)
    assert environment["DBT_PROJECT_DIR"] == environment["DBT_PROFILES_DIR"] == str(tmp_path)
    assert environment["DUCKDB_PATH"] == str(tmp_path / "w.duckdb")


def test_the_environment_for_dbt_is_made_in_one_place():
    files = [
        file for package in ROOT.glob("*/__init__.py") for file in package.parent.rglob("*.py")
    ]
    makers = [str(file) for file in files if "DBT_PROJECT_DIR" in file.read_text()]
    assert makers == [dbt.__file__]


def test_a_child_ends_when_its_parent_no_longer_needs_it():
    with processes.child(["-c", "import time; time.sleep(60)"], os.environ) as child:
        assert child.poll() is None
    assert child.poll() == -signal.SIGTERM


def test_a_preview_asks_no_vendor_and_needs_nothing_of_the_sandbox(tmp_path, monkeypatch, capfd):
    """By then the sandbox has ended, and its credentials are gone."""
    settings = load_settings().model_copy(update={"duckdb_path": tmp_path / "none.duckdb"})
    monkeypatch.setenv("GOOGLE_SHEETS_ID", "sheet")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "gone.json"))
    with run.preview(settings, {}) as draw:
        assert draw() == 1
    printed = capfd.readouterr().err
    assert "none.duckdb" in printed
    assert "gone.json" not in printed


def test_a_preview_that_fails_is_reported_and_on_bigquery_there_is_none(tmp_path, caplog, capfd):
    settings = load_settings().model_copy(update={"duckdb_path": tmp_path / "none.duckdb"})
    with run.preview(settings, {}) as draw:
        assert draw() == 1
    assert "Part of the preview could not be drawn" in caplog.text
    assert f"There is no warehouse {tmp_path}/none.duckdb" in capfd.readouterr().err
    with run.preview(settings.model_copy(update={"target": "bigquery"}), {}) as draw:
        assert draw() == 0


def test_money_is_printed_in_dollars_and_cents():
    assert words.dollars(Decimal("1234567.005")) == "1,234,567.00"
    assert words.share(Decimal(1), Decimal(3)) == "33.3 %"
    assert words.share(Decimal(0), Decimal(0)) == "–"


def test_a_difference_to_the_vendor_is_shown_and_fails(tmp_path):
    rows = [("cursor", "cursor", 30, Decimal("10.00"), Decimal("9.99"), 2)]
    table, is_tied = report.ties(lambda _: rows, "rpt_cost_ties")
    assert not is_tied
    assert "differs on 2 days" in str(table.columns[-1]._cells[0])


def test_attribution_methods_are_listed_from_the_surest_to_none_with_their_meaning():
    costs = """(
        values
            ('unattributed', 'Design', 'unattributed', 'unattributed', false, 1.00),
            ('service_account', 'Design', 'unattributed', 'unattributed', false, 1.00),
            ('vendor_identity', 'Design', 'ana@example.com', 'CC-1', true, 2.00),
            ('vendor_identity', 'Design', 'ana@example.com', null, true, 1.00)
    ) as costs (
        attribution_method, department, user_email, cost_center, is_attributed, effective_cost_usd
    )"""
    methods = f"'{ROOT}/dbt_project/seeds/attribution_methods.csv'"
    with duckdb.connect() as connection:
        group = report.attribution(
            lambda sql: connection.execute(sql).fetchall(), costs, methods, date(2026, 11, 1)
        )
    table = group.renderables[0]
    assert "60.0 % of $5.00 since 2026-11-01 is attributed, $1.00 of it to people" in table.title
    assert [list(column.cells) for column in table.columns] == [
        ["named by the vendor", "service account", "unattributed"],
        ["3.00", "1.00", "1.00"],
        ["60.0 %", "20.0 %", "20.0 %"],
    ]


@pytest.mark.parametrize(
    ("status", "level", "kept"), [("warn", "WARNING", "warnings"), ("fail", "ERROR", "failures")]
)
def test_rows_that_a_test_found_are_logged_at_the_level_of_the_test(
    caplog, holding, status, level, kept
):
    node = SimpleNamespace(
        name="invoices_match_the_marts",
        resource_type="test",
        relation_name='"raw_cursor"."found"',
        raw_code="select 1",
    )
    one = SimpleNamespace(node=node, status=status, message="Got 1 result", adapter_response={})
    build = building._outcome([one])
    settings = holding("https://api.cursor.com")
    with duckdb.connect(str(settings.duckdb_path)) as connection:
        connection.execute("create table raw_cursor.found as select 'cursor', '125.40'")
    run.log_build(settings, build)
    assert getattr(build, kept) == ["invoices_match_the_marts: Got 1 result"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (level, "dbt: invoices_match_the_marts: Got 1 result, all in raw_cursor.found"),
        (level, "dbt:   found: cursor, 125.40"),
    ]


def test_what_a_test_says_in_a_sentence_is_logged_as_such_and_disputes_first(caplog, holding):
    settings = holding("https://api.cursor.com")
    results = []
    with duckdb.connect(str(settings.duckdb_path)) as connection:
        for name in ("github_logins_are_mapped", "invoices_match_the_marts"):
            connection.execute(f"create table raw_cursor.{name} as select '{name}!' as sentence")
            node = SimpleNamespace(
                name=name,
                resource_type="test",
                relation_name=f"raw_cursor.{name}",
                raw_code="select concat('…') as sentence",
            )
            results.append(
                SimpleNamespace(
                    node=node, status="warn", message="Got 1 result", adapter_response={}
                )
            )
    run.log_build(settings, building._outcome(results))
    assert [record.getMessage() for record in caplog.records] == [
        "invoices_match_the_marts!",
        "github_logins_are_mapped!",
    ]


def test_a_source_is_one_line_and_what_went_wrong_below_it():
    part = ResourceReport("usage_events", "cursor", changed=2, landed=5, errors=["HTTP 500"])
    extracted = RunReport(
        "2026-11-21", None, "2026-11-21", sources=[SourceReport("cursor", resources=[part, part])]
    )
    console = Console(width=80, record=True, file=StringIO())
    console.print(report.sources(extracted))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["cursor", "4", "10"] in lines
    assert ["cursor", "usage_events:", "HTTP", "500"] in lines


def test_the_last_lines_say_what_needs_attention_what_to_open_and_what_is_next():
    console = Console(width=80, record=True, file=StringIO())
    settings = load_settings()
    report.end(settings, Outcome(is_sample=True), "1 invoice in dispute", console)
    attention, page, step = console.export_text().splitlines()
    assert attention == "Needs attention: 1 invoice in dispute"
    assert page == f"Open: {ROOT}/target/dashboards/executive.html"
    assert step.startswith("Next: for your own numbers copy .env.example")
    assert report.next_step(Outcome(exit_code=1)).startswith("mend what failed")


@pytest.mark.nightly
def test_a_second_run_on_the_sample_only_builds_what_every_run_builds(tmp_path):
    settings = {"DUCKDB_PATH": str(tmp_path / "warehouse.duckdb"), "CI": ""}
    runs = [
        subprocess.run(
            [sys.executable, "-m", "pipeline", "run"],
            cwd=ROOT,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[-1].stderr
    skipped = ["skipped what cannot have changed" in run.stderr for run in runs]
    assert skipped == [False, True]
    assert "to the last digit" in runs[1].stdout


def memory_of_duckdb(limit):
    """How many bytes DuckDB may use once dbt has set this limit."""
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{limit}'")
        ((text,),) = connection.execute("select current_setting('memory_limit')").fetchall()
    number, unit = text.split()
    return float(number) * 1024 ** ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"].index(unit)


@pytest.mark.parametrize("told", [None, "1GB"])
@pytest.mark.parametrize("needs", ["one thread", "the machine", "another warehouse"])
def test_what_did_not_fit_is_built_with_more_memory_unless_somebody_said_how_much(
    monkeypatch, caplog, holding, told, needs
):
    usages, costs, tests = "model.p.int_usages", "model.p.fct_costs", "test.p.is_known"
    asked = []

    def invoke(arguments, environment, manifest, *_):
        known = json.loads(arguments[arguments.index("--vars") + 1])
        # The day on which the run began, also after midnight.
        assert known.pop("as_of_date") == "2026-11-14"
        limit = environment.get("DUCKDB_MEMORY_LIMIT") or None
        threads = known.get("duckdb_threads")
        chosen = {id_ for id_, node in manifest.nodes.items() if "to_build" in node.tags}
        asked.append((limit, threads, known.get("built_before"), chosen))
        if needs == "another warehouse" and known:
            return SimpleNamespace(success=False, result=None)
        fits = limit not in (None, told) or (threads == 1 and needs == "one thread")
        statuses = {costs: "success", usages: "success", tests: "fail"}
        if not fits:
            statuses |= {usages: "error", tests: "skipped"}
        results = [
            SimpleNamespace(
                node=SimpleNamespace(
                    name=id_.split(".")[-1],
                    unique_id=id_,
                    resource_type=id_.split(".")[0],
                    relation_name=None,
                    raw_code="",
                ),
                status=status,
                message="Out of Memory Error: failed to pin block" if status == "error" else "",
                adapter_response={},
            )
            for id_, status in statuses.items()
            if not chosen or id_ in chosen
        ]
        return SimpleNamespace(success=False, result=SimpleNamespace(results=results))

    nodes = {
        id_: SimpleNamespace(
            name=id_, resource_type="model", tags=[], config=SimpleNamespace(), depends_on_nodes=[]
        )
        for id_ in (usages, costs, tests)
    }
    monkeypatch.setattr(dbt, "project", lambda _: SimpleNamespace(nodes=nodes))
    monkeypatch.setattr(building.changed_models, "fingerprints", lambda _: {usages: "1"})
    monkeypatch.setattr(building.changed_models, "rebuild", lambda *_: None)
    monkeypatch.setattr(dbt, "invoke", invoke)
    settings = holding("https://api.cursor.com", RUN_DAY="2026-11-14")
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema intermediate")
    build = building.build(settings.model_copy(update={"duckdb_memory_limit": told}))
    first = (told, None, None, set())
    if told:
        assert asked == [first]
        assert build.statuses == {"success": 1, "error": 1, "skipped": 1}
        return
    # What was built is not built again, but counts for whether the run was complete.
    again = [(None, 1, [costs], {usages, tests})]
    if needs != "one thread":
        given = asked[-1][0]
        again.append((given, None, [costs], {usages, tests}))
        # As dbt sets it. `none` would be no limit at all, and the kernel would end the run.
        assert 0 < memory_of_duckdb(given) < 0.81 * psutil.virtual_memory().total
    assert asked == [first, *again]
    if needs == "another warehouse":
        assert build.statuses == {"success": 1, "error": 1, "skipped": 1}
        assert building.finished_builds.last(settings) is None
    else:
        assert build.statuses == {"success": 2, "fail": 1}
        assert building.finished_builds.last(settings).state.as_of_date == "2026-11-14"
    assert build.exit_code == 1
    assert caplog.text.count("building the rest with") == len(again)
