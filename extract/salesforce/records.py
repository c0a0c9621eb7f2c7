"""What the marts need from Salesforce's records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from extract.records import Number, Record, finite


def _json_number(value: Any) -> Any:  # noqa: ANN401 - whatever the vendor sent
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


Money = Annotated[Decimal, BeforeValidator(_json_number), AfterValidator(finite)]
SalesforceId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$")]
Label = str | int | float | None


class SalesforceRecord(Record):
    Id: SalesforceId
    SystemModstamp: AwareDatetime

    def day(self) -> dt.date:
        return self.SystemModstamp.astimezone(dt.UTC).date()


class SalesforceAccount(SalesforceRecord):
    Name: str
    OwnerId: SalesforceId
    CreatedDate: AwareDatetime
    IsDeleted: bool
    Technical_Account_Manager__c: SalesforceId | None = None
    Company_Logo_URL__c: str | None = None
    SWE_Count__c: Number | None = None
    NumberOfEmployees: Number | None = None


class Opportunity(SalesforceRecord):
    """An unknown type or stage is not rejected: every org has its own."""

    Name: str
    StageName: str
    CloseDate: dt.date
    CreatedDate: AwareDatetime
    IsDeleted: bool
    AccountId: SalesforceId | None = None
    Type: str | None = None
    Amount: Money | None = None
    License_Count__c: Number | None = None
    Subtype__c: str | None = None
    True_Up_Number__c: Label = None
    Subscription__c: SalesforceId | None = None
    Cursor_Team_ID__c: Label = None


class Subscription(SalesforceRecord):
    Name: str
    Account__c: SalesforceId
    IsDeleted: bool
    Total_Licensed_Seats__c: Number | None = None
    included_usage: Money | None = None
    All_Cursor_Team_IDs__c: Label = None
    Open_Renewal__c: SalesforceId | None = None
    Start_Date__c: dt.date | None = None
    End_Date__c: dt.date | None = None


class SalesforceUser(SalesforceRecord):
    Name: str
    Email: str | None = None
    ManagerId: SalesforceId | None = None
    IsActive: bool


class SubscriptionOverage(SalesforceRecord):
    Subscription__c: SalesforceId
    Period_Start__c: dt.date
    Period_End__c: dt.date
    Amount__c: Money
    IsDeleted: bool
