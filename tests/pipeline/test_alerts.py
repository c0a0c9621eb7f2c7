"""What a run tells people, through a real webhook on this machine."""

import json
import logging
import re
import threading
import time
from contextlib import nullcontext
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import pytest
from rich.console import Console
from tenacity.wait import wait_none

from bigquery_dev.googlesql import GoogleSql
from extract.report import ResourceReport, RunReport, SourceReport
from foundation import retrying
from foundation.logs import set_up_logs
from foundation.settings import load_settings
from foundation.warehouse import NoTableError
from pipeline import run
from pipeline.alerts import news, slack, telling, terminal, told
from pipeline.alerts.message import Message
from pipeline.alerts.outcome import Outcome
from pipeline.building import Build

SATURDAY, MONDAY = date(2026, 11, 21), date(2026, 11, 16)
SECRET = "T000/B000/hush"

MONEY = "decimal(38, 18)"
# The columns that are read, as DuckDB names their types.
TABLES = {
    "marts.rpt_cost_ties": f"""
        vendor text, organization text, last_date date, days_compared bigint,
        differing_days bigint, reported_usd {MONEY}, marts_usd {MONEY}, difference_usd {MONEY}
    """,
    "marts.rpt_alerts_anomalies": f"""
        as_of_date date, anomaly_date date, scope_type text, scope text, scope_name text,
        severity text, cost_usd {MONEY}, baseline_usd {MONEY}, excess_usd {MONEY},
        explained_by text
    """,
    "marts.rpt_alerts_budgets": f"""
        as_of_date date, month date, scope_type text, scope text, budget_status text,
        budget_usd {MONEY}, actual_cost_usd {MONEY}, projected_cost_usd {MONEY},
        is_of_broadest_kind bool
    """,
    "marts.rpt_alerts_spend": f"""
        as_of_date date, is_total boolean, platform_name text, week_usd {MONEY},
        week_before_usd {MONEY}, attributed_week_usd {MONEY}, attributed_week_before_usd {MONEY}
    """,
    "marts.rpt_alerts_people": """
        as_of_date date, is_total boolean, platform_name text, week_people bigint,
        week_before_people bigint
    """,
    "marts.rpt_alerts_movers": f"""
        as_of_date date, scope_type text, change_rank bigint, scope text, change_usd {MONEY},
        week_usd {MONEY}
    """,
    "marts.rpt_alerts_disputes": f"""
        as_of_date date, month date, platform_code text, vendor text, organization text,
        reason text, report_difference_usd {MONEY}, invoice_difference_usd {MONEY},
        snapshot_difference_usd {MONEY}
    """,
    "marts.rpt_alerts_gaps": """
        as_of_date date, source_name text, organization text, windows_missing bigint,
        windows_expected bigint
    """,
}
# What only the report reads.
REPORT_TABLES = {
    "marts.fct_cost_daily": f"""
        cost_date date, vendor text, platform_code text, department text, user_email text,
        attribution_method text, is_attributed boolean, cost_center text,
        list_cost_usd {MONEY}, billed_cost_usd {MONEY}, effective_cost_usd {MONEY}
    """,
    "seeds.attribution_methods": "attribution_method text, method_rank bigint, meaning text",
    "seeds.platforms": "platform_code text, platform_name text",
}
OF_THE_DAY = [name for name, columns in TABLES.items() if columns.strip().startswith("as_of_date")]


class Warehouse:
    """A warehouse with the tables that are read and few rows; all is well in it."""

    def __init__(self, path):
        self.path = path
        tables = TABLES | REPORT_TABLES
        creates = [f"create table {name} ({columns})" for name, columns in tables.items()]
        schemas = [f"create schema {name}" for name in ("intermediate", "marts", "seeds")]
        self.do("begin", *schemas, *creates, "commit")
        self.day = SATURDAY
        self.report("spend", (True, "all", "0", "0", "0", "0"))

    def do(self, *statements):
        with duckdb.connect(self.path) as connection:
            return [connection.execute(statement).fetchall() for statement in statements]

    def add(self, table, *rows):
        with duckdb.connect(self.path) as connection:
            marks = ", ".join("?" for _ in rows[0])
            connection.begin()
            connection.executemany(f"insert into {table} values ({marks})", rows)
            connection.commit()

    def as_of(self, day):
        """The tables were rebuilt on another day."""
        self.do(*(f"update {table} set as_of_date = '{day}'" for table in OF_THE_DAY))
        self.day = day

    def report(self, name, *rows):
        """Rows of a report of the day."""
        self.add(f"marts.rpt_alerts_{name}", *((self.day, *row) for row in rows))

    def anomaly(
        self, day, *scopes, severity="critical", scope_type="user", name=None, explained_by=None
    ):
        amounts = ("100.005", "20", "80.005")
        self.report(
            "anomalies",
            *(
                (day, scope_type, scope, name or scope, severity, *amounts, explained_by)
                for scope in scopes
            ),
        )

    def budget(self, scope, status, month=date(2026, 11, 1), spent="70"):
        self.report("budgets", (month, "department", scope, status, "100", spent, "120.5", True))


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "w.duckdb"))
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return Warehouse(tmp_path / "w.duckdb")


class Webhook:
    """Answers in turn as `answers` says, and with "ok" after that; keeps what was posted."""

    def __init__(self):
        self.answers, self.posts, self.times = [], [], []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.posts.append((self.path, json.loads(body)))
                webhook.times.append(time.monotonic())
                answer = webhook.answers.pop(0) if webhook.answers else {}
                if "hang" in answer:
                    time.sleep(answer["hang"])
                body = answer.get("body", "ok").encode()
                self.send_response(answer.get("status", 200))
                for name, value in answer.get("headers", {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for byte in body:
                    time.sleep(answer.get("drip", 0))
                    self.wfile.write(bytes([byte]))

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/{SECRET}"

    def last(self):
        """The blocks of the newest message as one text."""
        path, content = self.posts[-1]
        assert path == f"/services/{SECRET}"
        texts = [block.get("text") or block["elements"][0] for block in content["blocks"]]
        return "\n".join(text["text"] for text in texts)


@pytest.fixture
def webhook(monkeypatch):
    webhook = Webhook()
    monkeypatch.setenv("SLACK_WEBHOOK_URL", webhook.url)
    yield webhook
    webhook.server.shutdown()
    webhook.server.server_close()


@pytest.fixture
def make_run(tmp_path, monkeypatch):
    """`make run` with this outcome of the extraction and of dbt; its exit code."""
    report = tmp_path / "extract.json"
    monkeypatch.setattr(run, "EXTRACT_REPORT", report)
    monkeypatch.setenv("SHEETS_DIR", str(tmp_path))

    def make(extracted=(), extract_code=0, build=None, preview_code=0, log_level="INFO"):
        def extract():
            if extracted is not None:
                RunReport("", None, "", sources=list(extracted)).write(report, [])
            return extract_code

        def dbt_build(_settings):
            if isinstance(build, Exception):
                raise build
            return build or Build()

        monkeypatch.setattr(run, "extraction", lambda _settings, **_: nullcontext(extract))
        monkeypatch.setattr(run, "read_project", lambda _settings: None)
        monkeypatch.setattr(run.building, "build", dbt_build)
        monkeypatch.setattr(run, "preview", lambda *_: nullcontext(lambda: preview_code))
        monkeypatch.setenv("LOG_LEVEL", log_level)
        settings = load_settings()
        set_up_logs(settings)
        return run.run(settings)

    yield make
    logging.basicConfig(handlers=[], force=True)


def source(name="cursor", errors=(), **part):
    resource = ResourceReport("usage_events", "cursor", changed=1, landed=1, **part)
    return SourceReport(name, errors=list(errors), resources=[resource])


def days(count, before=SATURDAY):
    return before - timedelta(days=count)


# --- what is told --------------------------------------------------------------------------------


def test_a_run_without_news_posts_nothing(warehouse, webhook, make_run):
    assert make_run() == 0
    assert webhook.posts == []


def test_what_failed_is_posted(warehouse, webhook, make_run):
    warehouse.add(
        "marts.rpt_cost_ties",
        ("anthropic", "main", days(1), 9, 0, "10", "10", "0"),
        ("cursor", "main", days(1), 9, 1, "10", "9.994", "-0.006"),
    )
    bad = source(errors=["HTTP 401: wrong key"], rejected=1)
    build = Build(failures=["fct_cost_daily_unique: Got 3 results"], exit_code=1)
    assert make_run([bad], extract_code=1, build=build) == 1
    text = webhook.last()
    assert "AI spend up to 2026-11-20: the run failed" in text
    assert "cursor: HTTP 401: wrong key" in text
    assert "cursor usage_events: 1 record rejected" in text
    assert "dbt: fct_cost_daily_unique: Got 3 results" in text
    assert "cursor main: 1 day, -$0.01 in the marts" in text
    assert "anthropic main" not in text
    assert "Left out" not in text


def test_a_run_that_only_does_not_tie_has_failed_for_a_reason(warehouse, webhook, make_run):
    row = ("cursor", "main", days(1), 9, 1, "10", "9.994", "-0.006")
    warehouse.add("marts.rpt_cost_ties", row)
    assert make_run() == 1
    # The row in the log of runs counts the same lines.
    failed = "*What failed*\n• the marts do not tie to what the vendors reported"
    assert failed in webhook.last()


def test_a_preview_that_failed_is_posted(warehouse, webhook, make_run):
    assert make_run(preview_code=1) == 1
    assert "preview: some of the dashboards could not be drawn" in webhook.last()


def test_a_failed_extraction_is_posted_without_a_warehouse(
    tmp_path, monkeypatch, webhook, make_run
):
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "none.duckdb"))
    assert make_run(extracted=None, extract_code=1) == 1
    assert "nothing was extracted" in webhook.last()
    assert "the warehouse: does not exist yet" in webhook.last()


def test_an_extraction_that_refuses_to_begin_is_neither_posted_nor_logged(
    warehouse, webhook, make_run, monkeypatch
):
    logged = []
    monkeypatch.setattr(run.run_log, "write", lambda *row: logged.append(row))
    with pytest.raises(run.RefusedError):
        make_run(extracted=None, extract_code=2)
    assert (webhook.posts, logged) == ([], [])


def test_a_crash_of_dbt_before_the_marts_exist_is_posted(warehouse, webhook, make_run):
    warehouse.do("drop schema marts cascade", "drop schema intermediate cascade")
    assert make_run(build=Build(failures=["Compilation Error in model x"], exit_code=2)) == 1
    assert "dbt: Compilation Error in model x" in webhook.last()
    assert "do not tie" not in webhook.last()
    assert (
        "anomalies, budgets and the week (rpt_alerts_spend): does not exist yet" in webhook.last()
    )


def test_a_run_that_crashes_is_posted_and_still_crashes(warehouse, webhook, make_run):
    with pytest.raises(RuntimeError):
        make_run(build=RuntimeError(f"dbt is gone, see {webhook.url}"))
    assert "the run ended with RuntimeError: dbt is gone, see [secret]" in webhook.last()


def test_a_run_that_somebody_stopped_posts_nothing(warehouse, webhook, make_run, monkeypatch):
    def stopped(_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "fetch_and_build", lambda *_, **__: stopped(_))
    with pytest.raises(KeyboardInterrupt):
        make_run()
    assert webhook.posts == []


def test_an_anomaly_is_reported_once(warehouse, webhook, make_run):
    warehouse.anomaly(days(1), "ana@example.com", explained_by="claude-opus +$70.00")
    warehouse.anomaly(days(2), "bob@example.com", severity="warning")
    assert make_run() == 0
    text = webhook.last()
    assert "2 new anomalies" in text
    assert (
        "critical, 2026-11-20, ana@example.com: $100.00, usually $20.00 (+$80.00),"
        " most of it claude-opus +$70.00" in text
    )
    assert "warning, 2026-11-19, bob@example.com" in text
    make_run()
    assert len(webhook.posts) == 1
    # A day that is over now, and one that a vendor published late.
    warehouse.as_of(days(-1))
    warehouse.anomaly(SATURDAY, "over@example.com")
    warehouse.anomaly(days(3), "late@example.com", severity="warning")
    make_run()
    assert "2 new anomalies" in webhook.last()
    assert "over@example.com" in webhook.last()
    assert "late@example.com" in webhook.last()
    assert "ana@example.com" not in webhook.last()


def test_an_anomaly_that_gets_worse_is_reported_again_and_one_that_gets_better_is_not(
    warehouse, webhook, make_run
):
    warehouse.anomaly(days(1), "ana@example.com", severity="warning")
    make_run()
    warehouse.do("update marts.rpt_alerts_anomalies set severity = 'critical'")
    warehouse.anomaly(days(1), "bob@example.com")
    make_run()
    assert "2 new anomalies" in webhook.last()
    warehouse.do("update marts.rpt_alerts_anomalies set severity = 'warning'")
    make_run()
    assert len(webhook.posts) == 2


def test_a_key_is_called_by_its_name(warehouse, webhook, make_run):
    warehouse.anomaly(days(1), "apikey_1", scope_type="api_key", name="Search index")
    make_run()
    assert "api key Search index: $100.00" in webhook.last()


def test_a_budget_is_reported_once_per_status(warehouse, webhook, make_run):
    warehouse.budget("Design", "Projected Over Budget")
    make_run()
    line = "department Design will be over its budget: $70.00 of $100.00 spent (70.0 %)"
    assert line + ", $120.50 by the end of the month" in webhook.last()
    assert "1 budget at risk" in webhook.last()
    make_run()
    assert len(webhook.posts) == 1
    warehouse.do("update marts.rpt_alerts_budgets set budget_status = 'Over Budget'")
    make_run()
    assert "department Design is over its budget" in webhook.last()


def test_budgets_of_narrower_kinds_are_counted_and_not_listed(warehouse, webhook, make_run):
    warehouse.budget("Design", "Over Budget")
    warehouse.report(
        "budgets",
        (date(2026, 11, 1), "team", "Icons", "Over Budget", "10", "20", "30", False),
    )
    make_run()
    text = webhook.last()
    assert "1 budget at risk" in text
    assert "Icons" not in text
    assert "of the same money 1 budget of narrower kinds" in text
    # It was not named, so it is news once nothing broader is at risk.
    warehouse.do("delete from marts.rpt_alerts_budgets where scope = 'Design'")
    warehouse.do("update marts.rpt_alerts_budgets set is_of_broadest_kind = true")
    make_run()
    assert "team Icons is over its budget" in webhook.last()


def test_the_first_of_a_month_closes_the_month_before(warehouse, webhook, make_run):
    warehouse.budget("Design", "Over Budget", month=date(2026, 11, 1), spent="101")
    warehouse.as_of(date(2026, 12, 1))
    make_run()
    assert "Budgets of 2026-11" in webhook.last()


@pytest.fixture
def week(warehouse):
    """Two weeks before a Monday: 70 dollars, then 140, of which Bob has 20 and 50 are
    unattributed."""
    warehouse.do("delete from marts.rpt_alerts_spend")
    warehouse.report(
        "spend",
        (True, "all", "140", "70", "90", "70"),
        (False, "Cursor", "140", "70", "90", "70"),
        (False, "Gemini", "0", "0", "0", "0"),
    )
    warehouse.report("people", (True, "any", 2, 1), (False, "Cursor", 2, 1))
    warehouse.report(
        "movers",
        ("user", 2, "bob@example.com", "20", "20"),
        ("user", 1, "unattributed", "50", "50"),
        ("department", 1, "Design", "70", "140"),
        ("department", 2, None, "-1", "0"),
    )
    dispute = (date(2026, 10, 1), "cursor", "cursor", "main", "The invoice is lower.")
    warehouse.report("disputes", (*dispute, "0", "-42.50", None))
    warehouse.report("gaps", ("anthropic", "enterprise", 2, 5))
    warehouse.as_of(MONDAY)
    return warehouse


def test_on_mondays_the_week_is_reported_once(week, webhook, make_run):
    make_run()
    text = webhook.last()
    for line in (
        "Effective cost, 2026-11-09 to 2026-11-15, and the 7 days before",
        "Cursor: $140.00 (+$70.00, +100.0 %)",
        "all: $140.00 (+$70.00, +100.0 %)",
        "attributed: 64.3 % of it (100.0 % the week before)",
        "Cursor: 2 (1 the week before)",
        "any: 2 (1 the week before)",
        "department Design: +$70.00, now $140.00",
        "department (none): -$1.00, now $0.00",
        "unattributed: +$50.00, now $50.00",
        "bob@example.com: +$20.00, now $20.00",
        "2026-10, cursor main: invoice -$42.50; The invoice is lower.",
        "anthropic enterprise: 2 of 5 windows",
    ):
        assert f"• {line}\n" in text.replace("*\n", "\n") or f"*{line}*" in text, line
    # In this order, and what is of all platforms last.
    for first, second in [
        ("• Cursor: $", "• Gemini: $"),
        ("• Gemini: $", "• all: $"),
        ("department Design", "department (none)"),
        ("department (none)", "unattributed"),
        ("unattributed", "bob@example.com"),
    ]:
        assert text.index(first) < text.index(second)
    make_run()
    assert len(webhook.posts) == 1


@pytest.mark.parametrize("day", [days(count, MONDAY) for count in (1, -1, -5)])
def test_on_other_days_there_is_no_digest(week, webhook, make_run, day):
    week.as_of(day)
    make_run()
    assert webhook.posts == []


def test_the_digest_lists_all_budgets_at_risk(week, webhook, make_run):
    week.as_of(days(1, MONDAY))
    week.budget("Design", "Over Budget")
    make_run()
    week.as_of(MONDAY)
    make_run()
    assert len(webhook.posts) == 2
    assert "1 budget at risk, the week" in webhook.last()
    assert "department Design" in webhook.last()


def test_a_missing_mart_is_left_out_and_named(week, webhook, make_run):
    week.do(
        "drop table marts.rpt_alerts_anomalies",
        "drop table marts.rpt_alerts_disputes",
        "alter table marts.rpt_alerts_people drop week_people",
    )
    assert make_run() == 0
    text = webhook.last()
    assert "anomalies (rpt_alerts_anomalies): does not exist yet" in text
    assert "open disputes (rpt_alerts_disputes): does not exist yet" in text
    assert "active people (rpt_alerts_people), BinderException: could not be read" in text
    assert "Cursor: $140.00" in text


def test_parts_that_were_not_built_are_left_out_and_the_week_is_reported_again_when_complete(
    week, webhook, make_run
):
    failed = Build(failures=["x: 1 result"], exit_code=1, unbuilt={"rpt_alerts_movers"})
    assert make_run(build=failed) == 1
    left_out = "top movers (rpt_alerts_movers): not built, because something before it failed"
    assert left_out in webhook.last()
    assert "bob@example.com" not in webhook.last()
    make_run()
    assert "bob@example.com" in webhook.last()
    make_run()
    assert len(webhook.posts) == 2


def test_a_failed_build_says_that_its_costs_may_be_older(week, make_run, capsys):
    make_run()
    assert "may be of an older day" not in capsys.readouterr().err
    make_run(build=Build(failures=["x: 1 result"], exit_code=1))
    assert "The build failed: the costs in the report below may be" in capsys.readouterr().err


def test_rows_of_another_day_are_not_reported(week, webhook, make_run):
    week.anomaly(days(9, MONDAY), "old@example.com")
    week.budget("Design", "Over Budget")
    stale = f"set as_of_date = '{days(1, MONDAY)}'"
    others = set(OF_THE_DAY) - {"marts.rpt_alerts_spend"}
    week.do(*(f"update {table} {stale}" for table in others))
    make_run()
    text = webhook.last()
    assert "all: $140.00" in text
    for title in ("anomal", "Budgets of", "Active people", "Top movers", "Open disputes", "landed"):
        assert title not in text


# --- where it is shown --------------------------------------------------------------------------


def test_without_a_webhook_the_same_text_is_in_the_report(week, make_run, capsys):
    week.anomaly(days(1, MONDAY), "ana@example.com", explained_by="[red]claude[/red] x")
    for _ in range(2):
        make_run()
        text = " ".join(capsys.readouterr().out.split())
        headline = "AI spend up to 2026-11-15: 1 invoice in dispute, 1 new anomaly, the week"
        assert f"What needs attention {headline}" in text
        assert text.index("Open disputes") < text.index("New anomalies")
        assert "ana@example.com: $100.00, usually $20.00 (+$80.00)" in text
        assert "[red]claude[/red] x" in text
        assert "Cursor: $140.00 (+$70.00, +100.0 %)" in text
    # Slack did not accept it, so nothing is remembered.
    tables = week.do("select table_name from information_schema.tables")[0]
    assert ("alert_log",) not in tables


def test_without_news_the_report_says_so(warehouse, make_run, capsys):
    make_run()
    assert "AI spend up to 2026-11-20: no news" in capsys.readouterr().out


def test_both_renderings_have_the_same_lines(week):
    week.anomaly(days(1, MONDAY), "ana@example.com")
    message = news.compose(load_settings(), Outcome())
    console = Console(width=400)
    with console.capture() as capture:
        terminal.show(message, console)
    shown = re.sub(r"\s+", " ", capture.get())
    posted = json.dumps(slack.payload(message), ensure_ascii=False)
    for section in message.sections:
        for text in (section.title, *section.lines):
            assert text in shown
            assert slack.escape(text) in posted


def test_sample_data_is_called_so(warehouse):
    message = news.compose(load_settings(), Outcome(is_sample=True))
    assert message.headline.startswith("AI spend (sample company) up to")


def test_on_github_the_log_is_one_click_away(warehouse, webhook, make_run, monkeypatch):
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/spend")
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    make_run(extract_code=1)
    assert "<https://github.com/acme/spend/actions/runs/7|log of the run>" in webhook.last()


# --- a webhook that is not well ------------------------------------------------------------------


@pytest.fixture
def failed_post(warehouse, webhook, make_run, capfd, monkeypatch):
    """Run with news and a webhook that answers so; the seconds that it took.

    The exit code is what it is without Slack, what was to be told is in the report, told again by
    the next run, and the address shows nowhere.
    """
    monkeypatch.setattr(slack, "TIMEOUT", slack.httpx.Timeout(0.5))
    warehouse.anomaly(days(1), "ana@example.com")

    def post(*answers):
        for exit_code in (0, 1):
            webhook.answers = list(answers)
            start = time.monotonic()
            assert make_run(extract_code=exit_code, log_level="DEBUG") == exit_code
            seconds = time.monotonic() - start
            printed = "".join(capfd.readouterr())
            assert "ana@example.com: $100.00" in printed
            assert "Slack did not accept the message" in printed
            assert "hush" not in printed
            assert "/services/" not in printed
        return seconds

    yield post
    monkeypatch.setenv("SLACK_WEBHOOK_URL", webhook.url)
    webhook.answers = []
    make_run()
    assert "ana@example.com" in webhook.last()


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(retrying, "BACKOFF", wait_none())


def test_connection_refused(failed_post, webhook, monkeypatch, no_pauses):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"http://127.0.0.1:1/services/{SECRET}")
    failed_post()
    assert webhook.posts == []


def test_an_invalid_address(failed_post, monkeypatch):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "http://127.0.0.1:hush/services/")
    assert failed_post() < 5


def test_a_missing_answer_is_not_asked_for_twice(failed_post, webhook):
    assert failed_post({"hang": 2}) < 5
    assert len(webhook.posts) == 2  # one of each run


def test_an_answer_that_trickles_in(failed_post, monkeypatch):
    monkeypatch.setattr(slack, "MAX_SECONDS", 1.0)
    assert failed_post({"drip": 0.3, "body": "x" * 20}) < 5


def test_500_is_tried_three_times(failed_post, webhook, no_pauses):
    failed_post(*[{"status": 500, "body": f"failed at /services/{SECRET}"}] * 3)
    assert len(webhook.posts) == 6


def test_a_refusal_is_final_and_slack_s_word_for_it_is_logged(
    warehouse, webhook, make_run, capfd, no_pauses
):
    webhook.answers = [{"status": 404, "body": "no_service"}]
    make_run(extract_code=1)
    assert len(webhook.posts) == 1
    assert "Slack did not accept the message: HTTP 404 no_service" in capfd.readouterr().err


def test_429_is_waited_for(warehouse, webhook, make_run):
    webhook.answers = [{"status": 429, "headers": {"Retry-After": "2"}}]
    make_run(extract_code=1)
    first, second = webhook.times
    assert 1.9 < second - first < 4


def test_429_is_not_waited_for_longer_than_a_run_can_wait(failed_post, webhook):
    assert failed_post({"status": 429, "headers": {"Retry-After": "3600"}}) < 2
    assert len(webhook.posts) == 2


def test_no_run_waits_longer_than_twenty_seconds():
    assert slack.MAX_SECONDS <= 20
    assert slack.LAST_ATTEMPT_SECONDS < slack.MAX_SECONDS


def test_a_bug_in_the_alerts_does_not_fail_the_run(
    warehouse, webhook, make_run, monkeypatch, capfd
):
    monkeypatch.setattr(telling, "compose", lambda *_: 1 / 0)
    assert make_run() == 0
    assert "The alerts could not be reported" in capfd.readouterr().err


# --- the form of a message -----------------------------------------------------------------------


def test_a_name_cannot_call_the_channel(warehouse, webhook, make_run):
    warehouse.anomaly(days(1), "<!channel> & <https://evil.example|click>\n*Paid*\x1b[31m")
    make_run()
    content = webhook.posts[-1][1]
    for text in (content["text"], webhook.last()):
        assert "<!channel>" not in text
        assert "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; *Paid* [31m:" in text
    assert all(
        part["verbatim"]
        for block in content["blocks"]
        for part in (block.get("text"), *block.get("elements", []))
        if part and part["type"] == "mrkdwn"
    )


def test_long_lists_end_with_a_number(warehouse, webhook, make_run):
    warehouse.anomaly(days(1), *(f"{number:02}@example.com" for number in range(25)))
    make_run()
    assert "25 new anomalies" in webhook.last()
    assert webhook.last().count("@example.com") == 10
    assert "\n… and 15 more" in webhook.last()


def test_a_name_mentions_nobody_and_links_nowhere(warehouse):
    hostile = "<!channel> <@U123> <https://evil.test|click> `code` https://evil.test"
    failures = [hostile]
    outcome = Outcome(
        exit_code=1, extracted=RunReport("", None, ""), build=Build(failures=failures)
    )
    content = slack.payload(news.compose(load_settings(), outcome))
    texts = [content["text"], content["blocks"][1]["text"]["text"]]
    for text in texts:
        assert "&lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.test|click&gt; 'code'" in text
        assert not set(text) & {"<", ">", "`"}
    assert content["blocks"][1]["text"]["verbatim"] is True
    assert (content["parse"], content["link_names"]) == ("none", False)


def test_a_message_stays_within_slack_s_limits(warehouse):
    failures = ["&" * 5000] * 30
    outcome = Outcome(
        exit_code=1, extracted=RunReport("", None, ""), build=Build(failures=failures)
    )
    message = news.compose(load_settings(), outcome)
    sections = message.sections * 80
    message = Message("x" * 500, sections, message.where)
    content = slack.payload(message)
    assert len(content["blocks"]) == 50
    assert len(content["blocks"][0]["text"]["text"]) <= 150
    assert len(content["text"]) <= 3000
    for block in content["blocks"][1:-1]:
        text = block["text"]["text"]
        assert len(text) <= 3000
        count = text.count("\n•")
        assert 0 < count < 10
        assert text.endswith(f"\n… and {30 - count} more")
        assert re.fullmatch(r"(&amp;)*", re.sub(r"\*.*?\*|\n(• dbt: |… and .*)|…", "", text))


# --- the warehouse -------------------------------------------------------------------------------


def test_every_statement_is_valid_on_bigquery(monkeypatch, tmp_path):
    """Each goes through Google's analyzer."""
    google = GoogleSql()
    names = {"text": "STRING", "bigint": "INT64", "boolean": "BOOL", "bool": "BOOL"}
    names |= {name: name.upper() for name in ("date", "timestamp")}
    for table, columns in TABLES.items():
        kinds = dict(
            column.split(None, 1) for column in re.split(r",\s+(?![0-9])", columns.strip())
        )
        types = {name: names.get(kind, "BIGNUMERIC") for name, kind in kinds.items()}
        google.add_table(f"acme_{table}", types)
    asked = []

    class Ask:
        def __init__(self, settings, **_):
            assert settings.target == "bigquery"

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __call__(self, sql):
            asked.append(sql)
            if "create table" in sql:
                google.add_table(
                    "acme_intermediate.alert_log",
                    dict.fromkeys(("kind", "scope_type", "scope", "severity"), "STRING")
                    | {"alert_date": "DATE"},
                )
                return []
            if "alert_log" in sql and len(google.tables) == len(TABLES):
                raise NoTableError
            google.analyze(sql)
            if "select as_of_date" in sql:
                return [(MONDAY,)]
            for name, row in {
                "anomalies": (days(1), "user", "a", "critical", "a", 1, 1, 1, None),
                "budgets": (MONDAY, "department", "a", "Over Budget", 1, 1, 1, True),
            }.items():
                if re.search(rf"^ *(select .*)?from \S*{name}\b", sql, re.MULTILINE):
                    return [row]
            return []

    for module in (news, told):
        monkeypatch.setattr(module, "warehouse", Ask)
    settings = {
        "TARGET": "bigquery", "GOOGLE_CLOUD_PROJECT": "acme", "BIGQUERY_DATASET": "acme",
        "BIGQUERY_LOCATION": "EU", "SLACK_WEBHOOK_URL": "http://127.0.0.1:1/",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for _ in range(2):
        message = news.compose(load_settings(), Outcome())
        assert [section.title for section in message.sections if section.title == "Left out"] == []
        assert len(message.told) == 3
        told.remember(load_settings(), message)
    read = " ".join(asked)
    for table in TABLES:
        assert f"acme_{table}" in read
