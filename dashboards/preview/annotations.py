"""What people wrote about days, and which of it fits a chart."""

from __future__ import annotations

from typing import Any

import duckdb

from dashboards.compiled import CompiledChart
from dashboards.preview.cube import JsonObject


class Annotations:
    """The annotations of a warehouse, read once; none if it is older than they are."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.listed: list[JsonObject] = [
            {"day": str(day), "platform": code, "text": text}
            for day, code, text in self._rows(
                "select annotation_date, platform_code, annotation from marts.dim_annotations"
                " order by annotation_date, annotation"
            )
        ]
        self._marts = {
            mart
            for (mart,) in self._rows(
                "select table_name from information_schema.columns"
                " where table_schema = 'marts' and column_name = 'platform_code'"
            )
            if not mart.startswith("dim_")
        }

    def platforms(self, chart: CompiledChart) -> list[str] | None:
        """The platforms that a chart is about; None if it does not tell them apart."""
        marts = self._marts.intersection(chart.marts)
        if not self.listed or not marts:
            return None
        condition = chart.definition.where or "true"
        found = {
            code
            for mart in sorted(marts)
            for (code,) in self._rows(
                f'select distinct platform_code from marts."{mart}" where ({condition}\n)'
            )
        }
        return sorted(code for code in found if code)

    def _rows(self, sql: str) -> list[Any]:
        try:
            return self._connection.execute(sql).fetchall()
        except duckdb.Error:
            return []
