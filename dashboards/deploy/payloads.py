"""Compiled dashboards as the cards and dashboards that Metabase should hold, by stable keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.compiled import CompiledChart, CompiledDashboard, Path, Tile, filter_label
from dashboards.definition import Pivot, slug
from dashboards.deploy import bindings, pivots, visualization
from dashboards.deploy.bindings import Warehouse
from dashboards.deploy.client import Json
from dashboards.deploy.errors import PayloadError

PROJECT = "ai-spend"
ROWS = ":rows"
FULL_WIDTH = 24
LINE = 150


@dataclass(frozen=True)
class Card:
    """A question as it should be. `source` is the key of the card that its query reads, if any:
    `payload` leaves out the ids that Metabase assigns."""

    key: str
    collection: str
    payload: Json
    source: str | None = None
    query: Json = field(default_factory=dict)

    def with_ids(self, collection: int | None, source: int | None) -> Json:
        """What is sent, once the ids are known."""
        query = self.query
        if self.source:
            stage = {**query["stages"][0], "source-card": source}
            query = {**query, "stages": [stage]}
        return {**self.payload, "dataset_query": query, "collection_id": collection}


@dataclass(frozen=True)
class Place:
    """Something on a dashboard, by a stable key: `card` is the key of a card, or None."""

    key: str
    tab: int
    card: str | None
    payload: Json
    mappings: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Board:
    """A dashboard as it should be: its cards in the order in which to create them, and where they
    are."""

    key: str
    collection: str
    payload: Json
    tabs: tuple[str, ...]
    cards: tuple[Card, ...]
    places: tuple[Place, ...]

    def with_ids(
        self,
        collection: int | None,
        cards: Mapping[str, int],
        current: Json | None = None,
    ) -> Json:
        """What is sent. Ids of existing tabs and places are reused, since what is sent without an
        id is created and what is not sent is deleted."""
        tabs = _tab_ids(self.tabs, (current or {}).get("tabs") or [])
        places = _place_ids(self.places, cards, (current or {}).get("dashcards") or [])
        return {
            **self.payload,
            "collection_id": collection,
            "tabs": [{"id": one, "name": name} for one, name in zip(tabs, self.tabs, strict=True)],
            "dashcards": [
                {
                    "id": one,
                    **place.payload,
                    "card_id": cards.get(place.card) if place.card else None,
                    "dashboard_tab_id": tabs[place.tab] if tabs else None,
                    "series": [],
                    "parameter_mappings": [
                        {**mapping, "card_id": cards.get(place.card or "")}
                        for mapping in place.mappings
                    ],
                }
                for one, place in zip(places, self.places, strict=True)
            ],
        }


def entity_id(key: str) -> str:
    """The id that a card with this key has in every Metabase: 21 letters, like Metabase's own."""
    digest = hashlib.sha256(f"{PROJECT}:{key}".encode()).digest()
    text = base64.urlsafe_b64encode(digest).decode()[:21]
    return f"a{text[1:]}" if text.startswith("-") else text


def marker(key: str) -> str:
    """The last line of a dashboard's description: for readers, and to find the dashboard again."""
    return f"Made from dashboards/definitions/{key}.yml: changes made here are not kept."


@dataclass(frozen=True)
class Impossible:
    """A chart that Metabase cannot show as defined: where, and what to write instead."""

    path: Path
    message: str


def build(dashboard: CompiledDashboard, warehouse: Warehouse) -> tuple[Board, list[Impossible]]:
    """A dashboard as it should be, and what is impossible. Raises DeployError if Metabase does not
    know a column that a filter narrows."""
    definition = dashboard.definition
    cards: list[Card] = []
    places: list[Place] = []
    wrong: list[Impossible] = []
    top = _questions(dashboard)
    places += top
    for number, tab in enumerate(dashboard.tabs):
        offset = sum(place.payload["size_y"] for place in top) if number == 0 else 0
        counts: dict[str, int] = {}
        for tile in tab.tiles:
            try:
                made, place = _place(dashboard, warehouse, tile, number, offset, counts)
            except PayloadError as error:
                path = tile.chart.path if tile.chart else ()
                wrong.append(Impossible((*path, error.key), str(error)))
                continue
            cards += made
            places.append(place)
    payload = {
        "name": definition.name,
        "description": f"{definition.description.strip()}\n\n{marker(dashboard.key)}",
        "width": "full",
        "auto_apply_filters": True,
        "parameters": [bindings.parameter(dashboard, name) for name in definition.filters],
        "archived": False,
        "enable_embedding": definition.embed is not None,
        "embedding_params": {
            # A filter that the viewer could set would offer everybody's names.
            name: "locked" if name in definition.embed.locked else "disabled"
            for name in definition.filters
        }
        if definition.embed
        else {},
    }
    tabs = tuple(tab.name for tab in definition.tabs)
    board = Board(dashboard.key, definition.collection, payload, tabs, tuple(cards), tuple(places))
    return board, wrong


def _questions(dashboard: CompiledDashboard) -> list[Place]:
    """The questions that a dashboard answers, at its top."""
    text = " · ".join(dashboard.definition.questions)
    height = 1 + len(text) // LINE
    return [_virtual(f"{dashboard.key}.questions", 0, "text", text, Tile(0, 0, FULL_WIDTH, height))]


def _place(
    dashboard: CompiledDashboard,
    warehouse: Warehouse,
    tile: Tile,
    tab: int,
    offset: int,
    counts: dict[str, int],
) -> tuple[list[Card], Place]:
    if tile.chart is None:
        kind = "heading" if tile.heading is not None else "text"
        text = tile.heading or tile.text or ""
        counts[kind] = counts.get(kind, 0) + 1
        where = slug(dashboard.tabs[tab].name)
        key = f"{dashboard.key}.{where}.{kind}_{counts[kind]}"
        return [], _virtual(key, tab, kind, text, tile, offset)
    chart = tile.chart
    collection = dashboard.definition.collection
    if isinstance(chart.definition, Pivot):
        cards = _pivot(chart, dashboard, warehouse)
        mappings = pivots.mappings(chart, dashboard, None)
    else:
        found = bindings.tags(chart, dashboard, warehouse)
        cards = [_question(chart, dashboard, warehouse, found, collection)]
        mappings = bindings.mappings(chart, dashboard, found, None)
    settings = {"key": chart.key}
    place = Place(chart.key, tab, chart.key, _geometry(tile, offset, settings), tuple(mappings))
    return cards, place


def _geometry(tile: Tile, offset: int, settings: Json) -> Json:
    return {
        "row": tile.row + offset,
        "col": tile.column,
        "size_x": tile.width,
        "size_y": tile.height,
        "visualization_settings": settings,
    }


def _virtual(key: str, tab: int, kind: str, text: str, tile: Tile, offset: int = 0) -> Place:
    """A heading or a text: a card that only exists on the dashboard."""
    virtual: Json = {
        "name": None,
        "display": kind,
        "visualization_settings": {},
        "dataset_query": {},
        "archived": False,
    }
    settings = {"virtual_card": virtual, "text": text, "key": key}
    return Place(key, tab, None, _geometry(tile, offset, settings))


def _question(
    chart: CompiledChart,
    dashboard: CompiledDashboard,
    warehouse: Warehouse,
    found: list[Json],
    collection: str,
) -> Card:
    payload = {
        **_named(chart, dashboard),
        "display": visualization.display(chart),
        "visualization_settings": visualization.settings(chart),
        "parameters": bindings.tag_parameters(found),
    }
    query = _native(warehouse, bindings.sql(chart, dashboard, warehouse), found)
    return Card(chart.key, collection, payload, query=query)


def _pivot(chart: CompiledChart, dashboard: CompiledDashboard, warehouse: Warehouse) -> list[Card]:
    collection = dashboard.definition.collection
    made = pivots.crosstab(chart, warehouse)
    rows = Card(
        key=chart.key + ROWS,
        collection=collection,
        payload={
            "name": f"{chart.definition.name} (rows)",
            "type": "question",
            "description": f"What the pivot table “{chart.definition.name}” aggregates.",
            "archived": False,
            "display": "table",
            "visualization_settings": {},
            "parameters": [],
        },
        query=_native(warehouse, made.sql, []),
    )
    stage = {
        "lib/type": "mbql.stage/mbql",
        "aggregation": made.aggregations,
        "breakout": made.breakouts,
    }
    pivot = Card(
        key=chart.key,
        collection=collection,
        payload={
            **_named(chart, dashboard),
            "display": "pivot",
            "visualization_settings": visualization.settings(chart),
            "parameters": [],
        },
        source=rows.key,
        query={"lib/type": "mbql/query", "database": warehouse.id, "stages": [stage]},
    )
    return [rows, pivot]


def _named(chart: CompiledChart, dashboard: CompiledDashboard) -> Json:
    said = [chart.definition.description] if chart.definition.description else []
    if names := dashboard.unfiltered(chart):
        filters = dashboard.definition.filters
        labels = ", ".join(filter_label(name, filters[name]) for name in names)
        said.append(f"Not filtered by {labels}.")
    return {
        "name": chart.definition.name,
        "type": "question",
        "description": " ".join(said) or None,
        "archived": False,
    }


def _native(warehouse: Warehouse, sql: str, found: list[Json]) -> Json:
    stage: Json = {"lib/type": "mbql.stage/native", "native": sql}
    if found:
        stage["template-tags"] = {tag["name"]: tag for tag in found}
    return {"lib/type": "mbql/query", "database": warehouse.id, "stages": [stage]}


def _tab_ids(names: tuple[str, ...], current: list[Json]) -> list[int]:
    """The tab with the same name; renamed tabs take the ids that are left over, in order."""
    left = {tab["id"]: tab["name"] for tab in current}
    ids: list[int | None] = []
    for name in names:
        found = next((one for one, called in left.items() if called == name), None)
        if found is not None:
            del left[found]
        ids.append(found)
    spare = iter(left)
    return [
        one if one is not None else next(spare, -number) for number, one in enumerate(ids, start=1)
    ]


def _place_ids(
    places: tuple[Place, ...], cards: Mapping[str, int], current: list[Json]
) -> list[int]:
    """The place with the same key, or with the same card if a key got lost."""
    by_key = {_key(one): one["id"] for one in reversed(current) if _key(one)}
    by_card = {one["card_id"]: one["id"] for one in reversed(current) if one.get("card_id")}
    taken: set[int] = set()
    return list(_numbered(places, cards, by_key, by_card, taken))


def _numbered(
    places: tuple[Place, ...],
    cards: Mapping[str, int],
    by_key: Mapping[str, int],
    by_card: Mapping[int, int],
    taken: set[int],
) -> Iterator[int]:
    for number, place in enumerate(places, start=1):
        found = by_key.get(place.key)
        if found is None and place.card:
            found = by_card.get(cards.get(place.card, 0))
        if found is None or found in taken:
            yield -number
            continue
        taken.add(found)
        yield found


def _key(dashcard: Json) -> Any:  # noqa: ANN401
    return (dashcard.get("visualization_settings") or {}).get("key")
