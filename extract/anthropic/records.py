"""What the marts need from Anthropic's records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from extract.records import Count, Id, Number, Record, finite


def _cents_text(value: Any) -> Any:  # noqa: ANN401 - whatever the vendor sent
    """Anthropic sends cents as decimal strings. A number would have lost digits already."""
    if not isinstance(value, str):
        raise ValueError("must be a decimal string of cents")
    return value


Cents = Annotated[Decimal, BeforeValidator(_cents_text), AfterValidator(finite)]


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
