"""The base company: a made-up company on a fixed day, landed and built once and then copied.

Tests start from a copy of it rather than from an empty warehouse, and `make diff` builds two
versions of the models over it. Results are kept in target/cache under a key made from the content
of everything they depend on, so they are made again if any of that changes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from unittest import mock

import time_machine
from filelock import FileLock

from bigquery_dev.compiled import VARIABLES
from extract.run import run
from foundation import dbt
from foundation.settings import ROOT, Settings
from pipeline import finished_builds
from sandbox.server import running

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

_STARTED = monotonic()
CACHE = ROOT / "target" / "cache"

# A Saturday late in November, with two complete months before it.
TODAY = AS_OF = date(2026, 11, 21)
# The company, as `sandbox.options.Options`: equal options give equal answers.
COMPANY: dict[str, Any] = {
    "people": 30,
    "days": 81,
    "today": TODAY,
    "rate_limits": False,
    "seller_events": 6_000,
    "seller_months": 3,
    "product_database": "duckdb",
}
# What raw data depend on, and what the models depend on in addition.
LOCK = "requirements.lock"
EXTRACTION = (
    *("extract", "sandbox", "foundation/erased.py", "foundation/fields.py"),
    *("foundation/settings.py", "foundation/sources"),
    *("tools/base_company.py", LOCK),
)
MODELS = ("dbt_project", "foundation/dbt.py")
# A wrong model takes many others with it.
MAX_ERROR_LENGTH = 5_000


def content_key(*places: str, values: Iterable[str] = ()) -> str:
    """A hash of the content of files and of all files in folders, whose names are relative to the
    project's root, and of `values`."""
    text = "\0".join([finished_builds.content_hash(ROOT, places), *values])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder target/cache/NAME-KEY, which `make` fills if it does not exist yet. If several
    processes ask at once, one makes it and the others wait. It appears complete or not at all.
    Older folders with the same name are deleted."""
    folder = CACHE / f"{name}-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{name}.lock"):
        if not folder.exists():
            unfinished = CACHE / f"unfinished-{name}"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            for older in CACHE.glob(f"{name}-*"):
                shutil.rmtree(older, ignore_errors=True)
            unfinished.rename(folder)
    return folder


def landed() -> Path:
    """A DuckDB file with the raw data of the base company and nothing else. Copy it."""
    key = content_key(*EXTRACTION)
    return kept("company-landed", key, _land) / "warehouse.duckdb"


def _land(folder: Path) -> None:
    with at(TODAY, hour=9), running(**COMPANY) as sandbox:
        extract(sandbox.env, folder / "warehouse.duckdb")


def extract(env: dict[str, str], warehouse: Path, **options: Any) -> Any:  # noqa: ANN401
    """Does what `python -m extract run` does, in this process; returns its report. `env` are
    settings."""
    given: dict[str, Any] = {name.lower(): value for name, value in env.items()}
    # Nothing from this machine's `.env`.
    given |= {"duckdb_path": warehouse, "_env_file": None}
    # Google's libraries get their credentials from the environment.
    with mock.patch.dict(os.environ):
        return run(Settings(**given), **options)


def at(day: date, hour: int = 14) -> time_machine.travel:
    """A context in which the clock of this process shows an hour (UTC) of a day. The clock runs on
    from there; of two contexts, the later one is later."""
    running = timedelta(seconds=monotonic() - _STARTED)
    return time_machine.travel(datetime.combine(day, time(hour), UTC) + running)


def built() -> Path:
    """The base company with all models, as they are on TODAY. Copy it."""
    key = content_key(*EXTRACTION, *MODELS)
    return kept("company-built", key, _build) / "warehouse.duckdb"


def _build(folder: Path) -> None:
    warehouse = folder / "warehouse.duckdb"
    shutil.copy(landed(), warehouse)
    build(warehouse, "--exclude-resource-type", "test", "unit_test")


class BuildError(Exception):
    """Part of a dbt build failed; the message says which."""


def build(
    warehouse: Path,
    *arguments: str,
    as_of: date = AS_OF,
    command: str = "build",
    on_event: Callable[[Any], None] | None = None,
) -> str:
    """`dbt build` in this process; returns a line for each test that warns. Raises BuildError.

    dbt parses the project once for all builds of a process, and only reads again what changed since
    the process before.
    """
    words = [command, *arguments, "--vars", f"as_of_date: {as_of}"]
    if "--target-path" not in arguments:
        words += ["--target-path", str(warehouse.parent / "target")]
    said: list[str] = []

    def listen(event: Any) -> None:  # noqa: ANN401
        if event.info.level == "error":
            said.append(event.info.msg)
        if on_event:
            on_event(event)

    done = dbt.invoke(
        ["--no-write-json", "--log-level-file", "none", *words],
        dbt.environment(dbt.on_duckdb(warehouse)),
        manifest(),
        listen,
    )
    if not done.success:
        raise BuildError("\n".join([*said, str(done.exception or "")])[:MAX_ERROR_LENGTH])
    results: Any = done.result
    return "\n".join(f"{one.node.name}: {one.message}" for one in results if one.status == "warn")


@functools.cache
def manifest() -> Manifest:
    """The project as dbt parses it for DuckDB."""
    return dbt.read_manifest(parsed())


def parsed(settings: Mapping[str, str] | None = None, *, with_comparison: bool = False) -> Path:
    """The folder with what dbt parsed, including manifest.json; for the project as it would run
    with `settings`, by default on DuckDB. The comparison with older tables is on if asked for, and
    always on BigQuery."""
    settings = settings or dbt.on_duckdb(Path("warehouse.duckdb"))
    name = f"parsed-for-{settings['TARGET']}{'-comparing' if with_comparison else ''}"
    is_comparing = with_comparison or settings["TARGET"] == "bigquery"
    variables = ["--vars", json.dumps(VARIABLES)] if is_comparing else []

    def parse(folder: Path) -> None:
        # dbt only reads what changed since the last time.
        for older in CACHE.glob(f"{name}-*/partial_parse.msgpack"):
            shutil.copy(older, folder)
        folders = ("--target-path", str(folder), "--log-path", str(folder))
        dbt.parse(dbt.environment(settings), *variables, *folders)

    return kept(name, content_key("dbt_project", LOCK, values=variables), parse)
