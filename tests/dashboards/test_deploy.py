"""Definitions in Metabase: what is written, what is not, and what is refused."""

import json
import logging
import shutil
from argparse import Namespace
from copy import copy
from textwrap import indent

import pytest
from pydantic import SecretStr
from tenacity.wait import wait_none

from dashboards.__main__ import _embed_url
from dashboards.definition import Chart
from dashboards.deploy import client, commands, payloads
from dashboards.deploy.client import MetabaseError
from dashboards.deploy.errors import DeployError
from dashboards.people import People
from foundation import retrying
from foundation.settings import Settings
from tests.dashboards.deploying import ALL_TYPES, PAGE, project
from tests.dashboards.fake_metabase import KEY, SOMEBODY

STYLES = ["mbql4", "0.57", "0.61", "0.63"]


@pytest.fixture
def page(deploy):
    """A project with one dashboard that is deployed."""
    deploy.write()
    assert deploy() == 0
    return deploy


@pytest.fixture
def everything(deploy):
    """A project with every type of chart and filter."""
    shutil.copy(ALL_TYPES, deploy.folder)
    return deploy


def test_the_first_deploy_makes_collections_cards_and_the_dashboard(everything):
    assert everything() == 0
    state = everything.fake.state()
    assert state["collections"] == ["Trials", "Trials/All"]
    # A pivot is two.
    assert len(state["cards"]) == len(everything.sources()[0].dashboard.charts) + 1
    (dashboard,) = state["dashboards"]
    assert dashboard["tabs"] == ["Trends", "Shares"]
    assert [one["slug"] for one in dashboard["parameters"]] == [
        "platform", "departments", "person", "days", "period", "amount", "since", "most", "vendor",
    ]  # fmt: skip


def test_all_types_are_in_the_fixture(everything):
    types = {chart.definition.type for chart in everything.sources()[0].dashboard.charts}
    filters = {one.type for one in everything.sources()[0].dashboard.definition.filters.values()}
    known = {
        model.model_fields["type"].annotation.__args__[0]
        for parent in Chart.__subclasses__()
        for model in [parent, *parent.__subclasses__()]
        if "type" in model.model_fields
    }
    assert types == known
    assert len(types) == 13
    assert len(filters) == 9


@pytest.mark.parametrize("style", STYLES)
def test_a_second_deploy_writes_nothing_whatever_form_metabase_answers_in(everything, style):
    everything.fake.style = style
    assert everything() == 0
    before = everything.fake.state()
    assert everything(plan=True) == 0
    assert everything() == 0
    assert everything.fake.writes == []
    assert everything.fake.state() == before


@pytest.mark.parametrize("style", STYLES)
def test_an_upgrade_of_metabase_changes_nothing(everything, style):
    everything.fake.style = "0.57"
    everything()
    everything.fake.style = style
    assert everything(plan=True) == 0


def test_only_what_differs_is_written(page):
    page.change("y: billed_cost_usd", "y: list_cost_usd")
    card = page.fake.card("Mix")
    assert page() == 0
    assert page.fake.writes == [("PUT", f"/api/card/{card['id']}")]
    assert "list_cost_usd" in card["dataset_query"]["stages"][0]["native"]


def test_ids_stay_when_a_chart_is_renamed_moved_and_gets_a_neighbor(page):
    page.change("name: Mix,", "name: Mix of platforms, id: mix, width: 9,")
    dashboard = page.fake.dashboard("Page")
    before = {one["id"] for one in dashboard["dashcards"]}
    cards = set(page.fake.cards)
    page()
    assert {one["id"] for one in page.fake.dashboard("Page")["dashcards"]} == before
    assert set(page.fake.cards) == cards
    page.change(
        "- {name: Cost,",
        "- {name: New, type: scalar, model: fct_cost_daily, y: list_cost_usd}\n"
        "      - {name: Cost,",
    )
    page()
    assert {one["id"] for one in page.fake.dashboard("Page")["dashcards"]} > before


def test_a_renamed_dashboard_stays_the_same_one(page):
    page.change("name: Page", "name: Another page")
    page()
    assert len(page.fake.dashboards) == 1
    assert page.fake.dashboard("Another page")


def test_tabs_keep_their_ids_when_one_comes_before_them_and_one_is_renamed(everything):
    everything()
    before = {tab["name"]: tab["id"] for tab in everything.fake.dashboard("All types")["tabs"]}
    everything.change(
        "tabs:\n", "tabs:\n  - name: First\n    rows:\n      - text: Read on.\n", "all_types"
    )
    everything()
    tabs = {tab["name"]: tab["id"] for tab in everything.fake.dashboard("All types")["tabs"]}
    assert list(tabs) == ["First", "Trends", "Shares"]
    assert {name: tabs[name] for name in before} == before
    everything.change("name: Trends", "name: Development", "all_types")
    everything()
    renamed = {tab["name"]: tab["id"] for tab in everything.fake.dashboard("All types")["tabs"]}
    assert renamed["Development"] == before["Trends"]


def test_a_filter_keeps_its_id_whatever_its_place_so_subscriptions_live_on(page):
    dashboard = page.fake.dashboard("Page")
    ids = {one["slug"]: one["id"] for one in dashboard["parameters"]}
    page.fake.subscriptions.append(
        {
            "dashboard_id": dashboard["id"],
            "parameters": [ids["period"]],
            "archived": False,
            "owner": "robin@example.com",
        }
    )
    lines = (page.folder / "page.yml").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if "period:" in line)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    (page.folder / "page.yml").write_text("\n".join(lines))
    page()
    assert [one["slug"] for one in dashboard["parameters"]] == ["department", "period"]
    assert {one["slug"]: one["id"] for one in dashboard["parameters"]} == ids
    assert page.fake.emails == []
    assert all(len(one) == 8 for one in ids.values())


def test_a_plan_writes_nothing_and_lists_what_would_change(page, capsys):
    page.change("y: billed_cost_usd", "y: list_cost_usd")
    page.change("description: For a test.", "description: For another test.")
    capsys.readouterr()
    assert page(plan=True) == 2
    assert page.fake.writes == []
    said = capsys.readouterr().out
    assert "update" in said
    assert "page.mix" in said
    assert "SQL" in said
    assert "description" in said
    assert "unchanged" in said


# --- edits by people


def test_an_edited_card_is_refused_before_anything_is_written(page, capsys):
    page.fake.edit(page.fake.card("Mix"), display="table")
    page.change("description: For a test.", "description: For another test.")
    assert page() == 1
    assert page.fake.writes == []
    said = capsys.readouterr().err
    assert "robin@example.com changed the card “Mix”" in said
    assert "--force" in said


def test_force_overwrites_what_somebody_edited(page):
    page.fake.edit(page.fake.card("Mix"), display="table")
    assert page(force=True) == 0
    assert page.fake.card("Mix")["display"] == "pie"


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "Mine"},
        {"dashcards": []},
        {"parameters": []},
        {"archived": True},
        {"auto_apply_filters": False},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_an_edited_dashboard_is_refused_and_force_restores_it(page, edit):
    before = page.fake.state()
    page.fake.edit(page.fake.dashboard("Page"), **edit)
    assert page() == 1
    assert page(force=True) == 0
    assert page.fake.state() == before


def test_an_edit_that_matches_the_definition_is_not_a_conflict(page):
    page.fake.edit(page.fake.dashboard("Page"), name="Better")
    page.change("name: Page", "name: Better")
    assert page() == 0
    assert page.fake.writes == []


def test_another_key_may_deploy_with_the_lock_file_of_the_first(page):
    """The last editor is not this key, but nothing is other than it was deployed."""
    for thing in [*page.fake.cards.values(), *page.fake.dashboards.values()]:
        page.fake.edit(thing, by=SOMEBODY)
    page.change("name: Page", "name: Better")
    assert page() == 0


# --- the lock file


def test_the_lock_file_is_per_metabase_and_holds_no_secret(page):
    content = json.loads(page.lock_file.read_text())
    assert list(content["instances"]) == [page.fake.url]
    assert KEY not in page.lock_file.read_text()
    dashboard = content["instances"][page.fake.url]["dashboards"]["page"]
    assert dashboard["entity_id"] == page.fake.dashboard("Page")["entity_id"]
    # What addresses for embedding are made with.
    assert dashboard["id"] == page.fake.dashboard("Page")["id"]


def test_a_second_metabase_gets_dashboards_of_its_own(page, catalog):
    with project(catalog, page.folder) as other:
        assert other() == 0
        assert len(other.fake.dashboards) == 1
    assert len(json.loads(page.lock_file.read_text())["instances"]) == 2
    assert page(plan=True) == 0


def test_without_the_lock_file_our_own_dashboard_is_found_by_its_last_line(page):
    page.lock_file.unlink()
    assert page() == 0
    assert page.fake.writes == []
    assert len(page.fake.dashboards) == 1
    assert page.lock_file.exists()


def test_a_dashboard_of_the_same_name_is_only_taken_over_when_told_to(page, capsys):
    page.lock_file.unlink()
    dashboard = page.fake.dashboard("Page")
    page.fake.edit(dashboard, description="Made by hand.")
    assert page() == 1
    assert page.fake.writes == []
    assert "--adopt" in capsys.readouterr().err
    assert page(adopt=True) == 0
    assert list(page.fake.dashboards) == [dashboard["id"]]
    assert page(plan=True) == 0


def test_two_candidates_for_one_dashboard_are_refused(page):
    page.lock_file.unlink()
    copied = {**page.fake.dashboard("Page"), "id": 99_999, "entity_id": "c" * 21}
    page.fake.dashboards[99_999] = copied
    with pytest.raises(DeployError, match="2 dashboards in Trials could be page"):
        page()


def test_a_dashboard_that_was_deleted_is_made_again(page):
    page.fake.dashboards.clear()
    assert page() == 0
    assert page.fake.dashboard("Page")["dashcards"]
    assert page(plan=True) == 0


def test_a_broken_lock_file_does_not_create_everything_twice(page):
    page.lock_file.write_text("<<<<<<< ours")
    with pytest.raises(DeployError, match="Restore it from git"):
        page()


# --- prune


def test_prune_archives_what_is_no_longer_defined_and_nothing_else(page, capsys):
    fake = page.fake
    other = {**fake.dashboard("Page"), "id": 9001, "entity_id": "o" * 21, "name": "Robin's"}
    fake.dashboards[9001] = other
    fake.cards[9002] = {**fake.card("Mix"), "id": 9002, "entity_id": "p" * 21, "name": "Robin's"}
    page.write(PAGE.replace("name: Page", "name: Second"), "second")
    page()
    (page.folder / "second.yml").unlink()
    page.change("- {name: Mix,", "- {name: Remix,")
    capsys.readouterr()
    assert page() == 0
    assert "no longer defined" in capsys.readouterr().out
    assert not any(one["archived"] for one in [*fake.dashboards.values(), *fake.cards.values()])
    assert page(prune=True, plan=True) == 2
    assert page(prune=True) == 0
    assert [one["name"] for one in fake.dashboards.values() if one["archived"]] == ["Second"]
    archived = sorted(one["entity_id"] for one in fake.cards.values() if one["archived"])
    keys = ["page.mix", "second.cost", "second.mix"]
    assert archived == sorted(payloads.entity_id(key) for key in keys)
    assert page(prune=True) == 0
    assert fake.writes == []


def test_prune_leaves_what_somebody_edited(page, capsys):
    page.change("- {name: Mix,", "- {name: Remix,")
    page()
    page.fake.edit(page.fake.card("Mix"), display="bar")
    assert page(prune=True) == 1
    assert not page.fake.card("Mix")["archived"]
    assert page(prune=True, force=True) == 0
    assert page.fake.card("Mix")["archived"]


@pytest.mark.parametrize("how", ["archived", "deleted"])
def test_what_somebody_already_removed_is_forgotten_silently(page, how):
    page.write(PAGE.replace("name: Page", "name: Second"), "second")
    page()
    (page.folder / "second.yml").unlink()
    second = page.fake.dashboard("Second")
    if how == "archived":
        page.fake.edit(second, archived=True)
        for card in page.fake.cards.values():
            page.fake.edit(card, archived=card["entity_id"] == payloads.entity_id("second.mix"))
    else:
        del page.fake.dashboards[second["id"]]
    assert page(prune=True) == 0
    content = page.lock_file.read_text()
    assert "second" not in content
    assert page(prune=True) == 0
    assert page.fake.writes == []


def test_what_was_pruned_comes_back_with_its_definition(page):
    page.change("- {name: Mix,", "- {name: Remix,")
    page()
    page(prune=True)
    page.change("- {name: Remix,", "- {name: Mix,")
    assert page() == 0
    assert not page.fake.card("Mix")["archived"]
    assert len(page.fake.cards) == 3


PERSON = PAGE.replace("name: Page", "name: A person").replace(
    "filters:",
    "embed: {locked: [person]}\n"
    "    filters:\n"
    "      person: {type: search, column: fct_cost_daily.user_email}",
)


@pytest.fixture
def hidden(catalog):
    """The marts, with people shown nowhere."""
    found = copy(catalog)
    found.people = People(frozenset(), 5, "0f1e2d3c4b5a6978")
    return found


def test_a_dashboard_in_which_hidden_people_could_be_looked_up_is_left_out(page, hidden, caplog):
    caplog.set_level(logging.INFO)
    page.write(PERSON, "person")
    page.catalog = hidden
    assert page(plan=True) == 2
    assert page() == 0
    assert [one["name"] for one in page.fake.dashboards.values()] == ["Page"]
    assert "person is left out: people are hidden on it" in caplog.text
    assert "list it in DASHBOARDS_WITH_PEOPLE" in caplog.text
    assert "deployed before" not in caplog.text
    assert page(plan=True) == 0
    with pytest.raises(DeployError, match="person is left out"):
        commands.diff(page.settings(), page.sources(), "person", page.lock_file)


def test_one_that_was_deployed_before_people_were_hidden_stays_and_is_named(
    page, hidden, caplog, capsys
):
    page.write(PERSON, "person")
    assert page() == 0
    deployed = page.lock_file.read_text()
    page.catalog = hidden
    assert page() == 0
    capsys.readouterr()
    assert page(prune=True, plan=True) == 0
    assert "person" not in capsys.readouterr().out
    assert page(prune=True) == 0
    everything = [*page.fake.dashboards.values(), *page.fake.cards.values()]
    assert not any(one["archived"] for one in everything)
    (warned, *_) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert warned.startswith("person was deployed before and may show people")
    # Once it may show people it goes on as if nothing had been.
    page.catalog = copy(hidden)
    page.catalog.people = People(frozenset({"page", "person"}), 5, "")
    assert page() == 0
    assert page.lock_file.read_text() == deployed


def test_one_that_was_deployed_before_is_named_without_the_lock_file_too(page, hidden, caplog):
    page.write(PERSON, "person")
    assert page() == 0
    page.lock_file.unlink()
    page.catalog = hidden
    assert page() == 0
    assert "person was deployed before and may show people" in caplog.text


def test_no_address_is_signed_for_a_dashboard_that_was_left_out(hidden):
    settings = Settings(metabase_url="https://nowhere.example.com", _env_file=None)
    asked = Namespace(dashboard="person", param=[], minutes=10)
    with pytest.raises(DeployError, match="person is left out: people are hidden on it"):
        _embed_url(asked, settings, hidden)


def test_diff_shows_queries_without_the_salt_of_pseudonyms(page, hidden, capsys):
    page.given = {"dashboards_with_people": "none", "privacy_key": SecretStr("k" * 32)}
    page.catalog = copy(hidden)
    page.catalog.people = People.of(page.settings())
    assert commands.diff(page.settings(), page.sources(), None, page.lock_file) == 2
    printed = capsys.readouterr().out
    assert "'secret'" in printed
    assert page.catalog.people.salt not in printed


# --- half-done


@pytest.mark.parametrize("late", [False, True], ids=["not done", "done"])
def test_the_next_deploy_completes_one_that_ended_at_any_request(
    catalog, tmp_path, late, monkeypatch
):
    monkeypatch.setattr(retrying, "BACKOFF", wait_none())
    monkeypatch.setattr(retrying, "MAX_ATTEMPTS", 2)
    folder = tmp_path / "definitions"
    folder.mkdir()
    pivot = """
      - charts:
          - name: Cross
            type: pivot
            model: fct_cost_daily
            rows: department
            values: effective_cost_usd
    """
    with project(catalog, folder) as whole:
        whole.write(PAGE + indent(pivot, ""))
        assert whole() == 0
        wanted, requests = whole.fake.state(), len(whole.fake.log)
    assert requests > 10
    for number in range(1, requests + 1):
        (folder / "metabase.lock.json").unlink(missing_ok=True)
        with project(catalog, folder, down_from=number, late=late) as broken:
            with pytest.raises(MetabaseError):
                broken()
            broken.fake.down_from = None
            assert broken() == 0, f"after request {number}"
            assert broken.fake.state() == wanted, f"after request {number}"
            assert broken() == 0
            assert broken.fake.writes == [], f"after request {number}"


def test_a_lock_file_that_was_lost_with_a_half_done_deploy_makes_no_duplicate(deploy):
    deploy.write()
    deploy.fake.down_from, deploy.fake.late = 11, True
    with pytest.raises(MetabaseError):
        deploy()
    deploy.lock_file.unlink(missing_ok=True)
    deploy.fake.down_from = None
    assert deploy() == 0
    assert len(deploy.fake.dashboards) == 1
    assert len(deploy.fake.cards) == 2


def test_a_post_whose_answer_was_lost_is_not_done_twice(deploy):
    deploy.write()
    deploy.fake.lose_answers = 4
    assert deploy() == 0
    assert len(deploy.fake.dashboards) == 1
    assert len(deploy.fake.cards) == 2
    assert deploy.fake.state()["collections"] == ["Trials"]


def test_a_busy_metabase_is_retried(deploy):
    deploy.write()
    deploy.fake.refuse_next = [(429, {"retry-after": "0"}), (503, {}), (502, {})]
    assert deploy() == 0


def test_a_metabase_that_stays_busy_is_left_alone(deploy):
    deploy.write()
    deploy.fake.refuse_next = [(429, {"retry-after": "0"})] * 50
    with pytest.raises(MetabaseError, match="HTTP 429"):
        deploy()
    assert len(deploy.fake.log) == retrying.MAX_ATTEMPTS


# --- what Metabase does without a word


def test_a_query_that_was_stored_empty_is_an_error(deploy):
    deploy.write()
    deploy.fake.empties_queries = True
    with pytest.raises(DeployError, match=r"page\.cost: Metabase v0\.63\.2 did not keep"):
        deploy()


@pytest.mark.parametrize("forgotten", ["parameter_mappings", "key", "slug", "dashboard_tab_id"])
def test_what_metabase_dropped_is_an_error(everything, forgotten):
    everything.fake.forgets = (forgotten,)
    with pytest.raises((DeployError, MetabaseError)):
        everything()


# --- how much it asks


def test_eight_dashboards_of_ten_charts_take_less_than_sixty_requests_when_nothing_changed(deploy):
    chart = "          - {name: C%d, type: scalar, model: fct_cost_daily, y: effective_cost_usd}\n"
    pivot = (
        "          - {name: P%d, type: pivot, model: fct_cost_daily, rows: department,"
        " values: effective_cost_usd}\n"
    )
    head = "\n".join(PAGE.splitlines()[:-2])
    for number in range(8):
        charts = "".join(chart % one for one in range(8)) + pivot % 1 + pivot % 2
        deploy.write(
            head.replace("name: Page", f"name: Page {number}") + "\n" + charts, f"page_{number}"
        )
    assert deploy() == 0
    assert len(deploy.fake.cards) == 8 * 12
    assert deploy() == 0
    assert deploy.fake.writes == []
    assert len(deploy.fake.log) < 60


# --- rights and addresses


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"accepts_key": False}, "METABASE_API_KEY is not accepted"),
        ({"can_write": False}, "METABASE_API_KEY lacks “Curate” on Our analytics"),
        ({"native": "none"}, "METABASE_API_KEY lacks “Query builder and native”"),
        ({"version": "v0.56.4"}, "Update Metabase"),
        ({"is_website": True}, "answers GET /api/session/properties with a web page"),
        ({"redirects_to": "https://metabase.example.com"}, "redirects to https://metabase"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_obstacles_are_named_before_anything_is_written(deploy, state, message):
    deploy.write()
    for name, value in state.items():
        setattr(deploy.fake, name, value)
    with pytest.raises((DeployError, MetabaseError), match=message) as error:
        deploy()
    assert deploy.fake.writes == []
    assert KEY not in str(error.value)


def test_embedding_needs_an_administrators_key(everything):
    everything.fake.is_admin = False
    with pytest.raises(DeployError, match="all_types has `embed`"):
        everything()
    assert everything.fake.writes == []


def test_without_administrator_rights_unembedded_dashboards_are_deployed(deploy):
    deploy.write()
    deploy.fake.is_admin = False
    assert deploy() == 0


def test_a_locked_filter_is_locked_and_the_others_are_disabled(everything):
    """A viewer who could set another one would be offered the names of other people's."""
    everything()
    dashboard = everything.fake.dashboard("All types")
    assert dashboard["enable_embedding"]
    names = {parameter["slug"] for parameter in dashboard["parameters"]}
    others = dict.fromkeys(names - {"departments"}, "disabled")
    assert dashboard["embedding_params"] == {"departments": "locked", **others}
    assert others


@pytest.mark.parametrize("others", [{}, {"person": "disabled"}], ids=["left out", "disabled"])
def test_publishing_by_hand_with_the_same_filters_is_not_an_edit(everything, others):
    everything()
    dashboard = everything.fake.dashboard("All types")
    everything.fake.edit(dashboard, embedding_params={"departments": "locked", **others})
    assert everything() == 0
    assert everything.fake.writes == []
    assert everything(plan=True) == 0


def test_a_filter_that_somebody_lets_viewers_set_is_an_edit(everything):
    everything()
    dashboard = everything.fake.dashboard("All types")
    ways = dashboard["embedding_params"]
    everything.fake.edit(dashboard, embedding_params={**ways, "person": "enabled"})
    assert everything() == 1
    assert everything(force=True) == 0
    assert everything.fake.dashboard("All types")["embedding_params"] == ways


def test_an_unknown_database_is_answered_with_the_existing_ones(deploy):
    deploy.write()
    deploy.given["metabase_database"] = "Warehouse"
    with pytest.raises(DeployError, match=r"no database called Warehouse .*it has: AI spend"):
        deploy()


def test_a_mart_that_metabase_has_not_seen_is_named(deploy):
    deploy.write()
    deploy.fake.table_rows[:] = [
        one for one in deploy.fake.table_rows if one["name"] != "fct_cost_daily"
    ]
    with pytest.raises(DeployError, match="does not know the tables fct_cost_daily"):
        deploy()


def test_a_column_that_metabase_has_not_seen_is_named(deploy):
    deploy.write()
    deploy.fake.fields[:] = [one for one in deploy.fake.fields if one["name"] != "department"]
    with pytest.raises(DeployError, match=r"does not know marts\.fct_cost_daily\.department"):
        deploy()


def test_an_address_where_nobody_answers_is_named(deploy):
    deploy.write()
    deploy.given["metabase_url"] = "http://127.0.0.1:9"
    with pytest.raises(MetabaseError, match="cannot be reached at METABASE_URL"):
        deploy()


def test_a_missing_address_or_key_is_named(deploy):
    deploy.write()
    deploy.given["metabase_url"] = None
    with pytest.raises(DeployError, match="METABASE_URL is not set"):
        deploy()
    deploy.given = {"metabase_api_key": None}
    with pytest.raises(DeployError, match="METABASE_API_KEY is not set"):
        deploy()


def test_a_key_that_metabase_repeats_is_not_in_the_error(deploy):
    deploy.write()
    deploy.given["metabase_database"] = KEY
    deploy.fake.databases.clear()
    with pytest.raises(DeployError):
        deploy()
    with client.Client(deploy.fake.url, deploy.settings().metabase_api_key) as asked:
        with pytest.raises(MetabaseError) as error:
            asked.get(f"/api/card/{KEY}!")
        assert KEY not in str(error.value)


def test_the_sql_for_bigquery_names_tables_as_metabase_does(catalog, tmp_path, monkeypatch):
    given = {"target": "bigquery", "bigquery_dataset": "ai", "google_cloud_project": "p"}
    with project(catalog, tmp_path, engine="bigquery-cloud-sdk", schema="ai_marts") as bigquery:
        bigquery.given = given
        bigquery.write()
        assert bigquery() == 0
        sql = bigquery.fake.card("Mix")["dataset_query"]["stages"][0]["native"]
        assert "FROM `ai_marts.fct_cost_daily`" in sql
        assert bigquery() == 0
        assert bigquery.fake.writes == []


def test_a_target_that_is_not_what_metabase_is_connected_to_is_refused(deploy):
    deploy.write()
    deploy.given = {"target": "bigquery", "bigquery_dataset": "ai"}
    with pytest.raises(DeployError, match="is duckdb, and TARGET is bigquery"):
        deploy()


def test_diff_shows_the_lines_that_differ_and_says_so_with_its_exit_code(page, capsys):
    def diff(key=None):
        capsys.readouterr()
        return commands.diff(page.settings(), page.sources(), key, page.lock_file)

    assert diff() == 0
    assert capsys.readouterr().out == ""
    page.change("y: billed_cost_usd", "y: list_cost_usd")
    assert diff("page") == 2
    said = capsys.readouterr().out
    assert "-  SUM(billed_cost_usd)" in said
    assert "+  SUM(list_cost_usd)" in said
    with pytest.raises(DeployError, match="there are page"):
        diff("pages")


def test_a_chart_that_metabase_cannot_show_is_refused_with_file_and_line(page):
    page.change(
        "- {name: Mix,",
        "- {name: P, type: pivot, model: fct_cost_daily, rows: team, "
        "values: list_cost_usd, limit: 3}\n      - {name: Mix,",
    )
    with pytest.raises(DeployError, match=r"page\.yml:\d+: a pivot shows totals"):
        page()
    assert page.fake.writes == []
