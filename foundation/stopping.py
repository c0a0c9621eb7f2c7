"""How a command ends when somebody stops it: in order, with one line and the signal's exit code.

It imports nothing heavy, so that a command can be stopped while it is still importing the rest.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

log = logging.getLogger(__name__)

# In the environment of our children: the process that started them, which stops them and logs it.
PARENT = "STARTED_BY"


class Stopped(KeyboardInterrupt):
    """A signal asked this command to end. Libraries clean up as they do on Ctrl-C."""

    def __init__(self, number: int, command: str) -> None:
        super().__init__(f"{command} was stopped ({signal.Signals(number).name})")
        self.exit_code = 128 + number

    def exit(self) -> NoReturn:
        """Log it and exit without waiting for threads: work that they have not finished does not
        count."""
        # If a child was stopped, its parent logs it.
        if os.environ.get(PARENT) != str(os.getppid()):
            log.error("%s; the next run makes up for it", self)
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(self.exit_code)


_stopped: Stopped | None = None


def run_command(main: Callable[[], int], command: str) -> NoReturn:
    """Exit with what `main` returns, or when stopped with 130 (Ctrl-C), 143 (SIGTERM) or 129 (the
    terminal was closed), once every child is stopped."""

    def stop(number: int, _frame: FrameType | None) -> None:
        """Raise Stopped in the main thread, but only once: a cleanup that has begun must not be
        interrupted."""
        global _stopped
        if _stopped is None:
            _stopped = Stopped(number, command)
            raise _stopped

    # Python warns about dbt's semaphores, which a stopped process leaves behind, and removes them.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # With `nohup` the process is meant to survive a closed terminal.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
    try:
        code = main()
        raise_if_stopped()
    except Stopped as stopped:
        stopped.exit()
    sys.exit(code)


def raise_if_stopped() -> None:
    """To be called after libraries that swallow a KeyboardInterrupt, as dbt does."""
    if _stopped is not None:
        raise _stopped
