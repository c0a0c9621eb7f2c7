"""Runs sqlfluff's parser of BigQuery's dialect over what dbt compiled: a second opinion."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from bigquery_dev.check import Problem
from bigquery_dev.compiled import BRANCHES, TARGET, Node

CONFIG = Path(__file__).with_name("sqlfluff.cfg")


def style(project: dict[str, list[Node]], folder: Path = TARGET) -> list[Problem]:
    """sqlfluff's complaints about the models and the tests that the project writes itself, which
    dbt compiled into `folder`."""
    rules = CONFIG.read_text() + version("sqlfluff")
    # Digests of what was found clean: the same text need not be checked again.
    kept = TARGET / "clean.json"
    clean: set[str] = set(json.loads(kept.read_text())) if kept.exists() else set()
    texts: dict[str, tuple[str, Node]] = {}
    for branch in BRANCHES:
        for node in project[branch]:
            if node.path.endswith(".sql") and node.kind in ("model", "test"):
                digest = hashlib.sha256((rules + node.sql).encode()).hexdigest()
                texts.setdefault(digest, (branch, node))
    new = {
        str(folder / branch / "compiled" / "ai_spend" / node.path): (digest, branch, node)
        for digest, (branch, node) in texts.items()
        if digest not in clean
    }
    problems, faulty = [], set()
    for file in _lint(sorted(new)):
        digest, branch, node = new[file["filepath"]]
        for violation in file["violations"]:
            faulty.add(digest)
            reason = f"sqlfluff {violation['code']}: {violation['description']}"
            line = violation["start_line_no"]
            problems.append(Problem(branch, node.name, node.path, line, reason))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(sorted(texts.keys() - faulty)))
    return problems


def _lint(files: list[str]) -> list[dict]:
    if not files:
        return []
    sqlfluff = Path(sys.executable).with_name("sqlfluff")
    command = [str(sqlfluff), "lint", "--config", str(CONFIG), "--format", "json"]
    command += ["--processes", "2", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("["):
        raise RuntimeError(f"sqlfluff failed: {done.stderr or done.stdout}")
    found: list[dict] = json.loads(done.stdout)
    return found
