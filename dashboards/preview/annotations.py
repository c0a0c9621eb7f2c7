"""What people wrote about days, and which of it fits a chart."""

from __future__ import annotations

from typing import Any

import duckdb

from dashboards.compiled import CompiledChart, CompiledDashboard
from dashboards.preview.cube import JsonObject


class Annotations:
    """The annotations of a warehouse; none if it is older than they are."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._any = bool(self._rows("select 1 from marts.dim_annotations limit 1"))
        self._marts = {
            mart
            for (mart,) in self._rows(
                "select table_name from information_schema.columns"
                " where table_schema = 'marts' and column_name = 'platform_code'"
            )
            if not mart.startswith("dim_")
        }

    def listed(self, dashboard: CompiledDashboard) -> list[JsonObject]:
        """All of them, with a pseudonym for a text that names somebody who is hidden there."""
        text = "annotation"
        if dashboard.hides_people:
            text = dashboard.people.pseudonym(text, is_prose=True)
        rows = self._rows(
            f"select annotation_date, platform_code, {text} from marts.dim_annotations"
            " order by annotation_date, annotation"
        )
        return [{"day": str(day), "platform": code, "text": said} for day, code, said in rows]

    def platforms(self, chart: CompiledChart) -> list[str] | None:
        """The platforms that a chart is about; None if it does not tell them apart."""
        marts = self._marts.intersection(chart.marts)
        if not self._any or not marts:
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
