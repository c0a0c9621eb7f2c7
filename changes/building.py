"""Two warehouses to compare: one built by the base's models, one by those of the working tree."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from filelock import FileLock

from changes.dbt import WITHOUT_TESTS, Child
from foundation.settings import ROOT
from foundation.warehouse import attach

FOLDER = ROOT / "target" / "diff"
# How many bases to keep: the sample company's and a real warehouse's, of this branch and the
# previous one.
MAX_KEPT_BASES = 4


class BuildError(Exception):
    """There is nothing to compare; the message says why and what to do."""


@dataclass(frozen=True)
class Raw:
    """A warehouse file of which only the raw schemas matter, and the day of the run on it."""

    path: Path
    as_of: date
    called: str


@dataclass(frozen=True)
class Base:
    """The models of a commit, parsed by dbt and, in most cases, built."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def project(self) -> Path:
        return self.folder / "dbt_project"

    @property
    def state(self) -> Path:
        """The folder for dbt's `--state`."""
        return self.folder / "target"

    @property
    def manifest(self) -> Path:
        return self.state / "manifest.json"


def base_company() -> Raw:
    """The sample company on a fixed day."""
    from tools.base_company import AS_OF, landed

    return Raw(landed(), AS_OF, "the base company")


def raw_of(warehouse: Path) -> Raw:
    """The raw data of a local warehouse, on the day on which it was last built."""
    return Raw(warehouse, last_build(warehouse), f"the raw data of {warehouse.name}")


def last_build(warehouse: Path) -> date:
    """The day of the last completed run, which is the day of the numbers. Raises BuildError if the
    file cannot be read or no run was ever completed."""
    with reading(warehouse) as connection:
        try:
            row = connection.execute(
                "select max(as_of_date) from intermediate.completed_runs"
            ).fetchone()
        except duckdb.CatalogException:
            row = None
    if not row or row[0] is None:
        raise BuildError(f"No run was ever completed in {warehouse}: run `make run` first.")
    return row[0]


@contextmanager
def reading(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, open for reading; meanwhile nobody can write to it. Raises BuildError if it is
    missing, in use or not a DuckDB file."""
    if not warehouse.is_file():
        raise BuildError(f"There is no warehouse {warehouse}: run `make run` first.")
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise BuildError(
                f"Another process is using {warehouse}: wait until it has ended, or end it."
            ) from None
        raise BuildError(f"{warehouse} cannot be read: {error}") from None
    try:
        yield connection
    finally:
        connection.close()


def copy(warehouse: Path, folder: Path) -> Path:
    """A copy with the same file name, which its views contain."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / warehouse.name
    logs = [Path(f"{path}.wal") for path in (warehouse, target)]
    with reading(warehouse):
        for path in (target, logs[1]):
            path.unlink(missing_ok=True)
        shutil.copyfile(warehouse, target)
        if logs[0].exists():
            shutil.copyfile(*logs)
    return target


def merge_base(name: str) -> str:
    """The commit from which the branch left `name`, a branch, a tag or a commit. Not the newest
    commit of `name`: what others changed there since then is not part of this branch."""
    for candidate in (name, f"origin/{name}"):
        if (commit := _git("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")) is None:
            continue
        if (found := _git("merge-base", commit, "HEAD")) is None:
            raise BuildError(
                f"This branch and {candidate} have no commit in common in this clone."
                " If it is shallow, `git fetch --unshallow` fetches the history."
            )
        return found
    raise BuildError(
        f"git knows no commit {name}: fetch it (git fetch origin {name}),"
        " or name another: make diff BASE=…"
    )


def is_touched(commit: str) -> bool:
    """Whether the working tree's dbt_project differs from the commit's. Both sides are built over
    the same raw data, so nothing else can make their marts differ."""
    new = _git("ls-files", "--others", "--exclude-standard", "--", "dbt_project")
    return bool(new) or _git("diff", "--quiet", commit, "--", "dbt_project") is None


@contextmanager
def base(commit: str, raw: Raw, note: Callable[[str], None]) -> Iterator[Callable[[], Base]]:
    """The commit's models over the raw data; the function waits until they are built.

    They are built in another process, so that the working tree can be parsed meanwhile. The result
    is kept under a name made from everything that it depends on: the commit's models, the raw data
    themselves, the day, and the versions of what builds it.
    """
    with _kept(commit, raw.as_of, _fingerprint(raw.path), note) as (folder, made):
        if made is None:
            yield lambda: Base(folder)
            return
        _copy_raw(raw.path, made / "warehouse.duckdb")
        child = Child(["build", *WITHOUT_TESTS], made / "dbt_project", made, raw.as_of)
        yield from _finished(child, made, folder)


@contextmanager
def parsed(commit: str, as_of: date, note: Callable[[str], None]) -> Iterator[Callable[[], Base]]:
    """The commit's models as dbt parses them, not built."""
    with _kept(commit, as_of, "parsed", note) as (folder, made):
        if made is None:
            yield lambda: Base(folder)
            return
        child = Child(["parse"], made / "dbt_project", made, as_of)
        yield from _finished(child, made, folder)


def _finished(child: Child, made: Path, folder: Path) -> Iterator[Callable[[], Base]]:
    def wait() -> Base:
        child.wait()
        try:
            made.rename(folder)
        except OSError:
            # Another command has built the same base meanwhile.
            if not folder.exists():
                raise
        return Base(folder)

    try:
        yield wait
    finally:
        child.stop()


@contextmanager
def _kept(
    commit: str, as_of: date, over: str, note: Callable[[str], None]
) -> Iterator[tuple[Path, Path | None]]:
    """Where a base is kept and, if it does not exist yet, a folder to build it in."""
    bases = FOLDER / "bases"
    bases.mkdir(parents=True, exist_ok=True)
    tree = _git("rev-parse", f"{commit}:dbt_project")
    if tree is None:
        raise BuildError(f"The commit {commit} has no dbt_project.")
    lock = (ROOT / "requirements.lock").read_text()
    key = hashlib.sha256(json.dumps([tree, lock, str(as_of), over]).encode()).hexdigest()[:16]
    folder = bases / key
    if folder.exists():
        folder.touch()
        yield folder, None
        return
    note(f"Building the base, {commit[:10]}: it will be kept for the next time")
    for old in sorted(bases.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)[
        : 1 - MAX_KEPT_BASES
    ]:
        shutil.rmtree(old, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix="part-", dir=bases))
    try:
        _check_out(commit, made)
        yield folder, made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _check_out(commit: str, folder: Path) -> None:
    """The commit's dbt_project, from an archive rather than a worktree, which git would
    remember."""
    archive = subprocess.run(
        ["git", "archive", commit, "dbt_project"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def _raw_tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    return connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = ? and starts_with(schema_name, 'raw_') order by all",
        [database],
    ).fetchall()


def _fingerprint(warehouse: Path) -> str:
    """A hash of what the raw tables hold, whatever else is in the file and wherever it is."""
    with reading(warehouse) as connection:
        tables = _raw_tables(connection, warehouse.stem)
        if not tables:
            raise BuildError(f"{warehouse} holds no raw data: run `make run` first.")
        parts = [
            (
                table,
                connection.execute(f"describe {_name(table)}").fetchall(),
                connection.execute(
                    f"select count(*), cast(sum(cast(hash(rows) as hugeint)) as varchar)"
                    f" from {_name(table)} as rows"
                ).fetchone(),
            )
            for table in tables
        ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _copy_raw(warehouse: Path, target: Path) -> None:
    with duckdb.connect(str(target)) as connection:
        attach(connection, warehouse, "raw_data", "read_only")
        for schema, table in _raw_tables(connection, "raw_data"):
            connection.execute(f'create schema if not exists "{schema}"')
            connection.execute(
                f"create table {_name((schema, table))} as from raw_data.{_name((schema, table))}"
            )


def _name(table: tuple[str, str]) -> str:
    return ".".join(f'"{part}"' for part in table)


def alone(folder: Path) -> FileLock:
    """One command at a time in a folder: a second one waits."""
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "lock")


def _git(*arguments: str) -> str | None:
    """What git printed; None if it failed."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
