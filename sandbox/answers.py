"""JSON answers, errors in each vendor's own shape, and opaque page cursors."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request
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
    """JSON with exact numbers; ValueError if it is none."""
    return _decoder.decode(body)


def answer(value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(encode(value), status, headers, media_type="application/json")


def anthropic_error(status: int, kind: str, message: str, **extra: Json) -> dict[str, Any]:
    """Anthropic's error body."""
    return {
        "type": "error",
        "error": {"type": kind, "message": message, **extra},
        "request_id": f"req_{hashlib.sha256(f'{status}{message}'.encode()).hexdigest()[:24]}",
    }


def cursor_error(error: str, message: str) -> dict[str, Any]:
    """Cursor's error body."""
    return {"error": error, "message": message}


def google_error(code: int, status: str, message: str) -> dict[str, Any]:
    """Google's error body."""
    return {"error": {"code": code, "message": message, "status": status}}


def salesforce_error(code: str, message: str) -> list[dict[str, str]]:
    """Salesforce's error body."""
    return [{"message": message, "errorCode": code}]


def to_cursor(position: str, question: str) -> str:
    """An opaque cursor to a position in the answer to one question."""
    return "page_" + base64.urlsafe_b64encode(f"{_digest(question)}:{position}".encode()).decode()


def from_cursor(cursor: str, question: str) -> str:
    """The position; ValueError if the cursor is broken or belongs to another question."""
    if not cursor.startswith("page_"):
        raise ValueError("not a cursor")
    digest, _, position = (
        base64.urlsafe_b64decode(cursor.removeprefix("page_")).decode().partition(":")
    )
    if digest != _digest(question) or not position:
        raise ValueError("the cursor belongs to another query")
    return position


def question_of(request: Request) -> str:
    """What a request asks for, apart from its page: a cursor is only good for the same question."""
    parameters = sorted(p for p in request.query_params.multi_items() if p[0] not in PAGING)
    return f"{request.url.path}?{parameters}"


PAGING = ("page", "limit")


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]
