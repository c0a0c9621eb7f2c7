"""`python with_parent.py PARENT PROGRAM …`: become PROGRAM, and end when the process PARENT does.

For Linux, which remembers this setting when a process becomes another program. This is a program of
its own instead of Popen's `preexec_fn`, which may hang if there are threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != int(parent):
        # The parent ended before Linux knew about the setting.
        sys.exit(128 + signal.SIGTERM)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
