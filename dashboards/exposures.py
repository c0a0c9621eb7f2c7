"""`dbt_project/models/marts/_exposures.yml`: the dashboards for dbt.

So dbt's lineage ends where people look, and `dbt build --select +exposure:executive` builds what a
dashboard needs.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dashboards.compiled import CompiledDashboard
from dashboards.loading import Finding
from dashboards.schema import SCHEMA, schema_json
from foundation import dbt

EXPOSURES = dbt.PROJECT / "models" / "marts" / "_exposures.yml"
OWNER = "Data team"
HEAD = "# Made from dashboards/definitions by `python -m dashboards generate`.\n"


def exposures_yml(dashboards: list[CompiledDashboard]) -> str:
    """The text of the file."""
    content = {
        "version": 2,
        "exposures": [
            _exposure(dashboard) for dashboard in sorted(dashboards, key=lambda one: one.key)
        ],
    }
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 88
    written = io.StringIO()
    yaml.dump(content, written)
    return HEAD + written.getvalue()


def _exposure(dashboard: CompiledDashboard) -> dict[str, Any]:
    return {
        "name": dashboard.key,
        "label": dashboard.definition.name,
        "type": "dashboard",
        "description": _description(dashboard),
        "owner": {"name": OWNER},
        "depends_on": [f"ref('{mart}')" for mart in dashboard.marts],
    }


def _description(dashboard: CompiledDashboard) -> str:
    questions = " ".join(dashboard.definition.questions)
    return " ".join(f"{dashboard.definition.description} It answers: {questions}".split())


def generated(dashboards: list[CompiledDashboard]) -> dict[Path, str]:
    """The files that are generated from the definitions, with the content that they should have."""
    return {EXPOSURES: exposures_yml(dashboards), SCHEMA: schema_json()}


def generate(dashboards: list[CompiledDashboard]) -> list[Path]:
    """Write them; returns those that changed."""
    changed = []
    for path, text in generated(dashboards).items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    return changed


def stale(dashboards: list[CompiledDashboard]) -> list[Finding]:
    """Those that do not match the definitions; `dashboards` are all that there are."""
    return [
        _stale(path)
        for path, text in generated(dashboards).items()
        if not path.exists() or path.read_text() != text
    ]


def stale_exposures(dashboards: list[CompiledDashboard]) -> list[Finding]:
    """The same of some dashboards: what was generated from each is compared."""
    content = YAML(typ="safe").load(EXPOSURES) if EXPOSURES.exists() else {"exposures": []}
    written = {exposure["name"]: exposure for exposure in content["exposures"]}
    is_stale = any(written.get(one.key) != _exposure(one) for one in dashboards)
    return [_stale(EXPOSURES)] if is_stale else []


def _stale(path: Path) -> Finding:
    return Finding(path, 1, "does not match the definitions: run `python -m dashboards generate`")
