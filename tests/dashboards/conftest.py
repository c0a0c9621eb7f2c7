"""The marts' contracts, from dbt, and dashboards from a few lines of YAML."""

from pathlib import Path
from textwrap import dedent

import pytest
from tenacity.wait import wait_none

from dashboards.loading import load, load_file
from foundation import retrying
from foundation.settings import load_settings
from tests.dashboards.deploying import project
from tests.dashboards.gallery.warehouse import build


@pytest.fixture
def read(catalog, tmp_path):
    """Writes a dashboard of `rows`, `filters` … and returns it compiled, with what is wrong in
    it."""

    def read(text: str):
        file = tmp_path / "page.yml"
        file.write_text(dedent(text))
        return load_file(file, catalog)

    return read


@pytest.fixture(scope="session")
def gallery(catalog, tmp_path_factory):
    """Settings for a small warehouse, and the dashboards of tests/dashboards/gallery."""
    file = build(catalog, tmp_path_factory.mktemp("warehouse") / "w.duckdb")
    settings = load_settings().model_copy(update={"duckdb_path": file})
    sources, findings = load(catalog, Path(__file__).parent / "gallery")
    assert not findings
    return settings, sources


@pytest.fixture
def deploy(catalog, tmp_path, monkeypatch):
    """An empty project and an empty Metabase; when called, it deploys the one to the other."""
    monkeypatch.setattr(retrying, "BACKOFF", wait_none())
    folder = tmp_path / "definitions"
    folder.mkdir()
    with project(catalog, folder) as deployer:
        yield deployer
