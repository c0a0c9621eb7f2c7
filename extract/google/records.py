# ruff: noqa: N815 - the names are the vendor's
"""What the marts need from Google's records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from extract.records import Record, finite

Amount = Annotated[Decimal, AfterValidator(finite)]
Rate = Annotated[Decimal, AfterValidator(finite), Field(gt=0)]
Month = Annotated[str, Field(pattern=r"^\d{4}(0[1-9]|1[0-2])$")]


class Named(Record):
    id: str | None = None
    description: str | None = None


class Invoice(Record):
    month: Month


class Credit(Record):
    amount: Amount


class BillingRow(Record):
    """A row of the export. There is no key: two equal rows are two charges."""

    cost_type: str
    invoice: Invoice
    service: Named
    sku: Named
    usage_start_time: str
    export_time: str
    cost: Amount
    currency: str
    currency_conversion_rate: Rate
    credits: list[Credit] | None = None


class ProjectTotal(Record):
    """What all services of a project have cost, in the rows of one day of exports."""

    invoice_month: Month
    project_id: str | None = None
    net_cost: Amount


class ActivityId(Record):
    """Its time and its qualifier together say which one it is."""

    time: AwareDatetime
    uniqueQualifier: str


class Actor(Record):
    """Without an e-mail for an account that was deleted, or acts for nobody."""

    email: str | None = None
    profileId: str | None = None


class Activity(Record):
    """Something that somebody did with Gemini in an app of Workspace."""

    id: ActivityId
    actor: Actor | None = None
    events: list[dict[str, object]]

    def day(self) -> dt.date:
        return self.id.time.astimezone(dt.UTC).date()
