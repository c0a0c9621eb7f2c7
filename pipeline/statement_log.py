"""What was written in statements, so that a later one can say how it differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from foundation.settings import Settings
from foundation.warehouse import Ask, NoTableError, quoted, warehouse


@dataclass(frozen=True)
class Written:
    """What a cost center was charged for a month when it was written; `content_hash` is of its
    lines."""

    cost_center: str
    amount: Decimal
    content_hash: str
    written_at: datetime


def written_before(settings: Settings, ask: Ask, month: date) -> list[Written]:
    """All that was written for a month, the oldest first."""
    try:
        rows = ask(
            "select cost_center, amount_usd, content_hash, written_at"
            f" from {_table(settings)} where month = date '{month}' order by written_at"
        )
    except NoTableError:
        return []
    return [Written(*row) for row in rows]


def differing_from(
    before: list[Written], amounts: Mapping[str, Decimal], hashes: Mapping[str, str]
) -> dict[str, Written]:
    """By cost center the last that was written with other lines than now, if any; also of one that
    is charged nothing any more."""
    last = {
        one.cost_center: one for one in before if one.content_hash != hashes.get(one.cost_center)
    }
    return {name: one for name, one in last.items() if name in amounts or one.amount}


def remember(
    settings: Settings,
    month: date,
    before: list[Written],
    amounts: Mapping[str, Decimal],
    hashes: Mapping[str, str],
) -> None:
    """Add what is not the last that was written. Raises WarehouseError."""
    known = {one.cost_center: one.content_hash for one in before}
    now = f"timestamp '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}'"
    rows = [
        f"(date '{month}', {quoted(settings, name)}, {amount:f}, '{hashes[name]}', {now})"
        for name, amount in amounts.items()
        if hashes[name] != known.get(name)
    ]
    if not rows:
        return
    table = _table(settings)
    with warehouse(settings, writes=True) as ask:
        ask(f"""
            create table if not exists {table} (
                month date, cost_center string, amount_usd numeric(18, 2), content_hash string,
                written_at timestamp
            )
        """)
        ask(
            f"insert into {table} (month, cost_center, amount_usd, content_hash, written_at)"
            f" values {', '.join(rows)}"
        )


def _table(settings: Settings) -> str:
    return f"{settings.dataset('intermediate')}.statement_log"
