"""The tables of a product database: their columns, and what every row must have."""

from __future__ import annotations

from datetime import date

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from extract.landing import typed_schema
from extract.windows import Window, digest

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

# Without these a row means nothing, so it is rejected.
REQUIRED = {
    "teams": ("id",),
    "team_members": ("user_id", "team_id"),
    "usage_events": ("id", "occurred_at"),
    "daily_activity": ("user_id",),
}

# The columns that the extractor adds are not in the database.
ADDED = {"snapshot_date", "usage_date", "extracted_at", "_dlt_id"}


def asked(name: str) -> list[pa.Field]:
    return [column for column in TABLES[name] if column.name not in ADDED]


def with_day(name: str, day: date, rows: pa.Table) -> pa.Table:
    """Rows with the day that partitions their table. The time would be enough for that, but models
    select by day."""
    days = pa.repeat(pa.scalar(day, DAY), rows.num_rows)
    return rows.add_column(0, pa.field(name, DAY), days)


def keep_good_rows(name: str, rows: pa.Table, window: Window) -> pa.Table:
    """The good rows; rows that lack a required value go to the window's rejected rows."""
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
