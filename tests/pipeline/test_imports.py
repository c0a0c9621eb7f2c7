"""Modules import one another in one direction."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from foundation.settings import ROOT


def imports(root: Path) -> dict[str, set[str]]:
    """For each module of the project's packages, the project's modules that it imports anywhere."""
    packages = {path.parent.name for path in root.glob("*/__init__.py")}
    files = [path for name in packages for path in (root / name).rglob("*.py")]
    modules = {".".join(path.relative_to(root).with_suffix("").parts): path for path in files}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    return {name: set(_imported(path)) & modules.keys() - {name} for name, path in modules.items()}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_module_imports_one_that_imports_it() -> None:
    graph = imports(ROOT)
    assert "pipeline.alerts.message" in graph["pipeline.alerts.slack"]
    TopologicalSorter(graph).prepare()


def test_a_circle_is_found_inside_a_function_too(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    for name, text in {
        "__init__": "",
        "alerts": "def tell():\n    from house import slack\n",
        "slack": "from house.alerts import Message\n",
    }.items():
        (tmp_path / "house" / f"{name}.py").write_text(text)
    with pytest.raises(CycleError, match="cycle"):
        TopologicalSorter(imports(tmp_path)).prepare()
