"""What people call the codes in the marts' columns: Claude.ai for `claude_ai`.

The names are in dbt's seeds. The preview and Metabase show them; filters and conditions keep to the
codes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache

from foundation.dbt import PROJECT

# Stands in a template around a column whose names are shown.
NAMED = "named__"
# The names for the codes of each column.
Names = Mapping[str, Mapping[str, str]]

# Seeds with a row for each code of a column, and the column that has its name.
_OF_ONE_COLUMN = {
    "platform_code": ("platforms", "platform_name"),
    "vendor": ("vendors", "vendor_name"),
    "attribution_method": ("attribution_methods", "meaning"),
    "finding_kind": ("risk_kinds", "finding_name"),
}
# The seed with the names of all other codes.
_OF_ALL_OTHERS = "code_names"


@cache
def code_names() -> Names:
    """The name for each code, by the column that has the code."""
    found = {
        column: {row[column]: row[name] for row in seed(of)}
        for column, (of, name) in _OF_ONE_COLUMN.items()
    }
    for row in seed(_OF_ALL_OTHERS):
        found.setdefault(row["column_name"], {})[row["code"]] = row["code_name"]
    return found


def meanings() -> Mapping[str, str]:
    """Whether a status is good, warning, bad or neutral, by the name that is shown."""
    return {row["code_name"]: row["meaning"] for row in seed(_OF_ALL_OTHERS) if row["meaning"]}


def names_of(columns: Iterable[str]) -> Mapping[str, str]:
    """The names for the codes of the columns that a filter is bound to, as `model.column`."""
    names = [code_names().get(column.partition(".")[2], {}) for column in columns]
    return dict(pair for each in names for pair in each.items())


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a seed."""
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
