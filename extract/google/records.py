# ruff: noqa: N815 - the names are the vendor's
"""What the marts need from Google's records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

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


class Labels(Record):
    """What a metric or a resource says about itself."""

    labels: dict[str, Any] = Field(default_factory=dict)


class Metric(Labels):
    type: str


class Count(Record):
    """A whole number, as text. Google leaves out one that is zero."""

    int64Value: int = 0


class Point(Record):
    """A day of a time series, whose day the extractor knows."""

    metric: Metric
    resource: Labels
    value: Count


class ApiKey(Record):
    """A key without its text. Who made it is not said."""

    uid: str
    displayName: str | None = None


class UserLicense(Record):
    """Somebody who has a seat of Gemini Enterprise, had one, or tried to use it without."""

    userPrincipal: str
    licenseAssignmentState: str | None = None
    licenseConfig: str | None = None


class Subscription(Record):
    """Seats that were bought, or are on trial. Their number comes as text."""

    name: str
    licenseCount: int = 0
    state: str | None = None


class CodeAssistEntry(Record):
    """What may land of an entry of the metadata log (`extract.google.code_assist`)."""

    insertId: str
    timestamp: AwareDatetime
    labels: dict[str, str]

    def day(self) -> dt.date:
        return self.timestamp.astimezone(dt.UTC).date()
