"""The queries of Google's billing export are valid on BigQuery, whatever columns a table has."""

import pytest

from bigquery_dev import billing_export
from extract.google.billing_export import COLUMNS, rows_query


def test_the_queries_are_valid_for_every_kind_of_table():
    assert list(billing_export.problems()) == []


def test_a_column_that_a_table_lacks_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(billing_export.TABLES, "old", {"cost": "FLOAT64"})
    (first, *_) = billing_export.problems()
    assert (first.branch, first.node) == ("old", "rows_query")
    assert "export_time" in first.reason


def test_only_columns_that_a_table_has_are_read_and_no_others():
    sql = rows_query("p.d.t", ["cost", "brand_new", "export_time"])
    assert "brand_new" not in sql
    assert "cost,\n    export_time\nfrom" in sql
    assert "system_labels" not in sql
    assert set(billing_export.DETAILED) <= set(COLUMNS)


def test_what_names_the_sku_that_it_corrects_is_read_whatever_its_type():
    condition = "or exists (select * from unnest(system_labels) where key = 'cloud-invoice."
    assert condition in rows_query("p.d.t", list(billing_export.STANDARD))
