"""The report of a diff, as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from changes.comparing import Change, Columns, MonthlySum, Sample
from changes.manifest import Mart

# A month's sums are one line each; if everything changed, this many are enough to see it.
SHOWN_SUMS = 24
SHOWN_NAMES = 12
SAMPLES = {"changed": "A changed row", "added": "An added row", "removed": "A removed row"}


@dataclass(frozen=True)
class Compared:
    """What was compared: texts for the head of the report."""

    before: str
    after: str
    over: str
    # Those whose own text changed, by name.
    models: Sequence[str] = ()
    macros: Sequence[str] = ()
    dashboards: Sequence[str] = ()
    remarks: Sequence[str] = field(default_factory=list)


def write(compared: Compared, changes: Sequence[Change]) -> str:
    """The report; a single line if nothing differs."""
    # First what was changed by hand, then what follows from it.
    different = sorted(
        (change for change in changes if change),
        key=lambda change: (change.name not in compared.models, change.name),
    )
    sides = f"{compared.before} and {compared.after}, {compared.over}"
    contracts = [line for change in changes if (line := _contract(change))]
    if not different and not contracts:
        again = f"{_counted(len(changes), 'mart')} built again" if changes else "nothing to build"
        return " ".join([f"No difference between {sides}: {again}.", *compared.remarks]) + "\n"
    lines = ["# What this change does to the numbers", "", f"Between {sides}.", ""]
    lines += [f"{remark}" for remark in compared.remarks]
    if compared.models:
        lines.append(f"Changed models: {_names(compared.models)}.")
    if compared.macros:
        lines.append(f"Changed macros: {_names(compared.macros)}.")
    same = len(changes) - len(different)
    lines.append(f"Of {_counted(len(changes), 'mart')} rebuilt, {same} stayed the same.")
    if compared.dashboards:
        lines.append(f"Dashboards that read what differs: {', '.join(compared.dashboards)}.")
    # Two spaces end a line without ending the paragraph.
    lines[4:] = [line + "  " for line in lines[4:]]
    if different:
        lines += ["", *_summary(different)]
    if contracts:
        lines += ["", "Contracts:", "", *contracts]
    for change in different:
        lines += ["", *_details(change)]
    return "\n".join(lines) + "\n"


def _summary(changes: Iterable[Change]) -> Iterator[str]:
    yield "| Mart | Rows before | Rows after | Added | Removed | Changed | Columns |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    for change in changes:
        numbers = (change.rows_before, change.rows_after, change.added, change.removed)
        cells = [f"{number:,}" for number in numbers]
        cells.append(f"{change.changed:,}" if change.by_key else "—")
        yield f"| `{change.name}` | {' | '.join(cells)} | {_columns(change)} |"


def _columns(change: Change) -> str:
    if change.before is None:
        return "new mart"
    if change.after is None:
        return "mart removed"
    counts = {
        "added": len(change.columns_added),
        "removed": len(change.columns_removed),
        "retyped": len(change.columns_retyped),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _contract(change: Change) -> str:
    """What happened to the mart's contract; nothing if it is the same."""
    before, after = _promised(change.before), _promised(change.after)
    if before == after or change.before is None:
        return ""
    if change.after is None:
        return f"- `{change.name}` is gone, and with it its contract."
    if before is None or after is None:
        return f"- `{change.name}` has {'now a' if before is None else 'no longer a'} contract."
    parts = [
        *(f"`{name}` {kind} added" for name, kind in after.items() if name not in before),
        *(f"`{name}` {kind} removed" for name, kind in before.items() if name not in after),
        *(
            f"`{name}` from {before[name]} to {kind}"
            for name, kind in after.items()
            if name in before and before[name] != kind
        ),
    ]
    return f"- `{change.name}`: {'; '.join(parts)}."


def _promised(mart: Mart | None) -> Columns | None:
    return mart.contract if mart else None


def _details(change: Change) -> Iterator[str]:
    yield f"### {change.name}"
    yield ""
    for text in _remarks(change):
        yield text + "  "
    if change.sums:
        yield ""
        yield from _sums(change.sums)
    if change.samples:
        yield ""
        yield "<details><summary>Sample rows</summary>"
        for sample in change.samples:
            yield ""
            yield from _sample(sample)
        yield ""
        yield "</details>"


def _remarks(change: Change) -> Iterator[str]:
    if change.before is None:
        yield f"A new mart of {_counted(change.rows_after, 'row')}."
    if change.after is None:
        yield f"The mart is gone, with {_counted(change.rows_before, 'row')}."
    if not change.by_key:
        yield (
            "No key holds on both sides, so a row that changed counts as one removed and one added."
        )
    for what, columns in (("added", change.columns_added), ("removed", change.columns_removed)):
        if columns:
            listed = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
            yield f"Columns {what}: {listed}."
    if change.columns_retyped:
        listed = ", ".join(
            f"`{name}` from {old} to {new}" for name, (old, new) in change.columns_retyped.items()
        )
        yield f"Columns retyped: {listed}."
    if change.columns_changed:
        ranked = sorted(change.columns_changed.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"`{name}` in {_counted(rows, 'row')}" for name, rows in ranked)
        yield f"Changed values: {listed}."


def _sums(sums: Sequence[MonthlySum]) -> Iterator[str]:
    yield "| Month | Sum of | Before | After | Difference |"
    yield "|---|---|--:|--:|--:|"
    for entry in sums[:SHOWN_SUMS]:
        month = f"{entry.month:%Y-%m}" if entry.month else "all"
        before, after, difference = amounts(entry.before, entry.after)
        yield f"| {month} | `{entry.column}` | {before} | {after} | {difference} |"
    if len(sums) > SHOWN_SUMS:
        yield ""
        yield f"… and {_counted(len(sums) - SHOWN_SUMS, 'more sum')} that differ."


def amounts(before: Decimal | None, after: Decimal | None) -> tuple[str, str, str]:
    """Both amounts and their difference, with as many decimals as it takes to see the
    difference."""
    if before is None or after is None:
        return _amount(before, 2), _amount(after, 2), "—"
    difference = after - before
    digits = 2
    while digits < 18 and abs(round(difference, digits) - difference) * 100 > abs(difference):
        digits += 1
    return _amount(before, digits), _amount(after, digits), f"{difference:+,.{digits}f}"


def _amount(value: Decimal | None, digits: int) -> str:
    return "—" if value is None else f"{value:,.{digits}f}"


def _sample(sample: Sample) -> Iterator[str]:
    yield f"{SAMPLES[sample.kind]}:"
    yield ""
    if sample.kind == "changed":
        yield "| Column | Before | After |"
        yield "|---|---|---|"
        for name, (before, after) in sample.columns.items():
            yield f"| `{name}` | {_cell(before)} | {_cell(after)} |"
        return
    yield "| Column | Value |"
    yield "|---|---|"
    for name, (before, after) in sample.columns.items():
        yield f"| `{name}` | {_cell(after if before is None else before)} |"


def _cell(value: str | None) -> str:
    """Text from the data is shown as it is: it must not become Markdown, HTML or a mention."""
    if value is None:
        return "null"
    text = " ".join(value.split())
    text = text if len(text) <= 200 else text[:199] + "…"
    fence = "``" if "`" in text else "`"
    text = text.replace("|", "\\|")
    return f"{fence} {text} {fence}" if "`" in text or not text else f"{fence}{text}{fence}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN_NAMES])
    return shown + (f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else "")


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
