"""Reports of AI credits: ordered, made, and then a CSV file behind a link. One at a time."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sandbox.answers import Refusal
from sandbox.github.ledger import Line
from sandbox.money import text

MAX_DAYS: Final = 31
COLUMNS: Final = (
    "date", "username", "product", "sku", "model", "quantity", "unit_type",
    "applied_cost_per_quantity", "gross_amount", "discount_amount", "net_amount",
    "total_monthly_quota", "organization", "repository", "cost_center_name", "aic_quantity",
    "aic_gross_amount",
)  # fmt: skip


@dataclass
class Report:
    """A report, and how often it still says that it is being made."""

    id: str
    start: date
    end: date
    polls_left: int

    @property
    def is_running(self) -> bool:
        """Whether it is still being made."""
        return self.polls_left > 0

    def body(self, links: list[str] | None) -> dict[str, Any]:
        """What is said about it; links only when it is done."""
        return {
            "id": self.id,
            "report_type": "ai_credit",
            "start_date": str(self.start),
            "end_date": str(self.end),
            "status": "processing" if self.is_running else "completed",
            "created_at": "2026-01-01T06:11:00Z",
            "actor": "billing-bot",
        } | ({} if links is None else {"download_urls": links})


def days_asked(body: dict[str, Any]) -> tuple[date, date]:
    """The first and the last day of an order; refuses one that makes no sense."""
    try:
        first, last = (date.fromisoformat(body[name]) for name in ("start_date", "end_date"))
    except (KeyError, TypeError, ValueError):
        raise Refusal(400, message("start_date and end_date must be days")) from None
    if body.get("report_type") != "ai_credit":
        raise Refusal(400, message("report_type is not supported"))
    if not first <= last < first + timedelta(days=MAX_DAYS):
        raise Refusal(400, message(f"The range must not exceed {MAX_DAYS} days"))
    return first, last


def message(words: str, status: int = 400) -> dict[str, str]:
    """GitHub's error body."""
    return {
        "message": words,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(status),
    }


def as_csv(rows: list[tuple[date, str, Line]]) -> bytes:
    """Days, logins and lines as a file that begins with a byte order mark; all values quoted."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for day, username, line in rows:
        amounts = [text(amount) for amount in (line.gross, line.discount, line.net)]
        writer.writerow(
            [
                day, username, line.product, line.sku, line.model, text(line.quantity), line.unit,
                text(line.price), *amounts, "1900", line.organization, "", "", "0", "0",
            ]
        )  # fmt: skip
    return file.getvalue().encode("utf-8-sig")
