"""The running sandbox: its company, its clock, its vendors, and what tests have changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

from sandbox.company import build_company
from sandbox.faults import Fault
from sandbox.options import Options
from sandbox.seller import Seller, build_seller
from sandbox.vendor import Vendor

_V = TypeVar("_V", bound=Vendor)


@dataclass(frozen=True)
class Revision:
    """What a vendor now reports for a day: every amount times a factor, or nothing."""

    vendor: str
    day: date
    organization: str | None = None
    factor: Decimal = Decimal(1)
    is_empty: bool = False

    def concerns(self, vendor: str, organization: str, day: date) -> bool:
        """Whether this changes that day of that organization."""
        return (
            self.vendor == vendor and self.day == day and self.organization in (None, organization)
        )


class Sandbox:
    """The company, its vendors, and everything that `/_control` can change about them all."""

    def __init__(self, options: Options, vendors: Iterable[Callable[[Sandbox], Vendor]]) -> None:
        self.options = options
        self.company = build_company(options)
        self.seller: Seller | None = build_seller(options) if options.seller_events else None
        self.requests: Counter[str] = Counter()
        self.vendors: tuple[Vendor, ...] = ()
        self.reset()
        self.vendors = tuple(make(self) for make in vendors)

    def reset(self) -> None:
        """Put back everything that can be changed as it was at the start; the request counts
        continue."""
        self.today = self.options.today
        self.rate_limits = self.options.rate_limits
        self.revisions: list[Revision] = []
        self.faults: list[Fault] = []
        for vendor in self.vendors:
            vendor.reset()

    def vendor(self, kind: type[_V]) -> _V:
        """The vendor of that class; LookupError if this sandbox does not have it."""
        for vendor in self.vendors:
            if isinstance(vendor, kind):
                return vendor
        raise LookupError(f"this sandbox has no {kind.__name__}")

    def vendor_of(self, path: str) -> Vendor | None:
        """The vendor that a path belongs to: if several claim it, the longest claim wins."""
        claims = [
            (len(start), vendor)
            for vendor in self.vendors
            for start in vendor.paths
            if path.startswith(start)
        ]
        return max(claims, key=lambda claim: claim[0])[1] if claims else None

    def revise(self, revision: Revision) -> None:
        """Have the vendor report that day differently, replacing an earlier revision of it."""
        same = ("vendor", "day", "organization")
        self.revisions = [
            other
            for other in self.revisions
            if any(getattr(other, name) != getattr(revision, name) for name in same)
        ]
        self.revisions.append(revision)

    def revisions_of(self, vendor: str, organization: str, day: date) -> tuple[Revision, ...]:
        """The revisions of that day, in the order in which they were made."""
        return tuple(r for r in self.revisions if r.concerns(vendor, organization, day))

    @property
    def now(self) -> datetime:
        """The vendors' clock: midday of today, so that answers do not depend on the hour."""
        return datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)

    def has_happened(self, day: date) -> bool:
        """Whether a ledger holds that day: from the company's start to the end of yesterday."""
        return self.options.start <= day < self.today
