"""Small warehouse files to compare."""

import duckdb

from changes.manifest import Mart


def warehouse(folder, statements, name="warehouse"):
    """A DuckDB file in a folder of its own, with a schema `marts` and what the statements make."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for statement in statements:
            connection.execute(statement)
    return path


def mart(name="costs", key=(), day_column=None, contract=None):
    return Mart(f"model.ai_spend.{name}", name, tuple(key), day_column, contract)
