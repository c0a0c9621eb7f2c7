# ruff: noqa: N815 - the names are the vendor's
"""What the marts need from Cursor's records."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from extract.records import Count, Id, Number, Record

EPOCH = dt.date(1970, 1, 1).toordinal()
LAST_MILLISECOND = 253_402_300_799_999  # the end of the year 9999

# Epoch milliseconds; a string in usage events.
Milliseconds = Annotated[int, Field(ge=0, le=LAST_MILLISECOND)]


def _day_of(milliseconds: int) -> dt.date:
    return dt.date.fromordinal(EPOCH + milliseconds // 86_400_000)


class Member(Record):
    """Only the e-mail joins reliably: ids have been absent, numbers and strings."""

    email: str
    id: Id = None
    isRemoved: bool | None = None


class Spend(Record):
    email: str
    spendCents: Number
    overallSpendCents: Number | None = None
    userId: Id = None


class BillingGroup(Record):
    id: Id = None
    name: str
    currentMembers: list[dict[str, Any]] | None = None


class DailyUsage(Record):
    date: Milliseconds
    email: str | None = None
    userId: Id = None
    totalLinesAdded: Count | None = None
    acceptedLinesAdded: Count | None = None
    totalTabsShown: Count | None = None
    totalTabsAccepted: Count | None = None
    composerRequests: Count | None = None
    chatRequests: Count | None = None
    agentRequests: Count | None = None

    def day(self) -> dt.date:
        return _day_of(self.date)


class TokenUsage(Record):
    inputTokens: Count = 0
    outputTokens: Count = 0
    cacheWriteTokens: Count = 0
    cacheReadTokens: Count = 0
    totalCents: Number | None = None
    discountPercentOff: Number | None = None


class UsageEvent(Record):
    """An unknown kind is not rejected: its cost must reach the marts and be noticed there."""

    timestamp: Milliseconds
    kind: str | None = None
    model: str | None = None
    userEmail: str | None = None
    serviceAccountId: Id = None
    tokenUsage: TokenUsage | None = None
    chargedCents: Number | None = None
    cursorTokenFee: Number | None = None

    def day(self) -> dt.date:
        return _day_of(self.timestamp)
