"""OpenAI: an admin key of an organization on its API platform."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from foundation.fields import Address
from foundation.sources.source import Source


class OpenAISettings(BaseModel):
    openai_admin_key: SecretStr | None = None
    openai_admin_key_secret: str | None = None
    openai_base_url: Address = "https://api.openai.com"


def base_url(settings: OpenAISettings) -> str:
    return settings.openai_base_url


SOURCE = Source("openai", OpenAISettings, needs_one_of=("OPENAI_ADMIN_KEY",), base_url=base_url)
