"""The tabs that people edit: their columns, what may stand in them, and what they are for.

Checks, templates and docs/sheets.md go by these models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from extract.google_sheets.cells import (
    Alias,
    AnnotationScope,
    Currency,
    Cycle,
    Day,
    Email,
    Flag,
    ForeignCurrency,
    Fraction,
    InvoicedPlatform,
    Kind,
    Month,
    Number,
    Percent,
    Platform,
    Purpose,
    Rate,
    ScopeType,
    Status,
    Text,
    Vendor,
    email_of,
)


def _column(description: str, *examples: str, default: Any = ...) -> Any:  # noqa: ANN401
    """A column as the templates and docs/sheets.md describe it. The first examples of all columns
    are a row, and so are the second ones; a column with one example has it in each row."""
    return Field(default, description=description, examples=list(examples))


@dataclass(frozen=True)
class Column:
    """What people need to know of a column."""

    name: str
    description: str
    kind: Kind
    is_required: bool
    examples: tuple[str, ...]

    @classmethod
    def of(cls, name: str, field: FieldInfo) -> Column:
        kind = next((one for one in field.metadata if isinstance(one, Kind)), Kind("text"))
        examples = tuple(map(str, field.examples or ()))
        return cls(name, field.description or "", kind, field.is_required(), examples)

    @property
    def values(self) -> str:
        """What may stand in it, as half a sentence."""
        known = ", ".join(self.kind.values())
        others = f", or {self.kind.others}" if self.kind.others else ""
        return f"one of {known}{others}" if known else self.kind.words

    @property
    def is_number(self) -> bool:
        return "number" in self.kind.words or "percentage" in self.kind.words

    @property
    def example(self) -> str:
        return next(filter(None, self.examples), "")


class Row(BaseModel):
    """A row of a tab. Its fields are the columns that are known; one without a default must be
    there and filled.

    `key` must be unique; where `valid` names two columns, among rows whose days overlap. Where
    `share_column` names one, rows of a key with the same days share it, each by its percentage or
    all in equal parts; what they name, `owners`, differs.
    """

    key: ClassVar[tuple[str, ...]]
    valid: ClassVar[tuple[str, str] | None] = None
    share_column: ClassVar[str | None] = None
    owners: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def columns(cls) -> set[str]:
        return set(cls.model_fields)

    @classmethod
    def described(cls) -> list[Column]:
        return [Column.of(name, field) for name, field in cls.model_fields.items()]

    @classmethod
    def about(cls) -> str:
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def example_rows(cls) -> list[list[str]]:
        """Rows that pass the checks, in the order of the columns."""
        examples = [column.examples for column in cls.described()]
        count = max(map(len, examples))
        filled = (one * count if len(one) == 1 else one for one in examples)
        return [list(row) for row in zip(*filled, strict=True)]

    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        """The values of the row that count as given."""
        return {column: value for column, value in row.items() if value}

    @classmethod
    def key_of(cls, row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row.get(column, "").lower() for column in cls.key)


class Employee(Row):
    """Who works here. Somebody who changes teams, or comes back, has a row for each time."""

    key = ("email",)
    valid = ("start_date", "end_date")

    email: Email = _column("the address that the vendors know", "ann@example.com")
    full_name: Text = _column("first and last name", "Ann Example", default="")
    department: Text = _column("as it should show in reports", "Engineering", default="")
    team: Text = _column("as it should show in reports", "Apps", "Platform", default="")
    manager_email: Email = _column("whom the person reports to", "bob@example.com", default="")
    cost_center: Text = _column("who is charged", "CC-100", "CC-110", default="")
    job_title: Text = _column("as it should show in reports", "Engineer", default="")
    user_type: Text = _column("the kind of employment", "employee", default="")
    start_date: Day = _column("the first day of this row", "2026-01-05", "2026-07-01", default="")
    end_date: Day = _column(
        "the last day of this row; empty while none is known", "2026-06-30", "", default=""
    )
    ai_budget_monthly_usd: Number = _column("dollars a month", "150", default="")


class EmailAlias(Row):
    """Other names of people: old addresses, and what tools call them."""

    key = ("alias",)

    alias: Alias = _column("what a tool reports", "ann.old@example.com", "ann-example")
    email: Email = _column("the address in employees", "ann@example.com")


class ApiKeyMapping(Row):
    """Whose an API key is: a person's, or a cost center's. Rows with the same days share a key."""

    key = ("api_key_id",)
    valid = ("valid_from", "valid_to")
    share_column = "share"
    owners = ("email", "cost_center")

    api_key_id: Text = _column(
        "the id of a key, a service account (svac_…) or a workspace (wrkspc_…)",
        "apikey_01Ab",
    )
    api_key_name: Text = _column("for people who read the sheet", "reports", default="")
    email: Email = _column("the person", "ann@example.com", "", default="")
    platform: Platform = _column("where the key is used", "claude_api", default="")
    purpose: Purpose = _column(
        "what it is for; another word counts as API consumption", "automation", default=""
    )
    environment: Text = _column("such as production or test", "production", default="")
    cost_center: Text = _column("who is charged", "", "CC-200", default="")
    is_active: Flag = _column("empty counts as true", "true", default="")
    confidence: Fraction = _column(
        "how sure this is; empty counts as 0.95, for a workspace as 0.8", "0.9", default=""
    )
    share: Percent = _column(
        "of a key that several rows have: in all of them, 100 in sum, or in none for equal parts",
        "60",
        "40",
        default="",
    )
    valid_from: Day = _column("the first day", "2026-01-05", default="")
    valid_to: Day = _column("the last day; empty while none is known", "2026-12-31", default="")


class ProjectMapping(Row):
    """Who pays for a project of a vendor that reports projects, not people. Rows with the same days
    share a project."""

    key = ("project", "vendor")
    valid = ("valid_from", "valid_to")
    share_column = "share"
    owners = ("email", "cost_center")

    vendor: Vendor = _column("whose project it is", "google")
    project: Text = _column("the id of the project", "assistant-prod")
    email: Email = _column("the person", "ann@example.com", "", default="")
    cost_center: Text = _column("who is charged", "", "CC-200", default="")
    purpose: Purpose = _column(
        "what it is for; another word counts as API consumption", "production", default=""
    )
    confidence: Fraction = _column("how sure this is; empty counts as 0.8", "0.9", default="")
    share: Percent = _column(
        "of a project that several rows have: in all, 100 in sum, or in none for equal parts",
        "60",
        "40",
        default="",
    )
    valid_from: Day = _column("the first day", "2026-01-05", default="")
    valid_to: Day = _column("the last day; empty while none is known", "2026-12-31", default="")


class VendorAccount(Row):
    """Whose an account is, at a vendor that reports names of accounts and no addresses."""

    key = ("account", "vendor")
    valid = ("valid_from", "valid_to")

    vendor: Vendor = _column("whose account it is", "github")
    account: Text = _column(
        "what the vendor calls it, or its id, which stays when it is renamed", "ann-example_acme"
    )
    email: Email = _column("the person", "ann@example.com")
    valid_from: Day = _column("the first day", "2026-01-05", default="")
    valid_to: Day = _column("the last day; empty while none is known", "2026-12-31", default="")


class SeatPlan(Row):
    """What a seat costs. A new price is a new row, with the day from which it holds."""

    key = ("platform", "plan")
    valid = ("valid_from", "valid_to")

    platform: Platform = _column("the tool", "claude_ai")
    plan: Text = _column(
        "as in seat_assignments; members of Cursor without a row there are on its first plan here",
        "team",
    )
    seat_price_usd: Number = _column("dollars for each cycle", "30.00", "300.00")
    billing_cycle: Cycle = _column("how often the price is paid", "monthly", "annual")
    valid_from: Day = _column("the first day of this price", "", "2026-07-01", default="")
    valid_to: Day = _column(
        "the last day of this price; empty while none is known", "2026-06-30", "", default=""
    )
    renews_on: Day = _column(
        "a day on which all seats of an annual plan renew; empty if each renews when it began",
        "",
        "2026-07-01",
        default="",
    )


class SeatAssignment(Row):
    """Who has a seat. Cursor lists its members itself: its rows only say who has which plan."""

    key = ("platform", "email")
    valid = ("assigned_from", "assigned_to")

    platform: Platform = _column("the tool", "claude_ai")
    email: Email = _column("who has the seat", "ann@example.com", "bob@example.com")
    plan: Text = _column("as in seat_plans", "team")
    assigned_from: Day = _column("the first day", "2026-01-05", default="")
    assigned_to: Day = _column(
        "the last day; empty while none is known", "", "2026-03-31", default=""
    )


class Budget(Row):
    """What may be spent in a month."""

    key = ("scope_type", "scope", "month")

    scope_type: ScopeType = _column("what the budget is for", "company", "department", "user")
    scope: Text = _column(
        "which department, team or cost center, or whose e-mail; a company needs none",
        "",
        "Engineering",
        "ann@example.com",
    )
    month: Month = _column("the month", "2026-01")
    amount_usd: Number = _column("dollars", "20000", "12000", "150.50")

    # There is only one company, so it needs no name, and any name is the same one.
    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        return cls._unnamed(row) | super().filled(row)

    @classmethod
    def key_of(cls, row: dict[str, str]) -> tuple[str, ...]:
        return super().key_of(row | cls._unnamed(row))

    @staticmethod
    def _unnamed(row: dict[str, str]) -> dict[str, str]:
        return {"scope": ""} if row.get("scope_type", "").lower() == "company" else {}

    @field_validator("scope")
    @classmethod
    def _is_somebody(cls, scope: str, others: ValidationInfo) -> str:
        return email_of(scope) if others.data.get("scope_type") == "user" else scope


class Invoice(Row):
    """What vendors ask for. A credit has a negative amount."""

    key = ("platform", "organization", "invoice_id")

    platform: InvoicedPlatform = _column(
        "the tool; its vendor, if the invoice is for all of its tools", "cursor", "anthropic"
    )
    organization: Text = _column(
        "which of several organizations of the vendor", "", "console", default=""
    )
    invoice_id: Text = _column("the number on the invoice", "INV-2026-01", "A-4711")
    period_start: Day = _column("the first day that it is for", "2026-01-01")
    period_end: Day = _column("the last day that it is for", "2026-01-31")
    amount_usd: Number = _column("dollars; or fill amount and currency", "1250.40", "", default="")
    amount: Number = _column("what it asks for in another currency", "", "980.00", default="")
    currency: Currency = _column("of amount, as in exchange_rates", "", "EUR", default="")
    status: Status = _column("where it stands", "paid", "open", default="")
    corrects: Text = _column(
        "the number of the invoice that this one corrects, for whose days it then counts",
        "",
        "A-4710",
        default="",
    )

    @model_validator(mode="after")
    def _is_one_amount(self) -> Invoice:
        if bool(self.amount_usd) == bool(self.amount) or bool(self.amount) != bool(self.currency):
            raise ValueError("fill amount_usd alone, or amount and currency")
        return self


class ExchangeRate(Row):
    """What other currencies are worth, each from a day on. Who pays in dollars only needs none."""

    key = ("currency", "valid_from")

    currency: ForeignCurrency = _column("of invoices and of what vendors report", "EUR")
    valid_from: Day = _column("the first day of this rate", "2026-01-01", "2026-02-01")
    usd_per_unit: Rate = _column("dollars for one of it", "1.0842", "1.091")


class Annotation(Row):
    """What happened on a day that a chart over time should show, such as a new price."""

    key = ("date", "scope", "text")

    date: Day = _column("the day", "2026-10-01", "2026-10-12")
    text: Text = _column("a few words", "Cursor price change", "Seats reviewed")
    scope: AnnotationScope = _column("what it is about", "cursor", "company")


TABS: dict[str, type[Row]] = {
    "employees": Employee,
    "email_aliases": EmailAlias,
    "api_key_mappings": ApiKeyMapping,
    "project_mappings": ProjectMapping,
    "vendor_accounts": VendorAccount,
    "seat_plans": SeatPlan,
    "seat_assignments": SeatAssignment,
    "budgets": Budget,
    "invoices": Invoice,
    "exchange_rates": ExchangeRate,
    "annotations": Annotation,
}
