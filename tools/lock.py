"""Write requirements.lock: the newest versions within pyproject.toml's bounds, all of them exact.

Resolved for the machine that it runs on; none of our packages differs between Linux and macOS in
what it needs. Names and versions only: where packages come from is the installer's setting.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Written by `make lock` from pyproject.toml. Do not edit.\n"


def main() -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    options = ["--quiet", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    command = [*pip, *options, f"{ROOT}[dev]"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = json.loads(answer)["install"]
    packages = [item["metadata"] for item in found if "dir_info" not in item["download_info"]]
    names = {re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"] for item in packages}
    lines = [f"{name}=={version}\n" for name, version in sorted(names.items())]
    (ROOT / "requirements.lock").write_text(HEADER + "".join(lines))
    print(f"requirements.lock: {len(lines)} packages")


if __name__ == "__main__":
    main()
