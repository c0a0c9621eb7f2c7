"""Write what Terraform's Google provider takes, for the tests of infrastructure/terraform/.

`python -m tools.google_provider`, after a new type of resource or a new version of the provider. It
needs npm: the package @cdktf/provider-google is the provider's schema as TypeScript, made by
HashiCorp, and describes each argument in a JSON file. What is used here of its 1,200 types is
written to tests/infrastructure/google_provider.json: each argument as

    {"type": "string", "required": true}      or      {"block": {…}, "many": true}

and the attributes that other resources may read. The package ended with provider 6.50.0.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from foundation.settings import ROOT

PACKAGE = "@cdktf/provider-google@16.12.1"
TERRAFORM = ROOT / "infrastructure" / "terraform"
SCHEMA = ROOT / "tests" / "infrastructure" / "google_provider.json"

USED = re.compile(r'^(resource|data) "(google_\w+)"', re.MULTILINE)
PAGE = re.compile(
    r"providers/hashicorp/google/([0-9.]+)/docs/(?:resources|data-sources)/\w+#(\w+) "
)
ATTRIBUTE = re.compile(r"get\w+Attribute\('(\w+)'\)|\(this, \"(\w+)\", (?:true|false)\)")

Json = dict[str, Any]


def used() -> list[tuple[str, str]]:
    """The types in Terraform's files, each as ("resource" or "data", name)."""
    files = sorted(TERRAFORM.glob("*.tf"))
    return sorted({found for file in files for found in USED.findall(file.read_text())})


def arguments(types: Json, name: str) -> Json:
    """The arguments of a block by their names in HCL, with the blocks in them."""
    found = {}
    for one in types[name].get("properties", ()):
        docs = one["docs"]
        # Every argument has a page; what has none belongs to cdktf.
        if not (page := PAGE.search(docs.get("remarks", "") + docs.get("summary", ""))):
            continue
        kind = one["type"]
        described: Json = {}
        if docs.get("summary", "").endswith(" block."):
            described["block"] = arguments(types, _named(kind))
            described["many"] = "fqn" not in kind
        else:
            described["type"] = _type(kind)
        if not one.get("optional"):
            described["required"] = True
        found[page[2]] = described
    return found


def _alternatives(kind: Json) -> list[Json]:
    return kind["union"]["types"] if "union" in kind else [kind]


def _named(kind: Json) -> str:
    """The name of the type of a block, alone or in a list; cdktf's own stand for an expression."""
    for one in _alternatives(kind):
        inner = one.get("collection", {}).get("elementtype", one)
        for fqn in (part.get("fqn", "") for part in _alternatives(inner)):
            if fqn and not fqn.startswith("cdktf."):
                return str(fqn)
    raise ValueError(f"not a block: {kind}")


def _type(kind: Json) -> str:
    for one in _alternatives(kind):
        if "primitive" in one:
            return str(one["primitive"])
        if "collection" in one:
            return str(one["collection"]["kind"]).replace("array", "list")
    return "any"


def read(archive: Path) -> Json:
    """What this project uses of the package."""
    with tarfile.open(archive) as files:

        def text(name: str) -> str:
            member = files.extractfile(f"package/{name}")
            assert member is not None  # noqa: S101 - extractfile raises if there is none
            return member.read().decode()

        types = json.loads(text(".jsii"))["types"]
        by_file: dict[str, list[str]] = {}
        for name, one in types.items():
            by_file.setdefault(one["locationInModule"]["filename"], []).append(name)
        result: Json = {"resource": {}, "data": {}}
        for kind, name in used():
            folder = ("data-" if kind == "data" else "") + name.replace("_", "-")
            folder = folder if kind == "data" else folder.removeprefix("google-")
            (config,) = [
                one
                for one in by_file[f"src/{folder}/index.ts"]
                if types[one].get("interfaces") == ["cdktf.TerraformMetaArguments"]
            ]
            code = text(f"lib/{folder}/index.js")
            own = code[code.rindex("extends cdktf.Terraform") :]
            read_by_others = {first or second for first, second in ATTRIBUTE.findall(own)}
            result[kind][name] = {
                "arguments": arguments(types, config),
                "attributes": sorted(read_by_others),
            }
        page = PAGE.search(json.dumps(types[config]))
        assert page is not None  # noqa: S101 - every configuration has pages
        return {"provider": page[1], "package": PACKAGE, **result}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True)
        (archive,) = Path(folder).glob("*.tgz")
        schema = read(archive)
    # A line for each type, so that a change of one is a change of a line.
    lines = [f'"{key}": {json.dumps(schema[key])}' for key in ("provider", "package")]
    for kind in ("resource", "data"):
        types = (f'"{name}": {json.dumps(one)}' for name, one in schema[kind].items())
        lines.append(f'"{kind}": {{\n' + ",\n".join(types) + "\n}")
    SCHEMA.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{SCHEMA.relative_to(ROOT)}: Google provider {schema['provider']}")


if __name__ == "__main__":
    main()
