"""How many rows a cube would have: exactly of a short mart, closely of a long one."""

import duckdb
import pytest

from dashboards.preview.sizes import COUNTED, Groups, Sizes

DAY = "cast(usage_date as date)"


def sizes_of(days: int, people: int) -> Sizes:
    """Of a mart with a row for each person, day and tool; a fifth of the people use none."""
    connection = duckdb.connect()
    connection.execute("create schema marts")
    connection.execute(
        "create table marts.uses as"
        " select date '2025-01-01' + d::int as usage_date, 'person ' || p as person,"
        " 'team ' || (p % 7) as team, if(p % 5 = 0, null, 'tool ' || t) as tool"
        f" from range({days}) _(d), range({people}) _(p), range(3) _(t)"
    )
    return Sizes(connection)


def groups(*columns: str, where: str | None = None) -> Groups:
    return Groups("uses", frozenset([where]), frozenset(columns))


def test_a_short_mart_is_counted_exactly():
    sizes = sizes_of(days=100, people=30)
    assert sizes.of(groups(DAY, "person", "tool")) == 100 * (24 * 3 + 6)
    assert sizes.of(groups("team", "tool", where="person <> 'person 1'")) == 7 * 3 + 6
    assert sizes.of(groups()) == 1


@pytest.mark.parametrize(("days", "people"), [(400, 500), (3_000, 40), (4, 20_000)])
def test_a_long_mart_is_counted_closely_however_many_days_it_has(days, people):
    sizes = sizes_of(days, people)
    assert days * people * 3 > 2 * COUNTED
    of_all = groups(DAY, "person", "tool")
    assert sizes.of(of_all) == pytest.approx(days * people * (0.8 * 3 + 0.2), rel=0.05)
    assert sizes.of(groups(DAY, "person", "team")) == pytest.approx(days * people, rel=0.05)
    of_some = groups(DAY, "person", where="tool = 'tool 1'")
    assert sizes.of(of_some) == pytest.approx(days * people * 0.8, rel=0.05)
    # Columns alone have few values, of which none may be missed.
    assert sizes.of(groups("person")) == people
    assert sizes.of(groups("team")) == 7


def test_a_mart_is_read_once_for_all_that_is_asked_of_it_together():
    sizes = sizes_of(days=10, people=10)
    asked = [groups("person"), groups("team", "tool"), groups("person", where="team = 'team 1'")]
    sizes.learn([*asked, *asked])
    sizes._connection.execute("drop table marts.uses")
    assert [sizes.of(one) for one in asked] == [10, 20, 2]
    with pytest.raises(duckdb.CatalogException):
        sizes.of(groups("tool"))


def test_what_the_last_preview_counted_holds_until_a_mart_has_grown():
    first = sizes_of(days=10, people=100)
    connection, asked = first._connection, groups("person", "tool")
    assert first.of(asked) == 80 * 3 + 20
    add = "insert into marts.uses select date '2026-01-01', 'new ' || range, 'team 1', 'tool 1'"
    connection.execute(f"{add} from range(50)")
    second = Sizes(connection, first.text())
    assert second.of(asked) == 260
    # A little more each day is more than a little in the end.
    connection.execute(f"{add} from range(50, 100)")
    assert Sizes(connection, second.text()).of(asked) == 260 + 100
    assert Sizes(connection, second.text()).of(groups("team")) == 7
