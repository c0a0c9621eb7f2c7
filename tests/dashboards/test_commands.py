"""`check` and `preview` as an analyst calls them, over a small warehouse."""

import logging
import sys
import threading
from copy import copy

import pytest

from dashboards import __main__, exposures, loading
from dashboards.check import HEADER
from dashboards.people import People

PAGE = """\
name: Page
description: d
questions: [a, b, c]
rows:
  - charts:
      - name: Cost
        description: All of it.
        type: scalar
        model: fct_cost_daily
        y: effective_cost_usd
"""


@pytest.fixture
def project(gallery, catalog, tmp_path, monkeypatch):
    """A project with one definition, `my_page`; when called, it runs a command."""
    (tmp_path / "definitions").mkdir()
    monkeypatch.setattr(__main__, "DEFINITIONS", tmp_path / "definitions")
    monkeypatch.setattr(__main__, "load_settings", lambda: gallery[0])
    monkeypatch.setattr(__main__, "load_catalog", lambda _: catalog)
    monkeypatch.setattr(exposures, "EXPOSURES", tmp_path / "exposures.yml")
    (tmp_path / "definitions" / "my_page.yml").write_text(HEADER + PAGE)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dashboards", *arguments])
        return __main__.main()

    run.file = tmp_path / "definitions" / "my_page.yml"
    return run


def test_a_page_is_checked_by_its_name_and_generate_is_offered(project, catalog, capsys):
    (project.file.parent / "broken.yml").write_text("a: [")
    assert project("check", "my_page") == 1
    assert "run `python -m dashboards generate`" in capsys.readouterr().err
    sources, _ = loading.load(catalog, project.file.parent)
    exposures.generate([source.dashboard for source in sources])
    assert project("check", "my_page") == 0
    project.file.write_text(PAGE.replace("effective_cost_usd", "efective_cost_usd"))
    assert project("check", "my_page") == 1
    said = capsys.readouterr().err
    assert f"{project.file}:10: fct_cost_daily has no column efective_cost_usd: did you" in said
    assert f"{project.file}:1: the first line must be" in said
    assert "broken.yml" not in said


def test_a_hint_is_printed_and_fails_nothing(project, catalog, capsys):
    project.file.write_text(project.file.read_text() + "        where: team = 'nobody'\n")
    sources, _ = loading.load(catalog, project.file.parent)
    exposures.generate([source.dashboard for source in sources])
    assert project("check", "my_page") == 0
    assert "hint: Cost is empty in" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "preview"])
def test_a_page_that_is_not_there_is_named_with_what_is(project, capsys, command):
    assert project(command, "mypage") == 1
    assert "there is no dashboard mypage: did you mean my_page?" in capsys.readouterr().err
    assert project(command, "elsewhere") == 1
    assert "definitions/elsewhere.yml" in capsys.readouterr().err


def test_one_page_is_drawn_and_the_others_stay(project, tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "another.html").write_text("another")
    (pages / "index.html").write_text("index")
    assert project("preview", "my_page", "--folder", str(pages)) == 0
    assert {file.name for file in pages.iterdir()} == {
        "another.html",
        "index.html",
        "my_page.html",
        "plotly.min.js",
    }
    assert (pages / "index.html").read_text() == "index"


def test_a_watched_page_is_drawn_again_after_each_save(project, tmp_path, monkeypatch, capsys):
    """Also after one that cannot be read."""
    drawn = tmp_path / "pages" / "my_page.html"
    saved = loading.saved

    def saves_twice(folder, keys):
        watching = saved(folder, keys)
        for text in ("rows: [", HEADER + PAGE.replace("name: Cost", "name: Better")):
            threading.Timer(0.1, project.file.write_text, [text]).start()
            yield next(watching)
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "saved", saves_twice)
    assert project("preview", "my_page", "--watch", "--folder", str(drawn.parent)) == 0
    assert "Better" in drawn.read_text()
    assert "my_page.yml:1: is not valid YAML" in capsys.readouterr().err


def test_an_old_page_about_people_is_removed_once_they_are_hidden(
    project, catalog, tmp_path, monkeypatch, caplog
):
    caplog.set_level(logging.INFO)
    hiding = copy(catalog)
    hiding.people = People(frozenset(), 5, "salt")
    monkeypatch.setattr(__main__, "load_catalog", lambda _: hiding)
    person = "person: {type: search, column: fct_cost_daily.user_email}"
    page = PAGE.replace("rows:", f"filters:\n  {person}\nembed: {{locked: [person]}}\nrows:")
    project.file.write_text(HEADER + page)
    (tmp_path / "my_page.html").write_text("ann@example.com")
    assert project("preview", "my_page", "--folder", str(tmp_path)) == 0
    assert not (tmp_path / "my_page.html").exists()
    assert "are drawn" not in caplog.text
