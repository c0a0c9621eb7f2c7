"""The database of a product that is sold: its teams, members, usage events and daily activity.

Any database that SQLAlchemy knows, read with dlt's `sql_database` as Arrow tables. Four tables or
views of these names, with the columns of `TABLES` (docs/revops_sources.md). Their columns keep
their types in the warehouse, whatever the database makes of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from dlt.common.exceptions import DltException
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    NoSuchModuleError,
    ProgrammingError,
    SQLAlchemyError,
)

from extract.http import VendorError
from extract.landing import typed_schema
from extract.report import ResourceReport
from extract.windows import (
    ONE_DAY,
    Period,
    Resource,
    Run,
    Window,
    content_hash,
    counted,
    digest,
    fetch,
    reported,
)
from foundation.sources.product_database import ProductDatabaseSettings, base_url

ORGANIZATION = "product"

# Ids are given out in order, but become visible in the order of commits: a run reads so many of
# them again. A million events a month are 50,000 in a day and a half, a hundred million in 20
# minutes, and no transaction should be open longer.
EVENT_LOOK_BACK_IDS = 50_000
# What of these ids was landed is remembered as ranges. Where ids are so sparse that it takes more,
# nothing is remembered, and the rows land again as they were.
MOST_RANGES = 2_000
# For so many days before the newest one a day of activity may still change.
ACTIVITY_LOOK_BACK_DAYS = 3
# Days of activity are held in memory until their query is complete.
ACTIVITY_DAYS = 31
# Rows on their way: more take memory and gain no time.
CHUNK_ROWS = 20_000
CONNECT_SECONDS = 15
# A network that falls silent ends the connection after two minutes, and not the run never.
KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4}

BIGINT, TEXT, BOOLEAN, DAY = pa.int64(), pa.string(), pa.bool_(), pa.date32()
MOMENT = pa.timestamp("us", "UTC")
MONEY = pa.decimal128(38, 18)


def _table(partition: str, cluster: str, **columns: pa.DataType) -> pa.Schema:
    return typed_schema([pa.field(*column) for column in columns.items()], partition, cluster)


TABLES = {
    "teams": _table(
        "snapshot_date",
        "id",
        snapshot_date=DAY,
        id=BIGINT,
        name=TEXT,
        seats=BIGINT,
        is_enterprise=BOOLEAN,
        membership_type=TEXT,
        sf_subscription_id=TEXT,
    ),
    "team_members": _table(
        "snapshot_date",
        "team_id",
        snapshot_date=DAY,
        user_id=BIGINT,
        team_id=BIGINT,
        email=TEXT,
        joined_at=MOMENT,
        left_at=MOMENT,
    ),
    "usage_events": _table(
        "usage_date",
        "owning_team id",
        usage_date=DAY,
        id=BIGINT,
        user_id=BIGINT,
        owning_team=BIGINT,
        occurred_at=MOMENT,
        usage_type=TEXT,
        model=TEXT,
        input_tokens=BIGINT,
        output_tokens=BIGINT,
        cache_read_tokens=BIGINT,
        cache_write_tokens=BIGINT,
        api_price_usd=MONEY,
        token_fee_usd=MONEY,
        uses_rules=BOOLEAN,
        uses_mcp=BOOLEAN,
        uses_plan_mode=BOOLEAN,
    ),
    "daily_activity": _table(
        "activity_date",
        "team_id",
        user_id=BIGINT,
        team_id=BIGINT,
        activity_date=DAY,
        agent_requests=BIGINT,
        tab_accepts=BIGINT,
        tab_suggestions=BIGINT,
        chat_requests=BIGINT,
        cmd_k_requests=BIGINT,
        bugbot_reviews=BIGINT,
        lines_accepted=BIGINT,
    ),
}

# Without these a row says nothing; it is refused.
REQUIRED = {
    "teams": ("id",),
    "team_members": ("user_id", "team_id"),
    "usage_events": ("id", "occurred_at"),
    "daily_activity": ("user_id",),
}

# What the extractor adds is not asked for.
ADDED = {"snapshot_date", "usage_date", "extracted_at", "_dlt_id"}

Restrict = Callable[[Any, sa.Table], Any]


def extract(settings: ProductDatabaseSettings, run: Run) -> Iterator[Window]:
    try:
        with connected(settings) as database:
            teams, members, activity = resources(database)
            yield from fetch(teams, ORGANIZATION, run)
            yield from fetch(members, ORGANIZATION, run)
            part = ResourceReport("usage_events", ORGANIZATION)
            yield from reported(run, part, _events(database, run, part))
            yield from fetch(activity, ORGANIZATION, run)
    except VendorError as error:
        run.report.errors.append(str(error))


def check(settings: ProductDatabaseSettings) -> Iterator[tuple[str, Callable[[], None]]]:
    """A cheap question: the label, and a call that raises if it fails."""

    def ask() -> None:
        with connected(settings) as database:
            for name in TABLES:
                database.check_columns(name)

    yield ORGANIZATION, ask


def resources(database: Database) -> tuple[Resource, Resource, Resource]:
    """All but the usage events, which are not read by days."""

    def snapshot(name: str) -> Resource:
        windows = partial(_snapshot, database, name)
        return Resource(name, windows=windows, is_directory=True, may_be_emptied=False)

    activity = Resource(
        "daily_activity",
        windows=partial(_activity, database),
        is_directory=False,
        oldest=partial(database.first_day, "daily_activity", "activity_date"),
        look_back=ACTIVITY_LOOK_BACK_DAYS,
        most_days=ACTIVITY_DAYS,
    )
    return snapshot("teams"), snapshot("team_members"), activity


# --- The database --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Database:
    """An open database. What it raises are VendorErrors without its password."""

    engine: sa.Engine
    address: str
    schema: str | None

    def check_columns(self, name: str) -> None:
        """Raise VendorError unless the table is there with all its columns."""
        whole = sa.select(sa.text("*")).select_from(sa.table(name, schema=self.schema)).limit(0)
        with self._errors_of(name), self.engine.connect() as connection:
            there = list(connection.execute(whole).keys())
        if missing := [column.name for column in _asked(name) if column.name not in there]:
            raise VendorError(
                f"{self._full(name)} has no column {', '.join(missing)}, but {', '.join(there)}",
                advice="give a view of this name the columns that docs/revops_sources.md lists",
            )

    def first_day(self, name: str, column: str) -> date | None:
        """The oldest day in a column."""
        self.check_columns(name)
        table = self.table(name)
        with self._errors_of(name), self.engine.connect() as connection:
            day: date | None = connection.execute(sa.select(sa.func.min(table.c[column]))).scalar()
        return day

    def read(self, name: str, restrict: Restrict) -> Iterator[pa.Table]:
        """The table's rows in chunks, typed; `restrict` adds to the query what it may."""
        from dlt.sources.sql_database import sql_table

        self.check_columns(name)
        rows = sql_table(
            credentials=self.engine,
            table=name,
            metadata=self.table(name).metadata,
            backend="pyarrow",
            chunk_size=CHUNK_ROWS,
            reflection_level="full_with_precision",
            type_adapter_callback=lambda kind: kind.impl if isinstance(kind, _Exact) else kind,
            query_adapter_callback=lambda query, table: restrict(query, table),
        )
        with self._errors_of(name):
            for chunk in rows:
                yield _cast(name, chunk)

    def table(self, name: str) -> sa.Table:
        """The table as it should be: databases are not asked about types."""
        columns = [sa.Column(column.name, _sql_type(column.type)) for column in _asked(name)]
        return sa.Table(name, sa.MetaData(schema=self.schema), *columns)

    def _full(self, name: str) -> str:
        return f"{self.schema}.{name}" if self.schema else name

    @contextmanager
    def _errors_of(self, name: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, DltException) as error:
            cause = _cause(error)
            if column := getattr(cause, "field_name", None):
                raise _wrong_type(name, column) from None
            if not isinstance(cause, DBAPIError):
                raise
            said, advice = _said(cause)
            raise VendorError(
                f"cannot read {self._full(name)} in {self.address}: {said}", advice=advice
            ) from None


@contextmanager
def connected(settings: ProductDatabaseSettings) -> Iterator[Database]:
    """The database that the settings name. Raises VendorError when nobody answers there."""
    secret = settings.product_database_url
    address = base_url(settings)
    try:
        url = sa.make_url(secret.get_secret_value() if secret else "")
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, **_options(url))
    except (NoSuchModuleError, ImportError) as error:
        raise VendorError(
            f"no driver for {url.drivername}: {_first_line(error)}",
            advice="install SQLAlchemy's driver of this database into .venv",
        ) from None
    except (ArgumentError, ValueError):
        # Its message would hold the address.
        raise VendorError(
            "PRODUCT_DATABASE_URL is no address of a database",
            advice="write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE, with %40 for an @ "
            "in the password",
        ) from None
    try:
        try:
            engine.connect().close()
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise VendorError(
                f"cannot connect to {address}: {_first_line(cause)}",
                advice="check PRODUCT_DATABASE_URL, and whether the database lets this machine in",
            ) from None
        yield Database(engine, address, settings.product_database_schema)
    finally:
        engine.dispose()


def _options(url: sa.URL) -> dict[str, Any]:
    if url.get_backend_name() == "postgresql":
        connect = {"connect_timeout": CONNECT_SECONDS, "application_name": "ai_spend"} | KEEPALIVES
        return {"connect_args": connect, "execution_options": {"postgresql_readonly": True}}
    if url.get_backend_name() == "duckdb":
        return {"connect_args": {"read_only": True}}
    return {}


def _cause(error: BaseException) -> BaseException:
    """What a database or a conversion said, without what dlt wraps it in."""
    while error.__cause__ is not None and not isinstance(error, DBAPIError):
        if hasattr(error, "field_name"):
            break
        error = error.__cause__
    return error


def _wrong_type(name: str, column: str) -> VendorError:
    return VendorError(
        f"{name}.{column} cannot be read as {TABLES[name].field(column).type}",
        advice="give a view of this name the types that docs/revops_sources.md lists",
    )


def _said(error: DBAPIError) -> tuple[str, str]:
    """What a database said, and what to do. Where it is about a value, the database quotes it: a
    person's address, maybe."""
    if isinstance(error, DataError):
        return (
            f"a value cannot be read ({type(error.orig).__name__})",
            "look for it with a query of your own: a view may cast what is no number",
        )
    if isinstance(error, ProgrammingError):
        return (
            _first_line(error.orig),
            "there must be a table or view of this name that the user may read: "
            "docs/revops_sources.md",
        )
    return _first_line(error.orig), "run again; if it stays, query the table as the same user"


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]


def _asked(name: str) -> list[pa.Field]:
    return [column for column in TABLES[name] if column.name not in ADDED]


def _sql_type(kind: pa.DataType) -> Any:  # noqa: ANN401 - SQLAlchemy's types have no common use
    types = {
        BIGINT: sa.BigInteger(),
        TEXT: sa.Text(),
        BOOLEAN: sa.Boolean(),
        DAY: sa.Date(),
        MOMENT: sa.DateTime(timezone=True),
        MONEY: _Exact(),
    }
    return types[kind]


class _Exact(sa.TypeDecorator[Decimal]):
    """A number with the digits that the driver gives: some of SQLAlchemy's dialects take decimals
    through a float. A float becomes the shortest number that it stands for."""

    impl = sa.Numeric(38, 18)
    cache_ok = True

    def result_processor(self, dialect: Any, coltype: object) -> Any:  # noqa: ANN401, ARG002
        return lambda value: Decimal(repr(value)) if isinstance(value, float) else value


def _cast(name: str, chunk: pa.Table) -> pa.Table:
    columns = []
    for field in _asked(name):
        try:
            columns.append(chunk.column(field.name).cast(field.type))
        except pa.ArrowException:
            raise _wrong_type(name, field.name) from None
    return pa.Table.from_arrays(columns, schema=pa.schema(_asked(name)))


# --- Windows -------------------------------------------------------------------------------------


def _everything(query: Any, table: sa.Table) -> Any:  # noqa: ANN401, ARG001
    return query


def _snapshot(database: Database, name: str, period: Period) -> list[Window]:
    chunks = list(database.read(name, _everything))
    rows = pa.concat_tables(chunks) if chunks else pa.schema(_asked(name)).empty_table()
    window = _window(name, period, rows)
    assert window.rows is not None  # noqa: S101 - _window gives them
    window.rows = _with_day("snapshot_date", period.start, window.rows)
    return [window]


def _with_day(name: str, day: date, rows: pa.Table) -> pa.Table:
    """Rows with the day that divides their table: a time would do it, but models ask by days."""
    days = pa.repeat(pa.scalar(day, DAY), rows.num_rows)
    return rows.add_column(0, pa.field(name, DAY), days)


def _activity(database: Database, period: Period) -> list[Window]:
    def restrict(query: Any, table: sa.Table) -> Any:  # noqa: ANN401
        day = table.c.activity_date
        return query.where(day >= period.start, day < period.end).order_by(day, table.c.user_id)

    name = "daily_activity"
    chunks = list(database.read(name, restrict))
    rows = pa.concat_tables(chunks) if chunks else pa.schema(_asked(name)).empty_table()
    days = rows.column("activity_date")
    return [
        _window(name, Period(day, day + ONE_DAY), rows.filter(pc.equal(days, pa.scalar(day, DAY))))
        for day in period.days()
    ]


def _window(name: str, period: Period, rows: pa.Table) -> Window:
    """Rows as a window with its hash, which does not depend on their order."""
    window = Window(period.start, period.end, request={"table": name})
    window.rows = _refused(name, rows, window)
    window.digests = [digest(row) for row in window.rows.to_pylist()]
    window.content_hash = content_hash(window.digests, window.rejected_digests)
    window.pages = 1
    return window


def _refused(name: str, rows: pa.Table, window: Window) -> pa.Table:
    """The good rows; those without what each must have go to the refused ones of the window."""
    for column in REQUIRED[name]:
        if not rows.column(column).null_count:
            continue
        missing = pc.is_null(rows.column(column))
        for row in rows.filter(missing).to_pylist():
            payload = msgspec.json.encode(row)
            window.rejected.append((payload, f"{column}: is null"))
            window.rejected_digests.append(digest(row))
        rows = rows.filter(pc.invert(missing))
    return rows


# --- Usage events --------------------------------------------------------------------------------


def _events(database: Database, run: Run, part: ResourceReport) -> Iterator[Window]:
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
        good = _refused(name, rows, read)
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
        window.rows = _with_day("usage_date", day, rows)
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
