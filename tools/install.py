"""Bring `.venv` to what requirements.lock says; quick when it is there already.

Only the standard library: this runs before anything is installed. pip reads the index page of one
package after the other and most of an installation goes by in that, so several pips fetch wheels
side by side, and one installs them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]


def locked() -> list[str]:
    """Lines NAME==VERSION of the lock."""
    return [line for line in LOCK.read_text().splitlines() if "==" in line]


def installed() -> set[str]:
    """NAME==VERSION of what lies in the environment, read from the folders' names."""
    folders = VENV.glob("lib/python3.*/site-packages/*.dist-info")
    pairs = (folder.name.removesuffix(".dist-info").rsplit("-", 1) for folder in folders)
    return {f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}" for name, version in pairs}


def runs(python: Path) -> bool:
    """Whether an interpreter answers; an environment dies with the Python that it was made from."""
    if not python.exists():
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def progress(done: int, total: int) -> None:
    """One line that is rewritten on a terminal; nothing elsewhere."""
    if sys.stdout.isatty():
        print(f"\r  {done} of {total} packages fetched", end="", flush=True)


def fetch(wanted: list[str], folder: Path) -> None:
    """Fetch (or build) the wheels of all wanted packages into a folder."""
    workers = min(8, 2 + (os.cpu_count() or 1), len(wanted))
    pips = []
    for worker in range(workers):
        log = folder / f"pip-{worker}.log"
        arguments = ["wheel", "--no-deps", "--wheel-dir", str(folder), *wanted[worker::workers]]
        with log.open("w") as output:
            pip = subprocess.Popen([*PIP, *arguments], stdout=output, stderr=subprocess.STDOUT)
        pips.append((pip, log))
    try:
        while any(pip.poll() is None for pip, _ in pips):
            progress(len(list(folder.glob("*.whl"))), len(wanted))
            time.sleep(0.2)
    finally:
        for pip, _ in pips:
            pip.kill()
    progress(len(list(folder.glob("*.whl"))), len(wanted))
    if sys.stdout.isatty():
        print()
    for pip, log in pips:
        if pip.returncode:
            tail = "\n".join(log.read_text().splitlines()[-20:])
            sys.exit(f"{tail}\nThe packages could not be fetched. Is the package index reachable?")


def main() -> None:
    start = time.monotonic()
    usable = runs(PYTHON)
    wanted = sorted(set(locked()) - (installed() if usable else set()))
    if not wanted:
        return
    if not usable:
        print(f"Making .venv with Python {sys.version.split()[0]}", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False).returncode:
            sys.exit("No virtual environment can be made; on Debian: apt install python3-venv")
    print(f"Installing {len(wanted)} packages into .venv (a minute or two, once)", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fetch(wanted, folder)
        wheels = map(str, folder.glob("*.whl"))
        # Nothing is compiled ahead: most modules of these packages are never imported.
        options = ["--quiet", "--no-deps", "--no-index", "--no-compile"]
        if subprocess.run([*PIP, "install", *options, *wheels], check=False).returncode:
            sys.exit("The packages were fetched but not installed; pip says why above.")
    if missing := set(locked()) - installed():
        sys.exit(f"Still missing after the installation: {', '.join(sorted(missing))}")
    print(f"Installed in {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
