"""Colors that are told apart and mean what they say; test_preview.py has their contrast."""

from itertools import combinations

from dashboards.colors import MEANINGS, value_colors
from dashboards.names import seed


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
