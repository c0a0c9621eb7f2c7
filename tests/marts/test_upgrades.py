"""A run can continue with a warehouse that an earlier version landed and built."""

from __future__ import annotations

from pathlib import Path

import duckdb

from foundation.sources import SOURCES
from tests.marts.warehouse import MODELS_ONLY, Warehouse

WINDOWS = "select * from intermediate.int_windows order by all"


def test_directories_are_recognized_in_rows_from_before_the_column(
    base: Warehouse, tmp_path: Path
) -> None:
    before = base.rows(WINDOWS)
    old = Warehouse.copy_of(base.path, tmp_path / "old")
    names = [f"base_{source.raw_schema.removeprefix('raw_')}__windows" for source in SOURCES]
    with duckdb.connect(str(old.path)) as connection:
        for source in SOURCES:
            connection.execute(f"update {source.raw_schema}.extractions set is_directory = null")
        for name in names:
            connection.execute(f"alter table staging.{name} drop column is_directory")
    old.build("--select", *names, "int_windows", *MODELS_ONLY)
    assert old.rows(WINDOWS) == before
    assert old.value(f"select count(*) from staging.{names[0]} where is_directory is null") > 0
