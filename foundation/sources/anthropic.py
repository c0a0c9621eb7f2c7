"""Anthropic: a Console organization, an Enterprise one, or both."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from foundation.fields import Address
from foundation.sources.source import Source


class AnthropicSettings(BaseModel):
    anthropic_admin_key: SecretStr | None = None
    anthropic_admin_key_secret: str | None = None
    anthropic_enterprise_key: SecretStr | None = None
    anthropic_enterprise_key_secret: str | None = None
    anthropic_base_url: Address = "https://api.anthropic.com"


def base_url(settings: AnthropicSettings) -> str:
    return settings.anthropic_base_url


SOURCE = Source(
    "anthropic",
    AnthropicSettings,
    needs_one_of=("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ENTERPRISE_KEY"),
    base_url=base_url,
)
