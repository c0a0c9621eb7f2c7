"""Types and settings that several sources share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel

ROOT = Path(__file__).resolve().parent.parent

# Relative paths start at the project, wherever a command is called from.
ProjectPath = Annotated[Path, AfterValidator(lambda path: ROOT / path.expanduser())]
Address = Annotated[str, AfterValidator(lambda url: url.rstrip("/"))]


class GoogleCredentials(BaseModel):
    """Google's own name for the key file of a service account; BigQuery and the sheets use it."""

    google_application_credentials: ProjectPath | None = None

    def credentials_problems(self) -> Iterator[str]:
        credentials = self.google_application_credentials
        if credentials and not credentials.is_file():
            yield f"GOOGLE_APPLICATION_CREDENTIALS: there is no file {credentials}"
