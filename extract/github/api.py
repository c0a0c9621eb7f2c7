"""The connection to GitHub, and to the hosts to which its links lead."""

from __future__ import annotations

from typing import Any

from extract.http import ExpiredError, TransientError, VendorError, client, send
from foundation.retrying import MAX_RETRY_AFTER_SECONDS, with_retries
from foundation.sample_data import is_sandbox
from foundation.sources.github import GitHubSettings

API_VERSION = "2026-03-10"


class Api:
    """GitHub as one enterprise or organization sees it."""

    def __init__(self, settings: GitHubSettings) -> None:
        token = settings.github_copilot_token
        self.client = client(
            base_url=settings.github_base_url,
            headers={
                "Authorization": f"Bearer {token.get_secret_value() if token else ''}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
            },
        )
        # A link is signed and leads to another host, which must not see the token.
        self._downloads = client()
        self.enterprise = settings.github_enterprise
        self.organization = settings.github_organization
        # Whether GitHub wants no more requests for longer than a run waits.
        self.is_used_up = False

    @property
    def copilot(self) -> str:
        """Where the seats and the reports of use are."""
        if self.enterprise:
            return f"/enterprises/{self.enterprise}/copilot"
        return f"/orgs/{self.organization}/copilot"

    @property
    def billing(self) -> str:
        if self.enterprise:
            return f"/enterprises/{self.enterprise}/settings/billing"
        return f"/organizations/{self.organization}/settings/billing"

    def ask(self, method: str, path: str, **query: Any) -> bytes:  # noqa: ANN401
        """The body of one answer, which may be empty. Retries where that makes sense."""
        try:
            return with_retries(lambda: send(self.client, method, path, **query))
        except TransientError as error:
            self.is_used_up |= (error.retry_after or 0.0) > MAX_RETRY_AFTER_SECONDS
            raise

    def download(self, link: str) -> bytes:
        """What a signed link leads to. Raises ExpiredError if it does not lead there anymore.

        No error names the link: whoever has it can read the file.
        """
        is_ours = is_sandbox(link) and is_sandbox(str(self.client.base_url))
        if not link.startswith("https://") and not is_ours:
            raise VendorError("a link to a report is not https", advice="report it")
        try:
            return with_retries(lambda: send(self._downloads, "GET", link))
        except VendorError as error:
            if error.status in (400, 401, 403, 404):
                raise ExpiredError(
                    f"HTTP {error.status}: a link to a report no longer works"
                ) from None
            raise

    def close(self) -> None:
        self.client.close()
        self._downloads.close()
