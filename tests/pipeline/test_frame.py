"""What people and CI call: make targets, the lock, the workflows."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import SecretStr

from foundation.settings import ROOT, SECRETS
from foundation.sources import SOURCES
from tools import install

TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
# A folder of sheets, and the file of a key that production does without.
ONLY_LOCAL = ("SHEETS_DIR", "GOOGLE_APPLICATION_CREDENTIALS")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = project["dependencies"] + project["optional-dependencies"]["dev"]
    return [Requirement(text) for text in texts]


def test_make_help_lists_every_target_with_a_line():
    help_text = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = dict(re.findall(r"^  make ([a-z-]+) +(.+)$", help_text, re.MULTILINE))
    assert sorted(listed) == sorted(TARGETS)
    assert {"setup", "run", "test", "lint", "backfill", "docs", "clean"} <= listed.keys()


def test_backfill_needs_both_days():
    result = subprocess.run(
        ["make", "backfill", "SINCE=2026-01-01"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "UNTIL=2026-02-01" in result.stdout


def test_each_dependency_has_both_bounds_and_a_reason():
    for requirement in requirements():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {">=", "<"}, requirement
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    pinned = [line for line in lines if re.match(r'\s+"[a-z0-9.-]+(\[[a-z,]+\])?>=', line)]
    assert len(pinned) == len(requirements())
    assert [line for line in pinned if not re.search(r'", +# \w', line)] == []


def test_the_lock_is_exact_has_hashes_and_names_no_index():
    text = (ROOT / "requirements.lock").read_text()
    lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
    assert len(install.locked()) == len([line for line in lines if not line.startswith(" ")])
    for line in lines:
        package = r"[a-z0-9-]+==[0-9][0-9a-z.+!]* \\"
        assert re.fullmatch(rf"{package}|    --hash=sha256:[0-9a-f]{{64}}( \\)?", line), line
    assert "://" not in text


def test_the_lock_has_everything_the_project_needs():
    versions = dict(package.split("==") for package in install.locked())
    for requirement in requirements():
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}, locked at {version}"


def test_what_is_installed_here_is_what_is_locked():
    assert install.locked().keys() <= install.installed()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid_and_calls_only_make_targets(workflow):
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.github-workflows", workflow]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert commands
    for command in commands:
        assert re.fullmatch(r"make ([a-z-]+)", command), command
        assert command.removeprefix("make ") in TARGETS


def test_the_daily_run_waits_for_the_one_before():
    workflow = yaml.safe_load((ROOT / ".github/workflows/run.yml").read_text())
    assert workflow["concurrency"] == {"group": "run", "cancel-in-progress": False}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_daily_run_is_given_all_settings_of_a_source_and_the_docs_list_them(source):
    workflow = yaml.safe_load((ROOT / ".github/workflows/run.yml").read_text())
    given = workflow["jobs"]["run"]["env"]
    manual = (ROOT / "docs/production.md").read_text()
    for name, field in source.settings.model_fields.items():
        setting = name.upper()
        # Addresses of vendors, secrets kept elsewhere, and what is for one machine.
        if (
            setting.endswith(("_BASE_URL", "_API_ENDPOINT", "_SECRET_SECRET"))
            or setting in ONLY_LOCAL
        ):
            continue
        if setting.endswith("_SECRET") and setting.removesuffix("_SECRET") in SECRETS:
            continue
        kind = "secrets" if field.annotation == SecretStr | None else "vars"
        # GitHub keeps names that begin with GITHUB_ for itself.
        stored = setting.replace("GITHUB_", "GH_")
        assert given.get(setting) == f"${{{{ {kind}.{stored} }}}}"
        assert f"`{setting}`" in manual


def test_ci_run_calls_the_test_command_of_the_readme_then_lint():
    assert "make test" in (ROOT / "README.md").read_text()
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "for target in test lint;" in script.read_text()
