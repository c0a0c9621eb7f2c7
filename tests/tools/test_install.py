"""What is installed is what was locked, from where pip is told to look."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import install, lock, uv

LISTING = """\
:env:.index-url='https://user:p%40ss@mirror.example/simple'
:env:.disable-pip-version-check='1'
global.index-url='https://pypi.example/simple'
global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple?x=y'
global.trusted-host='a.example b.example'
install.find-links='/wheels ./more'
install.cert='/etc/our certificates.pem'
wheel.no-index='true'
"""


def test_of_pips_options_the_nearest_counts() -> None:
    options = uv.pip_options(LISTING)
    assert options["index-url"] == "https://user:p%40ss@mirror.example/simple"
    assert options["find-links"] == "/wheels ./more"
    assert "no-index" not in options


def test_uv_is_told_what_pip_is_told() -> None:
    told = uv.environment(uv.pip_options(LISTING), {"PATH": "/bin"})
    assert told == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_DEFAULT_INDEX": "https://user:p%40ss@mirror.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple?x=y",
        "UV_INSECURE_HOST": "a.example b.example",
        "UV_FIND_LINKS": "/wheels,./more",
        "SSL_CERT_FILE": "/etc/our certificates.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "PATH": "/bin",
    }


def test_what_uv_is_told_itself_counts_first() -> None:
    own = {"UV_DEFAULT_INDEX": "https://own.example/simple"}
    told = uv.environment({"index-url": "https://pip.example/simple"}, own)
    assert told == {"UV_PYTHON_DOWNLOADS": "never"} | own


# What makes the package one that others can be built with.
BUILDS = """\
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    about = "soup-1.0.dist-info"
    with zipfile.ZipFile(f"{folder}/soup-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\\nName: soup\\nVersion: 1.0")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any")
        archive.writestr(f"{about}/RECORD", "")
    return "soup-1.0-py3-none-any.whl"
"""


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in a folder, which is the only place where pip is told to look."""
    file = tmp_path / "wheels" / "peppers-1.0-py3-none-any.whl"
    file.parent.mkdir()
    about = "peppers-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("peppers.py", BUILDS)
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: peppers\nVersion: 1.0")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any")
        archive.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(file.parent))
    return file


def attempt(folder: Path, digest: str) -> subprocess.CompletedProcess[str]:
    """Install the package into a folder of its own, as if its hash were locked."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"peppers==1.0 --hash=sha256:{digest}\n")
    options = ["--quiet", "--require-hashes", "--cache-dir", str(folder / "cache")]
    target = str(folder / "target")
    return uv.run("pip", "install", *options, "--target", target, "-r", str(requirements))


def test_uv_installs_from_where_pip_looks(wheel: Path, tmp_path: Path) -> None:
    done = attempt(tmp_path, digest_of(wheel))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "target" / "peppers.py").exists()


def test_another_file_than_the_locked_one_is_refused(wheel: Path, tmp_path: Path) -> None:
    done = attempt(tmp_path, hashlib.sha256(b"another").hexdigest())
    assert done.returncode != 0
    assert not (tmp_path / "target" / "peppers.py").exists()
    assert "another file than the one that was locked" in install.advice(done.stderr)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "another file than the one that was locked",
        ),
        ("cause: invalid peer certificate: UnknownIssuer", "UV_SYSTEM_CERTS=1"),
        ("error: Request failed after 3 retries", "Is the package index reachable?"),
    ],
)
def test_an_error_comes_with_what_to_do(error: str, advice: str) -> None:
    assert advice in install.advice(error)


def test_a_package_that_was_cut_off_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path)
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for folder in ("Whole_Pepper-1.0.dist-info", "half-1.0.dist-info"):
        (packages / folder).mkdir(parents=True)
    (packages / "Whole_Pepper-1.0.dist-info" / "INSTALLER").touch()
    assert install.installed() == {"whole-pepper==1.0"}


def test_an_environment_without_pip_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "bin" / "python"
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", python)
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    assert not install.can_install()
    pip = tmp_path / "lib" / "python3.11" / "site-packages" / "pip-1.0.dist-info" / "INSTALLER"
    pip.parent.mkdir(parents=True)
    pip.touch()
    assert install.can_install()
    python.unlink()
    python.symlink_to(tmp_path / "a Python that was removed")
    assert not install.can_install()


@pytest.mark.parametrize("is_locked", [True, False])
def test_what_builds_a_package_is_locked_too(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    source = wheel.with_name("soup-1.0.tar.gz")
    project = '[build-system]\nrequires = ["peppers"]\nbuild-backend = "peppers"\n'
    about = "Metadata-Version: 2.1\nName: soup\nVersion: 1.0\n"
    with tarfile.open(source, "w:gz") as archive:
        for name, text in {"pyproject.toml": project, "PKG-INFO": about}.items():
            entry = tarfile.TarInfo(f"soup-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    monkeypatch.setattr(install, "LOCK", tmp_path / "requirements.lock")
    digest = digest_of(wheel) if is_locked else hashlib.sha256(b"another").hexdigest()
    install.LOCK.write_text(f"peppers==1.0 --hash=sha256:{digest}\n")
    own = ("--target", str(tmp_path / "target"), "--cache-dir", str(tmp_path / "cache"))
    run = uv.run
    monkeypatch.setattr(uv, "run", lambda *arguments: run(*arguments, *own))
    if is_locked:
        install.install({"soup==1.0": f"soup==1.0 --hash=sha256:{digest_of(source)}"})
        assert (tmp_path / "target" / "soup-1.0.dist-info").exists()
    else:
        with pytest.raises(SystemExit, match="another file than the one that was locked"):
            install.install({"soup==1.0": f"soup==1.0 --hash=sha256:{digest_of(source)}"})


def test_only_what_is_locked_can_be_upgraded() -> None:
    with pytest.raises(SystemExit, match=r"Not in requirements\.lock: peppers"):
        lock.main(["peppers", "dlt"])
