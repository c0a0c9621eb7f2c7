"""Models read downward: staging reads raw, intermediate reads staging, marts read intermediate and
each other, the views of the older design read marts, and aggregates of facts belong to the
marts. The comparison with older tables reads all of them and is read by none."""

import copy

import pytest

from foundation import dbt
from tools import base_company

# Which layers a model of each layer may read; all may read seeds.
READS = {
    "staging": {"staging"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"intermediate", "marts"},
    "legacy": {"marts"},
    "comparison": {"staging", "intermediate", "marts", "comparison"},
}
# What tells which days changed asks for the last completed run, which is ours and no vendor's.
OF_BUILDS = "source.ai_spend.build."
OLDER = "source.ai_spend.legacy_tables."


def layer(node):
    return node.fqn[1] if node.resource_type.value == "model" else "intermediate"


def climbs(manifest):
    """A line for each reading that does not go down, sorted: what dbt parsed again comes last."""
    models = {
        id_: node
        for id_, node in manifest.nodes.items()
        if node.resource_type.value in ("model", "snapshot")
    }
    lines = []
    for node in models.values():
        for parent in node.depends_on_nodes:
            if parent.startswith("source."):
                is_older = layer(node) == "comparison" and parent.startswith(OLDER)
                is_down = layer(node) == "staging" or parent.startswith(OF_BUILDS) or is_older
            else:
                is_down = parent not in models or layer(models[parent]) in READS[layer(node)]
            if not is_down:
                lines.append(f"{node.name} reads {parent.rpartition('.')[2]}")
    return sorted(lines)


@pytest.mark.parametrize("with_comparison", [False, True])
def test_models_read_downward(with_comparison):
    manifest = dbt.read_manifest(base_company.parsed(with_comparison=with_comparison))
    assert climbs(manifest) == []


def test_a_climb_is_found():
    manifest = copy.deepcopy(base_company.manifest())
    manifest.nodes["model.ai_spend.int_costs"].depends_on.nodes += [
        "model.ai_spend.fct_cost_daily",
        "source.ai_spend.raw_cursor.usage_events",
    ]
    manifest.nodes["model.ai_spend.dim_users"].depends_on.nodes.append(
        "model.ai_spend.stg_cursor__members"
    )
    manifest.nodes["model.ai_spend.fct_usage_daily"].depends_on.nodes.append(
        "model.ai_spend.legacy_dim_users"
    )
    manifest.nodes["model.ai_spend.legacy_dim_users"].depends_on.nodes.append(
        "model.ai_spend.int_people"
    )
    assert climbs(manifest) == [
        "dim_users reads stg_cursor__members",
        "fct_usage_daily reads legacy_dim_users",
        "int_costs reads fct_cost_daily",
        "int_costs reads usage_events",
        "legacy_dim_users reads int_people",
    ]


def test_aggregates_of_facts_are_private():
    for node in base_company.manifest().nodes.values():
        if node.resource_type.value == "model" and node.fqn[1] == "marts":
            is_rollup = node.fqn[2] == "rollups"
            assert (node.access.value == "private") == is_rollup
            assert is_rollup or not node.name.startswith("rollup_")
