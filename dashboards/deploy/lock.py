"""The lock file: which dashboard in Metabase belongs to each key, and what was last deployed.

It is committed because a dashboard's id cannot be chosen: without the file a dashboard that was
renamed in its definition would be created a second time. It holds no secret.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from dashboards.deploy.errors import DeployError

LOCK = Path(__file__).parent.parent / "metabase.lock.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LockedDashboard(_Strict):
    """A dashboard: its ids in Metabase, and the fingerprint of what was last deployed."""

    entity_id: str
    id: int
    fingerprint: str | None = None


class Instance(_Strict):
    """What was deployed to one Metabase. `cards` has fingerprints by key."""

    dashboards: dict[str, LockedDashboard] = {}
    cards: dict[str, str] = {}


class _Content(_Strict):
    instances: dict[str, Instance] = {}


class Lock:
    """The lock file's part for one Metabase. Call `save` after each write: what is not recorded can
    be found again by asking Metabase, unless somebody renamed it."""

    def __init__(self, path: Path, url: str) -> None:
        self._path, self._url = path, url
        try:
            text = path.read_text() if path.exists() else "{}"
            self._content = _Content.model_validate_json(text)
        except ValidationError as error:
            raise DeployError(
                f"{path} cannot be read: {error.errors(include_url=False)[0]['msg']}. Restore it "
                "from git, or delete it: dashboards that were deployed are found by their names"
            ) from None
        self.instance = self._content.instances.get(url, Instance())

    def save(self) -> None:
        self._content.instances[self._url] = self.instance
        content = self._content.model_dump(exclude_none=True)
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        if self._path.exists() and self._path.read_text() == text:
            return
        beside = self._path.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self._path)
