"""The preview as files: what is in them, what is said, and what happens when something is wrong.

What the pages do in a browser is in test_preview_in_browser.py.
"""

import base64
import gzip
import json
import re
import subprocess
import sys
from datetime import date
from itertools import pairwise

import duckdb
import msgspec
import pytest

from dashboards import query
from dashboards.colors import MEANINGS, PALETTE
from dashboards.preview import SIZES, PreviewError, page, preview, today_in, write
from dashboards.preview.cube import Cubes
from dashboards.preview.expression import Cube, UnsupportedError, is_additive, tree_of
from dashboards.preview.sizes import Sizes
from foundation.settings import ROOT
from tests.dashboards.gallery.warehouse import IMAGE, NEWEST, SCRIPT


@pytest.fixture(scope="module")
def pages(gallery, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    settings, sources = gallery
    assert preview(settings, sources, folder) == []
    return {file.stem: file.read_text() for file in folder.glob("*.html")}


@pytest.fixture
def on_copy(gallery, tmp_path):
    """Settings that lead to a copy of the warehouse, and a connection that may write to it."""
    settings, _ = gallery
    file = tmp_path / "copy.duckdb"
    file.write_bytes(settings.duckdb_path.read_bytes())
    copied = settings.model_copy(update={"duckdb_path": file})
    connection = duckdb.connect(file)
    yield copied, connection
    connection.close()


def data_of(html):
    packed = re.search(r'<script type="text/plain" id="data">(.*?)</script>', html, re.S)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def cubes(gallery, key="gallery", rows=20_000):
    settings, sources = gallery
    (dashboard,) = [source.dashboard for source in sources if source.dashboard.key == key]
    connection = duckdb.connect(settings.duckdb_path, read_only=True)
    return dashboard, Cubes(dashboard, connection, today_in(connection), rows, Sizes(connection))


def cube_of(made, place):
    """A cube as the page reads it."""
    return json.loads(msgspec.json.encode(made.cubes[place]))


def chart_of(dashboard, name):
    return next(chart for chart in dashboard.charts if chart.key.endswith(f".{name}"))


def test_a_dashboard_is_a_page_and_the_index_leads_to_all(pages):
    assert set(pages) == {"gallery", "queries", "index"}
    assert 'href="gallery.html"' in pages["index"]
    assert "Is each type of chart drawn?" in pages["index"]


def test_a_page_asks_nothing_of_the_network(pages):
    for name, html in pages.items():
        # plotly.js has addresses in it that only maps would use; in the browser no request leaves.
        own = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
        assert re.findall(r"""(?:src|href|url\()\s*=?\s*["'(]?(?:https?:)?//[^"' )]+""", own) == (
            ['href="https://example.com/'] if name == "gallery" else []
        )
        assert "<img" not in own
        assert "@import" not in html.split("</style>")[0]


def test_names_in_the_data_end_no_script_and_make_no_element(pages):
    for html in pages.values():
        assert SCRIPT not in html
        assert IMAGE not in html
    people = next(f for f in data_of(pages["gallery"])["filters"] if f["name"] == "person")
    assert SCRIPT in people["choices"]


def test_what_the_definition_says_is_text_and_only_markdown_is_markup(pages):
    assert "<b>marks</b>" not in pages["queries"]
    assert "Queries and &lt;b&gt;marks&lt;/b&gt;" in pages["queries"]
    assert "<strong>Text</strong>" in pages["gallery"]
    assert "&lt;b&gt;no&lt;/b&gt; HTML" in pages["gallery"]
    assert "<script>alert(1)" not in pages["queries"] + pages["index"]


def test_a_page_has_the_tiles_where_metabase_has_them(pages, gallery):
    (source,) = [source for source in gallery[1] if source.dashboard.key == "gallery"]
    for tab in source.dashboard.tabs:
        for tile in tab.tiles:
            place = (
                f"--row:{tile.row + 1};--rows:{tile.height};"
                f"--column:{tile.column + 1};--columns:{tile.width}"
            )
            assert place in pages["gallery"]


def test_the_page_says_how_new_the_data_is_and_what_of_it_is_nobodys(pages):
    for html in pages.values():
        assert "20 Nov 2026" in html
        assert "21 Nov 2026 06:30 UTC" in html
    # Every seventh row of cost is nobody's, of October as of any month.
    share = float(re.search(r"Unattributed cost, Oct 2026</dt><dd>([\d.]+)%", pages["index"])[1])
    assert share == pytest.approx(100 / 7, abs=1)


def test_without_the_marts_that_say_so_freshness_is_unknown(gallery, on_copy, tmp_path):
    settings, connection = on_copy
    connection.execute("drop table marts.metric_costs")
    connection.execute("delete from marts.fct_data_quality_daily")
    connection.close()
    preview(settings, gallery[1], tmp_path)
    facts = re.findall(r"<dd>(.*?)</dd>", (tmp_path / "index.html").read_text())
    assert facts == ["unknown", "unknown", "unknown"]


def test_pages_of_sample_data_say_so_and_begin_with_the_answer(gallery, on_copy, tmp_path):
    preview(*gallery, tmp_path)
    index = (tmp_path / "index.html").read_text()
    assert "Sample data" not in index
    assert 'class="headline"' not in index
    settings, connection = on_copy
    connection.execute("create schema raw_cursor")
    connection.execute(
        "create table raw_cursor.extractions as select 'http://127.0.0.1:8' as base_url"
    )
    connection.execute(
        "insert into marts.vw_executive_dashboard by name"
        " select date '2026-09-01' as month, true as is_complete_month, 7068 as total_monthly_cost"
        " union all by name select date '2026-10-01' as month, true as is_complete_month,"
        " 7026 as total_monthly_cost"
        " union all by name select date '2026-11-01' as month, false as is_complete_month,"
        " 3000 as total_monthly_cost, 7047 as forecast_month_end_cost,"
        " 6900 as forecast_month_end_cost_low, 7180 as forecast_month_end_cost_high,"
        " 7200 as budget_amount"
    )
    connection.execute("insert into marts.rpt_alerts_disputes by name select 'cursor' as vendor")
    connection.close()
    preview(settings, gallery[1], tmp_path)
    for name in ("index", "gallery"):
        page = re.sub(r"<[^>]+>|\s+", " ", (tmp_path / f"{name}.html").read_text())
        assert "Sample data: a made-up company" in page
        assert (
            "October $7,026, $42 less than the month before. November is heading for $7,047"
            " ($6,900 to $7,180) of a budget of $7,200. 1 thing needs attention"
        ) in re.sub(r"\s+", " ", page)


def test_a_source_that_did_not_answer_is_named_with_its_last_day(gallery, on_copy, tmp_path):
    settings, connection = on_copy
    connection.execute(
        "insert into marts.fct_data_quality_daily by name"
        " select quality_date, 'anthropic' as source_name, 'console' as organization,"
        " 2 as windows_expected, if(quality_date > '2026-11-18', 0, 2) as windows_landed,"
        " last_loaded_at from marts.fct_data_quality_daily"
    )
    connection.execute("update marts.fct_cost_daily set vendor = 'anthropic'")
    connection.close()
    preview(settings, gallery[1], tmp_path)
    said = "Anthropic is known until 18 Nov 2026"
    assert f"Not up to date: {said}." in (tmp_path / "index.html").read_text()
    page = (tmp_path / "gallery.html").read_text()
    assert f"Not up to date: {said}." in page
    notes = {key: chart["notes"] for key, chart in data_of(page)["charts"].items()}
    assert f"{said}." in notes["gallery.mix"]
    others = data_of((tmp_path / "queries.html").read_text())["charts"]
    # No row of it is of a vendor.
    assert others["queries.nothing"]["notes"] == []


def test_the_index_is_by_audience_with_a_number_of_each(pages):
    index = pages["index"]
    assert index.index(">Executives<") < index.index(">Everyone<")
    card = re.search(r'gallery.html">(.*?)</article>', index, re.S)[1]
    assert re.search(r"<strong>\$[\d,]+</strong> Spend of the month", card)


def test_today_is_the_day_after_the_last_complete_one(gallery):
    with duckdb.connect(gallery[0].duckdb_path, read_only=True) as connection:
        assert today_in(connection) == date(2026, 11, 21)
        assert (today_in(connection) - NEWEST).days == 1


def test_without_a_warehouse_it_says_what_builds_one(gallery, tmp_path):
    settings = gallery[0].model_copy(update={"duckdb_path": tmp_path / "none.duckdb"})
    with pytest.raises(PreviewError, match="`make run` builds it"):
        preview(settings, gallery[1], tmp_path / "pages")
    assert not (tmp_path / "pages").exists()


def test_bigquery_has_no_preview(gallery, tmp_path):
    with pytest.raises(PreviewError, match="TARGET=duckdb"):
        preview(gallery[0].model_copy(update={"target": "bigquery"}), gallery[1], tmp_path)


def test_a_query_that_fails_is_on_its_tile_and_the_rest_is_drawn(gallery, on_copy, tmp_path):
    settings, connection = on_copy
    connection.execute("drop table marts.fct_usage_daily")
    connection.close()
    failures = preview(settings, gallery[1], tmp_path)
    assert [(one.dashboard, one.chart) for one in failures] == [("gallery", "Use")]
    assert "fct_usage_daily" in str(failures[0])
    charts = data_of((tmp_path / "gallery.html").read_text())["charts"]
    assert [key for key, chart in charts.items() if chart["error"]] == ["gallery.use"]
    assert (tmp_path / "queries.html").exists()
    assert "1 failed" in (tmp_path / "index.html").read_text()


def test_a_column_that_is_missing_fails_only_the_charts_that_have_it(gallery, on_copy, tmp_path):
    settings, connection = on_copy
    # Most charts of this mart share a cube, of which it is no column but a sum.
    connection.execute("alter table marts.fct_cost_daily drop column billed_cost_usd")
    connection.close()
    failures = preview(settings, gallery[1], tmp_path)
    assert [one.chart for one in failures if one.dashboard == "gallery"] == ["Daily spend"]
    charts = data_of((tmp_path / "gallery.html").read_text())["charts"]
    assert "cube" in charts["gallery.mix"]["source"]


def test_what_is_of_no_dashboard_any_more_is_removed_and_nothing_else(gallery, tmp_path):
    for name in ("gone.html", ".half.html.writing", "notes.txt"):
        (tmp_path / name).write_text("from before")
    preview(gallery[0], gallery[1], tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    pages = {"gallery.html", "queries.html", "index.html"}
    assert names == pages | {"notes.txt", "plotly.min.js", SIZES}


def test_a_preview_that_knows_the_sizes_from_the_last_one_draws_the_same(gallery, tmp_path):
    preview(gallery[0], gallery[1], tmp_path)
    first = (tmp_path / "gallery.html").read_text()
    preview(gallery[0], gallery[1], tmp_path)
    assert (tmp_path / "gallery.html").read_text() == first
    (tmp_path / SIZES).write_text("{half of it")
    preview(gallery[0], gallery[1], tmp_path)
    assert (tmp_path / "gallery.html").read_text() == first


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "page.html"
    write(file, "before")
    with pytest.raises(UnicodeEncodeError):
        write(file, "half of it \ud800")
    assert file.read_text() == "before"


def test_the_command_names_what_failed_and_ends_with_1(tmp_path):
    environment = {"DUCKDB_PATH": str(tmp_path / "none.duckdb"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "dashboards", "preview", "--folder", str(tmp_path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "`make run` builds it" in done.stderr


# --- cubes


def test_charts_of_one_mart_share_a_cube_with_their_conditions_as_columns(gallery):
    _, made = cubes(gallery)
    of = {key.split(".")[1]: data.source for key, data in made.charts().items()}
    costs = {source["cube"] for name, source in of.items() if name != "use"}
    assert costs == {of["people"]["cube"]}
    assert of["use"]["cube"] not in costs
    cube = cube_of(made, of["people_by_cost"]["cube"])
    condition = cube["columns"][of["people_by_cost"]["where"]]
    assert True in condition["values"]
    assert "where" not in of["people"]


def test_a_chart_that_would_make_a_cube_longer_than_two_has_its_own(gallery):
    _, made = cubes(gallery, rows=1_500)
    sources = [data.source for data in made.charts().values()]
    of = [source["cube"] for source in sources if "cube" in source]
    assert 1 < len(set(of)) < len(of)
    assert all(cube["rows"] <= 1_500 for cube in made.cubes)


def test_a_period_of_a_day_that_is_in_the_cube_is_no_column_of_its_own(gallery):
    dashboard, made = cubes(gallery)
    source = made.charts()[chart_of(dashboard, "spend_of_the_month").key].source
    place = source["filters"]["period"]
    assert source["outputs"][0] == ["column", place, "month"]


def test_a_cube_is_the_rows_of_the_mart_grouped(gallery):
    dashboard, made = cubes(gallery)
    data = made.charts()[chart_of(dashboard, "price_of_a_row").key]
    cube = cube_of(made, data.source["cube"])
    ((_, tree),) = data.source["outputs"]
    divided, (_, costs), (_, (_, counts), _) = tree
    assert tree == [divided, ["sum", costs], ["nullif", ["count", counts], 0.0]]
    assert divided == "/"
    with duckdb.connect(gallery[0].duckdb_path, read_only=True) as connection:
        (total, rows) = connection.execute(
            "select sum(list_cost_usd), count(*) from marts.fct_cost_daily"
        ).fetchone()
    assert sum(filter(None, cube["components"][costs])) == pytest.approx(float(total), abs=1e-6)
    assert sum(cube["components"][counts]) == rows


def test_a_filter_that_does_not_fit_is_left_out_by_name_and_its_default_stays(gallery):
    dashboard, made = cubes(gallery, rows=300)
    data = made.charts()[chart_of(dashboard, "mix").key]
    (note,) = data.notes
    assert re.fullmatch(
        r"Not by Period, Days, .+ on this page: it would take about [\d,]+ rows, "
        r"and a page holds 300 of a mart\.",
        note,
    )
    assert "period" in data.source["missing"]
    cube = cube_of(made, data.source["cube"])
    assert cube["rows"] <= 300
    # Were it left out, the numbers would be those of all time.
    with duckdb.connect(gallery[0].duckdb_path, read_only=True) as connection:
        total = sum(made.answer(chart_of(dashboard, "mix")).column(1).to_pylist())
        ever = connection.execute(
            "select sum(effective_cost_usd) from marts.fct_cost_daily"
        ).fetchone()
    assert sum(cube["components"][0]) == pytest.approx(float(total), abs=1e-6)
    assert float(total) < float(ever[0]) * 0.95


def test_filters_on_days_are_kept_the_longest(gallery):
    dashboard, made = cubes(gallery, rows=1_000)
    source = made.charts()[chart_of(dashboard, "price_of_a_row").key].source
    assert "days" in source["filters"]
    assert "least" in source["missing"]


def test_where_nothing_fits_the_answer_itself_is_kept(gallery):
    dashboard, made = cubes(gallery, rows=3)
    data = made.charts()[chart_of(dashboard, "people").key]
    assert "cube" not in data.source
    assert data.source["filters"] == {}
    assert "Not by Period, Days, Platform" in data.notes[0]


def test_a_long_answer_is_cut_and_says_so(gallery):
    dashboard, made = cubes(gallery, "queries", rows=2)
    data = made.charts()[chart_of(dashboard, "departments_of_a_query").key]
    assert data.notes == ["Cut: the first 2 of 5 rows are in the preview."]
    assert data.source["rows"] == 2


def test_a_query_of_its_own_names_the_filters_that_its_answer_does_not_hold(gallery):
    dashboard, made = cubes(gallery, "queries")
    found = made.charts()
    source = found[chart_of(dashboard, "above_a_number").key].source
    assert source["filters"] == {}
    assert set(source["missing"]) == {"department", "day", "least"}
    source = found[chart_of(dashboard, "departments_of_a_query").key].source
    assert set(source["filters"]) == {"department"}


# --- measures


@pytest.mark.parametrize(
    ("sql", "tree", "columns", "components"),
    [
        ("sum(a)", ["sum", 0], [], ["sum(a)"]),
        ("avg(a)", ["/", ["sum", 0], ["count", 1]], [], ["sum(a)", "count(a)"]),
        ("sum(a) filter (where b > 1)", ["sum", 0], [], ["sum(a) FILTER(WHERE b > 1)"]),
        ("count(distinct a)", ["distinct", 0], ["a"], []),
        (
            "count(distinct a) filter (where b)",
            ["distinct", 0],
            ["case when b then a end"],
            [],
        ),
        ("sum(a) - sum(a) * 2", ["-", ["sum", 0], ["*", ["sum", 0], 2.0]], [], ["sum(a)"]),
        (
            "coalesce(sum(a), 0) / nullif(count(*), 0)",
            ["/", ["coalesce", ["sum", 0], 0.0], ["nullif", ["count", 1], 0.0]],
            [],
            ["sum(a)", "count(*)"],
        ),
        (
            "case when sum(a) > 0 then max(b) end",
            ["case", [">", ["sum", 0], 0.0], ["max", 1], None],
            [],
            ["sum(a)", "max(b)"],
        ),
    ],
)
def test_a_measure_is_taken_apart(sql, tree, columns, components):
    cube = Cube("mart")
    assert tree_of(query.parse(sql), cube) == tree
    assert [one.lower() for one in cube.columns] == columns
    assert [re.sub(r"filter \(", "filter(", one.lower()) for one in cube.components] == [
        one.lower() for one in components
    ]


@pytest.mark.parametrize("sql", ["sum(distinct a)", "count(distinct a, b)", "sum(a) % 2"])
def test_what_the_page_cannot_compute_is_noted(sql):
    with pytest.raises(UnsupportedError, match="not computed in the page"):
        tree_of(query.parse(sql), Cube("mart"))


@pytest.mark.parametrize(
    ("sql", "adds_up"),
    [
        ("sum(a)", True),
        ("count(*) filter (where a)", True),
        ("sum(a) - sum(b)", True),
        ("sum(a) * 100", True),
        ("sum(a) / 1000", True),
        ("sum(a) / sum(b)", False),
        ("sum(a) * sum(b)", False),
        ("count(distinct a)", False),
        ("max(a)", False),
        ("sum(a) + 1", False),
    ],
)
def test_only_sums_add_up(sql, adds_up):
    assert is_additive(tree_of(query.parse(sql), Cube("mart"))) is adds_up


# --- colors


def luminance(color):
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(p * weight for p, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_each_script_is_in_the_page():
    files = {str(file.relative_to(page.HERE)) for file in page.HERE.rglob("*.js")}
    assert files == set(page.SCRIPTS)


@pytest.mark.parametrize(("look", "ground"), [("light", "#ffffff"), ("dark", "#191f27")])
def test_what_is_drawn_stands_out_from_its_ground(look, ground):
    for color in (*PALETTE, *MEANINGS.values()):
        assert contrast(getattr(color, look), ground) >= 3, color
    css = (page.HERE / "page.css").read_text()
    assert f"--tile: {ground}" in css
    for block in re.findall(rf"--ground[^}}]*--tile: {ground}[^}}]*", css):
        for name in ("text", "muted", "accent", "good", "warning", "bad"):
            color = re.search(rf"--{name}: (#[0-9a-f]{{6}})", block)[1]
            assert contrast(color, ground) >= 4.5, name


def test_both_places_that_make_it_dark_use_the_same_colors():
    css = (page.HERE / "page.css").read_text()
    blocks = re.findall(r"\{\s*(--ground: #0f1318.*?)\}", css, re.S)
    assert len(blocks) == 2
    for one, other in pairwise(sorted(re.findall(r"--[\w-]+: #\w+", block)) for block in blocks):
        assert one == other


@pytest.mark.parametrize(("told", "limit"), [(None, "190.7 MiB"), ("3GB", "2.7 GiB")])
def test_duckdb_draws_within_a_limit(gallery, tmp_path, monkeypatch, told, limit):
    settings, sources = gallery
    asked = []

    def today(connection):
        asked.extend(connection.execute("select current_setting('memory_limit')").fetchall())
        return today_in(connection)

    monkeypatch.setattr("dashboards.preview.today_in", today)
    limited = settings.model_copy(update={"duckdb_memory_limit": told})
    preview(limited, sources[:1], tmp_path)
    assert asked == [(limit,)]
