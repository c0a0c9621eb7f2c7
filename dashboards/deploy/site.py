"""What a deployment needs to know about Metabase before it begins: the version, the key's rights,
the database with the ids of its columns, the collections."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dashboards.compiled import CompiledDashboard
from dashboards.deploy.bindings import Warehouse
from dashboards.deploy.client import Client, Json, MetabaseError
from dashboards.deploy.errors import DeployError
from dashboards.query import Dialect
from foundation.settings import Settings

log = logging.getLogger("dashboards.deploy")

# The first version that answers in MBQL 5, which is what we send.
OLDEST = 57
ENGINES: dict[str, Dialect] = {"bigquery-cloud-sdk": "bigquery", "duckdb": "duckdb"}


@dataclass
class Site:
    """A Metabase as this key sees it. `collections` are ids by path, `A/B`."""

    version: str
    me: Json
    warehouse: Warehouse
    tables: set[str]
    collections: dict[str, int]
    read_only: set[str] = field(default_factory=set)

    def check(self, dashboards: Iterable[CompiledDashboard]) -> None:
        """Raises DeployError for anything that would make the deployment fail halfway."""
        dashboards = list(dashboards)
        asked = {mart for dashboard in dashboards for mart in dashboard.marts}
        if missing := sorted(asked - self.tables):
            raise DeployError(
                f"Metabase does not know the tables {', '.join(missing)} in the schema "
                f"{self.warehouse.schema}: build them (`make run`), then run `python -m dashboards "
                "database`, which makes Metabase look again"
            )
        for path in sorted({dashboard.definition.collection for dashboard in dashboards}):
            if (nearest := self._nearest(path)) in self.read_only:
                raise DeployError(
                    f"METABASE_API_KEY lacks “Curate” on {nearest or 'Our analytics'}, the "
                    f"collection for {path}: give it to the key's group"
                )
        embedded = [one.key for one in dashboards if one.definition.embed]
        if embedded and not self.me.get("is_superuser"):
            raise DeployError(
                f"METABASE_API_KEY must belong to the group Administrators: {embedded[0]} has "
                "`embed`, and only administrators may allow that"
            )

    def _nearest(self, path: str) -> str:
        """The collection itself if it exists, otherwise the nearest one above it; "" is the
        root."""
        while path and path not in self.collections:
            path = path.rpartition("/")[0]
        return path


def connected(settings: Settings) -> Client:
    """A client for the Metabase in the settings. Raises DeployError if settings are missing."""
    if not settings.metabase_url or not settings.metabase_api_key:
        name = "METABASE_API_KEY" if settings.metabase_url else "METABASE_URL"
        raise DeployError(f"{name} is not set: dashboards go to a Metabase (docs/metabase.md)")
    return Client(settings.metabase_url, settings.metabase_api_key)


def probe(client: Client) -> tuple[str, Json]:
    """Metabase's version, and whose key this is. Raises DeployError for a version that is too old,
    MetabaseError for a key that is not accepted."""
    try:
        properties = client.get("/api/session/properties")
        version = str(properties["version"]["tag"])
    except MetabaseError as error:
        if error.status == 404:
            raise DeployError(f"METABASE_URL {client.url} is no Metabase: {error}") from None
        raise
    except (KeyError, TypeError):
        raise DeployError(f"METABASE_URL {client.url} is no Metabase") from None
    # v0.59.1 is the free edition, v1.59.1 the paid one.
    match = re.match(r"v[01]\.(\d+)", version)
    if match is None:
        log.warning(
            "Metabase's version %s is unknown to us; everything written is read back", version
        )
    elif int(match[1]) < OLDEST:
        raise DeployError(
            f"Metabase is {version}, and queries are written as versions from 0.{OLDEST} on "
            "understand them: older ones store them empty. Update Metabase"
        )
    return version, client.get("/api/user/current")


def databases(client: Client) -> list[Json]:
    """The connections."""
    answer = client.get("/api/database")
    found: list[Json] = answer["data"] if isinstance(answer, dict) else answer
    return found


def open_site(client: Client, settings: Settings) -> Site:
    """Probe Metabase and read what payloads need. Raises DeployError, MetabaseError."""
    version, me = probe(client)
    all_databases = databases(client)
    name = settings.metabase_database
    database = next((one for one in all_databases if one["name"] == name), None)
    if database is None:
        known = ", ".join(sorted(one["name"] for one in all_databases)) or "none"
        raise DeployError(
            f"Metabase has no database called {name} (METABASE_DATABASE); it has: {known}. "
            "`python -m dashboards database` makes it"
        )
    dialect = ENGINES.get(database["engine"])
    if dialect != settings.target:
        raise DeployError(
            f"the database {name} in Metabase is {database['engine']}, and TARGET is "
            f"{settings.target}: METABASE_DATABASE names another one, or TARGET is not set"
        )
    if database.get("native_permissions", "write") != "write":
        raise DeployError(
            f"METABASE_API_KEY lacks “Query builder and native” on the database {name}: give it to "
            "the key's group"
        )
    schema = settings.dataset("marts")
    metadata = client.get(f"/api/database/{database['id']}/metadata", include_hidden="true")
    tables = [table for table in metadata.get("tables") or [] if table.get("schema") == schema]
    fields = {
        (table["name"], column["name"]): column["id"]
        for table in tables
        for column in table.get("fields") or []
    }
    paths, read_only = collections(client)
    return Site(
        version=version,
        me=me,
        warehouse=Warehouse(database["id"], dialect, schema, fields),
        tables={table["name"] for table in tables},
        collections=paths,
        read_only=read_only,
    )


def collections(client: Client) -> tuple[dict[str, int], set[str]]:
    """The collections by path, and the paths of those that this key may not write to; "" is the
    root. Personal collections are left out."""
    listed = client.get("/api/collection", **{"exclude-other-user-collections": "true"})
    shown = [
        one
        for one in listed
        if not one.get("archived") and not one.get("personal_owner_id") and not one.get("namespace")
    ]
    names = {str(one["id"]): one["name"] for one in shown}
    paths: dict[str, int] = {}
    read_only: set[str] = set()
    for one in shown:
        if one["id"] == "root":
            path = ""
        else:
            above = [part for part in (one.get("location") or "/").split("/") if part]
            if not all(part in names for part in above):
                continue
            path = "/".join([*(names[part] for part in above), one["name"]])
            if path in paths:
                log.warning("there are two collections %s: the older one is used", path)
                paths[path] = min(paths[path], one["id"])
            else:
                paths[path] = one["id"]
        if one.get("can_write") is False:
            read_only.add(path)
    return paths, read_only
