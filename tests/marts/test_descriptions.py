"""Descriptions of tables and columns: one that repeats is a doc block (dbt_project/models/docs),
so that its words stand in one place."""

import copy
from collections import defaultdict

from tools import base_company

FEWEST_WORDS = 3
# So many places may have the same text before it has to be a doc block.
MOST_COPIES = 2


def described(manifest):
    """Each table and column that has a description, by its name."""
    for table in [*manifest.nodes.values(), *manifest.sources.values()]:
        source = f"{table.source_name}." if table.resource_type.value == "source" else ""
        name = source + table.name
        columns = {f"{name}.{column}": info for column, info in table.columns.items()}
        for place, item in {name: table, **columns}.items():
            if item.description:
                yield place, item


def short(manifest):
    return [
        place for place, item in described(manifest) if len(item.description.split()) < FEWEST_WORDS
    ]


def copied(manifest):
    """The places of each text that should be a reference to a doc block."""
    blocks = {block.block_contents.strip() for block in manifest.docs.values()}
    places = defaultdict(list)
    for place, item in described(manifest):
        if not item.doc_blocks:
            places[item.description.strip()].append(place)
    return {
        text: found for text, found in places.items() if len(found) > MOST_COPIES or text in blocks
    }


def test_descriptions_are_more_than_a_word_or_two():
    assert short(base_company.manifest()) == []


def test_a_description_that_repeats_is_a_doc_block():
    assert copied(base_company.manifest()) == {}


def test_a_short_or_copied_description_is_found():
    manifest = copy.deepcopy(base_company.manifest())
    columns = manifest.nodes["model.ai_spend.fct_cost_daily"].columns
    columns["product"].description = "Product."
    for name in ("organization", "cost_date", "department"):
        columns[name].description = "A text that three columns share."
        columns[name].doc_blocks = []
    # A copy of a block, even if it is the only one.
    columns["team"].doc_blocks = []

    assert short(manifest) == ["fct_cost_daily.product"]
    assert copied(manifest) == {
        "A text that three columns share.": [
            "fct_cost_daily.cost_date",
            "fct_cost_daily.organization",
            "fct_cost_daily.department",
        ],
        "Team of the person on the day.": ["fct_cost_daily.team"],
    }
