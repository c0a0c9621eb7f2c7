"""The schema of the export, as BigQuery's REST API writes it, and values as it encodes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sandbox.money import text

_PAIR: Final = {"key": "STRING", "value": "STRING"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# A list of one is a repeated field.
Type = str | dict[str, Any] | list[Any]

EXPORT: Final[dict[str, Type]] = {
    "billing_account_id": "STRING",
    "invoice": {"month": "STRING", "publisher_type": "STRING"},
    "cost_type": "STRING",
    "service": {"id": "STRING", "description": "STRING"},
    "sku": {"id": "STRING", "description": "STRING"},
    "usage_start_time": "TIMESTAMP",
    "usage_end_time": "TIMESTAMP",
    "project": {
        "id": "STRING",
        "number": "STRING",
        "name": "STRING",
        "labels": [_PAIR],
        "ancestry_numbers": "STRING",
        "ancestors": [{"resource_name": "STRING", "display_name": "STRING"}],
    },
    "labels": [_PAIR],
    "system_labels": [_PAIR],
    "location": {
        "location": "STRING", "country": "STRING", "region": "STRING", "zone": "STRING",
    },
    "tags": [{**_PAIR, "inherited": "BOOLEAN", "namespace": "STRING"}],
    "invoice_notes": "STRING",
    "transaction_type": "STRING",
    "seller_name": "STRING",
    "cost": "FLOAT",
    "currency": "STRING",
    "currency_conversion_rate": "FLOAT",
    "usage": {
        "amount": "FLOAT",
        "unit": "STRING",
        "amount_in_pricing_units": "FLOAT",
        "pricing_unit": "STRING",
    },
    "credits": [
        {
            "name": "STRING", "amount": "FLOAT", "full_name": "STRING", "id": "STRING",
            "type": "STRING",
        }
    ],
    "adjustment_info": {
        "id": "STRING", "description": "STRING", "mode": "STRING", "type": "STRING",
    },
    "export_time": "TIMESTAMP",
    "cost_at_list": "FLOAT",
    "cost_at_effective_price_default": "NUMERIC",
}  # fmt: skip


def fields(types: dict[str, Type]) -> list[dict[str, Any]]:
    """A TableSchema's fields."""
    found = []
    for name, kind in types.items():
        repeated = isinstance(kind, list)
        inner = kind[0] if isinstance(kind, list) else kind
        field: dict[str, Any] = {"name": name, "mode": "REPEATED" if repeated else "NULLABLE"}
        if isinstance(inner, dict):
            field |= {"type": "RECORD", "fields": fields(inner)}
        else:
            field["type"] = inner
        found.append(field)
    return found


def row(types: dict[str, Type], values: dict[str, Any]) -> dict[str, Any]:
    """A row of these columns, in their order."""
    return {"f": [{"v": _cell(kind, values.get(name))} for name, kind in types.items()]}


def _cell(kind: Type, value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(kind, list):
        return [{"v": _cell(kind[0], part)} for part in value or []]
    if value is None:
        return None
    if isinstance(kind, dict):
        return row(kind, value)
    if kind == "TIMESTAMP":
        return str((value - _EPOCH) // timedelta(microseconds=1))
    if kind in ("FLOAT", "NUMERIC", "BIGNUMERIC"):
        return text(value)
    return str(value)
