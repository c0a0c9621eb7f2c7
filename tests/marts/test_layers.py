"""Models read downwards: staging reads raw, intermediate reads staging, marts read intermediate
and each other, and what aggregates facts is the marts' own."""

import copy

from tools import base_company

# From which layers a model of each may read; seeds may be read by all.
READS = {
    "staging": {"staging"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"intermediate", "marts"},
}
# What tells which days changed asks for the last completed run, which is ours and no vendor's.
OF_BUILDS = "source.ai_spend.build."


def layer(node):
    return node.fqn[1] if node.resource_type.value == "model" else "intermediate"


def climbs(manifest):
    """A line for each reading that does not go down."""
    models = {
        id_: node
        for id_, node in manifest.nodes.items()
        if node.resource_type.value in ("model", "snapshot")
    }
    lines = []
    for node in models.values():
        for parent in node.depends_on_nodes:
            if parent.startswith("source."):
                is_down = layer(node) == "staging" or parent.startswith(OF_BUILDS)
            else:
                is_down = parent not in models or layer(models[parent]) in READS[layer(node)]
            if not is_down:
                lines.append(f"{node.name} reads {parent.rpartition('.')[2]}")
    return sorted(lines)


def test_models_read_downwards():
    assert climbs(base_company.manifest()) == []


def test_a_climb_is_found():
    manifest = copy.deepcopy(base_company.manifest())
    manifest.nodes["model.ai_spend.int_costs"].depends_on.nodes += [
        "model.ai_spend.fct_cost_daily",
        "source.ai_spend.raw_cursor.usage_events",
    ]
    manifest.nodes["model.ai_spend.dim_users"].depends_on.nodes.append(
        "model.ai_spend.stg_cursor__members"
    )
    assert climbs(manifest) == [
        "dim_users reads stg_cursor__members",
        "int_costs reads fct_cost_daily",
        "int_costs reads usage_events",
    ]


def test_aggregates_of_facts_are_private():
    for node in base_company.manifest().nodes.values():
        if node.resource_type.value == "model" and node.fqn[1] == "marts":
            is_rollup = node.fqn[2] == "rollups"
            assert (node.access.value == "private") == is_rollup == node.name.startswith("rollup_")
