"""The database of a product that is sold: its teams, members, usage events and daily activity.

Any database that SQLAlchemy supports, read with dlt's `sql_database` as Arrow tables. It needs four
tables or views with these names and the columns of `TABLES` (docs/revops_sources.md). The columns
keep these types in the warehouse, whatever types the database has.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from extract.http import VendorError
from extract.product_database.database import Database, connected
from extract.product_database.events import new_events
from extract.product_database.tables import DAY, asked, keep_good_rows, with_day
from extract.product_database.tables import TABLES as TABLES
from extract.report import ResourceReport
from extract.windows import (
    ONE_DAY,
    Period,
    Resource,
    Run,
    Window,
    content_hash,
    digest,
    fetch,
    reported,
)
from foundation.sources.product_database import ProductDatabaseSettings

ORGANIZATION = "product"


# Activity may still change for this many days before the newest one.
ACTIVITY_LOOK_BACK_DAYS = 3
# Days of activity are held in memory until their query is complete.
ACTIVITY_DAYS = 31


def extract(settings: ProductDatabaseSettings, run: Run) -> Iterator[Window]:
    try:
        with connected(settings) as database:
            teams, members, events, activity = resources(database)
            yield from fetch(teams, ORGANIZATION, run)
            yield from fetch(members, ORGANIZATION, run)
            if run.is_probe:
                yield from fetch(events, ORGANIZATION, run)
            else:
                part = ResourceReport(events.name, ORGANIZATION)
                yield from reported(run, part, new_events(database, run, part))
            yield from fetch(activity, ORGANIZATION, run)
    except VendorError as error:
        run.report.errors.append(str(error))


def resources(database: Database) -> tuple[Resource, Resource, Resource, Resource]:
    """Usage events are not read by day: their resource only says what they are."""

    def snapshot(name: str, brings: str) -> Resource:
        return Resource(
            name,
            windows=partial(_snapshot, database, name),
            is_directory=True,
            may_be_emptied=False,
            brings=brings,
            probe=partial(database.check_columns, name),
        )

    events = Resource(
        "usage_events",
        is_directory=False,
        brings="cost and tokens of each use by customers",
        probe=partial(database.check_columns, "usage_events"),
    )

    activity = Resource(
        "daily_activity",
        windows=partial(_activity, database),
        is_directory=False,
        oldest=partial(database.first_day, "daily_activity", "activity_date"),
        look_back=ACTIVITY_LOOK_BACK_DAYS,
        max_days=ACTIVITY_DAYS,
        brings="lines and requests of customers' people by day",
        probe=partial(database.check_columns, "daily_activity"),
    )
    teams = snapshot("teams", "customers' teams and their seats")
    members = snapshot("team_members", "who is in a team")
    return teams, members, events, activity


def _everything(query: Any, table: sa.Table) -> Any:  # noqa: ANN401, ARG001
    return query


def _snapshot(database: Database, name: str, period: Period) -> list[Window]:
    chunks = list(database.read(name, _everything))
    rows = pa.concat_tables(chunks) if chunks else pa.schema(asked(name)).empty_table()
    window = _window(name, period, rows)
    assert window.rows is not None  # noqa: S101 - _window gives them
    window.rows = with_day("snapshot_date", period.start, window.rows)
    return [window]


def _activity(database: Database, period: Period) -> list[Window]:
    def restrict(query: Any, table: sa.Table) -> Any:  # noqa: ANN401
        day = table.c.activity_date
        return query.where(day >= period.start, day < period.end).order_by(day, table.c.user_id)

    name = "daily_activity"
    chunks = list(database.read(name, restrict))
    rows = pa.concat_tables(chunks) if chunks else pa.schema(asked(name)).empty_table()
    days = rows.column("activity_date")
    return [
        _window(name, Period(day, day + ONE_DAY), rows.filter(pc.equal(days, pa.scalar(day, DAY))))
        for day in period.days()
    ]


def _window(name: str, period: Period, rows: pa.Table) -> Window:
    """Rows as a window with its hash, which does not depend on their order."""
    window = Window(period.start, period.end, request={"table": name})
    window.rows = keep_good_rows(name, rows, window)
    window.digests = [digest(row) for row in window.rows.to_pylist()]
    window.content_hash = content_hash(window.digests, window.rejected_digests)
    window.pages = 1
    return window
