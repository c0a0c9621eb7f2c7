"""Cursor: the admin key of a team."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from foundation.fields import Address
from foundation.sources.source import Source


class CursorSettings(BaseModel):
    cursor_api_key: SecretStr | None = None
    cursor_api_key_secret: str | None = None
    cursor_base_url: Address = "https://api.cursor.com"


def base_url(settings: CursorSettings) -> str:
    return settings.cursor_base_url


SOURCE = Source("cursor", CursorSettings, needs_one_of=("CURSOR_API_KEY",), base_url=base_url)
