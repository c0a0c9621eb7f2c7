"""Runs dbt for both sides: in this process for the working tree, in a process of its own for the
base."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from foundation import dbt
from foundation.dbt import BAD, DBT, PROJECT, DbtError
from foundation.settings import ROOT

PARSED = "partial_parse.msgpack"
CACHE = ROOT / "target" / "cache"

# Tests say whether a model is right; we only want to know what it holds.
WITHOUT_TESTS = ["--exclude-resource-type", "test", "unit_test"]


@dataclass
class Outcome:
    """What was built (unique_ids), and a line for each thing that went wrong."""

    built: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def arguments(folder: Path, as_of: date) -> list[str]:
    """The arguments of every build: its folder for files, and the day, without which the marts of
    two builds would differ by the day on which each was made."""
    return [
        *_folders(folder),
        "--no-use-colors",
        "--vars",
        json.dumps({"as_of_date": as_of.isoformat()}),
    ]


def _folders(folder: Path) -> list[str]:
    return ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]


class Child:
    """dbt in a process of its own, for the models of another commit, in parallel with this
    process."""

    def __init__(self, command: list[str], project: Path, folder: Path, as_of: date) -> None:
        self._what = f"dbt {command[0]} of the base"
        self._output = folder / "output"
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [DBT, *command, *arguments(folder, as_of)],
                env=dbt.environment(dbt.on_duckdb(folder / "warehouse.duckdb"), project),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Raises DbtError with the end of dbt's output if it failed."""
        if self._process.wait():
            end = "\n".join(self._output.read_text().splitlines()[-30:])
            raise DbtError(f"{self._what} failed:\n{end}")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


class Dbt:
    """The models of the working tree, parsed once."""

    def __init__(self, warehouse: Path, folder: Path, as_of: date) -> None:
        """Parses the project; raises DbtError if that fails."""
        self._environment = dbt.environment(dbt.on_duckdb(warehouse))
        self._arguments = arguments(folder, as_of)
        target = folder / "target"
        self.manifest_path = target / "manifest.json"
        target.mkdir(parents=True, exist_ok=True)
        if not (target / PARSED).exists():
            # If the tests ran, their parsed project is here: dbt then only reads what changed
            # since.
            for found in CACHE.glob(f"parsed-for-duckdb-*/{PARSED}"):
                shutil.copyfile(found, target / PARSED)
        # A parse is valid for any day, and for any file with this name, which is part of the
        # relations' names.
        reading = self._environment | {"DUCKDB_PATH": warehouse.name}
        self._manifest = dbt.parse(reading, *_folders(folder))

    def build(self, selection: list[str]) -> Outcome:
        """`dbt build`, for all days of an incremental model."""
        return self._outcome("build", [*selection, "--full-refresh"])

    def test(self, selection: list[str]) -> Outcome:
        return self._outcome("test", selection)

    def _outcome(self, command: str, selection: list[str]) -> Outcome:
        answer = dbt.invoke(
            [command, *selection, *self._arguments], self._environment, self._manifest
        )
        # An exception is about the call itself; nodes that failed are in the result.
        if answer.exception:
            raise DbtError(str(answer.exception))
        outcome = Outcome()
        results: Any = answer.result
        for result in results:
            node = result.node
            if result.status in ("success", "pass", "warn"):
                outcome.built.add(node.unique_id)
            if result.status == "skipped":
                outcome.skipped.append(node.name)
            # A failed unit test shows a table with what it expected.
            line = f"{node.name}: {(result.message or '').strip()}"
            if result.status in BAD:
                outcome.failures.append(line)
            elif result.status == "warn":
                outcome.warnings.append(line)
        return outcome


def changed_settings(before: Path, after: Path = PROJECT) -> list[str]:
    """The files of settings that differ between two projects: dbt does not consider a model
    modified if a variable that it uses changed."""
    names = ("dbt_project.yml", "profiles.yml")
    return [name for name in names if _read(before / name) != _read(after / name)]


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
