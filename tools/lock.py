"""Write requirements.lock: exact versions within pyproject.toml's bounds, and hashes of files.

Versions stay as they are locked while the bounds allow it. `make lock UPGRADE="NAME …"` takes the
newest of these packages, `UPGRADE=all` of all. Resolved for Linux and Python 3.11 on every machine;
no package differs in what it needs between Linux and macOS. Only the index that pip asks first is
asked: a further one may have a version's file for one kind of machine and not for the others. The
file names no index: where packages come from is the installer's setting.
"""

from __future__ import annotations

import sys

from tools import uv
from tools.install import LOCK, locked

# uv writes it into the head of the file.
MADE_BY = "make lock"


def main(upgrade: list[str]) -> None:
    names = {package.partition("==")[0] for package in locked()}
    if unknown := set(upgrade) - names - {"all"}:
        sys.exit(f"Not in requirements.lock: {', '.join(sorted(unknown))}")
    newest = [f"--upgrade-package={name}" for name in upgrade]
    done = uv.run(
        *("pip", "compile", "--quiet", "--generate-hashes", "--extra", "dev"),
        *("--python-version", "3.11", "--python-platform", "linux"),
        *("--custom-compile-command", MADE_BY, "--output-file", str(LOCK)),
        *(["--upgrade"] if "all" in upgrade else newest),
        "pyproject.toml",
        one_index=True,
    )
    if done.returncode:
        sys.exit(done.stderr.strip())
    print(f"requirements.lock: {len(locked())} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
