"""`python -m changes diff [--base main] [--warehouse FILE]` and `… try [--models "A B"]
[--warehouse FILE]`."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from changes import building, report
from changes.building import Base, BuildError
from changes.comparing import Change, CompareError, compare
from changes.dbt import WITHOUT_TESTS, Dbt, Outcome, changed_settings
from changes.manifest import Manifest, Mart
from foundation.dbt import DbtError
from foundation.settings import ROOT, SettingsError, load_settings

REPORT = ROOT / "target" / "diff.md"
TRY = ROOT / "target" / "try"
FAILED, REFUSED, INTERRUPTED = 1, 2, 130


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m changes")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("diff", help="show what the working tree's models change")
    command.add_argument("--base", default="main", help="a branch, tag or commit to compare with")
    command.add_argument(
        "--warehouse", type=Path, help="build over its raw data instead of the base company's"
    )
    command = commands.add_parser("try", help="the same on a copy of the local warehouse")
    command.add_argument("--models", default="", help="names; if empty, what git says has changed")
    command.add_argument("--base", default="main", help="what git compares with")
    command.add_argument("--warehouse", type=Path, help="DUCKDB_PATH if not given")
    arguments = parser.parse_args()
    # The report of an earlier change must not be taken for this one's.
    REPORT.unlink(missing_ok=True)
    try:
        is_real = arguments.command == "try" or arguments.warehouse
        # A real company may need more memory than the base company. dbt reads the environment, and
        # the setting may be in .env.
        if is_real and (limit := load_settings().duckdb_memory_limit):
            os.environ["DUCKDB_MEMORY_LIMIT"] = limit
        if arguments.command == "diff":
            return diff(arguments.base, arguments.warehouse)
        models = arguments.models.replace(",", " ").split()
        return try_out(models, arguments.base, arguments.warehouse)
    except (BuildError, SettingsError) as error:
        print(error, file=sys.stderr)
        return REFUSED
    except (DbtError, CompareError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def diff(base_name: str, warehouse: Path | None) -> int:
    """Compare the working tree's marts with those of the commit that it comes from."""
    commit = building.merge_base(base_name)
    called = f"`{base_name}` ({commit[:10]})"
    if not building.is_touched(commit):
        _write(report.Compared(called, "the working tree", "over any data"), [])
        return 0
    with building.alone(building.FOLDER):
        raw = building.raw_of(warehouse.resolve()) if warehouse else building.base_company()
        folder = building.FOLDER / "branch"
        copied = folder / "warehouse.duckdb"
        with building.base(commit, raw, _note) as wait:
            dbt = Dbt(copied, folder, raw.as_of)
            base = wait()
        before, after = Manifest(base.manifest), Manifest(dbt.manifest_path)
        _note("Building what the branch changes")
        building.copy(base.warehouse, folder)
        chosen = _choose(base, before, after)
        outcome = dbt.build(["--select", *chosen.reached, *chosen.state, *WITHOUT_TESTS])
        if outcome.failures:
            raise DbtError("\n".join(["The branch's models cannot be built:", *outcome.failures]))
        changes = compare(base.warehouse, copied, _marts(before, after, outcome.built))
        _write(
            report.Compared(
                before=called,
                after="the working tree",
                over=f"over {raw.called} on {raw.as_of}",
                models=before.changed_models(after),
                macros=before.changed_macros(after),
                dashboards=_dashboards(before, after, changes),
                remarks=chosen.remarks,
            ),
            changes,
        )
    return 0


def try_out(names: Sequence[str], base_name: str, warehouse: Path | None) -> int:
    """Build models, and what depends on them, in a copy of the local warehouse; test and compare.
    Returns FAILED if a test fails, REFUSED if there is no such model."""
    local = (warehouse or load_settings().duckdb_path).resolve()
    as_of = building.last_build(local)
    stamp = _stamp(local)
    with building.alone(TRY):
        _note(f"Copying {local.name}")
        copied = building.copy(local, TRY)
        if names:
            dbt = Dbt(copied, TRY, as_of)
            after = Manifest(dbt.manifest_path)
            _check_names(names, after)
            chosen = Chosen([f"{name}+" for name in names])
        else:
            with building.parsed(building.merge_base(base_name), as_of, _note) as wait:
                dbt = Dbt(copied, TRY, as_of)
                base = wait()
            after = Manifest(dbt.manifest_path)
            before = Manifest(base.manifest)
            names = [name for name in before.changed_models(after) if name in after.models]
            chosen = _choose(base, before, after)
        _note("Building")
        built = dbt.build(["--select", *chosen.reached, *chosen.state, *WITHOUT_TESTS])
        _note("Testing")
        # After everything is built: `dbt build` would skip what follows a failed test, and we want
        # to see its effect. Unit tests bring rows of their own, so those of models further down
        # cannot have changed.
        tests = [f"{models},test_type:data" for models in chosen.reached]
        tests += [f"{name},test_type:unit" for name in names]
        tested = dbt.test(["--select", *tests, *chosen.state])
        if _stamp(local) != stamp:
            raise CompareError(f"{local} changed meanwhile: run `make try` again.")
        marts = {
            name: (mart, mart)
            for name, mart in sorted(after.marts.items())
            if mart.unique_id in built.built
        }
        changes = compare(local, copied, marts)
        _write(
            report.Compared(
                before=f"`{local.name}`",
                after="the working tree",
                over=f"on {as_of}",
                models=names,
                dashboards=_dashboards(after, after, changes),
                remarks=chosen.remarks,
            ),
            changes,
        )
    return _verdict(built, tested)


@dataclass(frozen=True)
class Chosen:
    """What to build, as arguments of dbt's `--select`: what changed and what depends on it."""

    reached: list[str]
    state: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def _choose(base: Base, before: Manifest, after: Manifest) -> Chosen:
    """`state:modified+`, or everything if dbt would not notice that a model changed."""
    state = ["--state", str(base.state)]
    unseen = changed_settings(base.project)
    called = before.macros_of_models() | after.macros_of_models()
    unseen += [
        f"the macro {name}"
        for name in before.changed_macros(after)
        if name not in called and not name.startswith("bigquery__")
    ]
    if unseen:
        remark = f"Everything was built again: {', '.join(unseen)} may affect any model."
        return Chosen(["*"], state, [remark])
    return Chosen(["state:modified+"], state)


def _marts(
    before: Manifest, after: Manifest, built: set[str]
) -> dict[str, tuple[Mart | None, Mart | None]]:
    """The marts that were rebuilt, and those that no longer exist."""
    pairs = {
        name: (before.marts.get(name), after.marts.get(name))
        for name in sorted(before.marts.keys() | after.marts.keys())
    }
    return {
        name: (then, now)
        for name, (then, now) in pairs.items()
        if now is None or now.unique_id in built
    }


def _dashboards(before: Manifest, after: Manifest, changes: Iterable[Change]) -> list[str]:
    touched = {
        mart.unique_id
        for change in changes
        if change
        for mart in (change.before, change.after)
        if mart
    }
    return sorted({*before.dashboards_of(touched), *after.dashboards_of(touched)})


def _check_names(names: Sequence[str], manifest: Manifest) -> None:
    unknown = [name for name in names if name not in manifest.models]
    if not unknown:
        return
    lines = []
    for name in unknown:
        close = difflib.get_close_matches(name, manifest.models, n=3)
        lines.append(f"There is no model {name}." + (f" {' or '.join(close)}?" if close else ""))
    raise BuildError("\n".join(lines))


def _verdict(*outcomes: Outcome) -> int:
    """Print what failed; returns the exit code."""
    for outcome in outcomes:
        for line in outcome.warnings:
            print(f"Warning: {line}")
        for line in outcome.failures:
            print(f"Failed: {line}")
        if outcome.skipped:
            print(f"Skipped after that: {', '.join(sorted(outcome.skipped))}")
    return FAILED if any(outcome.failures for outcome in outcomes) else 0


def _write(compared: report.Compared, changes: Sequence[Change]) -> None:
    text = report.write(compared, changes)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text)
    Console().print(Markdown(text))
    print(f"Written to {REPORT.relative_to(ROOT)}")


def _stamp(path: Path) -> tuple[int, int]:
    """Shows whether a file was written to."""
    about = path.stat()
    return about.st_mtime_ns, about.st_size


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    # What is written has people and what they cost in it: only its owner may read it.
    os.umask(0o077)
    sys.exit(main())
