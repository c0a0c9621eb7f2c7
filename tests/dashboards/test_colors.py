"""Colors that can be seen on both grounds, told apart, and that mean what they say."""

import re
from itertools import combinations

import pytest

from dashboards.colors import MEANINGS, PALETTE, value_colors
from dashboards.names import seed
from dashboards.preview.page import HERE


def ground(theme):
    """What tiles are filled with."""
    light, dark = re.findall(r"--tile: (#\w{6})", (HERE / "page.css").read_text())[:2]
    return {"light": light, "dark": dark}[theme]


def luminance(color):
    """As WCAG 2 defines it, from 0 for black to 1 for white."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_color_stands_out_from_its_ground(theme):
    for color in (*PALETTE, *MEANINGS.values()):
        # What WCAG asks of parts of a chart.
        assert contrast(getattr(color, theme), ground(theme)) >= 3, color


def test_every_platform_has_a_color_of_its_own():
    names = [row["platform_name"] for row in seed("platforms")]
    for one, other in combinations(names, 2):
        assert value_colors()[one] != value_colors()[other], (one, other)


def test_a_vendor_has_the_color_of_its_first_platform():
    assert value_colors()["OpenAI"] == value_colors()["OpenAI API"]


def test_a_status_has_the_color_of_what_it_means():
    colors = value_colors()
    assert colors["Disputed"] == colors["Over budget"] == colors["Critical"] == MEANINGS["bad"]
    assert colors["Reconciled"] == MEANINGS["good"]
    assert colors["Pending"] == MEANINGS["neutral"]
