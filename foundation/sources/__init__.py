"""The sources, in the order in which they are named: what each is told, and where it answers.

Whatever lists sources reads `SOURCES`. How they are read is in `extract/<name>`, which is imported
only where something is extracted.
"""

from foundation.sources import anthropic, cursor, google_sheets, product_database, salesforce
from foundation.sources.source import Source

SOURCES: tuple[Source, ...] = (
    anthropic.SOURCE,
    cursor.SOURCE,
    google_sheets.SOURCE,
    salesforce.SOURCE,
    product_database.SOURCE,
)


def source_named(name: str) -> Source:
    """The source of a name that is known to be one."""
    return next(source for source in SOURCES if source.name == name)
