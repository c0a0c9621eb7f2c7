"""Whose login is whose by the company's own login (SAML): the only place in which GitHub may name
an e-mail (https://docs.github.com/en/graphql/reference/objects#externalidentity)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from extract.github.api import Api
from extract.http import UnreadableError, VendorError, open_envelope, records_in
from extract.windows import Page, Period, ending

ADVICE = (
    "it needs a token of an owner with admin:org, for an enterprise admin:enterprise, and SAML "
    "there (docs/vendors/github_copilot.md); until then logins are people's by the tab "
    "vendor_accounts alone"
)
# The largest page allowed.
IDENTITIES_PER_PAGE = 100

_PROVIDER = """samlIdentityProvider {
  externalIdentities(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { guid samlIdentity { nameId } user { login databaseId } }
  }
}"""
_VARIABLES = "query($name: String!, $first: Int!, $after: String)"
OF_ENTERPRISE = f"{_VARIABLES} {{ enterprise(slug: $name) {{ ownerInfo {{ {_PROVIDER} }} }} }}"
OF_ORGANIZATION = f"{_VARIABLES} {{ organization(login: $name) {{ {_PROVIDER} }} }}"
# Where the provider is in the answer.
PATHS = {
    OF_ENTERPRISE: ("enterprise", "ownerInfo", "samlIdentityProvider"),
    OF_ORGANIZATION: ("organization", "samlIdentityProvider"),
}
# What GitHub calls it if a token may not read something.
REFUSALS = ("FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND")


class _PageInfo(msgspec.Struct):
    hasNextPage: bool = False  # noqa: N815 - the vendor's name
    endCursor: str | None = None  # noqa: N815 - the vendor's name


@ending
def identities(api: Api, _: Period) -> Iterator[Page]:
    """Raises UnreadableError if there is no SAML, or the token may not read it: GitHub answers both
    alike."""
    query = OF_ENTERPRISE if api.enterprise else OF_ORGANIZATION
    asked = {"name": api.enterprise or api.organization, "first": IDENTITIES_PER_PAGE}
    after: str | None = None
    while True:
        body = {"query": query, "variables": {**asked, "after": after}}
        found = _identities_in(api.ask("POST", "/graphql", json=body), PATHS[query])
        yield Page([(None, records_in(found, "nodes"))], {"path": "/graphql", **asked}, {})
        info = msgspec.json.decode(found["pageInfo"], type=_PageInfo)
        if not info.hasNextPage:
            return
        if info.endCursor is None or info.endCursor == after:
            raise VendorError("the list names no next page", advice="report it")
        after = info.endCursor


def _identities_in(answer: bytes, path: tuple[str, ...]) -> dict[str, msgspec.Raw]:
    """The list of identities in an answer, which is 200 even if it is a refusal."""
    envelope = open_envelope(answer)
    errors: list[dict[str, Any]] = msgspec.json.decode(envelope.get("errors", b"[]"))
    for error in errors:
        kind, message = str(error.get("type")), str(error.get("message"))[:500]
        if kind in REFUSALS:
            raise UnreadableError(f"{kind}: {message}")
        raise VendorError(f"{kind}: {message}", status=429 if kind == "RATE_LIMITED" else None)
    found = envelope
    for name in ("data", *path, "externalIdentities"):
        found = msgspec.json.decode(found.get(name, b"null"), type=dict[str, msgspec.Raw] | None)
        if found is None:
            raise UnreadableError("GitHub names no SAML identity provider")
    return found
