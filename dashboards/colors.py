"""Which color a value has: the same on every dashboard, in the preview and in Metabase.

Platforms take the colors of the palette in the order of their seed, and a vendor has that of its
first platform. What a status means is in the seed `code_names`. Everything else is colored chart by
chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dashboards.names import code_names, meanings, seed


@dataclass(frozen=True)
class Color:
    """A color on a light ground, and the same on a dark one."""

    light: str
    dark: str


# Told apart by the color-blind as far as eleven colors can be: mostly Okabe and Ito's, darker on
# white for contrast.
PALETTE = (
    Color("#0072b2", "#56b4e9"),
    Color("#c75400", "#e69f00"),
    Color("#00805c", "#00b386"),
    Color("#a8558a", "#e08fc0"),
    Color("#b07800", "#f0e442"),
    Color("#00838f", "#4dd0e1"),
    Color("#6b6b6b", "#b5b5b5"),
    Color("#7a3e9d", "#b79ae6"),
    Color("#8a5a2b", "#c9a66b"),
    Color("#3949ab", "#8f9bff"),
    Color("#717800", "#b5c94c"),
)
MEANINGS = {
    "good": Color("#00805c", "#00b386"),
    "warning": Color("#b07800", "#f0c040"),
    "bad": Color("#c0392b", "#ff7b72"),
    "neutral": Color("#7b8594", "#7d8896"),
}


@cache
def value_colors() -> dict[str, Color]:
    """The color of each value that has the same one everywhere, by the name that is shown."""
    found: dict[str, Color] = {}
    vendors = code_names()["vendor"]
    for row, color in zip(seed("platforms"), PALETTE, strict=False):
        found[row["platform_name"]] = color
        found.setdefault(vendors.get(row["vendor"], row["vendor"]), color)
    return found | {name: MEANINGS[meaning] for name, meaning in meanings().items()}
