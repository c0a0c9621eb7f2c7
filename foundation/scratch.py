"""Temporary folders that are cleaned up even if the process that made them is killed."""

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
    """A temporary folder that exists for the length of the block. Folders with the same prefix
    whose process is dead are removed first.

    The process holds a lock on its folder, which the system releases however the process ends.
    Process ids would not work: they are reused, and differ between containers that share a folder.
    """
    sweep(prefix)
    folder, held = _make_and_hold(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(prefix: str) -> None:
    """Remove the temporary folders with this prefix that no process has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # It may not be a folder, belong to somebody else, be locked, or have just been removed.
        with suppress(OSError):
            held = _hold(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def _make_and_hold(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        # Another process may remove it before it is locked.
        with suppress(FileNotFoundError):
            held = _hold(folder, fcntl.LOCK_EX)
            if folder.exists():
                return folder, held
            os.close(held)


def _hold(folder: Path, operation: int) -> int:
    """Lock a folder; returns the descriptor that holds the lock."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, operation)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
