"""Logging for every command: lines of text, or one JSON object per line, on standard error."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from typing import Literal

from foundation.settings import Settings

# Only these log at LOG_LEVEL; libraries only from WARNING up.
OURS = ("__main__", "foundation", "pipeline", "extract", "dashboards")

HIDDEN = "[secret]"
# In the environment of a run and its children: the name of the run.
RUN_ID = "RUN_ID"


class Formatter(logging.Formatter):
    """Text or JSON, with every known secret replaced.

    Secrets are `SecretStr` and should never get here. This is the second line of defense, for what
    a library puts in a message or a traceback, so it works on the final text.
    """

    def __init__(self, kind: Literal["text", "json"], secrets: list[str]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
        self._kind = kind
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        if self._kind == "text":
            return redacted(super().format(record), self._secrets)
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted(record.getMessage(), self._secrets),
        }
        if run_id := os.environ.get(RUN_ID):
            entry["run_id"] = run_id
        if record.exc_info:
            entry["exception"] = redacted(self.formatException(record.exc_info), self._secrets)
        return json.dumps(entry, ensure_ascii=False)


def redacted(text: str, secrets: list[str]) -> str:
    """The text without any secret: a vendor may repeat a key in its message."""
    # The longest first, since one secret may be the beginning of another.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def set_up_logs(settings: Settings) -> None:
    """Send all logging of this process to standard error as LOG_LEVEL and LOG_FORMAT say."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(settings.log_format, settings.secret_values()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level)
