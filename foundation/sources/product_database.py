"""The database of the product that a company sells: an address with a user and a password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr

from foundation.sources.source import Source

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

# What SQLAlchemy takes for them: a user may have an @, a password ends at its first one.
USER_AND_PASSWORD = re.compile(r"^[^:/]+://([^:/]*(:[^@]*)?@)?")


class ProductDatabaseSettings(BaseModel):
    product_database_url: SecretStr | None = None
    product_database_url_secret: str | None = None
    product_database_schema: str | None = None


def url_of(settings: ProductDatabaseSettings) -> URL:
    """The address, in its parts. Raises ValueError if it cannot be that of a database."""
    # Imported only if there is such a database: it takes a while.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    secret = settings.product_database_url
    written = secret.get_secret_value() if secret else ""
    if "@" in USER_AND_PASSWORD.sub("", written):
        # It is most likely the password's, and what is before it would pass for a host.
        raise ValueError("an @ behind the user and the password")
    try:
        return make_url(written)
    except ArgumentError:
        # Its message would contain the address.
        raise ValueError("not an address") from None


def base_url(settings: ProductDatabaseSettings) -> str:
    """The address of the database without user and password; `unreadable:` if that cannot be
    told."""
    try:
        url = url_of(settings)
    except ValueError:
        return "unreadable:"
    host = url.host or ""
    place = f"{host}:{url.port}" if url.port else host
    return f"{url.get_backend_name()}://{place}/{url.database or ''}"


SOURCE = Source(
    "product_database",
    ProductDatabaseSettings,
    needs_one_of=("PRODUCT_DATABASE_URL",),
    base_url=base_url,
    landed_as="product",
)
