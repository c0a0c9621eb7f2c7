"""The connection in Metabase, and what Metabase learns about the marts."""

import json
import subprocess
import sys

import dbtmetabase._models
import pytest

from dashboards.deploy import database, metadata
from dashboards.deploy.errors import DeployError
from dashboards.deploy.site import connected
from foundation.settings import ROOT
from tests.dashboards.deploying import PAGE
from tests.dashboards.fake_metabase import KEY
from tools import base_company

PRIVATE = "-----BEGIN PRIVATE KEY-----made up"


@pytest.fixture
def connect(deploy, monkeypatch):
    """Calls `database` for the definitions of a project."""
    monkeypatch.setattr(database, "PAUSE_SECONDS", 0)

    def call(marts=frozenset({"fct_cost_daily"}), **options):
        deploy.fake.forget_requests()
        settings = deploy.settings()
        with connected(settings) as client:
            return database.connect(client, settings, set(marts), **options)

    return call


@pytest.fixture
def bigquery(deploy, tmp_path):
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"type": "service_account", "private_key": PRIVATE}))
    deploy.given = {
        "target": "bigquery",
        "google_cloud_project": "p",
        "bigquery_dataset": "ai",
        "bigquery_location": "EU",
    }
    deploy.fake.databases.clear()
    deploy.fake.table_rows.clear()
    deploy.fake.schema = "ai_marts"
    return key


def test_a_connection_to_bigquery_is_made_shows_marts_only_and_is_waited_for(
    deploy, connect, bigquery
):
    assert "created the connection AI spend" in connect(credentials=bigquery)
    (made,) = deploy.fake.databases.values()
    assert made["engine"] == "bigquery-cloud-sdk"
    assert made["details"]["dataset-filters-patterns"] == "ai_marts"
    assert json.loads(made["details"]["service-account-json"])["private_key"] == PRIVATE
    assert made["initial_sync_status"] == "complete"
    assert ("POST", f"/api/database/{made['id']}/sync_schema") in deploy.fake.log


def test_a_second_call_updates_the_connection_and_creates_no_other(deploy, connect, bigquery):
    connect(credentials=bigquery)
    assert "updated" in connect(credentials=bigquery)
    assert len(deploy.fake.databases) == 1


def test_a_connection_whose_answer_was_lost_is_not_made_twice(deploy, connect, bigquery):
    deploy.fake.lose_answers = 1
    connect(credentials=bigquery)
    assert len(deploy.fake.databases) == 1


def test_duckdb_is_the_file_that_metabase_sees_and_is_left_as_it_is(deploy, connect):
    deploy.fake.databases.clear()
    connect()
    (made,) = deploy.fake.databases.values()
    assert made["details"]["database_file"] == "/warehouse/warehouse.duckdb"
    assert made["details"]["read_only"] is True
    assert "as it should be" in connect()
    assert "updated" in connect(file="/elsewhere.duckdb")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("no json", "cannot be read"),
        (
            json.dumps({"type": "external_account", "private_key": PRIVATE}),
            "not a service account's",
        ),
    ],
)
def test_a_file_that_is_not_a_service_accounts_key_is_refused_and_not_repeated(
    connect, bigquery, text, message
):
    if text is None:
        bigquery.unlink()
    else:
        bigquery.write_text(text)
    with pytest.raises(DeployError, match=message) as error:
        connect(credentials=bigquery)
    assert PRIVATE not in str(error.value)


def test_only_administrators_change_connections(deploy, connect):
    deploy.fake.is_admin = False
    with pytest.raises(DeployError, match="group Administrators"):
        connect()
    assert deploy.fake.writes == []


def test_marts_that_metabase_never_sees_are_named(connect, monkeypatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 0)
    with pytest.raises(DeployError, match="does not know no_mart"):
        connect({"no_mart"})


# --- metadata


@pytest.fixture
def manifest(tmp_path):
    """dbt's manifest of a fact and its dimensions."""
    content = json.loads((base_company.parsed() / "manifest.json").read_text())
    content["nodes"] = {
        key: node
        for key, node in content["nodes"].items()
        if node["resource_type"] == "test"
        or node["name"] == "fct_cost_daily"
        or node["name"].startswith("dim_")
    }
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def pushed(deploy, manifest, monkeypatch):
    monkeypatch.setattr(dbtmetabase._models, "_SYNC_PERIOD", 0)
    deploy.write(PAGE)
    dashboards = [source.dashboard for source in deploy.sources()]
    metadata.push(deploy.settings(), deploy.catalog, dashboards, manifest)
    deploy.push = lambda: metadata.push(deploy.settings(), deploy.catalog, dashboards, manifest)
    return deploy


def field(fake, table, name):
    number = next(one["id"] for one in fake.table_rows if one["name"] == table)
    return next(one for one in fake.fields if one["table_id"] == number and one["name"] == name)


def test_descriptions_types_keys_and_lists_of_values_are_pushed(pushed):
    fake = pushed.fake
    cost = field(fake, "fct_cost_daily", "effective_cost_usd")
    assert cost["description"]
    assert cost["settings"] == {"number_style": "currency", "currency": "USD"}
    assert field(fake, "fct_cost_daily", "user_email")["semantic_type"] == "type/Email"
    assert field(fake, "fct_cost_daily", "department")["has_field_values"] == "list"
    platform = field(fake, "fct_cost_daily", "platform_code")
    target = field(fake, "dim_platforms", "platform_code")
    assert platform["semantic_type"] == "type/FK"
    assert platform["fk_target_field_id"] == target["id"]
    assert target["semantic_type"] == "type/PK"


def test_a_day_stays_a_date_and_does_not_become_a_key(pushed):
    assert field(pushed.fake, "fct_cost_daily", "cost_date")["fk_target_field_id"] is None


def test_a_second_push_writes_nothing_but_the_sync(pushed):
    pushed.fake.forget_requests()
    pushed.push()
    assert [path for _, path in pushed.fake.writes] == ["/api/database/2/sync_schema"]


def test_a_push_with_a_wrong_key_says_so_without_the_key(pushed):
    pushed.fake.accepts_key = False
    with pytest.raises(DeployError, match="401") as error:
        pushed.push()
    assert KEY not in str(error.value)


# --- the commands themselves


def test_the_commands_are_listed():
    said = subprocess.run(
        [sys.executable, "-m", "dashboards", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for command in ("deploy", "diff", "export", "generate", "database", "metadata"):
        assert command in said
