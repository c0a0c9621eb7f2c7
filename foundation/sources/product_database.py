"""The database of the product that a company sells: an address with a user and a password."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from foundation.sources.source import Source


class ProductDatabaseSettings(BaseModel):
    product_database_url: SecretStr | None = None
    product_database_url_secret: str | None = None
    product_database_schema: str | None = None


def base_url(settings: ProductDatabaseSettings) -> str:
    """The address of the database without user and password; `unreadable:` if that cannot be
    told."""
    # Imported only if there is such a database: it takes a while.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    secret = settings.product_database_url
    try:
        url = make_url(secret.get_secret_value() if secret else "")
    except (ArgumentError, ValueError):
        return "unreadable:"
    host = url.host or ""
    if "@" in host:
        # The password has an @, and SQLAlchemy takes its end for a part of the host.
        return "unreadable:"
    place = f"{host}:{url.port}" if url.port else host
    return f"{url.get_backend_name()}://{place}/{url.database or ''}"


SOURCE = Source(
    "product_database",
    ProductDatabaseSettings,
    needs_one_of=("PRODUCT_DATABASE_URL",),
    base_url=base_url,
    landed_as="product",
)
