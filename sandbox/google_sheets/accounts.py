"""The service account that may read the sheet.

It signs a JWT, gets a token for the scopes in it, and reads with that token. Rules: RFC 7523.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import exceptions, jwt

from sandbox.answers import Refusal

SPREADSHEET_ID: Final = "1sandboxSpreadsheet0000000000000000000000000"
SERVICE_ACCOUNT_EMAIL: Final = "reader@sandbox.example.com"
_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Accounts:
    """The only service account, its key and the tokens it got."""

    scopes_of_token: dict[str, tuple[str, ...]] = field(default_factory=dict)
    subject_of_token: dict[str, str] = field(default_factory=dict)
    """For whom the account acts, if it asked for that."""

    @cached_property
    def private_key(self) -> rsa.RSAPrivateKey:
        """Created when first needed, which takes a moment."""
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_pem(self) -> bytes:
        """The public key to check signatures with."""
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

    def give_token(self, form: str) -> dict[str, Any]:
        """A token for the scopes in a signed JWT."""
        fields = {name: values[0] for name, values in parse_qs(form).items()}
        if fields.get("grant_type") != _JWT_GRANT:
            body = {"error": "unsupported_grant_type", "error_description": "Not a JWT"}
            raise Refusal(400, body)
        try:
            claims = jwt.decode(  # type: ignore[no-untyped-call]
                fields.get("assertion", ""), certs=self.public_pem
            )
        except (ValueError, exceptions.GoogleAuthError):
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            raise Refusal(400, body) from None
        if claims.get("iss") != SERVICE_ACCOUNT_EMAIL:
            body = {"error": "invalid_grant", "error_description": "Not a known account"}
            raise Refusal(400, body)
        value = f"ya29.{secrets.token_urlsafe(24)}"
        self.scopes_of_token[value] = tuple(claims.get("scope", "").split())
        if "sub" in claims:
            self.subject_of_token[value] = claims["sub"]
        return {"access_token": value, "expires_in": 3599, "token_type": "Bearer"}
