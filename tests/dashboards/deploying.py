"""Dashboards written for a test, deployed to the stand-in for Metabase."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from pydantic import SecretStr

from dashboards.catalog import Catalog
from dashboards.deploy import commands
from dashboards.deploy.deployment import Options
from dashboards.loading import load
from foundation.settings import Settings
from tests.dashboards.fake_metabase import KEY, FakeMetabase, served

ALL_TYPES = Path(__file__).parent / "definitions" / "all_types.yml"
BASE_TYPES = {
    "text": "type/Text",
    "number": "type/Decimal",
    "money": "type/Decimal",
    "count": "type/Integer",
    "date": "type/Date",
    "datetime": "type/DateTime",
    "boolean": "type/Boolean",
}

PAGE = """
    name: Page
    description: For a test.
    questions: [What does it cost?]
    collection: Trials
    filters:
      period: {type: relative_date, column: fct_cost_daily.cost_date, default: past6months~}
      department: {type: multi_select, column: fct_cost_daily.department}
    rows:
      - charts:
          - {name: Cost, type: scalar, model: fct_cost_daily, y: effective_cost_usd}
          - {name: Mix, type: pie, model: fct_cost_daily, x: platform_code, y: billed_cost_usd}
"""


def tables_of(catalog: Catalog) -> dict[str, dict[str, str]]:
    return {
        model.name: {column.name: BASE_TYPES[column.kind] for column in model.columns.values()}
        for model in catalog.models.values()
    }


@dataclass
class Deployer:
    """A project: its definitions, its lock file, and the Metabase that it deploys to."""

    fake: FakeMetabase
    catalog: Catalog
    folder: Path
    given: dict = field(default_factory=dict)

    @property
    def lock_file(self) -> Path:
        return self.folder / "metabase.lock.json"

    def settings(self) -> Settings:
        given = {"metabase_url": self.fake.url, "metabase_api_key": SecretStr(KEY), **self.given}
        return Settings(_env_file=None, **given)

    def write(self, text: str = PAGE, name: str = "page") -> None:
        (self.folder / f"{name}.yml").write_text(dedent(text))

    def change(self, before: str, after: str, name: str = "page") -> None:
        file = self.folder / f"{name}.yml"
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))

    def sources(self) -> list:
        sources, findings = load(self.catalog, self.folder)
        assert findings == []
        return sources

    def __call__(self, *, plan: bool = False, **options: bool) -> int:
        self.fake.forget_requests()
        return commands.deploy(
            self.settings(),
            self.sources(),
            Options(**options),
            only_plan=plan,
            lock_file=self.lock_file,
        )


@contextmanager
def project(catalog: Catalog, folder: Path, **fake: object) -> Iterator[Deployer]:
    """A project without definitions, and an empty Metabase that knows the marts."""
    with served(FakeMetabase(tables=tables_of(catalog), **fake)) as metabase:
        yield Deployer(metabase, catalog, folder)
