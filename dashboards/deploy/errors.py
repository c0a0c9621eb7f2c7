"""What can be wrong with a deployment besides Metabase's answers."""

from __future__ import annotations


class DeployError(Exception):
    """The dashboards cannot be deployed; the message says why and what to do."""


class PayloadError(Exception):
    """Metabase has no way to show a chart as defined; `key` is the chart's key that asks for it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
