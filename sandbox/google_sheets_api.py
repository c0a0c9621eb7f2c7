"""The Google Sheets v4 calls that gspread makes, and the token exchange before them.

A service account signs a JWT, gets a token for the scopes in it, and reads with that token.
Only read-only scopes may read here, so that asking for more is noticed.
Rules: developers.google.com/sheets/api/reference/rest, RFC 7523.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import exceptions, jwt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Refusal, answer, google_error
from sandbox.sheets import TABS, Rows, tab
from sandbox.state import Sandbox

SPREADSHEET_ID: Final = "1sandboxSpreadsheet0000000000000000000000000"
SERVICE_ACCOUNT_EMAIL: Final = "reader@sandbox.example.com"

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_READS_PER_MINUTE: Final = 60
_A1: Final = re.compile(r"^([A-Z]*)(\d*)(?::([A-Z]*)(\d*))?$")


@dataclass
class Accounts:
    """The one service account, its key and the tokens it has been given."""

    private_key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    scopes_of_token: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reads: deque[float] = field(default_factory=deque)

    @property
    def public_pem(self) -> bytes:
        """What a signature is checked with."""
        return self.private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def write_credentials(self, path: Path, base_url: str) -> None:
        """Write the account's key file, as Google's console would give it out."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        path.write_text(
            json.dumps(
                {
                    "type": "service_account",
                    "project_id": "sandbox",
                    "private_key_id": "sandbox",
                    "private_key": pem,
                    "client_email": SERVICE_ACCOUNT_EMAIL,
                    "client_id": "0",
                    "token_uri": f"{base_url}/token",
                }
            )
        )
        path.chmod(0o600)


def routes(sandbox: Sandbox, accounts: Accounts) -> list[Route]:
    """The token endpoint and the reading half of /v4/spreadsheets."""

    def guarded(handler: Callable[[Sandbox, Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            _authorize(sandbox, accounts, request)
            return answer(handler(sandbox, request))

        return endpoint

    async def token(request: Request) -> Response:
        return answer(_token(accounts, (await request.body()).decode()))

    spreadsheet = "/v4/spreadsheets/{spreadsheet_id}"
    return [
        Route("/token", token, methods=["POST"]),
        Route(f"{spreadsheet}/values:batchGet", guarded(_batch_get)),
        Route(f"{spreadsheet}/values/{{range:path}}", guarded(_get)),
        Route(spreadsheet, guarded(_metadata)),
    ]


def _token(accounts: Accounts, form: str) -> dict[str, Any]:
    fields = {name: values[0] for name, values in parse_qs(form).items()}
    if fields.get("grant_type") != _JWT_GRANT:
        raise Refusal(400, {"error": "unsupported_grant_type", "error_description": "Not a JWT"})
    try:
        claims = jwt.decode(  # type: ignore[no-untyped-call]
            fields.get("assertion", ""), certs=accounts.public_pem
        )
    except (ValueError, exceptions.GoogleAuthError):
        body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        raise Refusal(400, body) from None
    if claims.get("iss") != SERVICE_ACCOUNT_EMAIL:
        body = {"error": "invalid_grant", "error_description": "Not a known account"}
        raise Refusal(400, body)
    value = f"ya29.{secrets.token_urlsafe(24)}"
    accounts.scopes_of_token[value] = tuple(claims.get("scope", "").split())
    return {"access_token": value, "expires_in": 3599, "token_type": "Bearer"}


def _authorize(sandbox: Sandbox, accounts: Accounts, request: Request) -> None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    scopes = accounts.scopes_of_token.get(value) if scheme == "Bearer" else None
    if scopes is None:
        message = "Request had invalid authentication credentials."
        raise Refusal(401, google_error(401, "UNAUTHENTICATED", message))
    reads = any("/auth/spreadsheets" in scope for scope in scopes)
    if not reads or not all(scope.endswith(".readonly") for scope in scopes):
        message = "Request had insufficient authentication scopes: the sandbox is read-only."
        raise Refusal(403, google_error(403, "PERMISSION_DENIED", message))
    if request.path_params["spreadsheet_id"] != SPREADSHEET_ID:
        raise Refusal(404, google_error(404, "NOT_FOUND", "Requested entity was not found."))
    if sandbox.rate_limits:
        _count(accounts.reads)


def _count(reads: deque[float]) -> None:
    now = monotonic()
    while reads and reads[0] <= now - 60:
        reads.popleft()
    if len(reads) >= _READS_PER_MINUTE:
        message = "Quota exceeded for quota metric 'Read requests' per minute per user"
        raise Refusal(429, google_error(429, "RESOURCE_EXHAUSTED", message))
    reads.append(now)


def tabs_of(sandbox: Sandbox) -> list[str]:
    """The tabs there are: the company's, and those that a test has added."""
    return [*TABS, *(name for name in sandbox.sheets if name not in TABS)]


def _metadata(sandbox: Sandbox, request: Request) -> dict[str, Any]:  # noqa: ARG001
    return {
        "spreadsheetId": SPREADSHEET_ID,
        "properties": {"title": "AI tools", "locale": "en_US", "timeZone": "Etc/GMT"},
        "sheets": [
            {
                "properties": {
                    "sheetId": i,
                    "title": name,
                    "index": i,
                    "sheetType": "GRID",
                    "gridProperties": {"rowCount": 10_000, "columnCount": 26},
                }
            }
            for i, name in enumerate(tabs_of(sandbox))
        ],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{SPREADSHEET_ID}/edit",
    }


def _get(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    return _values(sandbox, request.path_params["range"], _dimension(request))


def _batch_get(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    ranges = request.query_params.getlist("ranges")
    return {
        "spreadsheetId": SPREADSHEET_ID,
        "valueRanges": [_values(sandbox, name, _dimension(request)) for name in ranges],
    }


def _dimension(request: Request) -> str:
    return request.query_params.get("majorDimension", "ROWS")


def _values(sandbox: Sandbox, wanted: str, dimension: str) -> dict[str, Any]:
    name, cells = _parse(sandbox, wanted)
    rows = _trimmed(_cut(tab(sandbox, name), cells))
    result: dict[str, Any] = {"range": f"'{name}'!A1:Z1000", "majorDimension": dimension}
    if dimension == "COLUMNS":
        width = max(map(len, rows), default=0)
        rows = _trimmed([[row[i] if i < len(row) else "" for row in rows] for i in range(width)])
    # An empty range has no "values" at all.
    return result | ({"values": rows} if rows else {})


def _parse(sandbox: Sandbox, wanted: str) -> tuple[str, str]:
    """Tab and cells of `tab`, `'tab'` or `tab!A1:Z9`."""
    name, _, cells = wanted.partition("!")
    name = name.strip("'")
    if name not in tabs_of(sandbox) or not _A1.match(cells):
        message = f"Unable to parse range: {wanted}"
        raise Refusal(400, google_error(400, "INVALID_ARGUMENT", message))
    return name, cells


def _cut(rows: Rows, cells: str) -> Rows:
    match = _A1.match(cells)
    if not cells or match is None:
        return rows
    left, top, right, bottom = match.groups()
    first_column = _column(left) if left else 0
    last_column = _column(right) + 1 if right else (None if ":" in cells else first_column + 1)
    first_row = int(top) - 1 if top else 0
    last_row = int(bottom) if bottom else (None if ":" in cells else first_row + 1)
    return [row[first_column:last_column] for row in rows[first_row:last_row]]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _trimmed(rows: Rows) -> Rows:
    """Without the empty cells and rows at the end, which Google leaves out."""
    kept = [list(row) for row in rows]
    for row in kept:
        while row and row[-1] == "":
            row.pop()
    while kept and not kept[-1]:
        kept.pop()
    return kept
