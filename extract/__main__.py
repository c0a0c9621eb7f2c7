"""python -m extract run | check"""

from __future__ import annotations

import sys

from foundation.stopping import run_command


def main() -> int:
    # Imported here: it takes seconds, and the command can already be stopped meanwhile.
    from extract import command

    return command.main()


if __name__ == "__main__":
    run_command(main, f"`python -m extract {' '.join(sys.argv[1:])}`")
