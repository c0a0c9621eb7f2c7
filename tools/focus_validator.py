"""The FinOps Foundation's validator of FOCUS 1.2, in an environment of its own.

It needs Python 3.12 and older packages than ours, so it has its own environment, `.venv-focus`,
which `python tools/focus_validator.py install` creates. It exits with 0 even if rules fail; its
findings are in its JUnit report.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-focus"
REQUIREMENTS = Path(__file__).with_name("focus_requirements.txt")
PYTHON = ENVIRONMENT / "bin" / "python"
# The exact text of the requirements that were installed.
STAMP = ENVIRONMENT / "installed.txt"

VERSIONS = ("3.12", "3.13")
# What our vendors offer and the export contains; rules for anything not named here are not checked.
CRITERIA = (
    "ACCOUNT_NAMING_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
)


@dataclass
class Found:
    """Ids of rules by their outcome."""

    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)


def is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text() == REQUIREMENTS.read_text()


def install() -> bool:
    """Create the environment, unless it already matches the requirements; False without a suitable
    Python."""
    if is_installed():
        return True
    python = next((path for path in _pythons() if _fits(path)), None)
    if python is None:
        return False
    subprocess.run([python, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
    STAMP.write_text(REQUIREMENTS.read_text())
    return True


def validate(file: Path, report: Path) -> Found:
    """Check a CSV file against the rules of FOCUS 1.2. The validator's report goes to `report`."""
    report.unlink(missing_ok=True)
    (packages,) = ENVIRONMENT.glob("lib/python3.*/site-packages")
    command = [str(ENVIRONMENT / "bin" / "focus-validator"), "--data-file", str(file)]
    command += ["--validate-version", "1.2", "--block-download"]
    command += ["--applicability-criteria", ",".join(CRITERIA)]
    command += ["--output-type", "unittest", "--output-destination", str(report)]
    # It looks for its rules in the current folder.
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    if done.returncode or not report.exists():
        raise RuntimeError(f"the validator broke off:\n{(done.stdout + done.stderr)[-3000:]}")
    return read(report)


def read(report: Path) -> Found:
    """The validator's JUnit report; a rule that is listed twice fails if it fails once."""
    found = Found()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        rule = case.get("name", "").split(" :: ")[0]
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            found.failed.add(rule)
        elif "skipped" in kinds:
            found.skipped.add(rule)
        else:
            found.passed.add(rule)
    found.passed -= found.failed
    return found


def _pythons() -> Iterator[str]:
    """Interpreters to try: the one that FOCUS_PYTHON names, those on the path, pyenv's."""
    if named := os.environ.get("FOCUS_PYTHON"):
        yield named
    for version in VERSIONS:
        if found := shutil.which(f"python{version}"):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for version in VERSIONS:
        yield from map(str, sorted(pyenv.glob(f"versions/*/bin/python{version}")))
    if found := shutil.which("python3"):
        yield found


def _fits(python: str) -> bool:
    """Whether it runs and has a suitable version; pyenv's shims may exist but not run."""
    question = "import sys; print('{}.{}'.format(*sys.version_info))"
    answer = subprocess.run([python, "-c", question], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() in VERSIONS


def main() -> int:
    if sys.argv[1:] != ["install"]:
        print("usage: python tools/focus_validator.py install", file=sys.stderr)
        return 2
    if not install():
        print(
            f"\n*** FOCUS 1.2 is NOT validated: the validator needs Python {' or '.join(VERSIONS)},"
            "\n*** and none was found. Install one, or say where: FOCUS_PYTHON=/path/to/python3.12"
            " make test-focus\n",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
