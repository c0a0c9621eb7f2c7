"""python -m extract run | check"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.abc import MetaPathFinder

from foundation.stopping import run_command

# From glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8


def main() -> int:
    # Imported here: it takes seconds, and the command can already be stopped meanwhile.
    from extract import command

    return command.main()


class WithoutPandas(MetaPathFinder):
    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def spare_memory() -> None:
    """Give memory back once it is free. What lands comes from many threads, and for each of them
    glibc and Arrow would keep what it has freed. pandas, which DuckDB and dlt import if it is
    installed, is not needed: it would take 40 MB."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    sys.meta_path.insert(0, WithoutPandas())
    glibc = ctypes.CDLL(None)
    if hasattr(glibc, "mallopt"):
        glibc.mallopt(M_ARENA_MAX, 1)
        glibc.mallopt(M_TRIM_THRESHOLD, 1_048_576)
        glibc.mallopt(M_MMAP_THRESHOLD, 1_048_576)


if __name__ == "__main__":
    spare_memory()
    # What is written has people and what they cost in it: only its owner may read it.
    os.umask(0o077)
    run_command(main, f"`python -m extract {' '.join(sys.argv[1:])}`")
