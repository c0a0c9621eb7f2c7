"""The seed of attribution methods has what the models try in turn, and what the docs show."""

import csv
import re

from foundation.dbt import PROJECT
from foundation.settings import ROOT

SEED = PROJECT / "seeds" / "attribution_methods.csv"


def methods() -> list[dict[str, str]]:
    with SEED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda row: int(row["method_rank"]))


# Whose an account is a sheet says, or the company's own login. A mapping of a key names a person,
# else a cost center; one of a workspace names a cost center.
METHODS_OF = {
    "vendor": ["vendor_identity"],
    "vendor_account": ["vendor_account", "saml_identity"],
    "key_mapping": ["key_mapping", "team_mapping"],
    "workspace_mapping": ["team_mapping"],
    "nothing": ["unattributed"],
}


def tried() -> list[str]:
    """The methods in the order in which the models try them; team_mapping is there twice."""
    sql = (PROJECT / "macros" / "attribution.sql").read_text()
    cases = sql.partition("macro decided_by(")[2].partition("endmacro")[0]
    steps = re.findall(r"(?:then|else) '(\w+)'", cases)
    return [method for step in steps for method in METHODS_OF.get(step, [step])]


def test_methods_are_tried_in_the_order_of_the_seed() -> None:
    assert list(dict.fromkeys(tried())) == [row["attribution_method"] for row in methods()]


def test_the_docs_show_the_methods_of_the_seed() -> None:
    page = (ROOT / "docs" / "attribution.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| .+? \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    shown = [(method, float(re.findall(r"[\d.]+", sure)[0])) for _, method, sure in rows]
    assert [int(rank) for rank, *_ in rows] == list(range(1, len(rows) + 1))
    seed = {row["attribution_method"]: row for row in methods()}
    expected, before = [], set()
    for method in tried():
        column = "workspace_confidence" if method in before else "default_confidence"
        expected.append((method, float(seed[method][column])))
        before.add(method)
    assert shown == expected
