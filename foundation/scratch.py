"""Temporary folders that do not stay when the process that made them is killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder of this process for the length of the block. Those with the same prefix
    whose process is dead are removed first.

    The process holds a lock on its folder, which the system lifts however the process ends. Process
    ids would not do: they are given again, and differ between containers that share a folder.
    """
    sweep(prefix)
    folder, held = _made(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(prefix: str) -> None:
    """Remove the temporary folders with this prefix that nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # Not a folder, or not ours, or just removed by another process, or held.
        with suppress(OSError):
            held = _hold(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def _made(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        # Another process may sweep it before it is held.
        with suppress(FileNotFoundError):
            held = _hold(folder, fcntl.LOCK_EX)
            if folder.exists():
                return folder, held
            os.close(held)


def _hold(folder: Path, operation: int) -> int:
    """Lock a folder; the descriptor by which it is held."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, operation)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
