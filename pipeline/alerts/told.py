"""What was reported before: `alert_log` in the warehouse, since runs start on empty machines."""

from __future__ import annotations

from datetime import date
from typing import Any

from foundation.settings import Settings
from foundation.warehouse import Ask, NoTableError, warehouse
from pipeline.alerts.message import Message

COLUMNS = "kind, alert_date, scope_type, scope, severity"
# After the worse one was reported, the milder one is not news.
WORSE = {"warning": "critical", "Projected Over Budget": "Over Budget"}

# Rows of `alert_log`.
Told = set[tuple[Any, ...]]


def told_before(settings: Settings, ask: Ask) -> Told:
    """Everything that Slack has accepted so far."""
    try:
        return set(ask(f"select {COLUMNS} from {_table(settings)}"))
    except NoTableError:
        return set()


def is_news(told: Told, kind: str, day: date, scope_type: str, scope: str, severity: str) -> bool:
    """Whether neither this nor anything worse was reported."""
    severities = {severity, WORSE.get(severity)}
    return not any((kind, day, scope_type, scope, each) in told for each in severities)


def remember(settings: Settings, message: Message) -> None:
    """Write down what Slack accepted."""
    if not message.told:
        return
    table = _table(settings)
    with warehouse(settings, writes=True) as ask:
        ask(f"""
            create table if not exists {table} (
                kind string, alert_date date, scope_type string, scope string, severity string
            )
        """)
        for select in message.told:
            ask(f"""
                insert into {table} ({COLUMNS})
                {select}
                except distinct
                select {COLUMNS} from {table}
            """)


def _table(settings: Settings) -> str:
    return f"{settings.dataset('intermediate')}.alert_log"
