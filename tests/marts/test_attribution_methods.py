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


def test_methods_are_tried_in_the_order_of_the_seed() -> None:
    (file,) = (PROJECT / "models").rglob("int_attributions.sql")
    sql = file.read_text()
    cases = sql.partition("chosen as (")[2].partition("end as attribution_method")[0]
    # The fourth is the owner's method, whichever is left of the two.
    tried = re.findall(r"(?:then|else) ('\w+'|owner_method)", cases)
    tried[2:4] = ["'key_principal'", "'key_creator'"]
    assert [name.strip("'") for name in tried] == [row["attribution_method"] for row in methods()]


def test_the_docs_show_the_methods_of_the_seed() -> None:
    page = (ROOT / "docs" / "attribution.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| .+? \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    shown = [(rank, method, float(re.findall(r"[\d.]+", sure)[0])) for rank, method, sure in rows]
    assert shown == [
        (row["method_rank"], row["attribution_method"], float(row["default_confidence"]))
        for row in methods()
    ]
