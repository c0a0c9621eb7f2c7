"""Usage events of a product: read by their ids, each of them once."""

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
from extract.product_database.tables import DAY, refused, with_day
from extract.report import ResourceReport
from extract.windows import ONE_DAY, Run, Window, counted

# Ids are given out in order, but become visible in the order of commits: a run reads so many of
# them again. A million events a month are 50,000 in a day and a half, a hundred million in 20
# minutes, and no transaction should be open longer.
EVENT_LOOK_BACK_IDS = 50_000
# What of these ids was landed is remembered as ranges. Where ids are so sparse that it takes more,
# nothing is remembered, and the rows land again as they were.
MOST_RANGES = 2_000


def new_events(database: Database, run: Run, part: ResourceReport) -> Iterator[Window]:
    """Events by id, each once: from the newest id that was landed back by the look-back, and there
    only what was not visible before. With `since`, all events of these days, again.

    Every chunk moves the mark: what came before a failure counts.
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
        good = refused(name, rows, read)
        read.is_changed = bool(read.rejected)
        if not run.since:
            ids = good.column("id").to_numpy()
            good = good.filter(pa.array(~_is_among(ids, known.get("landed_ids", []))))
            _remember(known, ids)
        # Models build those days again that a changed window names.
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
    """Which of the ids lie in one of the ranges [first, last], which are sorted."""
    if not ranges:
        return np.zeros(len(ids), dtype=bool)
    first, last = np.array(ranges).T
    place = np.searchsorted(first, ids, side="right") - 1
    return (place >= 0) & (ids <= last[place])


def _remember(known: dict[str, Any], ids: Any) -> None:  # noqa: ANN401 - numpy's arrays
    """Move the mark to the newest id, and keep which ids within the look-back were landed."""
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
    if len(first) > MOST_RANGES:
        known["landed_ids"] = []
