"""The sources, in the order in which reports name them: their settings and their addresses.

Whatever lists sources reads `SOURCES`. How they are read is in `extract/<name>`, which is only
imported by the extraction.
"""

from foundation.sources import (
    anthropic,
    cursor,
    github,
    google,
    google_sheets,
    openai,
    product_database,
    salesforce,
)
from foundation.sources.source import Source

SOURCES: tuple[Source, ...] = (
    anthropic.SOURCE,
    cursor.SOURCE,
    github.SOURCE,
    google.SOURCE,
    google_sheets.SOURCE,
    openai.SOURCE,
    salesforce.SOURCE,
    product_database.SOURCE,
)


def source_named(name: str) -> Source:
    """The source with this name, which must be one."""
    return next(source for source in SOURCES if source.name == name)
