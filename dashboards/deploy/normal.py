"""One normal form for what we want and for what Metabase answers, so that equal means the same.

Metabase writes the same thing differently from version to version: queries as MBQL 4 or 5, template
tags as a map or as a list, references in either order. Here all of them read alike, and what
Metabase adds for itself (`lib/uuid`, times, counts) is left out.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dashboards.deploy.client import Json

CARD = ("name", "description", "display", "type", "collection_id", "archived")
DASHBOARD = (
    "name",
    "description",
    "collection_id",
    "archived",
    "width",
    "auto_apply_filters",
    "enable_embedding",
)
_PARAMETER = (
    "id",
    "name",
    "slug",
    "type",
    "sectionId",
    "default",
    "isMultiSelect",
    "required",
    "target",
    "filteringParameters",
    "temporal_units",
    "values_query_type",
    "values_source_type",
    "values_source_config",
)
_CARD_PARAMETER = ("id", "name", "slug", "type", "target", "default")
_TAG = (
    "id",
    "name",
    "display-name",
    "type",
    "dimension",
    "widget-type",
    "default",
    "required",
    "alias",
    "card-id",
    "snippet-id",
    "table-id",
)
# Options of a clause that Metabase derives or renews.
_DERIVED = ("effective-type", "ident")


def card(content: Json) -> Json:
    """A card, ours or Metabase's."""
    return {
        **_common(content, CARD),
        "type": content.get("type") or "question",
        "visualization_settings": settings(content.get("visualization_settings") or {}),
        # They follow from the tags, so only what people would notice counts.
        "parameters": _parameters(content, _CARD_PARAMETER),
        "query": query(content.get("dataset_query") or {}),
    }


def dashboard(content: Json) -> Json:
    """A dashboard, ours or Metabase's: tabs by name, and cards by position, since Metabase's order
    of cards is not stable and the ids of new ones are not known beforehand."""
    tabs = [tab["id"] for tab in _tabs(content)]
    is_embedded = bool(content.get("enable_embedding"))
    return {
        **_common(content, DASHBOARD),
        "enable_embedding": is_embedded,
        # Parameters that are not listed are disabled.
        "embedding_params": {
            slug: way
            for slug, way in (content.get("embedding_params") or {}).items()
            if is_embedded and way != "disabled"
        },
        "parameters": _parameters(content),
        "tabs": [tab["name"] for tab in _tabs(content)],
        "dashcards": sorted(
            (_dashcard(one, tabs) for one in content.get("dashcards") or []),
            key=lambda one: (one["tab"], one["row"], one["col"], fingerprint(one)),
        ),
    }


def fingerprint(normal: Any) -> str:  # noqa: ANN401 - JSON
    """A short hash of a normal form."""
    text = json.dumps(normal, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changed_parts(wanted: Json, current: Json) -> list[str]:
    """The names of what differs between two normal forms; for a dashboard's cards, which ones."""
    parts = []
    for name in wanted:
        if wanted[name] == current.get(name):
            continue
        if name != "dashcards":
            parts.append("SQL" if _is_sql(wanted[name]) else name.replace("_", " "))
            continue
        before = {fingerprint(one): _called(one) for one in current.get(name, [])}
        after = {fingerprint(one): _called(one) for one in wanted[name]}
        called = {text for one, text in after.items() if one not in before}
        called |= {text for one, text in before.items() if one not in after}
        parts.append(f"cards ({', '.join(sorted(called))})")
    return parts


def settings(content: Json) -> Json:
    """visualization_settings: without empty values, column_settings by their parsed keys."""
    cleaned: Json = _cleaned(content)
    if columns := cleaned.get("column_settings"):
        cleaned["column_settings"] = {_column_key(key): value for key, value in columns.items()}
    return cleaned


def query(content: Json) -> Json:
    """A query, native or from the query builder, in MBQL 4 or 5. An empty one becomes nothing."""
    if not content:
        return {}
    if "stages" in content:
        stages = content["stages"]
        stage = stages[0] if stages else {}
        if "native" in stage:
            return _native(content, stage["native"], stage.get("template-tags"))
        return {"database": content.get("database"), "stages": [_stage(one) for one in stages]}
    if "native" in content:
        native = content["native"]
        return _native(content, native.get("query"), native.get("template-tags"))
    if "query" not in content:
        return {}
    return {"database": content.get("database"), "stages": [_stage(content["query"])]}


def query_field(clause: Any) -> Any:  # noqa: ANN401
    """The column that a clause refers to, by id or name; None if it refers to no column."""
    found = _clause(clause)
    return found[2] if isinstance(found, list) and found and found[0] == "field" else None


def _native(content: Json, sql: object, tags: object) -> Json:
    listed = tags if isinstance(tags, list) else list((tags or {}).values())  # type: ignore[attr-defined]
    return {
        "database": content.get("database"),
        "sql": sql,
        "tags": {tag["name"]: _tag(tag) for tag in listed},
    }


def _tag(tag: Json) -> Json:
    picked = {name: _cleaned(tag.get(name)) for name in _TAG}
    if tag.get("dimension"):
        # The column's id is enough; its type is Metabase's own note.
        picked["dimension"] = _clause(tag["dimension"])[2]
    return {name: value for name, value in picked.items() if value not in (None, [], {}, False)}


def _stage(stage: Json) -> Json:
    picked = {key: value for key, value in stage.items() if not key.startswith("lib/")}
    source = picked.pop("source-table", None)
    if isinstance(source, str):
        picked["source-card"] = int(source.removeprefix("card__"))
    elif source is not None:
        picked["source-table"] = source
    return {key: _clause(value) for key, value in picked.items() if value not in (None, [], {})}


def _clause(value: Any) -> Any:  # noqa: ANN401
    """MBQL in one order, that of MBQL 5: the name, the options, the arguments."""
    if not isinstance(value, list):
        return _cleaned(value)
    if not value or not isinstance(value[0], str):
        return [_clause(one) for one in value]
    name, rest = value[0], list(value[1:])
    if name == "aggregation-options":
        inner, options = rest
        named = _clause(inner)
        return [named[0], {**named[1], **_options(options)}, *named[2:]]
    if name == "field" and not isinstance(rest[0], dict):
        reference, options = rest[0], rest[1] if len(rest) > 1 else None
        return ["field", _options(options), reference]
    options = rest.pop(0) if rest and isinstance(rest[0], dict) else None
    return [name, _options(options), *(_clause(one) for one in rest)]


def _options(options: Json | None) -> Json:
    return {
        key: _cleaned(value)
        for key, value in sorted((options or {}).items())
        if not key.startswith("lib/") and key not in _DERIVED and value is not None
    }


def _parameters(content: Json, names: tuple[str, ...] = _PARAMETER) -> list[Json]:
    return [
        {name: _cleaned(one[name]) for name in names if one.get(name) not in (None, [], {}, False)}
        for one in content.get("parameters") or []
    ]


def _dashcard(one: Json, tabs: list[Any]) -> Json:
    tab = one.get("dashboard_tab_id")
    mappings = [
        {"parameter": mapping["parameter_id"], "target": _target(mapping["target"])}
        for mapping in one.get("parameter_mappings") or []
    ]
    return {
        "card": one.get("card_id"),
        "action": one.get("action_id"),
        # If there is a single tab, cards that name no tab belong to it.
        "tab": tabs.index(tab) if tab in tabs else 0,
        **{name: one[name] for name in ("row", "col", "size_x", "size_y")},
        "series": sorted(series["id"] for series in one.get("series") or []),
        "inline_parameters": sorted(one.get("inline_parameters") or []),
        "visualization_settings": settings(one.get("visualization_settings") or {}),
        "parameter_mappings": sorted(mappings, key=fingerprint),
    }


def _target(target: Any) -> Any:  # noqa: ANN401
    """What a filter is bound to. If no stage is named, Metabase takes stage 0."""
    if not isinstance(target, list):
        return target
    kind, inner, *options = target
    if isinstance(inner, list) and inner and inner[0] == "field":
        inner = _clause(inner)
    stage = (options[0] or {}).get("stage-number") if options else None
    return [kind, inner, *([stage] if stage else [])]


def _tabs(content: Json) -> list[Json]:
    tabs: list[Json] = content.get("tabs") or []
    return (
        sorted(tabs, key=lambda tab: tab["position"])
        if all("position" in t for t in tabs)
        else tabs
    )


def _common(content: Json, names: tuple[str, ...]) -> Json:
    return {name: content.get(name) or None for name in names}


def _cleaned(value: Any) -> Any:  # noqa: ANN401
    """The value without empty parts, and with one spelling of each number."""
    if isinstance(value, dict):
        cleaned = {key: _cleaned(inner) for key, inner in value.items()}
        return {key: inner for key, inner in cleaned.items() if inner not in (None, [], {})}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _column_key(key: str) -> str:
    try:
        return json.dumps(json.loads(key), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return key


def _is_sql(value: object) -> bool:
    return isinstance(value, dict) and "sql" in value


def _called(dashcard: Json) -> str:
    """The name of a dashboard's card: our key, or what it is."""
    own: Json = dashcard["visualization_settings"]
    key = own.get("key")
    return str(key).rpartition(".")[2] if key else f"card {dashcard['card']}"
