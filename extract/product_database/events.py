"""Usage events of a product: read by id, each exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from extract.product_database.database import Database
from extract.product_database.tables import DAY, keep_good_rows, with_day
from extract.report import ResourceReport
from extract.windows import ONE_DAY, Run, Window, counted

# Ids are assigned in order, but become visible in the order of commits, so a run reads this many of
# them again. At a million events a month 50,000 are a day and a half, at a hundred million 20
# minutes, and no transaction should stay open longer.
EVENT_LOOK_BACK_IDS = 50_000
# Which of these ids have landed is remembered as ranges. If ids are so sparse that it takes more
# ranges than this, nothing is remembered, and those rows land again unchanged.
MAX_RANGES = 2_000


def new_events(database: Database, run: Run, part: ResourceReport) -> Iterator[Window]:
    """Events by id, each once: those after the newest id that landed, and within the look-back
    before it those that were not visible yet.

    With `since`, all events of these days, again. Every chunk moves the mark, so what was read
    before a failure counts.
    """
    name = "usage_events"
    known: dict[str, Any] = run.memory.setdefault(part.name, {})
    mark: int | None = known.get("high_water_id")
    request: dict[str, Any] = {"table": name}
    if run.since:
        request |= {"occurred_from": str(run.since), "occurred_before": str(run.until)}
    elif mark is not None:
        request["id_after"] = mark - EVENT_LOOK_BACK_IDS

    def restrict(query: Any, table: sa.Table) -> Any:  # noqa: ANN401
        at, number = table.c.occurred_at, table.c.id
        if run.since:
            query = query.where(at >= _midnight(run.since), at < _midnight(run.until))
        elif mark is not None:
            query = query.where(number > mark - EVENT_LOOK_BACK_IDS)
        return query.order_by(number)

    for rows in database.read(name, restrict):
        part.pages += 1
        read = Window(run.today, run.today + ONE_DAY, request=request, pages=1)
        good = keep_good_rows(name, rows, read)
        read.is_changed = bool(read.rejected)
        if not run.since:
            ids = good.column("id").to_numpy()
            good = good.filter(pa.array(~_is_among(ids, known.get("landed_ids", []))))
            _remember(known, ids)
        # Models rebuild the days that a changed window names.
        windows = list(_by_day(good, request))
        if read.is_changed or not windows:
            windows.append(read)
        for window in windows:
            yield counted(window, part)


def _by_day(events: pa.Table, request: dict[str, Any]) -> Iterator[Window]:
    """The events as a window for each day on which they occurred."""
    days = events.column("occurred_at").cast(DAY, safe=False)
    for day in pc.unique(days).sort().to_pylist():
        rows = events.filter(pc.equal(days, pa.scalar(day, DAY)))
        window = Window(day, day + ONE_DAY, request=request, pages=1, is_changed=True)
        window.rows = with_day("usage_date", day, rows)
        window.content_hash = _hash_of(rows)
        yield window


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hash_of(rows: pa.Table) -> str:
    total = hashlib.blake2b(digest_size=16)
    for batch in rows.combine_chunks().to_batches():
        total.update(batch.serialize())
    return total.hexdigest()


def _is_among(ids: Any, ranges: list[list[int]]) -> Any:  # noqa: ANN401 - numpy's arrays
    """Which of the ids are in one of the ranges [first, last], which are sorted."""
    if not ranges:
        return np.zeros(len(ids), dtype=bool)
    first, last = np.array(ranges).T
    place = np.searchsorted(first, ids, side="right") - 1
    return (place >= 0) & (ids <= last[place])


def _remember(known: dict[str, Any], ids: Any) -> None:  # noqa: ANN401 - numpy's arrays
    """Move the mark to the newest id, and keep which ids within the look-back have landed."""
    if not len(ids):
        return
    mark = max(int(ids.max()), known.get("high_water_id", int(ids.max())))
    before = [np.arange(first, last + 1) for first, last in known.get("landed_ids", [])]
    landed = np.unique(np.concatenate([*before, ids]))
    landed = landed[landed > mark - EVENT_LOOK_BACK_IDS]
    breaks = np.flatnonzero(np.diff(landed) > 1)
    first = landed[np.concatenate([[0], breaks + 1])].tolist()
    last = landed[np.concatenate([breaks, [len(landed) - 1]])].tolist()
    known["high_water_id"] = mark
    known["landed_ids"] = [list(pair) for pair in zip(first, last, strict=True)]
    if len(first) > MAX_RANGES:
        known["landed_ids"] = []
