"""A stand-in for Metabase's REST API, as far as dashboards are deployed with it.

It knows nothing of the deployer: what each endpoint declares is said here once more, and what is
not declared is dropped without a word at every depth, as Metabase does. It answers in the words of
several versions, returns cards in no order, and can fail at any request.
"""

import copy
import random
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import uvicorn
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

KEY = "mb_made-up-key-of-the-fake"
ME, SOMEBODY = 5, 9
NANO = re.compile(r"^[A-Za-z0-9_\-]{21}$")
USERS = {
    ME: {"id": ME, "email": "api-key-user-1@api-key.invalid", "first_name": "Deploy"},
    SOMEBODY: {"id": SOMEBODY, "email": "robin@example.com", "first_name": "Robin"},
}

# --- what the endpoints declare

PositiveInt = Annotated[int, Field(ge=1)]
NonBlank = Annotated[str, Field(min_length=1, pattern=r"\S")]
ParameterType = Literal[
    "number", "text", "date", "boolean", "date/single", "id", "category", "location/city",
    "location/state", "location/zip_code", "location/country", "date/range", "date/month-year",
    "date/quarter-year", "date/relative", "date/all-options", "temporal-unit", "number/=",
    "number/!=", "number/<=", "number/>=", "number/between", "string/=", "string/!=",
    "string/contains", "string/does-not-contain", "string/starts-with", "string/ends-with",
    "boolean/=",
]  # fmt: skip


class Declared(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Values(Declared):
    values: list[Any] | None = None
    card_id: PositiveInt | None = None
    value_field: list[Any] | None = None
    label_field: list[Any] | None = None


class Parameter(Declared):
    id: NonBlank
    type: ParameterType
    name: str | None = None
    slug: str | None = None
    sectionId: NonBlank | None = None  # noqa: N815 - Metabase's own
    default: Any = None
    isMultiSelect: bool | None = None  # noqa: N815
    required: bool | None = None
    target: list[Any] | None = None
    filteringParameters: list[str] | None = None  # noqa: N815
    temporal_units: list[str] | None = None
    values_query_type: Literal["none", "list", "search"] | None = None
    values_source_type: Literal["static-list", "card"] | None = None
    values_source_config: Values | None = None


class Mapping(Declared):
    parameter_id: NonBlank
    target: list[Any]
    card_id: PositiveInt | None = None

    @field_validator("target")
    @classmethod
    def _is_target(cls, target):
        kind, inner = target[0], target[1]
        if kind not in ("dimension", "variable", "text-tag"):
            raise ValueError("invalid target")
        if kind == "dimension" and inner[0] == "field" and isinstance(inner[1], dict):
            raise ValueError("targets are legacy references: [field, id, options]")
        return target


class Series(Declared):
    id: PositiveInt


class Dashcard(Declared):
    id: int
    size_x: PositiveInt
    size_y: PositiveInt
    row: Annotated[int, Field(ge=0)]
    col: Annotated[int, Field(ge=0)]
    card_id: PositiveInt | None = None
    action_id: PositiveInt | None = None
    dashboard_tab_id: int | None = None
    parameter_mappings: list[Mapping] | None = None
    visualization_settings: dict[str, Any] | None = None
    inline_parameters: list[NonBlank] | None = None
    series: list[Series] | None = None


class TabItem(Declared):
    id: int
    name: NonBlank


class NewDashboard(Declared):
    name: NonBlank
    parameters: list[Parameter] | None = None
    description: str | None = None
    cache_ttl: PositiveInt | None = None
    collection_id: PositiveInt | None = None
    collection_position: PositiveInt | None = None


class ChangedDashboard(Declared):
    name: NonBlank | None = None
    description: str | None = None
    caveats: str | None = None
    points_of_interest: str | None = None
    show_in_getting_started: bool | None = None
    enable_embedding: bool | None = None
    embedding_type: str | None = None
    embedding_params: dict[str, Literal["disabled", "enabled", "locked"]] | None = None
    parameters: list[Parameter] | None = None
    position: PositiveInt | None = None
    width: Literal["fixed", "full"] | None = None
    archived: bool | None = None
    auto_apply_filters: bool | None = None
    collection_id: PositiveInt | None = None
    collection_position: PositiveInt | None = None
    cache_ttl: PositiveInt | None = None
    dashcards: list[Dashcard] | None = None
    tabs: list[TabItem] | None = None


class NewCard(Declared):
    name: NonBlank
    dataset_query: dict[str, Any]
    display: NonBlank
    visualization_settings: dict[str, Any]
    type: Literal["question", "model", "metric"] | None = None
    entity_id: NonBlank | None = None
    parameters: list[Parameter] | None = None
    parameter_mappings: list[Mapping] | None = None
    description: NonBlank | None = None
    collection_id: PositiveInt | Annotated[str, Field(pattern=NANO.pattern)] | None = None
    collection_position: PositiveInt | None = None
    result_metadata: list[Any] | None = None
    cache_ttl: PositiveInt | None = None
    dashboard_id: PositiveInt | None = None
    dashboard_tab_id: PositiveInt | None = None


class ChangedCard(Declared):
    name: NonBlank | None = None
    dataset_query: dict[str, Any] | None = None
    display: NonBlank | None = None
    visualization_settings: dict[str, Any] | None = None
    type: Literal["question", "model", "metric"] | None = None
    parameters: list[Parameter] | None = None
    parameter_mappings: list[Mapping] | None = None
    description: NonBlank | None = None
    collection_id: PositiveInt | None = None
    collection_position: PositiveInt | None = None
    result_metadata: list[Any] | None = None
    cache_ttl: PositiveInt | None = None
    archived: bool | None = None
    enable_embedding: bool | None = None
    embedding_type: str | None = None
    embedding_params: dict[str, str] | None = None
    collection_preview: bool | None = None


class NewCollection(Declared):
    name: NonBlank
    description: NonBlank | None = None
    parent_id: PositiveInt | None = None
    namespace: NonBlank | None = None
    authority_level: Literal["official"] | None = None


class NewDatabase(Declared):
    name: NonBlank
    engine: NonBlank
    details: dict[str, Any]
    is_full_sync: bool = True
    is_on_demand: bool = False
    connection_source: Literal["admin", "setup"] = "admin"


class ChangedDatabase(Declared):
    name: NonBlank | None = None
    engine: NonBlank | None = None
    details: dict[str, Any] | None = None


class ChangedField(Declared):
    semantic_type: str | None = None
    description: NonBlank | None = None
    display_name: NonBlank | None = None
    has_field_values: Literal["auto-list", "list", "none", "search"] | None = None
    fk_target_field_id: PositiveInt | None = None
    visibility_type: str | None = None
    settings: dict[str, Any] | None = None


class ChangedTable(Declared):
    description: str | None = None
    display_name: NonBlank | None = None
    visibility_type: str | None = None


class Asked(Declared):
    entity_ids: dict[str, list[str]]


# --- the server


class RefusedError(Exception):
    def __init__(self, status: int, message: object) -> None:
        super().__init__(message)
        self.status, self.message = status, message


Style = Literal["mbql4", "0.57", "0.61", "0.63"]


@dataclass
class FakeMetabase:
    """What this Metabase holds, how it answers, and how it fails."""

    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    schema: str = "marts"
    engine: str = "duckdb"
    style: Style = "0.63"
    version: str = "v0.63.2"
    is_admin: bool = True
    can_write: bool = True
    native: str = "write"
    accepts_key: bool = True
    # Requests from the n-th on get no answer; with `late`, the n-th is done all the same.
    down_from: int | None = None
    late: bool = False
    # The next so many requests are answered like this instead.
    refuse_next: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    # Writes that are done, and whose answer is lost.
    lose_answers: int = 0
    forgets: tuple[str, ...] = ()
    empties_queries: bool = False
    redirects_to: str | None = None
    is_website: bool = False

    def __post_init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.bodies: list[tuple[str, str, Any]] = []
        self.cards: dict[int, dict] = {}
        self.dashboards: dict[int, dict] = {}
        self.collections: dict[int, dict] = {}
        self.databases: dict[int, dict] = {}
        self.subscriptions: list[dict] = []
        self.emails: list[str] = []
        self.url = ""
        self._ids = iter(range(101, 100_000))
        self._random = random.Random(4)
        self._clock = datetime(2026, 11, 1, tzinfo=UTC)
        self.actor = ME
        self.fields: list[dict] = []
        self.table_rows: list[dict] = []
        self.syncs = 0
        self._sync()
        self.databases[2] = self._database("AI spend", self.engine, {})

    # --- for tests

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Requests that may change something."""
        asks = ("/api/eid-translation/translate",)
        return [(way, path) for way, path in self.log if way != "GET" and path not in asks]

    def forget_requests(self) -> None:
        self.log.clear()
        self.bodies.clear()

    def card(self, name: str) -> dict:
        return next(card for card in self.cards.values() if card["name"] == name)

    def dashboard(self, name: str) -> dict:
        return next(one for one in self.dashboards.values() if one["name"] == name)

    def edit(self, thing: dict, by: int = SOMEBODY, **change: Any) -> None:
        """A change made by a person in the browser."""
        thing.update(change)
        self._stamp(thing, by)

    def state(self) -> dict:
        """What people see: without ids and times, and in one order."""
        names = {card["id"]: card["entity_id"] for card in self.cards.values()}
        boards = []
        for one in self.dashboards.values():
            tabs = [tab["id"] for tab in one["tabs"]]
            boards.append(
                {
                    **{key: one[key] for key in ("name", "description", "parameters", "archived")},
                    "tabs": [tab["name"] for tab in one["tabs"]],
                    "dashcards": sorted(
                        (
                            tabs.index(card["dashboard_tab_id"]) if tabs else 0,
                            card["row"],
                            card["col"],
                            names.get(card["card_id"], ""),
                            str(card["visualization_settings"]),
                            len(card["parameter_mappings"]),
                        )
                        for card in one["dashcards"]
                    ),
                }
            )
        cards = [
            {
                key: card[key]
                for key in ("entity_id", "name", "display", "archived", "visualization_settings")
            }
            for card in self.cards.values()
        ]
        return {
            "collections": sorted(self._path(one) for one in self.collections.values()),
            "cards": sorted(cards, key=lambda card: card["entity_id"]),
            "dashboards": sorted(boards, key=lambda one: one["name"]),
        }

    def _path(self, collection: dict) -> str:
        above = [int(part) for part in collection["location"].split("/") if part]
        return "/".join([*(self.collections[one]["name"] for one in above), collection["name"]])

    # --- things

    def _now(self) -> str:
        self._clock += timedelta(seconds=1)
        return self._clock.isoformat()

    def _stamp(self, thing: dict, by: int) -> None:
        thing["updated_at"] = self._now()
        thing["last-edit-info"] = {**USERS[by], "timestamp": thing["updated_at"]}

    def _nano(self) -> str:
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
        return "".join(self._random.choice(letters) for _ in range(21))

    def _database(self, name: str, engine: str, details: dict) -> dict:
        return {
            "id": 2 if not self.databases else next(self._ids),
            "name": name,
            "engine": engine,
            "details": details,
            "initial_sync_status": "complete",
        }

    def _sync(self) -> None:
        known = {(table["schema"], table["name"]) for table in self.table_rows}
        for name, columns in self.tables.items():
            if (self.schema, name) in known:
                continue
            table = {
                "id": next(self._ids),
                "name": name,
                "schema": self.schema,
                "display_name": name.replace("_", " ").title(),
                "description": None,
                "visibility_type": None,
                "active": True,
                "db_id": 2,
            }
            self.table_rows.append(table)
            self.fields += [
                {
                    "id": next(self._ids),
                    "table_id": table["id"],
                    "name": column,
                    "display_name": column.replace("_", " ").title(),
                    "base_type": base_type,
                    "semantic_type": None,
                    "description": None,
                    "visibility_type": "normal",
                    "fk_target_field_id": None,
                    "has_field_values": "none",
                    "coercion_strategy": None,
                    "settings": None,
                }
                for column, base_type in columns.items()
            ]

    def _thing(self, things: dict[int, dict], key: str) -> dict:
        if key.isdigit():
            found = things.get(int(key))
        elif NANO.match(key):
            found = next((one for one in things.values() if one["entity_id"] == key), None)
        else:
            raise RefusedError(400, {"errors": {"id": "an integer or a NanoID"}})
        if found is None:
            raise RefusedError(404, "Not found.")
        return found

    # --- queries: kept in MBQL 5, said in the words of a version

    def _kept(self, query: dict) -> dict:
        """A query as it is stored. The flat envelope with a reference of MBQL 5 in it is
        not understood, and is stored as nothing."""
        query = copy.deepcopy(query)
        if self.empties_queries:
            return {}
        if "stages" in query:
            for stage in query["stages"]:
                tags = stage.get("template-tags")
                if isinstance(tags, list):
                    stage["template-tags"] = {tag["name"]: tag for tag in tags}
                if source := stage.get("source-card"):
                    self._thing(self.cards, str(source))
                for tag in (stage.get("template-tags") or {}).values():
                    self._check_tag(tag, stage["native"])
            return query
        native = query.get("native", {})
        for tag in (native.get("template-tags") or {}).values():
            if isinstance((tag.get("dimension") or [0, 0])[1], dict):
                return {}
            if tag.get("dimension"):
                tag["dimension"] = ["field", tag["dimension"][2] or {}, tag["dimension"][1]]
        stage = {"lib/type": "mbql.stage/native", "native": native.get("query")}
        if native.get("template-tags"):
            stage["template-tags"] = native["template-tags"]
        return {"lib/type": "mbql/query", "database": query["database"], "stages": [stage]}

    def _check_tag(self, tag: dict, sql: str) -> None:
        for needed in ("name", "display-name", "type"):
            if not tag.get(needed):
                raise RefusedError(400, {"specific-errors": {"template-tags": f"{needed} missing"}})
        if not re.search(r"\{\{\s*" + re.escape(tag["name"]) + r"\s*\}\}", sql):
            raise RefusedError(400, f"the tag {tag['name']} is not in the SQL")
        if tag["type"] == "dimension":
            if not tag.get("widget-type"):
                raise RefusedError(400, {"specific-errors": {"widget-type": "missing"}})
            if tag["dimension"][2] not in {field["id"] for field in self.fields}:
                raise RefusedError(400, f"there is no field {tag['dimension'][2]}")

    def _said(self, query: dict) -> dict:
        query = copy.deepcopy(query)
        if not query:
            return {}
        if self.style == "mbql4":
            return self._as_mbql4(query)
        query["lib.convert/converted?"] = True
        for stage in query["stages"]:
            for part in ("aggregation", "breakout"):
                stage[part] = [self._with_uuids(one) for one in stage.get(part, [])]
                if not stage[part]:
                    del stage[part]
            tags = stage.get("template-tags")
            for tag in (tags or {}).values():
                if tag.get("dimension"):
                    number = tag["dimension"][2]
                    if self.style == "0.57":
                        tag["dimension"] = ["field", number, {"base-type": "type/Text"}]
                    else:
                        options = {"lib/uuid": str(uuid.uuid4()), "base-type": "type/Text"}
                        tag["dimension"] = ["field", options, number]
            if tags and self.style == "0.63":
                stage["template-tags"] = self._random.sample(list(tags.values()), len(tags))
        return query

    def _with_uuids(self, clause: Any) -> Any:
        if not isinstance(clause, list) or not clause or not isinstance(clause[0], str):
            return clause
        name, *rest = clause
        options = rest.pop(0) if rest and isinstance(rest[0], dict) else {}
        options = {**options, "lib/uuid": str(uuid.uuid4())}
        if name == "field":
            options["effective-type"] = options.get("base-type", "type/*")
        return [name, options, *(self._with_uuids(one) for one in rest)]

    def _as_mbql4(self, query: dict) -> dict:
        stage = query["stages"][0]
        if "native" in stage:
            tags = stage.get("template-tags") or {}
            for tag in tags.values():
                if tag.get("dimension"):
                    tag["dimension"] = ["field", tag["dimension"][2], None]
            native = {"query": stage["native"], "template-tags": tags}
            return {"type": "native", "database": query["database"], "native": native}
        inner: dict[str, Any] = {"source-table": f"card__{stage['source-card']}"}
        inner["breakout"] = [self._legacy(one) for one in stage["breakout"]]
        inner["aggregation"] = []
        for clause in stage["aggregation"]:
            named = {key: clause[1][key] for key in ("name", "display-name") if key in clause[1]}
            inner["aggregation"].append(["aggregation-options", self._legacy(clause), named])
        return {"type": "query", "database": query["database"], "query": inner}

    def _legacy(self, clause: Any) -> Any:
        if not isinstance(clause, list):
            return clause
        name, options, *rest = clause
        if name == "field":
            kept = {key: one for key, one in options.items() if not key.startswith("lib/")}
            return ["field", rest[0], kept or None]
        return [name, *(self._legacy(one) for one in rest)]

    def _card_answer(self, card: dict) -> dict:
        answer = {**copy.deepcopy(card), "dataset_query": self._said(card["dataset_query"])}
        answer |= {
            "query_type": "native",
            "result_metadata": [],
            "can_write": self.can_write,
            "dashboard_count": 1,
            "average_query_time": 12.5,
        }
        return answer

    # --- endpoints

    def properties(self, _request: dict) -> Any:
        return {"version": {"tag": self.version, "hash": "abc"}, "token-features": {}}

    def user(self, _request: dict) -> Any:
        return {**USERS[ME], "is_superuser": self.is_admin, "common_name": "Deploy"}

    def list_databases(self, _request: dict) -> Any:
        rows = [
            {**copy.deepcopy(one), "native_permissions": self.native}
            for one in self.databases.values()
        ]
        for row in rows:
            if "service-account-json" in row["details"]:
                row["details"]["service-account-json"] = "**MetabasePass**"
        return {"data": rows, "total": len(rows)}

    def get_database(self, request: dict) -> Any:
        found = self.databases.get(int(request["id"]))
        if found is None:
            raise RefusedError(404, "Not found.")
        if found["initial_sync_status"] == "incomplete":
            self.syncs -= 1
            if self.syncs <= 0:
                found["initial_sync_status"] = "complete"
                self._sync()
            return {**found, "initial_sync_status": "incomplete"}
        return found

    def new_database(self, request: dict) -> Any:
        self._must(self.is_admin)
        body = self._body(NewDatabase, request)
        made = self._database(body["name"], body["engine"], body["details"])
        made["initial_sync_status"] = "incomplete"
        self.syncs = 2
        self.databases[made["id"]] = made
        return made

    def change_database(self, request: dict) -> Any:
        self._must(self.is_admin)
        found = self.databases[int(request["id"])]
        change = self._body(ChangedDatabase, request)
        found.update({key: value for key, value in change.items() if value is not None})
        return found

    def sync(self, _request: dict) -> Any:
        self._sync()
        return {"status": "ok"}

    def metadata(self, request: dict) -> Any:
        found = self.databases[int(request["id"])]
        tables = [
            {
                **table,
                "fields": [one for one in self.fields if one["table_id"] == table["id"]],
            }
            for table in self.table_rows
        ]
        return {**found, "tables": tables}

    def change_field(self, request: dict) -> Any:
        found = next(one for one in self.fields if one["id"] == int(request["id"]))
        self._set(found, self._body(ChangedField, request), request)
        return found

    def change_table(self, request: dict) -> Any:
        found = next(one for one in self.table_rows if one["id"] == int(request["id"]))
        self._set(found, self._body(ChangedTable, request), request)
        return found

    def _set(self, thing: dict, change: dict, request: dict) -> None:
        thing.update({key: value for key, value in change.items() if key in request["json"]})

    def list_collections(self, _request: dict) -> Any:
        root = {"id": "root", "name": "Our analytics", "can_write": self.can_write}
        personal = {
            "id": 1,
            "name": "Robin's Personal Collection",
            "location": "/",
            "personal_owner_id": SOMEBODY,
            "can_write": False,
        }
        rows = [{**one, "can_write": self.can_write} for one in self.collections.values()]
        return [root, personal, *rows]

    def new_collection(self, request: dict) -> Any:
        self._must(self.can_write)
        body = self._body(NewCollection, request)
        location = "/"
        if parent := body["parent_id"]:
            location = f"{self.collections[parent]['location']}{parent}/"
        made = {
            "id": next(self._ids),
            "name": body["name"],
            "location": location,
            "archived": False,
            "entity_id": self._nano(),
            "namespace": body["namespace"],
            "personal_owner_id": None,
        }
        self.collections[made["id"]] = made
        return made

    def items(self, request: dict) -> Any:
        number = int(request["id"])
        kinds = {"dashboard": self.dashboards, "card": self.cards}
        models = request["query"].getlist("models") or list(kinds)
        rows = [
            {"model": model, **{key: one[key] for key in ("id", "name", "description")}}
            | {"entity_id": one["entity_id"], "collection_id": number}
            for model in models
            for one in kinds[model].values()
            if one["collection_id"] == number and not one["archived"]
        ]
        return {"data": rows, "total": len(rows), "models": models}

    def translate(self, request: dict) -> Any:
        asked = self._body(Asked, request)["entity_ids"].get("card", [])
        known = {card["entity_id"]: card["id"] for card in self.cards.values()}
        return {
            "entity_ids": {
                one: {"id": known[one], "type": "card", "status": "ok"}
                if one in known
                else {"type": "card", "status": "not-found"}
                for one in asked
            }
        }

    def get_card(self, request: dict) -> Any:
        return self._card_answer(self._thing(self.cards, request["id"]))

    def new_card(self, request: dict) -> Any:
        self._must(self.can_write and self.native == "write")
        body = self._body(NewCard, request)
        wanted = body["entity_id"]
        if wanted and not NANO.match(wanted):
            raise RefusedError(400, {"errors": {"entity_id": "a NanoID"}})
        if any(card["entity_id"] == wanted for card in self.cards.values()):
            raise RefusedError(500, 'duplicate key value violates "report_card_entity_id_key"')
        card = {
            **body,
            "id": next(self._ids),
            "entity_id": wanted or self._nano(),
            "type": body["type"] or "question",
            "parameters": body["parameters"] or [],
            "parameter_mappings": body["parameter_mappings"] or [],
            "dataset_query": self._kept(body["dataset_query"]),
            "archived": False,
            "creator_id": ME,
            "created_at": self._now(),
        }
        self._stamp(card, ME)
        self.cards[card["id"]] = card
        return self._card_answer(card)

    def change_card(self, request: dict) -> Any:
        self._must(self.can_write)
        card = self._thing(self.cards, request["id"])
        change = self._body(ChangedCard, request)
        if change.get("dataset_query"):
            change["dataset_query"] = self._kept(change["dataset_query"])
        always = ("description", "collection_id", "collection_position", "cache_ttl")
        self._apply(card, change, request, always)
        if card["archived"]:
            for dashboard in self.dashboards.values():
                dashboard["dashcards"] = [
                    one for one in dashboard["dashcards"] if one["card_id"] != card["id"]
                ]
        return self._card_answer(card)

    def _apply(
        self, thing: dict, change: dict, request: dict, when_present: tuple[str, ...]
    ) -> None:
        for name, value in change.items():
            is_present = name in request["json"]
            if value is not None or (is_present and name in when_present):
                thing[name] = value
        self._stamp(thing, ME)

    def get_dashboard(self, request: dict) -> Any:
        return self._dashboard_answer(self._thing(self.dashboards, request["id"]))

    def new_dashboard(self, request: dict) -> Any:
        self._must(self.can_write)
        body = self._body(NewDashboard, request)
        made = {
            **body,
            "id": next(self._ids),
            "entity_id": self._nano(),
            "parameters": body["parameters"] or [],
            "tabs": [],
            "dashcards": [],
            "archived": False,
            "width": "fixed",
            "auto_apply_filters": True,
            "enable_embedding": False,
            "embedding_params": None,
            "creator_id": ME,
        }
        self._stamp(made, ME)
        self.dashboards[made["id"]] = made
        return self._dashboard_answer(made)

    def change_dashboard(self, request: dict) -> Any:
        self._must(self.can_write)
        found = self._thing(self.dashboards, request["id"])
        change = self._body(ChangedDashboard, request)
        for name in ("enable_embedding", "embedding_params"):
            if change[name] is not None and change[name] != found[name]:
                self._must(self.is_admin)
        tabs, dashcards = change.pop("tabs"), change.pop("dashcards")
        if dashcards is not None:
            self._check_places(tabs or [], dashcards)
        if change["parameters"] is not None:
            self._parameters_changed(found, change["parameters"])
        always = (
            "description",
            "position",
            "width",
            "collection_id",
            "collection_position",
            "cache_ttl",
            "embedding_type",
        )
        self._apply(found, change, request, always)
        if dashcards is not None:
            self._place(found, tabs or [], dashcards)
        return self._dashboard_answer(found)

    def _check_places(self, tabs: list[dict], dashcards: list[dict]) -> None:
        for name, things in (("tabs", tabs), ("dashcards", dashcards)):
            ids = [one["id"] for one in things]
            if len(set(ids)) < len(ids):
                raise RefusedError(400, {"errors": {name: "ids are not unique"}})
        if len(tabs) > 1 and any(one["dashboard_tab_id"] is None for one in dashcards):
            raise RefusedError(400, "This dashboard has tab, makes sure every card has a tab")
        for one in dashcards:
            if one["card_id"]:
                card = self._thing(self.cards, str(one["card_id"]))
                if card["archived"]:
                    raise RefusedError(404, "The object has been archived.")

    def _parameters_changed(self, dashboard: dict, parameters: list[dict]) -> None:
        """Who subscribed with a filter that is no more is told, and gets nothing any longer."""
        kept = {one["id"] for one in parameters}
        for one in self.subscriptions:
            is_broken = one["dashboard_id"] == dashboard["id"] and not one["archived"]
            if is_broken and set(one["parameters"]) - kept:
                one["archived"] = True
                self.emails.append(one["owner"])

    def _place(self, dashboard: dict, tabs: list[dict], dashcards: list[dict]) -> None:
        known_tabs = {tab["id"]: tab for tab in dashboard["tabs"]}
        real: dict[int, int] = {}
        rows = []
        for position, tab in enumerate(tabs):
            number = tab["id"] if tab["id"] in known_tabs else next(self._ids)
            real[tab["id"]] = number
            rows.append({"id": number, "name": tab["name"], "position": position})
        dashboard["tabs"] = rows
        known = {one["id"]: one for one in dashboard["dashcards"]}
        placed = []
        for one in dashcards:
            number = one["id"] if one["id"] in known else next(self._ids)
            tab = one["dashboard_tab_id"]
            tab = real.get(tab) if tab is not None else None
            if tab is None and len(rows) == 1:
                tab = rows[0]["id"]
            if rows and tab is None:
                continue
            placed.append(
                {
                    **one,
                    "id": number,
                    "dashboard_tab_id": tab,
                    "parameter_mappings": one["parameter_mappings"] or [],
                    "visualization_settings": one["visualization_settings"] or {},
                    "series": one["series"] or [],
                    "entity_id": self._nano(),
                }
            )
        dashboard["dashcards"] = placed

    def _dashboard_answer(self, dashboard: dict) -> dict:
        answer = copy.deepcopy(dashboard)
        self._random.shuffle(answer["dashcards"])
        for one in answer["dashcards"]:
            card = self.cards.get(one["card_id"] or 0)
            one["card"] = self._card_answer(card) if card else {"query_average_duration": None}
            one["card"].pop("last-edit-info", None)
            one["created_at"] = one["updated_at"] = self._now()
            one["dashboard_id"] = dashboard["id"]
        answer["can_write"] = self.can_write
        answer["param_fields"] = {}
        return answer

    def _body(self, model: type[Declared], request: dict) -> dict:
        try:
            body = model.model_validate(request["json"]).model_dump()
        except ValidationError as error:
            errors = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
            raise RefusedError(400, {"errors": errors}) from None
        return _without(body, self.forgets)

    def _must(self, is_allowed: bool) -> None:
        if not is_allowed:
            raise RefusedError(403, "You don't have permissions to do that.")

    # --- HTTP

    def app(self) -> Starlette:
        routes = {
            ("GET", "/api/session/properties"): self.properties,
            ("GET", "/api/user/current"): self.user,
            ("GET", "/api/database"): self.list_databases,
            ("POST", "/api/database"): self.new_database,
            ("GET", "/api/database/{id}"): self.get_database,
            ("PUT", "/api/database/{id}"): self.change_database,
            ("POST", "/api/database/{id}/sync_schema"): self.sync,
            ("GET", "/api/database/{id}/metadata"): self.metadata,
            ("PUT", "/api/field/{id}"): self.change_field,
            ("PUT", "/api/table/{id}"): self.change_table,
            ("GET", "/api/collection"): self.list_collections,
            ("POST", "/api/collection"): self.new_collection,
            ("GET", "/api/collection/{id}/items"): self.items,
            ("POST", "/api/eid-translation/translate"): self.translate,
            ("POST", "/api/card"): self.new_card,
            ("GET", "/api/card/{id}"): self.get_card,
            ("PUT", "/api/card/{id}"): self.change_card,
            ("POST", "/api/dashboard"): self.new_dashboard,
            ("GET", "/api/dashboard/{id}"): self.get_dashboard,
            ("PUT", "/api/dashboard/{id}"): self.change_dashboard,
        }
        return Starlette(
            routes=[
                Route(path, self._endpoint(call), methods=[way])
                for (way, path), call in routes.items()
            ]
        )

    def _endpoint(self, call):
        async def endpoint(request: Request) -> Response:
            text = await request.body()
            self.log.append((request.method, request.url.path))
            number = len(self.log)
            if self.is_website:
                return HTMLResponse("<html>Welcome</html>")
            if self.redirects_to:
                return RedirectResponse(f"{self.redirects_to}{request.url.path}", 308)
            is_down = bool(self.down_from and number >= self.down_from)
            if is_down and not (self.late and number == self.down_from):
                return JSONResponse({"message": "down"}, 503)
            if self.refuse_next:
                status, headers = self.refuse_next.pop(0)
                return JSONResponse({"message": "not now"}, status, headers)
            is_public = request.url.path == "/api/session/properties"
            if not is_public and (request.headers.get("x-api-key") != KEY or not self.accepts_key):
                return Response("Unauthenticated", 401, media_type="text/plain")
            asked = {
                **request.path_params,
                "query": request.query_params,
                "json": (await request.json()) if text else {},
            }
            if request.method != "GET":
                self.bodies.append((request.method, request.url.path, asked["json"]))
            try:
                answer = JSONResponse(call(asked))
            except RefusedError as refused:
                said = refused.message
                body = said if isinstance(said, dict) else {"message": said}
                answer = JSONResponse(body, refused.status)
            if is_down:
                return JSONResponse({"message": "down"}, 503)
            if (request.method, request.url.path) in self.writes and self.lose_answers:
                self.lose_answers -= 1
                return JSONResponse({"message": "gateway time-out"}, 504)
            return answer

        return endpoint


def _without(value: Any, names: tuple[str, ...]) -> Any:
    """As a newer Metabase that no longer knows some keys."""
    if isinstance(value, dict):
        return {key: _without(one, names) for key, one in value.items() if key not in names}
    return [_without(one, names) for one in value] if isinstance(value, list) else value


@contextmanager
def served(fake: FakeMetabase) -> Iterator[FakeMetabase]:
    """The fake at a port of this machine, from a thread; `fake.url` says where."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    fake.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(fake.app(), log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
