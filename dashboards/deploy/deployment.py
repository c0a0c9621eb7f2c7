"""The deployment: compares the definitions with what is in Metabase, and writes what differs.

Everything is read before the first write, so that a plan is complete and a refusal leaves nothing
half-done. Everything written is read back. If a deployment was cut off, the next one completes it:
cards have ids of our choosing, dashboards are found by the lock file or by the last line of their
description.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from dashboards.deploy import normal
from dashboards.deploy.client import Client, Json
from dashboards.deploy.errors import DeployError
from dashboards.deploy.lock import Lock, LockedDashboard
from dashboards.deploy.payloads import Board, Card, entity_id, marker
from dashboards.deploy.site import Site, collections

log = logging.getLogger("dashboards.deploy")

Action = Literal["create", "update", "adopt", "restore", "archive", "keep", "orphan"]
Kind = Literal["collection", "card", "dashboard"]


@dataclass(frozen=True)
class Options:
    """`prune` archives what is no longer defined, `force` overwrites what somebody edited, `adopt`
    takes over a dashboard of the same name that was not made from here."""

    prune: bool = False
    force: bool = False
    adopt: bool = False


@dataclass(frozen=True)
class Change:
    """One thing and what to do with it; `parts` are the names of what differs."""

    kind: Kind
    key: str
    name: str
    action: Action
    parts: tuple[str, ...] = ()
    wanted: Json = field(default_factory=dict, repr=False)
    current: Json = field(default_factory=dict, repr=False)

    @property
    def is_write(self) -> bool:
        return self.action not in ("keep", "orphan")


def listed_in(client: Client, site: Site, path: str) -> list[Json]:
    """The dashboards in a collection."""
    collection = site.collections.get(path)
    if collection is None:
        return []
    answer = client.get(f"/api/collection/{collection}/items", models="dashboard")
    found: list[Json] = answer["data"]
    return found


def is_made_from(key: str, dashboard: Json) -> bool:
    return marker(key) in (dashboard.get("description") or "")


class Deployment:
    """One deployment to one Metabase. `plan` reads, `apply` writes. Of dashboards that are
    `left_out`, by key, nothing is written and nothing archived."""

    def __init__(
        self,
        client: Client,
        site: Site,
        lock: Lock,
        boards: list[Board],
        options: Options,
        left_out: Iterable[str] = (),
    ) -> None:
        self.client, self.site, self.lock = client, site, lock
        self.boards, self.options = boards, options
        self.left_out = frozenset(left_out)
        self.refusals: list[str] = []
        self.changes: list[Change] = []
        # What is in Metabase now, by key.
        self.cards: dict[str, Json] = {}
        self.dashboards: dict[str, Json] = {}
        self._adopted: set[str] = set()
        self._stale_cards: dict[str, Json] = {}
        self._stale_dashboards: dict[str, Json] = {}

    # --- plan

    def plan(self) -> list[Change]:
        """What would be done. `refusals` are the reasons why it will not be done."""
        for board in self.boards:
            if found := self._find(board):
                self.dashboards[board.key] = found
        self._read_cards()
        if self.options.prune:
            self._read_stale()
        self.changes = list(self._changes())
        return self.changes

    def _find(self, board: Board) -> Json | None:
        """A dashboard as it is now: found by the lock file, or by the last line of its description,
        or with `adopt` by its name."""
        if locked := self.lock.instance.dashboards.get(board.key):
            found = self.client.find(f"/api/dashboard/{locked.entity_id}")
            if found:
                return found
            log.info("%s was deleted in Metabase: it is created again", board.key)
        listed = listed_in(self.client, self.site, board.collection)
        ours = [one for one in listed if is_made_from(board.key, one)]
        named = [one for one in listed if one["name"] == board.payload["name"]]
        if not (candidates := ours or named):
            return None
        if len(candidates) > 1:
            raise DeployError(
                f"{len(candidates)} dashboards in {board.collection} could be {board.key}: archive "
                "all but one"
            )
        if not ours:
            if not self.options.adopt:
                self.refusals.append(
                    f"{board.key}: there is a dashboard “{board.payload['name']}” in "
                    f"{board.collection} that was not made from here: rename one of them, or take "
                    "it over with --adopt"
                )
            self._adopted.add(board.key)
        return self.client.find(f"/api/dashboard/{candidates[0]['id']}")

    def _read_cards(self) -> None:
        """Dashboards come with their cards; cards on no dashboard are read one by one."""
        wanted = {entity_id(card.key): card.key for board in self.boards for card in board.cards}
        for dashboard in self.dashboards.values():
            for dashcard in dashboard.get("dashcards") or []:
                card = dashcard.get("card") or {}
                key = wanted.get(card.get("entity_id") or "")
                if key and "dataset_query" in card:
                    self.cards[key] = card
        left = [key for key in wanted.values() if key not in self.cards]
        self.cards |= self._cards(left)

    def _cards(self, keys: list[str]) -> dict[str, Json]:
        if not keys:
            return {}
        asked = {entity_id(key): key for key in keys}
        answer = self.client.ask(
            "/api/eid-translation/translate", {"entity_ids": {"card": list(asked)}}
        )
        known = [one for one, found in answer["entity_ids"].items() if found.get("status") == "ok"]
        found = {asked[one]: self.client.find(f"/api/card/{one}") for one in known}
        return {key: card for key, card in found.items() if card}

    def _read_stale(self) -> None:
        dashboards, stale = self._undefined()
        for key in dashboards:
            locked = self.lock.instance.dashboards[key]
            found = self.client.find(f"/api/dashboard/{locked.entity_id}")
            self._stale_dashboards[key] = found or {"archived": True}
        found_cards = self._cards(stale)
        self._stale_cards = {key: found_cards.get(key, {"archived": True}) for key in stale}

    def _undefined(self) -> tuple[list[str], list[str]]:
        """The dashboards and the cards that were deployed and are no longer defined."""
        boards = {board.key for board in self.boards} | self.left_out
        cards = {card.key for board in self.boards for card in board.cards}
        return (
            sorted(set(self.lock.instance.dashboards) - boards),
            sorted(
                key
                for key in set(self.lock.instance.cards) - cards
                if key.partition(".")[0] not in self.left_out
            ),
        )

    def _changes(self) -> Iterator[Change]:
        for path in sorted({board.collection for board in self.boards}):
            if path not in self.site.collections:
                yield Change("collection", path, path, "create")
        for board in self.boards:
            for card in board.cards:
                yield self._card_change(card)
            yield self._dashboard_change(board)
        yield from self._stale_changes()

    def _card_change(self, card: Card) -> Change:
        wanted = normal.card(self._card_payload(card))
        found = self.cards.get(card.key)
        return self._change("card", card.key, wanted, found, normal.card(found) if found else None)

    def _dashboard_change(self, board: Board) -> Change:
        found = self.dashboards.get(board.key)
        wanted = normal.dashboard(self._dashboard_payload(board))
        current = normal.dashboard(found) if found else None
        return self._change("dashboard", board.key, wanted, found, current)

    def _change(
        self, kind: Kind, key: str, wanted: Json, found: Json | None, current: Json | None
    ) -> Change:
        if found is None or current is None:
            return Change(kind, key, wanted["name"], "create", wanted=wanted)
        parts = tuple(normal.changed_parts(wanted, current))
        action: Action = "update" if parts else "keep"
        if found.get("archived"):
            action = "restore"
        if kind == "dashboard" and key in self._adopted:
            action = "adopt"
        elif parts:
            self._refuse_edited(kind, key, found, current)
        return Change(kind, key, wanted["name"], action, parts, wanted, current)

    def _stale_changes(self) -> Iterator[Change]:
        if not self.options.prune:
            dashboards, cards = self._undefined()
            for key in dashboards:
                yield Change("dashboard", key, key, "orphan")
            for key in cards:
                yield Change("card", key, key, "orphan")
            return
        stale: list[tuple[Kind, dict[str, Json], Callable[[Json], Json]]] = [
            ("dashboard", self._stale_dashboards, normal.dashboard),
            ("card", self._stale_cards, normal.card),
        ]
        for kind, items, normalized in stale:
            for key, found in sorted(items.items()):
                if not found.get("archived"):
                    self._refuse_edited(kind, key, found, normalized(found))
                    yield Change(kind, key, found["name"], "archive", ("archived",))

    # --- edits by others

    def _refuse_edited(self, kind: Kind, key: str, found: Json, current: Json) -> None:
        """Whether somebody changed a thing since it was deployed: it differs from what was
        deployed, and somebody with another key was the last to change it."""
        if self.options.force or normal.fingerprint(current) == self._recorded(kind, key):
            return
        edit = found.get("last-edit-info")
        if edit is None:
            # The cards that come with a dashboard lack this.
            edit = (self.client.find(f"/api/{kind}/{found['id']}") or {}).get("last-edit-info")
        by = edit or {"id": found.get("creator_id")}
        if by.get("id") == self.site.me["id"]:
            return
        who = by.get("email") or by.get("first_name") or f"user {by.get('id')}"
        when = f" on {str(by['timestamp'])[:16]}" if by.get("timestamp") else ""
        name = found.get("name")
        self.refusals.append(
            f"{key}: {who} changed the {kind} “{name}” in Metabase{when}: `python -m dashboards "
            f"diff {key.partition('.')[0]}` shows it. Bring it into the definition, or overwrite "
            "it with --force"
        )

    def _recorded(self, kind: Kind, key: str) -> str | None:
        if kind == "card":
            return self.lock.instance.cards.get(key)
        locked = self.lock.instance.dashboards.get(key)
        return locked.fingerprint if locked else None

    # --- apply

    def apply(self, done: Callable[[Change], None]) -> None:
        """Do what `plan` said; `done` is called after each change. Raises DeployError,
        MetabaseError."""
        by_key = {(change.kind, change.key): change for change in self.changes}
        for change in self.changes:
            if change.kind == "collection":
                self._make_collection(change.key)
                done(change)
        for board in self.boards:
            for card in board.cards:
                change = by_key["card", card.key]
                self._write_card(card, change)
                done(change)
            change = by_key["dashboard", board.key]
            self._write_dashboard(board, change)
            done(change)
        for change in self.changes:
            if change.action == "archive":
                self._archive(change)
                done(change)
        self._forget()
        self.lock.save()

    def _make_collection(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        if parent and parent not in self.site.collections:
            self._make_collection(parent)
        if path in self.site.collections:
            return
        above = self.site.collections.get(parent) if parent else None

        def look() -> Json | None:
            found = collections(self.client)[0].get(path)
            return {"id": found} if found else None

        body = {"name": name} | ({"parent_id": above} if above else {})
        self.site.collections[path] = self.client.create("/api/collection", body, look)["id"]

    def _card_payload(self, card: Card) -> Json:
        collection = self.site.collections.get(card.collection)
        source = self.cards.get(card.source, {}).get("id") if card.source else None
        return card.with_ids(collection, source)

    def _write_card(self, card: Card, change: Change) -> None:
        payload = self._card_payload(card)
        wanted = normal.card(payload)
        if change.action == "create":
            body = {key: value for key, value in payload.items() if key != "archived"}
            body["entity_id"] = entity_id(card.key)
            written = self.client.create(
                "/api/card", body, lambda: self.client.find(f"/api/card/{body['entity_id']}")
            )
        elif normal.card(self.cards[card.key]) != wanted:
            written = self.client.put(f"/api/card/{self.cards[card.key]['id']}", payload)
        else:
            self.lock.instance.cards[card.key] = normal.fingerprint(wanted)
            return
        self._compare(card.key, wanted, normal.card(written))
        self.cards[card.key] = written
        self.lock.instance.cards[card.key] = normal.fingerprint(wanted)
        self.lock.save()

    def _dashboard_payload(self, board: Board) -> Json:
        ids = {key: card["id"] for key, card in self.cards.items()}
        collection = self.site.collections.get(board.collection)
        return board.with_ids(collection, ids, self.dashboards.get(board.key))

    def _write_dashboard(self, board: Board, change: Change) -> None:
        if change.action == "create":
            self.dashboards[board.key] = self._create_dashboard(board)
        current = self.dashboards[board.key]
        payload = self._dashboard_payload(board)
        wanted = normal.dashboard(payload)
        locked = LockedDashboard(
            entity_id=current["entity_id"],
            id=current["id"],
            fingerprint=normal.fingerprint(wanted),
        )
        if normal.dashboard(current) != wanted:
            # Only administrators may set anything about embedding, even to the same value.
            for name in ("enable_embedding", "embedding_params"):
                if normal.dashboard(current)[name] == wanted[name]:
                    del payload[name]
            self.client.put(f"/api/dashboard/{current['id']}", payload)
            self._read_back(board, current["id"], wanted)
        self.lock.instance.dashboards[board.key] = locked
        self.lock.save()

    def _create_dashboard(self, board: Board) -> Json:
        body = {
            "name": board.payload["name"],
            "description": board.payload["description"],
            "collection_id": self.site.collections[board.collection],
        }

        def look() -> Json | None:
            listed = listed_in(self.client, self.site, board.collection)
            ours = [one for one in listed if is_made_from(board.key, one)]
            return self.client.find(f"/api/dashboard/{ours[0]['id']}") if ours else None

        made = self.client.create("/api/dashboard", body, look)
        self.lock.instance.dashboards[board.key] = LockedDashboard(
            entity_id=made["entity_id"], id=made["id"]
        )
        self.lock.save()
        return made

    def _read_back(self, board: Board, number: int, wanted: Json) -> None:
        """Metabase silently drops what it does not know, at any depth."""
        written = self.client.get(f"/api/dashboard/{number}")
        self._compare(board.key, wanted, normal.dashboard(written))
        by_id = {card["id"]: key for key, card in self.cards.items()}
        wanted_cards = {card.key: card for card in board.cards}
        for dashcard in written.get("dashcards") or []:
            card = dashcard.get("card") or {}
            key = by_id.get(dashcard.get("card_id"))
            if key in wanted_cards and "dataset_query" in card:
                payload = self._card_payload(wanted_cards[key])
                self._compare(key, normal.card(payload), normal.card(card))

    def _compare(self, key: str, wanted: Json, written: Json) -> None:
        if parts := normal.changed_parts(wanted, written):
            raise DeployError(
                f"{key}: Metabase {self.site.version} did not keep what was sent: "
                f"{', '.join(parts)}"
            )

    def _archive(self, change: Change) -> None:
        items = self._stale_dashboards if change.kind == "dashboard" else self._stale_cards
        number = items[change.key]["id"]
        answer = self.client.put(f"/api/{change.kind}/{number}", {"archived": True})
        if not answer.get("archived"):
            raise DeployError(f"{change.key}: Metabase did not archive it")

    def _forget(self) -> None:
        """Remove from the lock file what was archived, by this or by somebody else."""
        for key in self._stale_dashboards:
            self.lock.instance.dashboards.pop(key, None)
        for key in self._stale_cards:
            self.lock.instance.cards.pop(key, None)
