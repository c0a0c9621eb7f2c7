"""Calls of dbt, and of MetricFlow over what dbt parsed, with the project's settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.processes import child
from pipeline.settings import ROOT, SECRETS, Settings
from pipeline.warehouse import WarehouseError, refuse_if_held, who_holds

DBT = str(Path(sys.executable).with_name("dbt"))
METRICFLOW = ["-m", "pipeline.metricflow"]
PROJECT = ROOT / "dbt_project"
# What dbt reads from the environment to find the project, whatever folder it is called in.
FOLDERS = {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT)}
RESULTS = PROJECT / "target" / "run_results.json"
# Everything else needs the warehouse, and says at length that another process has it open.
OFFLINE = {"parse", "list", "ls", "deps", "clean", "--help", "--version"}
BAD = ("error", "fail", "runtime error", "partial success")


@dataclass
class Build:
    """What `dbt build` did: nodes by status, and a line for each thing that went wrong."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    # The tables in which tests that failed or warn keep the rows that they found
    # (`store_failures`), by line.
    found_in: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    exit_code: int = 0


def environment(settings: Settings) -> dict[str, str]:
    """The environment for dbt: what it needs of the settings, and none of the secrets."""
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return inherited | settings.dbt_environment() | FOLDERS


def call(settings: Settings, arguments: list[str]) -> int:
    """Run dbt as from the shell; its exit code. Raises WarehouseError."""
    settings.duckdb_path.parent.mkdir(parents=True, exist_ok=True)
    if OFFLINE.isdisjoint(arguments):
        refuse_if_held(settings)
    with child([DBT, *arguments], environment(settings)) as process:
        return process.wait()


def call_metricflow(settings: Settings, arguments: list[str]) -> int:
    """Run MetricFlow as from the shell, on the metrics as they are now; its exit code."""
    refuse_if_held(settings)
    if failed := call(settings, ["parse", "--quiet"]):
        return failed
    with child([*METRICFLOW, *arguments], environment(settings)) as process:
        return process.wait()


def build(settings: Settings) -> Build:
    """Run `dbt build`, showing how far it is on a terminal and keeping what went wrong."""
    RESULTS.unlink(missing_ok=True)
    # Unit tests are about the code, not about the data: `make test` runs them.
    arguments = [DBT, "--log-format", "json", "build", "--exclude-resource-type", "unit_test"]
    errors: list[str] = []
    console = Console(stderr=True)
    with (
        child(arguments, environment(settings), stdout=subprocess.PIPE) as process,
        Progress(
            TextColumn("dbt build"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress,
    ):
        task = progress.add_task("", total=None)
        for line in process.stdout or ():
            event = _event(line)
            data = event.get("data", {})
            if {"index", "total", "node_info"} <= data.keys():
                name = data["node_info"].get("node_name", "")
                done = max(progress.tasks[0].completed, data["index"])
                progress.update(task, completed=done, total=data["total"], description=name)
            if event["info"]["level"] == "error":
                errors.append(event["info"]["msg"])
        exit_code = process.wait()
    result = _results() if RESULTS.exists() else Build()
    result.exit_code = exit_code
    if exit_code and not result.failures:
        # It stopped before it ran anything: a model that does not compile, a wrong profile.
        if held := next(filter(None, (who_holds(settings.duckdb_path, e) for e in errors)), None):
            raise WarehouseError(held)
        result.failures = errors or [f"dbt ended with code {exit_code}"]
    return result


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if isinstance(event, dict) and "info" in event:
        return event
    return {"info": {"level": "info", "msg": line}}


def _results() -> Build:
    result = Build()
    for node in json.loads(RESULTS.read_text())["results"]:
        status = node["status"]
        result.statuses[status] += 1
        if status not in (*BAD, "warn"):
            continue
        message = " ".join((node["message"] or "").split())
        line = f"{node['unique_id'].split('.')[2]}: {message}"
        (result.warnings if status == "warn" else result.failures).append(line)
        if status in ("fail", "warn") and node.get("relation_name"):
            result.found_in[line] = node["relation_name"]
    return result
