"""Tells people what a run has to report, on Slack or on the terminal.

Without a webhook, or if Slack does not accept the message, it is printed below the report. Nothing
here makes a run fail.

Each thing is reported once. What Slack accepted is remembered (`told`), so a message that it did
not accept comes with the next run, and a day that a vendor publishes or revises late is reported
when it appears. Without a webhook nothing is remembered.
"""

from __future__ import annotations

import logging

from foundation.settings import Settings
from foundation.terminal import Terminal
from foundation.warehouse import WarehouseError
from pipeline.alerts.message import Message
from pipeline.alerts.news import compose
from pipeline.alerts.outcome import Outcome
from pipeline.alerts.terminal import show
from pipeline.alerts.told import remember

log = logging.getLogger(__name__)


def tell(settings: Settings, outcome: Outcome, console: Terminal | None = None) -> Message | None:
    """Post what the run has to report, or print it. Returns it; None if it could not be read."""
    # Imported here: it takes a tenth of a second, and most runs have no webhook.
    from pipeline.alerts import slack

    try:
        message = compose(settings, outcome)
        webhook = settings.slack_webhook_url
        if not message.sections and webhook:
            log.info("Nothing to tell Slack")
        elif webhook and slack.post(webhook, slack.payload(message)):
            log.info("Told Slack: %s", message.headline)
            remember(settings, message)
        else:
            show(message, console)
        return message
    except WarehouseError as error:
        log.warning("The alerts could not be reported: %s", error)
    except Exception:
        log.warning("The alerts could not be reported", exc_info=True)
    return None
