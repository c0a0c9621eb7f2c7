"""The errors of a deployment, besides Metabase's own answers."""

from __future__ import annotations


class DeployError(Exception):
    """The dashboards cannot be deployed; the message says why and what to do."""


class PayloadError(Exception):
    """Metabase cannot show a chart as defined; `key` is the chart's key that is the reason."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
