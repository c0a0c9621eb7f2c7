"""A dashboard of Metabase as a definition: what the format allows is exported, the rest is
named."""

import shutil

import pytest

from dashboards.deploy import commands
from dashboards.loading import DEFINITIONS
from tests.dashboards.deploying import ALL_TYPES, project

STYLES = ["mbql4", "0.57", "0.61", "0.63"]


@pytest.fixture
def exported(deploy):
    """Every type, deployed, exported as the only definition of another project."""
    shutil.copy(ALL_TYPES, deploy.folder)
    deploy()
    return deploy


def export(deploy, name: str = "All types") -> str:
    return commands.export(deploy.settings(), str(deploy.fake.dashboard(name)["id"]))


@pytest.mark.parametrize("style", STYLES)
def test_an_export_is_an_equivalent_definition(exported, catalog, tmp_path, style):
    exported.fake.style = style
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "all_types.yml").write_text(export(exported))
    with project(catalog, folder) as again:
        assert again() == 0
        before, after = exported.fake.state(), again.fake.state()
    assert [one["parameters"] for one in after["dashboards"]] == [
        one["parameters"] for one in before["dashboards"]
    ]
    assert after["collections"] == before["collections"]

    def cards(state):
        return {
            card["entity_id"]: (card["name"], card["display"], card["visualization_settings"])
            for card in state["cards"]
            if "Crosstab" not in card["name"]
        }

    assert cards(after) == cards(before)
    assert len(cards(after)) == 14


def test_what_the_format_cannot_express_is_named(exported):
    dashboard = exported.fake.dashboard("All types")
    where = {"id": "abc", "name": "Where", "slug": "where", "type": "location/city"}
    dashboard["parameters"].append(where)
    target = ["dimension", ["template-tag", "platform"]]
    mix = next(
        one for one in dashboard["dashcards"] if one["card_id"] == exported.fake.card("Mix")["id"]
    )
    mix["parameter_mappings"].append({"parameter_id": "abc", "target": target})
    text = export(exported)
    assert "# Not taken over:" in text
    assert "“Crosstab”: it is a question of the query builder" in text
    assert "# - the filter Where (location/city)" in text


def test_a_question_of_the_query_builder_over_a_mart_becomes_a_chart_over_a_model(
    deploy, catalog, tmp_path
):
    deploy.write()
    deploy()
    fake = deploy.fake
    table = next(one for one in fake.table_rows if one["name"] == "fct_cost_daily")
    ids = {one["name"]: one["id"] for one in fake.fields if one["table_id"] == table["id"]}

    def field(name, **options):
        return ["field", {"lib/uuid": "u", **options}, ids[name]]

    fake.edit(
        fake.card("Mix"),
        name="Cost by month",
        display="line",
        visualization_settings={"graph.show_values": True},
        dataset_query={
            "lib/type": "mbql/query",
            "database": 2,
            "stages": [
                {
                    "lib/type": "mbql.stage/mbql",
                    "source-table": table["id"],
                    "aggregation": [["sum", {}, field("effective_cost_usd")]],
                    "breakout": [field("cost_date", **{"temporal-unit": "month"})],
                }
            ],
        },
    )
    dashcard = next(
        one
        for one in fake.dashboard("Page")["dashcards"]
        if one["card_id"] == fake.card("Cost by month")["id"]
    )
    dashcard["parameter_mappings"] = [
        {
            "parameter_id": fake.dashboard("Page")["parameters"][0]["id"],
            "target": ["dimension", ["field", ids["cost_date"], {"base-type": "type/Date"}]],
        }
    ]
    folder = tmp_path / "again"
    folder.mkdir()
    text = export(deploy, "Page")
    assert "model: fct_cost_daily" in text
    assert "x: cost_date by month" in text
    assert "y:\n" in text
    assert "graph.show_values: true" in text
    (folder / "page.yml").write_text(text)
    with project(catalog, folder) as again:
        assert again() == 0


def test_sql_for_bigquery_is_exported_in_the_sql_of_definitions(catalog, tmp_path):
    given = {"target": "bigquery", "bigquery_dataset": "ai", "google_cloud_project": "p"}
    with project(catalog, tmp_path, engine="bigquery-cloud-sdk", schema="ai_marts") as bigquery:
        bigquery.given = given
        shutil.copy(ALL_TYPES, tmp_path)
        bigquery()
        text = export(bigquery)
    assert "FROM {{ ref('fct_cost_daily') }}" in text
    assert "{{ filters('fct_usage_daily') }}" in text
    assert "{{ variable('most') }}" in text
    assert "`" not in text
    assert "1900" not in text


def test_an_address_names_a_dashboard_too(exported):
    number = exported.fake.dashboard("All types")["id"]
    address = f"{exported.fake.url}/dashboard/{number}-all-types?platform=cursor"
    assert commands.export(exported.settings(), address) == export(exported)


def test_our_own_dashboards_can_be_exported_and_deployed_again(catalog, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    for file in DEFINITIONS.glob("*.yml"):
        shutil.copy(file, first)
    with project(catalog, first) as before:
        assert before() == 0
        for source in before.sources():
            text = export(before, source.dashboard.definition.name)
            (second / source.file.name).write_text(text)
        parameters = [one["parameters"] for one in before.fake.state()["dashboards"]]
    with project(catalog, second) as after:
        assert after() == 0
        assert [one["parameters"] for one in after.fake.state()["dashboards"]] == parameters
