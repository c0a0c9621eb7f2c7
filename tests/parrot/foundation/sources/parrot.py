"""Parrot: the key of an organization."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from foundation.fields import Address
from foundation.sources.source import Source


class ParrotSettings(BaseModel):
    parrot_api_key: SecretStr | None = None
    parrot_api_key_secret: str | None = None
    parrot_base_url: Address = "https://api.parrot.example"


def base_url(settings: ParrotSettings) -> str:
    return settings.parrot_base_url


SOURCE = Source("parrot", ParrotSettings, needs_one_of=("PARROT_API_KEY",), base_url=base_url)
