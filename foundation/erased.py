"""Who was erased: what arrives later is recognized by a keyed hash, and replaced as it lands.

`intermediate.erased_names` has a row for each e-mail address, name and account of a person who was
erased: its hash under PRIVACY_KEY, and what stands in its place. Without the key nobody can find
out whether a name is in it. The first row is the hash of no name, by which a wrong key is noticed.
"""

from __future__ import annotations

import hmac
import json
import re
import unicodedata
from dataclasses import dataclass, field

import pyarrow as pa

from foundation.settings import Settings
from foundation.warehouse import NoTableError, warehouse

TABLE = "erased_names"

_JSON_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
# Anything with an @ between separators. Within it addresses may begin and end as pipeline/erase.py
# has it: whether one is an address of theirs is decided by its hash.
_ADDRESS = re.compile(r"[^\s\"<>(),;:\[\]{}|@]+@[\w.-]+")
_BEGIN = re.compile(r"(?<![a-zA-Z0-9._%+'-])'*")
_END = re.compile(r"(?![a-zA-Z0-9.-])")


# What upper case and a warehouse's or Python's lower case make of these letters is the other one.
SAME = {"i\u0307": "i", "ı": "i", "ς": "σ"}


def folded(name: str) -> str:
    """The one spelling of a name that differs in upper and lower case, in how accents are encoded
    or in whitespace at the ends: İpek is ipek, and ΝΙΚΟΣ is νικοσ."""
    name = unicodedata.normalize("NFC", name.strip()).lower()
    for letter, same in SAME.items():
        name = name.replace(letter, same)
    return name


class ErasedError(Exception):
    """Whom not to land cannot be told; the message says what to set."""


@dataclass(frozen=True)
class Erased:
    """What stands for each erased name, by the hash of the name. Without any, nothing changes."""

    key: bytes = b""
    pseudonyms: dict[str, str] = field(default_factory=dict)

    def hash_of(self, name: str) -> str:
        return self._hash(folded(name))

    def _hash(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()

    def pseudonym_of(self, name: str) -> str | None:
        pseudonym = self.pseudonyms.get(self.hash_of(name))
        # What earlier versions hashed.
        if pseudonym is None and (lower := name.strip().lower()) != folded(name):
            pseudonym = self.pseudonyms.get(self._hash(lower))
        return pseudonym

    def text(self, text: str) -> str:
        """A text without erased people: if all of it is a name, or for each address in it."""
        if not self.pseudonyms:
            return text
        if pseudonym := self.pseudonym_of(text):
            return pseudonym
        if "@" not in text:
            return text
        return _ADDRESS.sub(self._address, text)

    def _address(self, found: re.Match[str]) -> str:
        text = found[0]
        for begin in _BEGIN.finditer(text, 0, text.index("@")):
            for end in _END.finditer(text, text.index("@")):
                address = text[begin.end() : end.start()].rstrip(".")
                if pseudonym := self.pseudonym_of(address):
                    return text[: begin.end()] + pseudonym + text[begin.end() + len(address) :]
        return text

    def record(self, payload: bytes) -> bytes:
        """A record in JSON without erased people; bytes that name nobody stay as they are."""
        if not self.pseudonyms:
            return payload
        return _JSON_TEXT.sub(self._json_text, payload)

    def _json_text(self, found: re.Match[bytes]) -> bytes:
        try:
            text = json.loads(found[0])
        except ValueError:  # of a record that was refused
            return found[0]
        cleaned = self.text(text)
        return found[0] if cleaned == text else json.dumps(cleaned, ensure_ascii=False).encode()

    def rows(self, rows: pa.Table) -> pa.Table:
        """Typed rows without erased people."""
        if not self.pseudonyms:
            return rows
        for position, column in enumerate(rows.schema):
            if pa.types.is_string(column.type):
                values = rows.column(position).to_pylist()
                cleaned = [None if value is None else self.text(value) for value in values]
                rows = rows.set_column(position, column, pa.array(cleaned, column.type))
        return rows


def load_erased(settings: Settings) -> Erased:
    """Who was erased from the warehouse of the settings. Raises ErasedError if somebody was and
    PRIVACY_KEY is missing or another one; WarehouseError if the file is in use."""
    table = f"{settings.dataset('intermediate')}.{TABLE}"
    try:
        with warehouse(settings) as ask:
            pseudonyms = dict(ask(f"select name_hash, pseudonym from {table}"))
    except NoTableError:
        pseudonyms = {}
    secret = settings.privacy_key
    key = secret.get_secret_value().encode() if secret else b""
    erased = Erased(key, pseudonyms)
    if pseudonyms and not key:
        raise ErasedError(
            "People were erased from this warehouse, and without PRIVACY_KEY they would land again:"
            " set it to the key with which they were erased"
        )
    if pseudonyms and erased.hash_of("") not in pseudonyms:
        raise ErasedError(
            "PRIVACY_KEY is not the key with which people were erased from this warehouse: with"
            " this one they would land again"
        )
    return erased
