"""The queries that read Google's billing export, for the check of BigQuery's SQL.

They are checked against the documented columns of the standard and the detailed export, and of one
from before 2023, which is what a table that was made then looks like to a reader of old columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from bigquery_dev.check import Problem
from bigquery_dev.googlesql import Columns, GoogleSql, GoogleSqlError
from extract.google.billing_export import newest_query, rows_query, totals_query

TABLE = "project.billing.gcp_billing_export_v1"

_PAIRS = "ARRAY<STRUCT<key STRING, value STRING>>"
OLD: Columns = {
    "billing_account_id": "STRING",
    "service": "STRUCT<id STRING, description STRING>",
    "sku": "STRUCT<id STRING, description STRING>",
    "usage_start_time": "TIMESTAMP",
    "usage_end_time": "TIMESTAMP",
    "project": "STRUCT<id STRING, number STRING, name STRING, labels ARRAY<STRUCT<key STRING, "
    "value STRING>>, ancestry_numbers STRING, ancestors ARRAY<STRUCT<resource_name STRING, "
    "display_name STRING>>>",
    "labels": _PAIRS,
    "system_labels": _PAIRS,
    "location": "STRUCT<location STRING, country STRING, region STRING, zone STRING>",
    "export_time": "TIMESTAMP",
    "cost": "FLOAT64",
    "currency": "STRING",
    "currency_conversion_rate": "FLOAT64",
    "usage": "STRUCT<amount FLOAT64, unit STRING, amount_in_pricing_units FLOAT64, "
    "pricing_unit STRING>",
    "credits": "ARRAY<STRUCT<name STRING, amount FLOAT64, full_name STRING, id STRING, "
    "type STRING>>",
    "invoice": "STRUCT<month STRING>",
    "cost_type": "STRING",
    "adjustment_info": "STRUCT<id STRING, description STRING, mode STRING, type STRING>",
}
STANDARD: Columns = OLD | {
    "invoice": "STRUCT<month STRING, publisher_type STRING>",
    "tags": "ARRAY<STRUCT<key STRING, value STRING, inherited BOOL, namespace STRING>>",
    "cost_at_list": "FLOAT64",
    "cost_at_effective_price_default": "NUMERIC",
    "cost_at_list_consumption_model": "NUMERIC",
    "price": "STRUCT<effective_price NUMERIC, tier_start_amount NUMERIC, unit STRING, "
    "pricing_unit_quantity NUMERIC, list_price NUMERIC, effective_price_default NUMERIC, "
    "list_price_consumption_model NUMERIC>",
    "consumption_model": "STRUCT<id STRING, description STRING>",
    "transaction_type": "STRING",
    "seller_name": "STRING",
}
DETAILED: Columns = STANDARD | {
    "resource": "STRUCT<name STRING, global_name STRING>",
    "subscription": "STRUCT<instance_id STRING>",
}
TABLES = {"old": OLD, "standard": STANDARD, "detailed": DETAILED}
PARAMETERS: Columns = {
    "partitions_from": "TIMESTAMP",
    "partitions_before": "TIMESTAMP",
    "exported_from": "TIMESTAMP",
    "exported_before": "TIMESTAMP",
    "ai_services": "ARRAY<STRING>",
    "looks_like_ai": "STRING",
}


def problems() -> Iterator[Problem]:
    """What Google's analyzer refuses of the queries, by the kind of table."""
    for kind, columns in TABLES.items():
        google = GoogleSql()
        # Every table that is partitioned by ingestion has it, and no schema lists it.
        google.add_table(TABLE, columns | {"_PARTITIONTIME": "TIMESTAMP"})
        queries = {
            "rows_query": rows_query(TABLE, list(columns)),
            "totals_query": totals_query(TABLE),
            "newest_query": newest_query(TABLE),
        }
        for name, sql in queries.items():
            try:
                google.analyze(sql, PARAMETERS)
            except GoogleSqlError as error:
                yield Problem(kind, name, "extract/google", error.line, error.message)
