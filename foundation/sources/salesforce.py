"""Salesforce of a company that sells seats: an org, and a connected app in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel, Field, SecretStr

from foundation.fields import Address
from foundation.sources.source import Source

FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class SalesforceSettings(BaseModel):
    salesforce_instance_url: Address | None = None
    salesforce_client_id: str | None = None
    salesforce_client_secret: SecretStr | None = None
    salesforce_client_secret_secret: str | None = None
    salesforce_api_share: float = Field(
        default=0.8, gt=0, le=1, description="share of the org's remaining API requests"
    )
    salesforce_included_usage_field: str | None = Field(
        default=None, description="of Subscription__c: dollars of usage that a month includes"
    )


def base_url(settings: SalesforceSettings) -> str:
    return settings.salesforce_instance_url or ""


def problems(settings: SalesforceSettings) -> Iterator[str]:
    if not settings.salesforce_instance_url:
        return
    if not settings.salesforce_client_id:
        yield "SALESFORCE_INSTANCE_URL is set: set SALESFORCE_CLIENT_ID as well"
    if not settings.salesforce_client_secret and not settings.salesforce_client_secret_secret:
        yield "SALESFORCE_INSTANCE_URL is set: set SALESFORCE_CLIENT_SECRET as well"
    field = settings.salesforce_included_usage_field
    if field and not FIELD.fullmatch(field):
        yield (
            "SALESFORCE_INCLUDED_USAGE_FIELD must be the API name of a field of Subscription__c, "
            "such as Included_Usage__c"
        )


SOURCE = Source(
    "salesforce",
    SalesforceSettings,
    needs_one_of=("SALESFORCE_INSTANCE_URL",),
    base_url=base_url,
    problems=problems,
)
