"""The connection to the warehouse in Metabase: created, or updated to match the settings, and
synced.

https://www.metabase.com/docs/latest/databases/connections/bigquery; DuckDB with the driver of
https://github.com/motherduckdb/metabase_duckdb_driver
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from dashboards.deploy.client import Client, Json
from dashboards.deploy.errors import DeployError
from dashboards.deploy.site import databases, probe
from foundation.settings import Settings

# Where Metabase sees the warehouse's folder in dashboards/metabase/docker-compose.duckdb.yml.
FOLDER = "/warehouse"
WAIT_SECONDS = 600.0
PAUSE_SECONDS = 2.0


def connect(
    client: Client,
    settings: Settings,
    marts: set[str],
    *,
    credentials: Path | None = None,
    file: str | None = None,
) -> str:
    """Create or update the connection, then wait until Metabase knows the marts; returns what it
    did, as text. `credentials` is a service account's key for BigQuery, `file` the DuckDB file as
    Metabase's machine sees it. Raises DeployError, MetabaseError."""
    _, me = probe(client)
    if not me.get("is_superuser"):
        raise DeployError(
            "METABASE_API_KEY must be of the group Administrators: only they may change connections"
        )
    name = settings.metabase_database
    engine, details = _details(settings, credentials, file)
    found = _found(client, name)
    if found is None:
        body = {
            "name": name,
            "engine": engine,
            "details": details,
            "is_full_sync": True,
            "is_on_demand": False,
            "connection_source": "admin",
        }
        found = client.create("/api/database", body, lambda: _found(client, name))
        did = f"created the connection {name}"
    elif found["engine"] != engine:
        raise DeployError(
            f"the connection {name} in Metabase is {found['engine']}, and TARGET is "
            f"{settings.target}: give METABASE_DATABASE another name"
        )
    elif _differs(found, details):
        client.put(f"/api/database/{found['id']}", {"name": name, "details": details})
        did = f"updated the connection {name}"
    else:
        did = f"the connection {name} is as it should be"
    client.ask(f"/api/database/{found['id']}/sync_schema", {})
    _wait(client, found["id"], settings.dataset("marts"), marts)
    return f"{did}; Metabase knows the marts"


def _found(client: Client, name: str) -> Json | None:
    return next((one for one in databases(client) if one["name"] == name), None)


def _details(settings: Settings, credentials: Path | None, file: str | None) -> tuple[str, Json]:
    if settings.target == "duckdb":
        return "duckdb", {
            "database_file": file or f"{FOLDER}/{settings.duckdb_path.name}",
            "read_only": True,
            "old_implicit_casting": True,
        }
    if missing := settings.missing_settings().get("bigquery"):
        raise DeployError(f"{', '.join(missing)} must be set")
    return "bigquery-cloud-sdk", {
        "project-id": settings.google_cloud_project,
        "service-account-json": _service_account(
            credentials or settings.google_application_credentials
        ),
        # Raw data stays hidden; the account should not be able to read it either.
        "dataset-filters-type": "inclusion",
        "dataset-filters-patterns": settings.dataset("marts"),
    }


def _service_account(path: Path | None) -> str:
    """A service account's key, as the text that Metabase wants."""
    if path is None:
        raise DeployError(
            "Metabase needs the key of a service account: give its file with --credentials, or set "
            "GOOGLE_APPLICATION_CREDENTIALS"
        )
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        kind = type(error).__name__
        raise DeployError(f"{path} cannot be read as a service account's key: {kind}") from None
    if content.get("type") != "service_account" or "private_key" not in content:
        raise DeployError(
            f"{path} is not a service account's key, the only kind that Metabase accepts"
        )
    return json.dumps(content)


def _differs(found: Json, details: Json) -> bool:
    """Whether the connection must be written. Metabase does not show secrets, so one that should be
    set is always sent again."""
    current = found.get("details") or {}
    return any(current.get(key) != value for key, value in details.items())


def _wait(client: Client, number: int, schema: str, marts: set[str]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        status = client.get(f"/api/database/{number}").get("initial_sync_status")
        missing = marts
        if status == "complete":
            content = client.get(f"/api/database/{number}/metadata", skip_fields="true")
            tables = content.get("tables") or []
            missing = marts - {one["name"] for one in tables if one.get("schema") == schema}
            if not missing:
                return
        if status == "aborted":
            raise DeployError("Metabase gave up on the sync: its log says why (Admin, Tools, Logs)")
        if time.monotonic() > until:
            raise DeployError(
                f"after {WAIT_SECONDS:.0f} seconds Metabase does not know "
                f"{', '.join(sorted(missing))} in {schema}: are the marts built, and may "
                "the connection read them?"
            )
        time.sleep(PAUSE_SECONDS)
