"""Who did something, as endpoints of either organization describe it."""

from __future__ import annotations

from typing import Any

from sandbox.company import Person
from sandbox.state import Sandbox


def actor_payload(
    sandbox: Sandbox, people: dict[str, Person], actor: tuple[str, str] | None
) -> dict[str, Any] | None:
    """An actor as the analytics endpoints describe it today: somebody who has left is `deleted` and
    keeps the address; a deleted account has no address any more."""
    if actor is None:
        return None
    kind, identifier = actor
    if kind == "service_account_actor":
        return {"type": kind, "service_account_id": identifier}
    if kind == "api_actor":
        return {"type": kind, "api_key_id": identifier}
    if kind == "federated_actor":
        provider = {"type": "oidc", "issuer": "https://ci.example.com"}
        return {"type": kind, "provider": provider, "subject": identifier}
    person = people[identifier]
    gone = person.account_deleted
    return {
        "type": kind,
        "user_id": identifier,
        "email_address": None if gone else person.claude_email,
        "name": "Deleted User" if gone else person.name,
        "deleted": gone or not person.present_on(sandbox.today),
    }
