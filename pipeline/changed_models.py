"""Which tables another version of the project built: they are built again from what landed.

Models that are built in parts, and seeds, keep rows of earlier runs. A fingerprint for each is kept
in the warehouse: a hash of all that its rows follow from, except the data. If it is another one
now, the rows of earlier runs would come out differently, or no longer fit into the table.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from foundation import dbt
from foundation.settings import Settings
from foundation.sources import SOURCES
from foundation.warehouse import NoTableError, expiring, warehouse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

log = logging.getLogger(__name__)

# What is in the config of a node and does not change its rows; `rebuild` sets `full_refresh`.
BESIDE_THE_ROWS = ("full_refresh", "tags", "docs", "description", "group", "access")
WORD = re.compile(r"\w+")


def fingerprints(manifest: Manifest) -> dict[str, str]:
    """The fingerprint of each model that is built in parts and of each seed, by its unique id."""
    variables = YAML(typ="safe").load(dbt.PROJECT / "dbt_project.yml")["vars"]
    found: dict[str, str] = {}

    def of(id_: str) -> str:
        node = manifest.nodes.get(id_)
        if node is None:
            # A source.
            return id_
        if id_ not in found:
            code = [node.raw_code, *_macros(manifest, node.depends_on_macros)]
            words = {word for text in code for word in WORD.findall(text)}
            config = node.config.to_dict()
            parts = [
                *code,
                node.checksum.checksum,
                {name: config[name] for name in config.keys() - set(BESIDE_THE_ROWS)},
                [(column.name, column.data_type) for column in node.columns.values()],
                # A macro may get the name of a var as an argument.
                {name: value for name, value in variables.items() if name in words},
                [of(parent) for parent in node.depends_on_nodes],
            ]
            text = json.dumps(parts, sort_keys=True, default=str)
            found[id_] = hashlib.sha256(text.encode()).hexdigest()[:16]
        return found[id_]

    return {id_: of(id_) for id_ in _kept(manifest)}


def _kept(manifest: Manifest) -> Iterator[str]:
    for id_, node in manifest.nodes.items():
        if node.resource_type.value == "seed" or node.config.materialized == "incremental":
            yield id_


def _macros(manifest: Manifest, ids: Iterable[str]) -> list[str]:
    """The code of the project's macros that are used, also by each other."""
    ours = manifest.metadata.project_name
    waiting, found = list(ids), dict[str, str]()
    while waiting:
        id_ = waiting.pop()
        macro = manifest.macros.get(id_)
        if macro and macro.package_name == ours and id_ not in found:
            found[id_] = macro.macro_sql
            waiting += macro.depends_on.macros
    return [found[id_] for id_ in sorted(found)]


def outdated(settings: Settings, now: dict[str, str]) -> set[str]:
    """The unique ids of what another version of the project built, as far as is known. Empty if the
    warehouse keeps what landed for some time only: then it cannot be built again, and a warning
    says so."""
    before = _remembered(settings)
    changed = {id_ for id_, fingerprint in now.items() if before.get(id_) != fingerprint}
    schemas = [settings.dataset(source.raw_schema) for source in SOURCES]
    if changed and (tables := expiring(settings, schemas)):
        log.warning(
            "%s models and seeds changed since they were built. Their past stays as it was, since "
            "%s does not keep all that landed (docs/bigquery.md, Retention)",
            len(changed),
            tables[0],
        )
        return set()
    if changed and before:
        log.info("dbt: %s models and seeds changed and are built again from all days", len(changed))
    return changed


def rebuild(manifest: Manifest, ids: set[str]) -> None:
    """Make dbt build these nodes of the manifest from nothing, as with --full-refresh, and others
    as their config says."""
    for id_ in _kept(manifest):
        config: Any = manifest.nodes[id_].config
        config.full_refresh = id_ in ids or None


def _remembered(settings: Settings) -> dict[str, str]:
    try:
        with warehouse(settings) as ask:
            return dict(ask(f"select unique_id, fingerprint from {_table(settings)}"))
    except NoTableError:
        return {}


def remember(settings: Settings, now: dict[str, str]) -> None:
    """To be called when a build of all models ended well."""
    rows = (
        f"select '{id_}' as unique_id, '{fingerprint}' as fingerprint"
        for id_, fingerprint in now.items()
    )
    with warehouse(settings, writes=True) as ask:
        ask(f"create or replace table {_table(settings)} as {' union all '.join(rows)}")


def forget(settings: Settings) -> None:
    """To be called when somebody builds by hand: from which version is not known."""
    try:
        with warehouse(settings, writes=True) as ask:
            ask(f"delete from {_table(settings)} where true")
    except NoTableError:
        return


def _table(settings: Settings) -> str:
    return f"{settings.dataset('intermediate')}.built_models"
