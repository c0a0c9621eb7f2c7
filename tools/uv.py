"""Run the locked uv with the settings that pip has.

Where packages come from, and whether that place is trusted, is said to pip on most machines (its
pip.conf, PIP_INDEX_URL), and uv reads none of that. What uv is told itself, in its own variables,
counts before it. Only the standard library: this runs before anything is installed.
"""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
UV = PYTHON.with_name("uv")

# An option of pip: the variable of uv that means the same, and what stands between several values.
SETTINGS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", ""),
    "client-cert": ("SSL_CLIENT_CERT", ""),
    "proxy": ("ALL_PROXY", ""),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
    "default-timeout": ("UV_HTTP_TIMEOUT", ""),
}
MORE_PLACES = {"extra-index-url", "find-links"}
# Where pip has an option several times, the later of these counts.
SECTIONS = ("global", "install", ":env:")


def pip_options(listing: str) -> dict[str, str]:
    """pip's options by name, from what `pip config list` prints: lines SECTION.OPTION='value'."""
    lines = [line.partition("=") for line in listing.splitlines() if "=" in line]
    said = {key: str(ast.literal_eval(value)) for key, _, value in lines}
    return {
        key.removeprefix(f"{section}."): value
        for section in SECTIONS
        for key, value in said.items()
        if key.startswith(f"{section}.")
    }


def environment(options: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The variables for uv: this process's own, and pip's options where those say nothing."""
    given = {}
    for option, (variable, separator) in SETTINGS.items():
        if value := options.get(option, "").strip():
            given[variable] = separator.join(value.split()) if separator else value
    if MORE_PLACES & options.keys():
        # Like pip: the version that is asked for, from whichever index has it. The hashes say
        # whether it is the right one.
        given["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    # An interpreter is never fetched: `make` looks for one.
    return {"UV_PYTHON_DOWNLOADS": "never", **given, **own}


def run(*arguments: str, one_index: bool = False) -> subprocess.CompletedProcess[str]:
    """Run uv; its errors are in `stderr`. With `one_index` it asks only the index that pip asks
    first."""
    pip = [str(PYTHON), "-m", "pip", "config", "list"]
    listing = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    options = pip_options(listing)
    if one_index:
        options = {name: options[name] for name in options.keys() - MORE_PLACES}
    if options.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        arguments = (*arguments, "--no-index")
    return subprocess.run(
        [str(UV), *arguments, "--python", str(PYTHON)],
        env=environment(options, os.environ),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
