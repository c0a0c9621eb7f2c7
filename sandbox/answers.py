"""JSON answers, and refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)

Json: TypeAlias = Any
"""Whatever JSON can hold, with a Decimal for every number with a fraction."""


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """An answer other than 200; whoever raises it has chosen the vendor's body."""

    def __init__(self, status: int, body: Json, **headers: str) -> None:
        super().__init__(body)
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def encode(value: Json) -> bytes:
    """JSON in which a Decimal is the number it prints as: no float noise."""
    return _encoder.encode(value)


def decode(body: bytes) -> Json:
    """JSON with exact numbers; ValueError if it is not JSON."""
    return _decoder.decode(body)


def answer(value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(encode(value), status, headers, media_type="application/json")


def no_route(path: str) -> dict[str, str]:
    """The body of a 404 for a path that belongs to no vendor."""
    return {"error": "Not Found", "message": f"No route {path}"}
