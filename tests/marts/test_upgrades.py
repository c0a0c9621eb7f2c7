"""A run can continue with a warehouse that an earlier version landed and built."""

from __future__ import annotations

from pathlib import Path

import duckdb

from foundation.sources import SOURCES
from tests.marts.warehouse import MODELS_ONLY, Warehouse

OLDER = ("anthropic", "cursor", "google_sheets", "salesforce", "product_database")
WINDOWS = "select * from intermediate.int_windows order by all"


def test_directories_are_recognized_in_rows_from_before_the_column(
    base: Warehouse, tmp_path: Path
) -> None:
    before = base.rows(WINDOWS)
    old = Warehouse.copy_of(base.path, tmp_path / "old")
    with duckdb.connect(str(old.path)) as connection:
        # What was there before the column.
        for source in (one for one in SOURCES if one.name in OLDER):
            connection.execute(f"update {source.raw_schema}.extractions set is_directory = null")
        connection.execute("alter table staging.stg_windows drop column is_directory")
    old.build("--select", "stg_windows", "int_windows", *MODELS_ONLY)
    assert old.rows(WINDOWS) == before
    assert old.value("select count(*) from staging.stg_windows where is_directory is null") > 0
