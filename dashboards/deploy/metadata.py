"""What Metabase should know about tables and columns: descriptions, types and keys from dbt, pushed
with dbt-metabase (https://github.com/gouline/dbt-metabase).

dbt-metabase reads `metabase.…` from a column's meta. Most of it follows from the contracts and from
the filters of the dashboards, so it is written into a copy of the manifest; meta in a mart's yml
wins.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import requests
from dbtmetabase import DbtMetabase, Filter
from dbtmetabase.errors import MetabaseStateError

from dashboards.catalog import Catalog, Column
from dashboards.compiled import CompiledDashboard
from dashboards.deploy.errors import DeployError
from foundation.logs import redacted
from foundation.settings import Settings

SYNC_SECONDS = 300


def push(
    settings: Settings, catalog: Catalog, dashboards: list[CompiledDashboard], manifest: Path
) -> None:
    """Push what dbt knows about the marts. Raises DeployError."""
    if not settings.metabase_url or not settings.metabase_api_key:
        raise DeployError("METABASE_URL and METABASE_API_KEY must be set")
    key = settings.metabase_api_key.get_secret_value()
    content = enriched(json.loads(manifest.read_text()), catalog, dashboards)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "manifest.json"
        copy.write_text(json.dumps(content))
        try:
            DbtMetabase(copy, settings.metabase_url, metabase_api_key=key).export_models(
                metabase_database=settings.metabase_database,
                schema_filter=Filter(include=[settings.dataset("marts")]),
                skip_sources=True,
                sync_timeout=SYNC_SECONDS,
                order_fields=False,
            )
        except (MetabaseStateError, requests.RequestException) as error:
            raise DeployError(redacted(f"the metadata was not pushed: {error}", [key])) from None


def enriched(
    manifest: dict[str, Any], catalog: Catalog, dashboards: list[CompiledDashboard]
) -> dict[str, Any]:
    """dbt's manifest with meta for Metabase added to the marts' columns."""
    listed = _filtered(dashboards)
    for node in manifest["nodes"].values():
        model = catalog.models.get(node["name"]) if node["resource_type"] == "model" else None
        if model is None:
            continue
        for name, content in node["columns"].items():
            if column := model.columns.get(name):
                known = _meta(column) | listed.get((model.name, name), {})
                content["meta"] = known | (content.get("meta") or {})
    manifest["nodes"] = {
        key: node for key, node in manifest["nodes"].items() if not _joins_days(node, catalog)
    }
    return manifest


def _meta(column: Column) -> dict[str, str]:
    if column.kind == "text" and column.name.endswith("email"):
        return {"metabase.semantic_type": "type/Email"}
    if column.format == "usd":
        return {
            "metabase.semantic_type": "type/Currency",
            "metabase.number_style": "currency",
            "metabase.currency": "USD",
        }
    if column.format == "percent":
        return {"metabase.semantic_type": "type/Percentage", "metabase.number_style": "percent"}
    return {}


def _filtered(dashboards: list[CompiledDashboard]) -> dict[tuple[str, str], dict[str, str]]:
    """Columns with a filter over them: those with a list of values, and those to search in."""
    ways = {"search": "search", "dropdown": "list", "multi_select": "list"}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for dashboard in dashboards:
        for chart in dashboard.charts:
            for wire in chart.wires:
                way = ways.get(dashboard.definition.filters[wire.filter].type)
                if way is None:
                    continue
                meta = found.setdefault((wire.mart, wire.column), {})
                # A list can be searched too, but a column to search has no list.
                if meta.get("metabase.has_field_values") != "list":
                    meta["metabase.has_field_values"] = way
                if way == "list" and not wire.column.endswith("email"):
                    meta["metabase.semantic_type"] = "type/Category"
    return found


def _joins_days(node: dict[str, Any], catalog: Catalog) -> bool:
    """Whether a relationship joins a day to the calendar: as a foreign key it would no longer be a
    date."""
    if node["resource_type"] != "test" or node.get("test_metadata", {}).get("name") != (
        "relationships"
    ):
        return False
    model = (node.get("attached_node") or "").rpartition(".")[2]
    columns = catalog.models[model].columns if model in catalog.models else {}
    column = columns.get(node.get("column_name") or "")
    return column is not None and column.kind == "date"
