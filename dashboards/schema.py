"""`dashboards/schema.json`: the format of definitions for editors, generated from the models.

What a model accepts besides its own form is in validators, which JSON Schema does not see: a text
instead of a column or a number, and a single item instead of a list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dashboards import definition
from dashboards.definition import Dashboard

SCHEMA = Path(__file__).parent / "schema.json"


def schema_json() -> str:
    """The text of the file."""
    schema = Dashboard.model_json_schema()
    models = {
        name: model
        for name, model in vars(definition).items()
        if isinstance(model, type) and issubclass(model, BaseModel)
    }
    for name, content in list(schema["$defs"].items()):
        _allow_single(content, models[name])
    for name, content in list(schema["$defs"].items()):
        if _takes_text(models[name]):
            schema["$defs"][name] = {
                "description": content.pop("description", ""),
                "anyOf": [{"type": "string", "minLength": 1}, content],
            }
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _takes_text(model: type[BaseModel]) -> bool:
    """Whether the model accepts a text as a short form."""
    validators = model.__pydantic_decorators__.model_validators.values()
    return any(validator.info.mode == "before" for validator in validators)


def _allow_single(content: dict[str, Any], model: type[BaseModel]) -> None:
    """Allow a single item where the model makes a list of it."""
    for validator in model.__pydantic_decorators__.field_validators.values():
        if validator.info.mode != "before":
            continue
        for name in validator.info.fields:
            many = content["properties"][name]
            described = {
                key: many.pop(key) for key in ("description", "title", "default") if key in many
            }
            content["properties"][name] = {**described, "anyOf": [many["items"], many]}
