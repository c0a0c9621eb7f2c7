"""The options of the sample company: its size, its age, its seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict


@dataclass(frozen=True)
class Options:
    """Size and clock of the company; equal options give equal answers, byte for byte.

    `today` is the day on which the vendors are asked: the company's last day is the day before.
    `events_per_day` counts Cursor events per active person and day; the Anthropic rows grow with
    its square root. The seller (`sandbox.seller`), another company, has `seller_events` usage
    events over `seller_months` months and the days of the current one; without events there is no
    seller. Its product database is in `postgresql`, in `duckdb`, or in whatever is available.
    """

    seed: int = 7
    people: int = 60
    days: int = 150
    events_per_day: float = 3.0
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    rate_limits: bool = True
    seller_events: int = 0
    seller_months: int = 6
    product_database: str = "auto"

    def __post_init__(self) -> None:
        if self.people < MIN_PEOPLE:
            raise ValueError(f"people must be at least {MIN_PEOPLE}, not {self.people}")
        if self.days < 1:
            raise ValueError(f"days must be at least 1, not {self.days}")
        if self.events_per_day < 0:
            raise ValueError(f"events-per-day must not be negative, not {self.events_per_day}")
        if self.seller_events < 0 or self.seller_months < 1:
            raise ValueError("seller-events must not be negative, seller-months at least 1")
        if self.product_database not in PRODUCT_DATABASES:
            raise ValueError(f"product-database must be one of {', '.join(PRODUCT_DATABASES)}")

    @property
    def start(self) -> date:
        """The company's first day."""
        return self.today - timedelta(days=self.days)

    def weekday_at(self, share: float) -> date | None:
        """A weekday at that share of the company's time; None if the company is too young for
        it."""
        if self.days < MIN_DAYS_FOR_QUIET_DAYS:
            return None
        day = self.start + timedelta(days=int(self.days * share))
        return day - timedelta(days=max(0, day.weekday() - 4))


class OptionArguments(TypedDict, total=False):
    """The fields of `Options` as keyword arguments."""

    seed: int
    people: int
    days: int
    events_per_day: float
    today: date
    rate_limits: bool
    seller_events: int
    seller_months: int
    product_database: str


PRODUCT_DATABASES = ("auto", "postgresql", "duckdb")
MIN_DAYS_FOR_QUIET_DAYS = 14
"""A younger company would have hardly any days besides the quiet ones."""

MIN_PEOPLE = 20
"""Below this the company has no room for its special cases."""
