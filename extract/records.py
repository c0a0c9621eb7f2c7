# ruff: noqa: N815 - the names are the vendors'
"""What the marts need of each record: its types, its units, its required keys.

The models only check. What is landed is the vendor's text, and keys that are not named here are
landed as well. Vendors change the types of ids, leave out keys, add kinds and products: none of
this is an error. What is refused is a record whose money, amounts, person or day cannot be used.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

EPOCH = dt.date(1970, 1, 1).toordinal()
LAST_MILLISECOND = 253_402_300_799_999  # the end of the year 9999


def _cents_text(value: Any) -> Any:  # noqa: ANN401 - whatever the vendor sent
    """Anthropic sends decimal strings of cents. A number would have lost its digits already."""
    if not isinstance(value, str):
        raise ValueError("must be a decimal string of cents")
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    return value


Cents = Annotated[Decimal, BeforeValidator(_cents_text), AfterValidator(_finite)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True)]
# Epoch milliseconds; in usage events as a string.
Milliseconds = Annotated[int, Field(ge=0, le=LAST_MILLISECOND)]
Id = str | int | None


class Record(BaseModel):
    """One vendor record. Keys that are not named are allowed and ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def day(self) -> dt.date | None:
        """The UTC day that the record belongs to, where it says so itself."""
        return None


def _day_of(milliseconds: int) -> dt.date:
    return dt.date.fromordinal(EPOCH + milliseconds // 86_400_000)


# --- Anthropic -----------------------------------------------------------------------------------


class CacheCreation(Record):
    ephemeral_5m_input_tokens: Count = 0
    ephemeral_1h_input_tokens: Count = 0


class ServerToolUse(Record):
    web_search_requests: Count = 0


class Tokens(Record):
    uncached_input_tokens: Count
    cache_read_input_tokens: Count
    output_tokens: Count
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None


class Group(Record):
    actor: dict[str, Any] | None = None
    api_key_id: Id = None
    workspace_id: Id = None
    model: str | None = None
    product: str | None = None


class CostGroup(Group):
    cost_type: str | None
    token_type: str | None = None


class Cost(Record):
    amount: Cents
    list_amount: Cents
    currency: str


class AnalyticsRow(Record):
    starting_at: dt.datetime

    def day(self) -> dt.date:
        return self.starting_at.astimezone(dt.UTC).date()


class AnalyticsUsage(AnalyticsRow):
    group: Group
    usage: Tokens


class AnalyticsCost(AnalyticsRow):
    group: CostGroup
    cost: Cost


class Identity(Record):
    email_address: str | None = None


class AnalyticsUser(Record):
    user: Identity


class UsageReportRow(Tokens):
    api_key_id: Id = None
    workspace_id: Id = None
    model: str | None = None


class CostReportRow(Record):
    amount: Cents
    currency: str
    workspace_id: Id = None
    cost_type: str | None = None
    token_type: str | None = None
    model: str | None = None


class ReportTokens(Record):
    input: Count
    output: Count
    cache_read: Count = 0
    cache_creation: Count = 0


class EstimatedCost(Record):
    amount: Number
    currency: str


class ModelBreakdown(Record):
    model: str
    tokens: ReportTokens
    estimated_cost: EstimatedCost | None = None


class CodeActor(Record):
    type: str
    email_address: str | None = None
    api_key_name: str | None = None


class ClaudeCodeRow(Record):
    date: dt.datetime
    actor: CodeActor
    core_metrics: dict[str, Any]
    tool_actions: dict[str, Any] | None = None
    model_breakdown: list[ModelBreakdown]


class User(Record):
    id: str | int
    email: str


class Reference(Record):
    id: Id = None
    type: str | None = None


class ApiKey(Record):
    id: str | int
    name: str | None = None
    created_by: Reference | None = None
    principal: Reference | None = None
    workspace_id: Id = None


class Workspace(Record):
    id: str | int
    name: str | None = None


class ServiceAccount(Record):
    id: str | int
    name: str | None = None


class SpendLimit(Record):
    actor: Identity | None = None
    amount: Cents | None = None
    period: str | None = None
    period_to_date_spend: Cents | None = None


# --- Cursor --------------------------------------------------------------------------------------


class Member(Record):
    """The e-mail is the only join that holds: ids have been absent, numbers and strings."""

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
    """An unknown kind is not refused: its money must reach the marts, and be loud there."""

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


# --- Salesforce ----------------------------------------------------------------------------------


def _json_number(value: Any) -> Any:  # noqa: ANN401 - whatever the vendor sent
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


Money = Annotated[Decimal, BeforeValidator(_json_number), AfterValidator(_finite)]
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
    """A type or stage that nobody knows is not refused: every org has its own."""

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


# --- Google Sheets -------------------------------------------------------------------------------


class SheetRow(Record):
    """A row is checked as a part of its tab, in `extract.tabs`."""
