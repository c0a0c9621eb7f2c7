"""Signed addresses of dashboards for other pages: Metabase's static embedding.

A token names the dashboard, the values of its locked parameters and when it expires, signed with
the secret that Metabase has too (https://www.metabase.com/docs/latest/embedding/guest-embedding).
Until then, whoever has the address sees the dashboard, so it goes to standard output and never into
a log.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import jwt

from foundation.settings import Settings

TEN_MINUTES = timedelta(minutes=10)
# An address is a key that cannot be revoked; a page asks for a new one each time it is shown.
MAX_LIFETIME = timedelta(days=1)

# HS256 needs a key at least as long as its hash; Metabase generates 64 hexadecimal digits.
MIN_SECRET_LENGTH = 32
MAX_VALUE_LENGTH = 200

# What the end of a parameter's name says about its values. A value of the wrong kind is a mistake
# of the caller that would otherwise show an empty dashboard, or somebody else's.
FORMATS = {
    "team_id": (re.compile(r"[0-9]+"), "digits"),
    "salesforce_id": (re.compile(r"[a-zA-Z0-9]{15,18}"), "15 to 18 letters and digits"),
}


class EmbedError(Exception):
    """No address can be made; the message says why, and contains neither secret nor token."""


def embed_url(
    site_url: str,
    secret: str,
    dashboard_id: int,
    params: Mapping[str, str],
    *,
    locked: frozenset[str],
    expires_in: timedelta = TEN_MINUTES,
    bordered: bool = True,
    titled: bool = True,
    theme: Literal["night", "transparent"] | None = None,
    now: datetime | None = None,
) -> str:
    """The address of a dashboard that only shows what its locked parameters let through.

    `params` has a value for each of `locked`, by their slugs, and nothing else: without one of them
    the dashboard would show other people's data. Raises EmbedError.
    """
    if len(secret) < MIN_SECRET_LENGTH:
        raise EmbedError(
            f"METABASE_EMBEDDING_SECRET is shorter than {MIN_SECRET_LENGTH} characters: "
            "take the one that Metabase shows under Admin, Embedding"
        )
    # A bool is an int in Python, so True would be dashboard 1.
    if isinstance(dashboard_id, bool) or dashboard_id < 1:
        raise EmbedError(f"a dashboard's id is a number from 1, not {dashboard_id}")
    if not timedelta(0) < expires_in <= MAX_LIFETIME:
        raise EmbedError(f"an address may last up to a day, not {expires_in}")
    _check_params(params, locked)
    ends = (now or datetime.now(UTC)) + expires_in
    claims = {
        "resource": {"dashboard": dashboard_id},
        # Metabase treats lists the same everywhere. Never send an empty one: that means all.
        "params": {name: [params[name]] for name in sorted(params)},
        "exp": int(ends.timestamp()),
    }
    looks = {"bordered": str(bordered).lower(), "titled": str(titled).lower(), "theme": theme}
    fragment = "&".join(f"{name}={look}" for name, look in looks.items() if look)
    token = jwt.encode(claims, secret, algorithm="HS256")
    return f"{site_url.rstrip('/')}/embed/dashboard/{token}#{fragment}"


def command(
    settings: Settings,
    dashboard_id: int,
    values: Iterable[str],
    locked: frozenset[str],
    expires_in: timedelta = TEN_MINUTES,
) -> int:
    """Print the address for values NAME=VALUE; returns the exit code, 2 if there is none."""
    try:
        if not settings.metabase_url or not settings.metabase_embedding_secret:
            raise EmbedError("set METABASE_URL and METABASE_EMBEDDING_SECRET")
        secret = settings.metabase_embedding_secret.get_secret_value()
        params = _pairs(values)
        url = embed_url(
            settings.metabase_url,
            secret,
            dashboard_id,
            params,
            locked=locked,
            expires_in=expires_in,
        )
    except EmbedError as error:
        print(error, file=sys.stderr)
        return 2
    print(url)
    return 0


def _pairs(values: Iterable[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for pair in values:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise EmbedError(f"write a parameter as NAME=VALUE, not {pair!r}")
        if name in params:
            raise EmbedError(f"parameter {name} is given twice")
        params[name] = value
    return params


def _check_params(params: Mapping[str, str], locked: frozenset[str]) -> None:
    if not locked:
        raise EmbedError(
            "the dashboard locks no filter: say which in its file, embed: {locked: […]}"
        )
    if missing := sorted(locked - params.keys()):
        raise EmbedError(
            f"locked without a value: {', '.join(missing)}; "
            "the dashboard would show everybody's data"
        )
    if unknown := sorted(params.keys() - locked):
        raise EmbedError(
            f"not locked in the dashboard: {', '.join(unknown)}; "
            f"locked are: {', '.join(sorted(locked))}"
        )
    for name, value in params.items():
        if not isinstance(value, str) or not value.strip():
            raise EmbedError(f"{name}: the value must be text and not blank")
        if len(value) > MAX_VALUE_LENGTH or not value.isprintable():
            raise EmbedError(f"{name}: use at most {MAX_VALUE_LENGTH} printable characters")
        for ending, (pattern, wanted) in FORMATS.items():
            if name.endswith(ending) and not pattern.fullmatch(value):
                raise EmbedError(f"{name}: must be {wanted}, not {value!r}")
