"""Temporary folders are removed with their process, or by the next one."""

import subprocess
import sys
import tempfile
from contextlib import contextmanager

import pytest

from foundation import scratch
from foundation.scratch import scratch_folder
from foundation.settings import ROOT


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@contextmanager
def another(tmp_path):
    """Another process with a folder that it filled."""
    code = (
        "import sys, tempfile; from foundation.scratch import scratch_folder\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "with scratch_folder('of-test-') as folder:\n"
        "    (folder / 'file').touch()\n"
        "    print(folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith(str(tmp_path / "of-test-"))
        yield process


def test_folders_of_dead_processes_are_removed_and_those_of_living_ones_kept(tmp_path):
    with another(tmp_path) as dead, another(tmp_path) as living:
        before = set(tmp_path.iterdir())
        dead.kill()
        dead.wait()
        assert len(before) == 2
        with scratch_folder("of-test-") as mine:
            (kept,) = set(tmp_path.iterdir()) - {mine}
            assert (kept / "file").exists()
            with scratch_folder("of-test-"):
                assert mine.exists()
        assert set(tmp_path.iterdir()) == {kept}
        living.communicate()
        assert not list(tmp_path.iterdir())


def test_files_of_others_with_the_same_prefix_are_left_alone(tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / "of-test-file").touch()
    (tmp_path / "of-test-link").symlink_to(target)
    before = set(tmp_path.iterdir())
    scratch.sweep("of-test-")
    assert set(tmp_path.iterdir()) == before


def test_a_folder_that_is_removed_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    hold, calls = scratch._hold, []

    def swept_at_first(folder, operation):
        calls.append(folder)
        if len(calls) == 1:
            folder.rmdir()
        elif len(calls) == 2:
            held = hold(folder, operation)
            folder.rmdir()
            return held
        return hold(folder, operation)

    monkeypatch.setattr(scratch, "_hold", swept_at_first)
    with scratch_folder("of-test-") as folder:
        assert folder == calls[2]
        assert folder.exists()
