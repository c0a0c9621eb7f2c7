"""dlt's DuckDB for a file that is attached: every name begins with that of the file's catalog.

The same is how dlt's destination for MotherDuck differs from the one for DuckDB.
"""

from __future__ import annotations

from typing import Any

from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from foundation.warehouse import CATALOG


class DuckDbFile(duckdb):
    @property
    def client_class(self) -> type[DuckDbClient]:
        return _Client


class _Client(DuckDbClient):
    def __init__(self, schema: Any, config: Any, capabilities: Any) -> None:  # noqa: ANN401
        super().__init__(schema, config, capabilities)
        names = self.sql_client.dataset_name, self.sql_client.staging_dataset_name
        self.sql_client = _SqlClient(*names, config.credentials, capabilities)


class _SqlClient(DuckDbSqlClient):
    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str:  # noqa: ARG002
        return CATALOG
