# ruff: noqa: N815 - the names are the vendor's
"""What the marts need from GitHub's records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from extract.records import Count, Id, Record, finite

Amount = Annotated[Decimal, AfterValidator(finite)]


class BillingLine(Record):
    """What a SKU cost on a day. The quantity may be a fraction: a seat is a thirtieth of a month.
    A SKU that nobody knows is not rejected: its money must reach the marts."""

    date: dt.datetime
    product: str
    sku: str
    quantity: Amount
    unitType: str | None = None
    grossAmount: Amount
    netAmount: Amount
    organizationName: str | None = None

    def day(self) -> dt.date:
        at = self.date
        return at.astimezone(dt.UTC).date() if at.tzinfo else at.date()


class CreditLine(Record):
    """A line of the enterprise's report of AI credits. The user may be empty."""

    date: dt.date
    username: str
    sku: str
    model: str
    gross_amount: Amount
    organization: str

    def day(self) -> dt.date:
        return self.date


class CreditItem(Record):
    """What one user's AI credits of a day cost; the extractor adds the user to GitHub's item."""

    username: str
    sku: str
    model: str | None = None
    grossAmount: Amount


class Account(Record):
    """The login can be renamed; the id stays."""

    login: str
    id: Id


class Seat(Record):
    """A seat of Copilot. It is nobody's while an invitation is open."""

    assignee: Account | None = None
    plan_type: str | None = None
    created_at: dt.datetime | None = None


class NameId(Record):
    """What the company's own login calls somebody: often an e-mail."""

    nameId: str | None = None


class SamlUser(Record):
    login: str
    databaseId: Id = None


class SamlIdentity(Record):
    """It is of no account until somebody has logged in with it."""

    samlIdentity: NameId | None = None
    user: SamlUser | None = None


class UserDay(Record):
    """What a user did on a day. Its file is of one day."""

    user_id: Id
    user_login: str
    user_initiated_interaction_count: Count | None = None
    code_generation_activity_count: Count | None = None
    code_acceptance_activity_count: Count | None = None
    loc_suggested_to_add_sum: Count | None = None
    loc_added_sum: Count | None = None
