"""The seller's databases for tests: each test gets a copy that it may change."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from foundation.settings import Settings
from sandbox.server import Running


@dataclass(frozen=True)
class Product:
    """A product database at `url` that tests may change, and a warehouse next to it."""

    url: str
    settings: Settings

    @property
    def is_postgresql(self) -> bool:
        return self.url.startswith("postgresql")

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement, if it gives any."""
        if self.is_postgresql:
            with psycopg.connect(self.url, autocommit=True) as connection:
                for statement in statements:
                    cursor = connection.execute(statement)
                return cursor.fetchall() if cursor.description else []
        with duckdb.connect(self.url.removeprefix("duckdb:///")) as connection:
            for statement in statements:
                connection.execute(statement)
            return connection.fetchall()

    def settings_with(self, **changes: Any) -> Settings:
        given = {"product_database_url": self.url, "duckdb_path": self.settings.duckdb_path}
        return Settings(_env_file=None, **{**given, **changes})


def copy_of(seller: Running, folder: Path) -> Product:
    """A copy of the seller's database, and an empty warehouse in the folder."""
    url = seller.env["PRODUCT_DATABASE_URL"]
    if url.startswith("postgresql"):
        server, _, whole = url.rpartition("/")
        name = f"copy_{secrets.token_hex(6)}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"create database {name} template {whole}")
        url = f"{server}/{name}"
    else:
        file = folder / "product.duckdb"
        shutil.copy(url.removeprefix("duckdb:///"), file)
        url = f"duckdb:///{file}"
    settings = Settings(
        _env_file=None, product_database_url=url, duckdb_path=folder / "warehouse.duckdb"
    )
    return Product(url, settings)
