"""python -m extract run | check"""

from __future__ import annotations

import os
import sys

from foundation.stopping import run_command


def main() -> int:
    # Imported here: it takes seconds, and the command can already be stopped meanwhile.
    from extract import command

    return command.main()


if __name__ == "__main__":
    # What is written has people and what they cost in it: only its owner may read it.
    os.umask(0o077)
    run_command(main, f"`python -m extract {' '.join(sys.argv[1:])}`")
