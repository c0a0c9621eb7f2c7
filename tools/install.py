"""Bring `.venv` to what requirements.lock says; quick when it is there already.

pip installs the uv that is locked, and uv the rest; both refuse a file whose hash is not in the
lock. Only the standard library: this runs before anything is installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import uv
from tools.uv import PYTHON, ROOT

LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
# NAME==VERSION, and the lines with its hashes.
_PACKAGE = re.compile(r"^([a-z0-9-]+==\S+)(?: \\\n +--hash=\S+)+", re.MULTILINE)


def locked() -> dict[str, str]:
    """The lock's packages: what it says of each, by NAME==VERSION."""
    return {found[1]: found[0] for found in _PACKAGE.finditer(LOCK.read_text())}


def installed() -> set[str]:
    """NAME==VERSION of what is in the environment, read from the names of folders. INSTALLER is
    written last: a package without it was cut off while it was installed."""
    files = VENV.glob("lib/python3.*/site-packages/*.dist-info/INSTALLER")
    pairs = (file.parent.name.removesuffix(".dist-info").rsplit("-", 1) for file in files)
    return {f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}" for name, version in pairs}


def can_install() -> bool:
    """Whether there is an environment to install into. One dies with the Python that it was made
    from, and one that was cut off while it was made has a Python and no pip."""
    if not PYTHON.exists() or not any(name.startswith("pip==") for name in installed()):
        return False
    return subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0


def advice(error: str) -> str:
    """What to do about an error of pip or uv."""
    if re.search("hash mismatch|do not match the hashes", error, re.IGNORECASE):
        return (
            "The package index serves another file than the one that was locked. If requirements"
            ".lock is as it is in git, somebody changed the file: ask whoever runs the index."
        )
    if "invalid peer certificate" in error:
        return (
            "uv does not know who signed the package index's certificate. Name the file of that"
            " authority (pip config set global.cert FILE), or trust what this machine trusts:"
            " UV_SYSTEM_CERTS=1 make setup"
        )
    return (
        "The packages could not be installed. Is the package index reachable? It is the one that"
        f" pip is set to: {PYTHON.relative_to(ROOT)} -m pip config list"
    )


def install(packages: dict[str, str]) -> None:
    """Install packages of the lock over whatever is there of them. Exits where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"

        def write(names: list[str]) -> None:
            requirements.write_text("".join(f"{packages[name]}\n" for name in names))

        options = ["--quiet", "--no-deps", "--require-hashes", "--requirement", str(requirements)]
        own = [name for name in packages if name.startswith("uv==")]
        if own:
            write(own)
            pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
            command = [*pip, "--only-binary", ":all:", "--force-reinstall", *options]
            _check(subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False))
        write([name for name in packages if name not in own])
        # What is built here is built with what is locked too.
        options += ["--build-constraints", str(LOCK)]
        _check(uv.run("pip", "install", "--reinstall", *options))


def _check(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        sys.exit(f"{done.stderr.strip()}\n\n{advice(done.stderr)}")


def main() -> None:
    start = time.monotonic()
    is_there = can_install()
    there = installed() if is_there else set()
    wanted = {name: text for name, text in locked().items() if name not in there}
    if not wanted:
        return
    if not is_there:
        print(f"Making .venv with Python {sys.version.split()[0]}", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False).returncode:
            sys.exit("No virtual environment can be made; on Debian: apt install python3-venv")
    print(f"Installing {len(wanted)} packages into .venv (up to a minute, once)", flush=True)
    install(wanted)
    if missing := wanted.keys() - installed():
        sys.exit(f"Still missing after the installation: {', '.join(sorted(missing))}")
    print(f"Installed in {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
