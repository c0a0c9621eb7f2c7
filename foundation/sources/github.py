"""GitHub Copilot: the token of an enterprise, or of an organization that belongs to none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr

from foundation.fields import Address
from foundation.sources.source import Source

# The part of an address that names it: github.com/enterprises/NAME, github.com/NAME.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class GitHubSettings(BaseModel):
    github_copilot_token: SecretStr | None = None
    github_copilot_token_secret: str | None = None
    github_enterprise: str | None = None
    github_organization: str | None = None
    github_base_url: Address = "https://api.github.com"


def base_url(settings: GitHubSettings) -> str:
    return settings.github_base_url


def problems(settings: GitHubSettings) -> Iterator[str]:
    token = settings.github_copilot_token or settings.github_copilot_token_secret
    named = {
        "GITHUB_ENTERPRISE": settings.github_enterprise,
        "GITHUB_ORGANIZATION": settings.github_organization,
    }
    if all(named.values()):
        yield (
            "GITHUB_ENTERPRISE and GITHUB_ORGANIZATION are both set: keep the enterprise, which "
            "reports all of its organizations"
        )
    if token and not any(named.values()):
        yield "GITHUB_COPILOT_TOKEN is set: set GITHUB_ENTERPRISE or GITHUB_ORGANIZATION as well"
    for setting, value in named.items():
        if value and not token:
            yield f"{setting} is set: set GITHUB_COPILOT_TOKEN as well"
        if value and not NAME.fullmatch(value):
            yield f"{setting} must be the name in the address at GitHub, such as example-inc"


SOURCE = Source(
    "github",
    GitHubSettings,
    needs_one_of=("GITHUB_ENTERPRISE", "GITHUB_ORGANIZATION"),
    base_url=base_url,
    problems=problems,
)
