"""What dbt knows about a project once it is parsed: its marts, their keys, who reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

PACKAGE = "ai_spend"


@dataclass(frozen=True)
class Mart:
    """A model of the schema `marts`. `key` has the columns that tell its rows apart, according to
    its tests; it is empty if no test says so. `contract` has its columns with their types as the
    contract writes them; None without one."""

    unique_id: str
    name: str
    key: tuple[str, ...] = ()
    day_column: str | None = None
    contract: dict[str, str] | None = None


class Manifest:
    """dbt's manifest.json."""

    def __init__(self, path: Path) -> None:
        self._manifest: dict[str, Any] = json.loads(path.read_text())

    @cached_property
    def marts(self) -> dict[str, Mart]:
        """The marts by their names in the warehouse."""
        keys = self._keys()
        marts = {}
        for node in self._nodes("model"):
            if node["schema"] != "marts":
                continue
            types = {name: column["data_type"] or "" for name, column in node["columns"].items()}
            unique_id = node["unique_id"]
            marts[node["alias"]] = Mart(
                unique_id=unique_id,
                name=node["alias"],
                # The shortest: if a hash of the key is unique too, it is the simpler key.
                key=min(keys.get(unique_id, [()]), key=len),
                day_column=node["config"]["meta"].get("day_column"),
                contract=types if node["config"]["contract"]["enforced"] else None,
            )
        return marts

    @cached_property
    def models(self) -> list[str]:
        """The names of everything that dbt builds."""
        return sorted(node["name"] for node in self._nodes("model", "seed", "snapshot"))

    def dashboards_of(self, unique_ids: set[str]) -> list[str]:
        """The labels of the exposures that read one of the models."""
        return sorted(
            exposure["label"] or exposure["name"]
            for exposure in self._manifest["exposures"].values()
            if unique_ids & set(exposure["depends_on"]["nodes"])
        )

    def changed_models(self, after: Manifest) -> list[str]:
        """The models, seeds and snapshots whose own files changed, by name."""
        before = self._definitions()
        now = after._definitions()
        return sorted(
            name for name in before.keys() | now.keys() if before.get(name) != now.get(name)
        )

    def changed_macros(self, after: Manifest) -> list[str]:
        """The macros whose text changed, by name."""
        before = self._macros()
        now = after._macros()
        return sorted(
            name for name in before.keys() | now.keys() if before.get(name) != now.get(name)
        )

    def macros_of_models(self) -> set[str]:
        """The names of the macros that some model calls, directly or through others. The rest is
        called by dbt itself (`query_comment`, a materialization's own), which does not consider a
        model modified if one of those changed."""
        macros = self._manifest["macros"]
        found: set[str] = set()
        waiting = [
            macro
            for node in self._nodes("model", "seed", "snapshot")
            for macro in node["depends_on"].get("macros", [])
        ]
        while waiting:
            macro = waiting.pop()
            if macro in found or macro not in macros:
                continue
            found.add(macro)
            waiting += macros[macro]["depends_on"]["macros"]
        return {macro.split(".")[-1] for macro in found}

    def _nodes(self, *types: str) -> Iterator[dict[str, Any]]:
        return (node for node in self._manifest["nodes"].values() if node["resource_type"] in types)

    def _definitions(self) -> dict[str, Any]:
        return {
            node["name"]: (node["checksum"], node["unrendered_config"], _types(node))
            for node in self._nodes("model", "seed", "snapshot")
        }

    def _macros(self) -> dict[str, str]:
        return {
            macro["name"]: macro["macro_sql"]
            for macro in self._manifest["macros"].values()
            if macro["package_name"] == PACKAGE
        }

    def _keys(self) -> dict[str, list[tuple[str, ...]]]:
        """The columns that tests say are unique, by the model's unique_id."""
        keys: dict[str, list[tuple[str, ...]]] = {}
        for test in self._nodes("test"):
            about = test.get("test_metadata") or {}
            arguments = about.get("kwargs", {})
            if about.get("name") == "unique_combination":
                key = tuple(arguments["columns"])
            elif about.get("name") == "unique":
                key = (arguments["column_name"],)
            else:
                continue
            # A test with a condition is only about some of the rows.
            if not test["config"].get("where"):
                keys.setdefault(test["attached_node"], []).append(key)
        return keys


def _types(node: dict[str, Any]) -> dict[str, str]:
    return {name: column.get("data_type") for name, column in node["columns"].items()}
