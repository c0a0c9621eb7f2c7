"""Types and settings that several sources share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from foundation.sample_data import is_sandbox

ROOT = Path(__file__).resolve().parent.parent

# Relative paths start at the project, wherever a command is called from.
ProjectPath = Annotated[Path, AfterValidator(lambda path: ROOT / path.expanduser())]


def address(url: str) -> str:
    """An address to which a key is sent: encrypted unless it is this machine, and without a
    password, since reports name it. Raises ValueError."""
    url = url.strip().rstrip("/")
    if not re.fullmatch(r"https?://[^/@\s\\?#]+(/[^@\s\\?#]*)?", url):
        raise ValueError("must be an address, https://host, without a password")
    return encrypted(url)


def encrypted(url: str) -> str:
    """An address, unless everybody on the way could read what is sent there. Raises ValueError."""
    if not url.startswith("https://") and not is_sandbox(url):
        raise ValueError("must begin with https://, since a secret is sent there")
    return url


Address = Annotated[str, AfterValidator(address)]


class GoogleCredentials(BaseModel):
    """Google's own name for the key file of a service account; BigQuery and the sheets use it."""

    google_application_credentials: ProjectPath | None = None

    def tell_google(self) -> None:
        """Google's libraries read the environment, which does not include `.env`."""
        if self.google_application_credentials:
            path = str(self.google_application_credentials)
            os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = path

    def credentials_problems(self) -> Iterator[str]:
        credentials = self.google_application_credentials
        if credentials and not credentials.is_file():
            yield f"GOOGLE_APPLICATION_CREDENTIALS: there is no file {credentials}"
