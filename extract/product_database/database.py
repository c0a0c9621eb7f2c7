"""A product's database as SQLAlchemy opens it and dlt reads it, and its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
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
from extract.product_database.tables import BIGINT, BOOLEAN, DAY, MOMENT, MONEY, TABLES, TEXT, asked
from foundation.sources.product_database import ProductDatabaseSettings, base_url, url_of

# Rows in transit: more would take memory and save no time.
CHUNK_ROWS = 20_000
CONNECT_SECONDS = 15
# If the network goes silent, the connection ends after two minutes instead of hanging.
KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4}

Restrict = Callable[[Any, sa.Table], Any]


@dataclass(frozen=True)
class Database:
    """An open database. It raises VendorErrors that do not contain its password."""

    engine: sa.Engine
    address: str
    schema: str | None

    def check_columns(self, name: str) -> None:
        """Raise VendorError unless the table exists with all its columns."""
        whole = sa.select(sa.text("*")).select_from(sa.table(name, schema=self.schema)).limit(0)
        with self._errors_of(name), self.engine.connect() as connection:
            there = list(connection.execute(whole).keys())
        if missing := [column.name for column in asked(name) if column.name not in there]:
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
        """The table's rows in chunks, typed; `restrict` may add conditions to the query."""
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
        """The table as it should be: we do not ask the database about types."""
        columns = [sa.Column(column.name, _sql_type(column.type)) for column in asked(name)]
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
            message, advice = _error_and_advice(cause)
            raise VendorError(
                f"cannot read {self._full(name)} in {self.address}: {message}", advice=advice
            ) from None


@contextmanager
def connected(settings: ProductDatabaseSettings) -> Iterator[Database]:
    """The database that the settings name. Raises VendorError if it cannot be reached."""
    address = base_url(settings)
    try:
        url = url_of(settings)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, **_options(url))
        if engine.dialect.name == "postgresql":
            sa.event.listen(engine, "connect", _in_utc)
    except (NoSuchModuleError, ImportError) as error:
        raise VendorError(
            f"no driver for {url.drivername}: {_first_line(error)}",
            advice="install SQLAlchemy's driver for this database into .venv",
        ) from None
    except (ArgumentError, ValueError):
        # Its message would contain the address.
        raise VendorError(
            "PRODUCT_DATABASE_URL is not the address of a database",
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
                advice="check PRODUCT_DATABASE_URL, and whether the database accepts connections "
                "from this machine",
            ) from None
        yield Database(engine, address, settings.product_database_schema)
    finally:
        engine.dispose()


def _in_utc(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
    """Times without a zone are UTC, also where the database compares them with others. Options of
    the connection would replace those in the address, and poolers refuse them."""
    with connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
    connection.commit()


def _options(url: sa.URL) -> dict[str, Any]:
    if url.get_backend_name() == "postgresql":
        connect = {"connect_timeout": CONNECT_SECONDS, "application_name": "ai_spend"} | KEEPALIVES
        return {"connect_args": connect, "execution_options": {"postgresql_readonly": True}}
    if url.get_backend_name() == "duckdb":
        return {"connect_args": {"read_only": True}}
    return {}


def _cause(error: BaseException) -> BaseException:
    """The error of a database or a conversion, without what dlt wraps around it."""
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


def _error_and_advice(error: DBAPIError) -> tuple[str, str]:
    """The database's error, and what to do about it. If it is about a value, the database quotes
    the value, which may be a person's address; so the quote is left out."""
    if isinstance(error, DataError):
        return (
            f"a value cannot be read ({type(error.orig).__name__})",
            "look for it with a query of your own: a view may cast what is not a number",
        )
    if isinstance(error, ProgrammingError):
        return (
            _first_line(error.orig),
            "there must be a table or view of this name that the user may read: "
            "docs/revops_sources.md",
        )
    advice = "run again; if it happens again, query the table as the same user"
    return _first_line(error.orig), advice


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]


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
    """A number with the digits that the driver gives: some of SQLAlchemy's dialects pass decimals
    through a float. A float becomes the shortest number that it stands for."""

    impl = sa.Numeric(38, 18)
    cache_ok = True

    def result_processor(self, dialect: Any, coltype: object) -> Any:  # noqa: ANN401, ARG002
        return lambda value: Decimal(repr(value)) if isinstance(value, float) else value


def _cast(name: str, chunk: pa.Table) -> pa.Table:
    columns = []
    for field in asked(name):
        try:
            columns.append(chunk.column(field.name).cast(field.type))
        except pa.ArrowException:
            raise _wrong_type(name, field.name) from None
    return pa.Table.from_arrays(columns, schema=pa.schema(asked(name)))
