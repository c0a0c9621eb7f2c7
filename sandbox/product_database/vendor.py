"""The product's database as one of the sandbox's vendors: it has an address but no endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.product_database.serving import serving
from sandbox.state import Sandbox
from sandbox.vendor import Vendor


class ProductDatabase(Vendor):
    """The database of the seller's product; nothing if there is no seller."""

    name = "product_database"

    def __init__(self, sandbox: Sandbox) -> None:
        self.seller = sandbox.seller

    @contextmanager
    def settings(self, url: str) -> Iterator[dict[str, str]]:  # noqa: ARG002
        if self.seller is None:
            yield {}
            return
        with serving(self.seller) as address:
            yield {"PRODUCT_DATABASE_URL": address}
