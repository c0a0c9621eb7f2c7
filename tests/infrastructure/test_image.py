"""The image: what goes into it, from where, and who runs in it."""

import re
import subprocess
import sys
from pathlib import Path

from foundation.settings import ROOT

FILE = ROOT / "infrastructure" / "Dockerfile"
LINES = FILE.read_text().splitlines()
ALLOWED = {
    line.removeprefix("!")
    for line in (ROOT / ".dockerignore").read_text().splitlines()
    if line.startswith("!")
}


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, FILE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_base_is_pinned_by_its_digest():
    bases = [line.split()[1] for line in LINES if line.startswith("FROM ")]
    assert re.fullmatch(r"docker\.io/library/python:3\.11-[\w-]+@sha256:[0-9a-f]{64}", bases[0])
    assert set(bases[1:]) == {"base"}


def test_packages_are_installed_by_the_hashes_of_the_lock_only():
    installs = re.findall(r"pip install (?:[^\\\n]|\\\n)*", FILE.read_text())
    assert len(installs) == 2
    assert all("--require-hashes" in install for install in installs)
    assert "--constraints requirements.lock" in installs[1]


def test_it_runs_the_pipeline_without_being_root():
    user = [line.split()[1] for line in LINES if line.startswith("USER ")]
    assert user == ["10001"]
    assert LINES[-2:] == ['ENTRYPOINT ["python", "-m"]', 'CMD ["pipeline", "run"]']


def test_it_sets_what_the_makefile_sets():
    for name, value in re.findall(r"^export (\w+) := (\w+)", (ROOT / "Makefile").read_text(), re.M):
        assert f"{name}={value}" in FILE.read_text()


def test_only_what_is_listed_gets_in_and_that_is_enough_to_run():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()}
    imported = set()
    for folder in ALLOWED & folders:
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text()
            # What it imports, and what it starts as a program.
            names = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
            imported |= folders.intersection(names + re.findall(r'"-m", "(\w+)', text))
    assert {"pipeline", "extract", "dbt_project"} <= ALLOWED
    assert imported <= ALLOWED
    assert not ALLOWED & {".env", "data", "target", "tests", ".git"}
