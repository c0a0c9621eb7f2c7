"""Settings: every name, what is refused and how, and that secrets stay inside."""

import os
import re
import subprocess
import sys
from datetime import date
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import PermissionDenied
from google.cloud import secretmanager

from foundation.settings import (
    BIGQUERY,
    ROOT,
    SECRETS,
    Settings,
    SettingsError,
    load_settings,
)
from foundation.sources import SOURCES, google, product_database

NAMES = {name.upper() for name in Settings.model_fields}
RESOURCE = "projects/example/secrets/key"


@pytest.fixture
def given(monkeypatch):
    """Set variables, load the settings."""

    def load(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


def test_settings_are_read_without_importing_the_extraction():
    """dlt and the database's library take seconds, and every command reads the settings."""
    code = "import sys, foundation.settings; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"extract", "dlt", "sqlalchemy"}.isdisjoint(loaded.stdout.split())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_a_source_needs_is_one_of_its_settings(source):
    assert {name.lower() for name in source.needs_one_of} <= set(source.settings.model_fields)


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_has_a_name_in_secret_manager(name):
    assert f"{name}_SECRET" in NAMES


def test_the_names_of_settings_are_stable():
    promised = """
        TARGET DUCKDB_PATH DUCKDB_MEMORY_LIMIT GOOGLE_CLOUD_PROJECT BIGQUERY_DATASET
        BIGQUERY_LOCATION
        BIGQUERY_API_ENDPOINT BIGQUERY_MAXIMUM_BYTES_BILLED BIGQUERY_JOB_TIMEOUT_SECONDS
        BIGQUERY_JOB_RETRIES ANTHROPIC_ADMIN_KEY ANTHROPIC_ENTERPRISE_KEY ANTHROPIC_BASE_URL
        CURSOR_API_KEY CURSOR_BASE_URL GITHUB_COPILOT_TOKEN GITHUB_ENTERPRISE GITHUB_ORGANIZATION
        GITHUB_BASE_URL OPENAI_ADMIN_KEY OPENAI_BASE_URL GOOGLE_SHEETS_ID
        GOOGLE_APPLICATION_CREDENTIALS GOOGLE_SHEETS_BASE_URL SHEETS_DIR EXTRACT_SINCE
        EXTRACT_UNTIL METABASE_URL METABASE_API_KEY METABASE_DATABASE METABASE_EMBEDDING_SECRET
        SLACK_WEBHOOK_URL HEARTBEAT_URL LOG_LEVEL LOG_FORMAT PRIVACY_KEY DASHBOARDS_WITH_PEOPLE
        DASHBOARDS_SMALLEST_GROUP
        SALESFORCE_INSTANCE_URL SALESFORCE_CLIENT_ID SALESFORCE_CLIENT_SECRET SALESFORCE_API_SHARE
        SALESFORCE_INCLUDED_USAGE_FIELD
        PRODUCT_DATABASE_URL PRODUCT_DATABASE_SCHEMA
        GOOGLE_BILLING_EXPORT_TABLE GOOGLE_BILLING_PROJECT GOOGLE_BILLING_API_ENDPOINT
        GOOGLE_USAGE_PROJECTS GOOGLE_WORKSPACE_ADMIN GOOGLE_API_BASE_URL
        GOOGLE_GEMINI_ENTERPRISE_LOCATION
    """.split()
    assert {*promised, *(f"{name}_SECRET" for name in SECRETS)} == NAMES


def test_env_example_lists_every_setting_once_and_no_other():
    lines = (ROOT / ".env.example").read_text().splitlines()
    listed = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(listed) == sorted(NAMES)


def test_env_example_is_a_valid_env_file_that_configures_nothing(given):
    assert Settings(_env_file=ROOT / ".env.example").configured_sources() == []


def test_an_empty_variable_is_not_set(given):
    settings = given(TARGET="", LOG_LEVEL=" ", CURSOR_API_KEY="", EXTRACT_SINCE="", SHEETS_DIR="")
    assert settings.target == "duckdb"
    assert settings.log_level == "INFO"
    assert settings.cursor_api_key is None
    assert settings.configured_sources() == []


def test_an_empty_variable_hides_what_the_env_file_says(tmp_path, monkeypatch):
    env_file = tmp_path / ".env"
    env_file.write_text("CURSOR_API_KEY=from-the-file\nANTHROPIC_ADMIN_KEY=\n")
    monkeypatch.delenv("CURSOR_API_KEY")
    assert Settings(_env_file=env_file).configured_sources() == ["cursor"]
    monkeypatch.setenv("CURSOR_API_KEY", "")
    assert Settings(_env_file=env_file).configured_sources() == []


def test_each_source_is_configured_by_any_of_its_settings(given, tmp_path):
    settings = given(ANTHROPIC_ENTERPRISE_KEY="a", SHEETS_DIR=str(tmp_path))
    assert settings.configured_sources() == ["anthropic", "google_sheets"]
    assert settings.missing_settings() == {
        "cursor": ("CURSOR_API_KEY",),
        "github": ("GITHUB_ENTERPRISE", "GITHUB_ORGANIZATION"),
        "google": (
            "GOOGLE_BILLING_EXPORT_TABLE",
            "GOOGLE_USAGE_PROJECTS",
            "GOOGLE_WORKSPACE_ADMIN",
        ),
        "openai": ("OPENAI_ADMIN_KEY",),
        "salesforce": ("SALESFORCE_INSTANCE_URL",),
        "product_database": ("PRODUCT_DATABASE_URL",),
    }


def test_the_billing_export_is_a_table_and_names_the_project_of_its_queries(given):
    table = "my-project.billing.gcp_billing_export_resource_v1_01A2B3_C4D5E6_F7A8B9"
    assert google.job_project(given(GOOGLE_BILLING_EXPORT_TABLE=table)) == "my-project"
    other = given(GOOGLE_BILLING_EXPORT_TABLE=table, GOOGLE_BILLING_PROJECT="payer")
    assert google.job_project(other) == "payer"
    for wrong in (
        "gcp_billing_export_v1_X",
        "my-project.billing.cloud_pricing_export",
        f"{table}`",
    ):
        with pytest.raises(SettingsError, match="GOOGLE_BILLING_EXPORT_TABLE must be"):
            given(GOOGLE_BILLING_EXPORT_TABLE=wrong)


def test_bigquery_needs_a_location(given):
    assert given(TARGET="bigquery", CURSOR_API_KEY="c").missing_settings()["bigquery"] == BIGQUERY
    missing = given(GOOGLE_CLOUD_PROJECT="p", BIGQUERY_DATASET="d").missing_settings()["bigquery"]
    assert missing == ("BIGQUERY_LOCATION",)


def test_dataset_names_have_the_prefix_on_bigquery_only(given):
    assert given(BIGQUERY_DATASET="ai_spend").dataset("marts") == "marts"
    assert given(TARGET="bigquery").dataset("marts") == "ai_spend_marts"


def test_dates_and_numbers_are_read(given):
    settings = given(EXTRACT_SINCE="2026-01-01", EXTRACT_UNTIL="2026-02-01")
    assert (settings.extract_since, settings.extract_until) == (date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    "key", ["sk-x\n", "sk-x\r", " sk-x", "sk-x ", "sk\r\nx", "sk-\u201cx", "\ufeffsk"]
)
def test_a_key_with_what_no_key_has_is_named_before_anything_is_asked(given, key):
    with pytest.raises(
        SettingsError, match=r"^CURSOR_API_KEY: (begins or ends|has a char)"
    ) as caught:
        given(CURSOR_API_KEY=key)
    assert "sk" not in str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "is_read"),
    [("utf-8", True), ("utf-8-sig", True), ("utf-16", False), ("latin-1", False)],
)
def test_an_env_file_is_utf_8_or_refused(encoding, is_read, tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_bytes("LOG_LEVEL=ERROR\r\n# Schlüssel\r\nCURSOR_API_KEY=sk-x\r\n".encode(encoding))
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    for name in ("LOG_LEVEL", "CURSOR_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    if not is_read:
        with pytest.raises(SettingsError, match=r"\.env is not UTF-8: save it as UTF-8"):
            load_settings()
        return
    settings = load_settings()
    assert settings.log_level == "ERROR"
    assert settings.cursor_api_key.get_secret_value() == "sk-x"


def test_googles_libraries_get_the_key_file_that_the_env_file_names(tmp_path, monkeypatch):
    key, file = tmp_path / "key.json", tmp_path / ".env"
    key.write_text("{}")
    file.write_text(f"GOOGLE_APPLICATION_CREDENTIALS={key}\n")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    # First set, so that it is as before after the test.
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    load_settings()
    assert os.environ["GOOGLE_APPLICATION_CREDENTIALS"] == str(key)


@pytest.mark.parametrize("name", ["marts", "raw_cursor", "STAGING", "temp"])
def test_a_warehouse_may_not_be_named_like_a_schema(given, name):
    with pytest.raises(SettingsError, match=rf"^DUCKDB_PATH: a warehouse cannot be named {name}\."):
        given(DUCKDB_PATH=f"data/{name}.duckdb")


def test_all_schemas_of_the_project_are_names_that_a_warehouse_may_not_have():
    written = re.findall(r"\+schema: (\w+)", (ROOT / "dbt_project/dbt_project.yml").read_text())
    assert {*written, "raw_cursor"} <= Settings(_env_file=None)._schemas()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cursor.com",
        "https://me:hush@api.cursor.com",
        "ftp://127.0.0.1",
        "api.cursor.com",
        "https://",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "https://api.cursor.com?key=hush",
    ],
)
@pytest.mark.parametrize("name", ["CURSOR_BASE_URL", "METABASE_URL"])
def test_a_key_is_only_sent_encrypted_or_to_this_machine(given, name, url):
    with pytest.raises(SettingsError, match=rf"^{name}: must b") as caught:
        given(**{name: url})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", ["SLACK_WEBHOOK_URL", "HEARTBEAT_URL"])
@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/hush", "hooks.example.com/hush", "ftp://127.0.0.1/hush"]
)
def test_an_address_that_is_a_secret_is_only_asked_encrypted_or_on_this_machine(given, name, url):
    with pytest.raises(SettingsError, match=rf"^{name}: must begin with https://") as caught:
        given(**{name: url})
    assert "hush" not in str(caught.value)
    assert given(**{name: "http://127.0.0.1:1/hush"})
    assert given(**{name: "https://hooks.example.com/hush?token=hush"})


@pytest.mark.parametrize(
    "url",
    ["https://x.example.com/base/", "http://127.0.0.1:8000", "http://localhost", "http://[::1]:1"],
)
def test_an_address_is_https_or_this_machine(given, url):
    assert given(CURSOR_BASE_URL=url).cursor_base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TARGET": "snowflake"}, "TARGET: Input should be 'duckdb' or 'bigquery'"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT: Input should be 'text' or 'json'"),
        ({"EXTRACT_SINCE": "yesterday"}, "EXTRACT_SINCE: must be a day, YYYY-MM-DD"),
        (
            {"DUCKDB_MEMORY_LIMIT": "4"},
            "DUCKDB_MEMORY_LIMIT: 4 is not an amount of memory: write it like 4GB",
        ),
        ({"EXTRACT_UNTIL": "1767225600"}, "EXTRACT_UNTIL: must be a day, YYYY-MM-DD"),
        (
            {"EXTRACT_SINCE": "2026-02-01", "EXTRACT_UNTIL": "2026-02-01"},
            "EXTRACT_SINCE (2026-02-01) must be before EXTRACT_UNTIL (2026-02-01, exclusive)",
        ),
        ({"GOOGLE_USAGE_PROJECTS": "a-project,12"}, "GOOGLE_USAGE_PROJECTS must be ids of"),
        ({"GOOGLE_WORKSPACE_ADMIN": "the admin"}, "GOOGLE_WORKSPACE_ADMIN must be the e-mail"),
        ({"GOOGLE_SHEETS_ID": "x", "SHEETS_DIR": "tests"}, "GOOGLE_SHEETS_ID and SHEETS_DIR are"),
        ({"SHEETS_DIR": "no/such"}, f"SHEETS_DIR: there is no folder {ROOT / 'no/such'}"),
        (
            {"GOOGLE_SHEETS_ID": "x", "GOOGLE_APPLICATION_CREDENTIALS": "/no/key.json"},
            "GOOGLE_APPLICATION_CREDENTIALS: there is no file /no/key.json",
        ),
        (
            {"CURSOR_API_KEY": "x", "CURSOR_API_KEY_SECRET": RESOURCE},
            "CURSOR_API_KEY and CURSOR_API_KEY_SECRET are both set: keep one",
        ),
        ({"CURSOR_API_KEY_SECRET": "key"}, "CURSOR_API_KEY_SECRET must be a Secret Manager"),
        (
            {"SALESFORCE_INSTANCE_URL": "http://x.my.salesforce.com"},
            "SALESFORCE_INSTANCE_URL: must begin with https://",
        ),
        (
            {"SALESFORCE_INSTANCE_URL": "https://me:hush@x.my.salesforce.com"},
            "SALESFORCE_INSTANCE_URL: must be an address, https://host, without a password",
        ),
        (
            {"SALESFORCE_INSTANCE_URL": "https://x.my.salesforce.com"},
            "SALESFORCE_INSTANCE_URL is set: set SALESFORCE_CLIENT_ID as well",
        ),
        (
            {"SALESFORCE_INSTANCE_URL": "https://x.my.salesforce.com", "SALESFORCE_CLIENT_ID": "i"},
            "SALESFORCE_INSTANCE_URL is set: set SALESFORCE_CLIENT_SECRET as well",
        ),
        (
            {"SALESFORCE_INSTANCE_URL": "x.my.salesforce.com"},
            "SALESFORCE_INSTANCE_URL: must be an address",
        ),
        (
            {
                "SALESFORCE_INSTANCE_URL": "https://x.my.salesforce.com",
                "SALESFORCE_CLIENT_ID": "i",
                "SALESFORCE_CLIENT_SECRET": "s",
                "SALESFORCE_INCLUDED_USAGE_FIELD": "Plan__r.Included__c, Name",
            },
            "SALESFORCE_INCLUDED_USAGE_FIELD must be the API name of a field of Subscription__c",
        ),
        (
            {"GITHUB_COPILOT_TOKEN": "t", "GITHUB_ENTERPRISE": "e", "GITHUB_ORGANIZATION": "o"},
            "GITHUB_ENTERPRISE and GITHUB_ORGANIZATION are both set: keep the enterprise",
        ),
        (
            {"GITHUB_COPILOT_TOKEN": "t"},
            "GITHUB_COPILOT_TOKEN is set: set GITHUB_ENTERPRISE or GITHUB_ORGANIZATION as well",
        ),
        (
            {"GITHUB_ORGANIZATION": "o"},
            "GITHUB_ORGANIZATION is set: set GITHUB_COPILOT_TOKEN as well",
        ),
        (
            {"GITHUB_COPILOT_TOKEN": "t", "GITHUB_ENTERPRISE": "enterprises/e"},
            "GITHUB_ENTERPRISE must be the name in the address at GitHub",
        ),
        ({"SALESFORCE_API_SHARE": "80"}, "SALESFORCE_API_SHARE: Input should be less than"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(given, variables, message):
    with pytest.raises(SettingsError) as error:
        given(**variables)
    assert str(error.value).startswith(message)


def test_errors_about_several_settings_come_together(given):
    with pytest.raises(SettingsError) as error:
        given(TARGET="x", LOG_LEVEL="y")
    assert len(str(error.value).splitlines()) == 2


def test_relative_paths_start_at_the_project(given, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert given().duckdb_path == ROOT / "data" / "warehouse.duckdb"


def test_secrets_show_in_no_repr_no_dump_and_no_error(given):
    secrets = {name: f"https://hush/{name}" for name in SECRETS}
    secrets["PRODUCT_DATABASE_URL"] = "postgresql://hush/product"
    settings = given(**secrets, GITHUB_ENTERPRISE="e")
    assert sorted(settings.secret_values()) == sorted(secrets.values())
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "hush" not in settings.model_dump_json()
    assert "hush" not in str(settings.dbt_environment())
    with pytest.raises(SettingsError) as error:
        given(TARGET="hush", LOG_LEVEL="hush", EXTRACT_SINCE="hush", CURSOR_API_KEY_SECRET="hush")
    assert "hush" not in str(error.value)


@pytest.fixture
def secret_manager(monkeypatch):
    """Google's client, answering from memory; the list of what it was asked for."""
    asked = []

    class Client:
        def access_secret_version(self, name):
            asked.append(name)
            if "forbidden" in name:
                raise PermissionDenied("no access")
            return SimpleNamespace(payload=SimpleNamespace(data=b"from-the-vault\n"))

    monkeypatch.setattr(secretmanager, "SecretManagerServiceClient", Client)
    return asked


def test_the_password_in_an_address_is_a_secret_of_its_own(given):
    settings = given(PRODUCT_DATABASE_URL="postgresql://reader:h%40sh/:@db.example:5433/product")
    assert {"h%40sh/:", "h@sh/:"} < set(settings.secret_values())
    assert product_database.base_url(settings) == "postgresql://db.example:5433/product"
    assert product_database.base_url(given(PRODUCT_DATABASE_URL="hush")) == "unreadable:"


@pytest.mark.parametrize("password", ["h@sh", "h@sh/tail", "h@sh:5/tail", "h@sh?tail", "h/sh@tail"])
def test_an_at_sign_in_a_password_does_not_make_a_part_of_it_the_host(given, password):
    settings = given(PRODUCT_DATABASE_URL=f"postgresql://reader:{password}@db.example:5433/product")
    assert product_database.base_url(settings) == "unreadable:"
    assert password in settings.secret_values()


def test_the_user_in_an_address_may_have_an_at_sign(given):
    settings = given(PRODUCT_DATABASE_URL="postgresql://reader@srv:hushhush1@db.example/product")
    assert product_database.base_url(settings) == "postgresql://db.example/product"
    assert "hushhush1" in settings.secret_values()


def test_a_secret_can_be_named_in_secret_manager(given, secret_manager):
    settings = given(CURSOR_API_KEY_SECRET=RESOURCE)
    assert settings.cursor_api_key.get_secret_value() == "from-the-vault"
    assert settings.configured_sources() == ["cursor"]
    assert settings.secret_values() == ["from-the-vault"]
    assert secret_manager == [f"{RESOURCE}/versions/latest"]


def test_a_version_of_a_secret_can_be_named(given, secret_manager):
    given(METABASE_API_KEY_SECRET=f"{RESOURCE}/versions/3")
    assert secret_manager == [f"{RESOURCE}/versions/3"]


def test_a_secret_that_cannot_be_read_is_named(given, secret_manager):
    with pytest.raises(SettingsError, match=r"CURSOR_API_KEY_SECRET: cannot read .*no access"):
        given(CURSOR_API_KEY_SECRET="projects/example/secrets/forbidden")


def test_what_secret_manager_answers_is_checked_like_any_setting(given, secret_manager):
    with pytest.raises(SettingsError, match="SLACK_WEBHOOK_URL: must begin with https://") as error:
        given(SLACK_WEBHOOK_URL_SECRET=RESOURCE)
    assert "from-the-vault" not in str(error.value)


def test_secret_manager_is_not_asked_without_need(given, secret_manager):
    given(CURSOR_API_KEY="plain")
    assert secret_manager == []
