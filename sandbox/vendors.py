"""The vendors of the sandbox, in one list: whatever is added here is served."""

from __future__ import annotations

from typing import Final

from sandbox.anthropic.vendor import Anthropic
from sandbox.cursor.vendor import Cursor
from sandbox.github.vendor import GitHub
from sandbox.google.vendor import Google
from sandbox.google_sheets.vendor import GoogleSheets
from sandbox.openai.vendor import OpenAI
from sandbox.options import Options
from sandbox.product_database.vendor import ProductDatabase
from sandbox.salesforce.vendor import Salesforce
from sandbox.state import Sandbox

VENDORS: Final = (
    Anthropic,
    Cursor,
    GitHub,
    Google,
    OpenAI,
    GoogleSheets,
    Salesforce,
    ProductDatabase,
)


def build_sandbox(options: Options) -> Sandbox:
    """A sandbox with these options and every vendor."""
    return Sandbox(options, VENDORS)
