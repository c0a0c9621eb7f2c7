"""What the company uses at OpenAI, and what that costs: a function of the company and the day.

Amounts are dollars, as OpenAI reports them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from sandbox.company import Company, Person, tagged_id

ASTRA: Final = "gpt-6-astra"
MINI: Final = "gpt-6-astra-mini"
EMBEDDING: Final = "text-embedding-3-large"

ASSISTANTS: Final = "assistants-prod"
SEARCH: Final = "semantic-search"

# Dollars for a token: input that was not cached, input that was, output.
_PRICES: Final = {
    ASTRA: ("0.0000025", "0.00000025", "0.00002"),
    MINI: ("0.00000015", "0.000000015", "0.0000006"),
}
_TIERS: Final = {"default": Decimal(1), "priority": Decimal(2), "batch": Decimal("0.5")}
_EMBEDDING_PRICE: Final = Decimal("0.00000013")
_SEARCH_PRICE: Final = Decimal("0.01")


@dataclass(frozen=True)
class Project:
    """A project; `archived` is the first day on which it is."""

    id: str
    name: str
    created: date
    archived: date | None = None


@dataclass(frozen=True)
class Key:
    """A key of a project, of a person or of a service account. One that is not `listed` has been
    deleted; its usage stays."""

    id: str
    name: str
    project: Project
    created: date
    owner: Person | None = None
    account: str | None = None
    listed: bool = True

    @property
    def account_id(self) -> str | None:
        return openai_id("svc_acct", self.account) if self.account else None

    @property
    def user_id(self) -> str | None:
        return user_id(self.owner) if self.owner else None


@dataclass(frozen=True)
class Usage:
    """What one key, or a person without a key, used of a model on a day. `input_tokens` are those
    that were not cached."""

    project: Project
    user_id: str | None
    key_id: str | None
    model: str
    tier: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    requests: int
    searches: int = 0


@dataclass(frozen=True)
class Cost:
    """A part of what a day costs, as finely as it can be told."""

    project_id: str
    user_id: str | None
    key_id: str | None
    line_item: str
    dollars: Decimal
    quantity: int
    unit: str | None


@dataclass(frozen=True)
class Ledger:
    """The organization: everything that does not change from day to day."""

    company: Company
    projects: tuple[Project, ...]
    keys: tuple[Key, ...]
    users: tuple[Person, ...]

    def usages(self, day: date) -> list[Usage]:
        """What was used on a day."""
        rng = Random(f"{self.company.options.seed}-openai-{day}")
        is_weekend = day.weekday() >= 5
        found: list[Usage] = []
        for key in self.keys:
            usage = _of_key(key, day, rng, is_weekend=is_weekend)
            found += usage if key.project.archived is None or day < key.project.archived else []
        # In the playground a person needs no key.
        tester = self.users[0]
        if not is_weekend and tester.present_on(day):
            project = self.projects[1]
            found.append(
                Usage(project, user_id(tester), None, ASTRA, "default", 4_000, 1_000, 900, 3)
            )
        return found


def user_id(person: Person) -> str:
    return openai_id("user", person.index)


def openai_id(prefix: str, *parts: object) -> str:
    """An id such as `proj_4mT…`, the same for the same parts."""
    separator = "-" if prefix == "user" else "_"
    return f"{prefix}{separator}{tagged_id('', 'openai', prefix, *parts).removeprefix('_01')}"


def build_ledger(company: Company) -> Ledger:
    options = company.options
    founded = options.start - timedelta(days=300)

    def project(name: str, archived: date | None = None) -> Project:
        return Project(openai_id("proj", name), name, founded, archived)

    assistants, evaluation, search = (
        project(ASSISTANTS), project("model evaluation"), project(SEARCH),
    )  # fmt: skip
    prototype = project("old prototype", options.start + timedelta(days=int(options.days * 0.4)))
    staying = [p for p in company.people if p.end is None and p.in_roster and p.in_console]
    users = tuple(staying[:5])

    def key(name: str, of: Project, **more: object) -> Key:
        return Key(openai_id("key", name), name, of, founded, **more)  # type: ignore[arg-type]

    keys = (
        key("assistants backend", assistants, account="assistants-backend"),
        key("nightly batch", search, account="nightly-batch"),
        key("search prototype", search, owner=users[1], listed=False),
        key("first steps", prototype, owner=users[2]),
        *(key(f"desk {number}", evaluation, owner=user) for number, user in enumerate(users[2:])),
    )
    return Ledger(company, (assistants, evaluation, search, prototype), keys, users)


def _of_key(key: Key, day: date, rng: Random, *, is_weekend: bool) -> Iterator[Usage]:
    factor = rng.randrange(50, 150)

    def usage(model: str, tier: str, thousands: int, output: int, searches: int = 0) -> Usage:
        tokens = thousands * 10 * factor + rng.randrange(1000)
        cached = tokens // 3 if model != EMBEDDING else 0
        return Usage(
            key.project, key.user_id, key.id, model, tier, tokens - cached, cached,
            output * 10 * factor, 1 + tokens // 4_000, searches,
        )  # fmt: skip

    if key.name == "assistants backend":
        yield usage(ASTRA, "default", 900, 80, searches=0 if is_weekend else rng.randrange(40))
        yield usage(ASTRA, "priority", 120, 15)
        yield usage(MINI, "default", 3_000, 400)
    elif key.name == "nightly batch":
        yield usage(MINI, "batch", 5_000, 700)
        yield usage(EMBEDDING, "default", 2_000, 0)
    elif not is_weekend and (key.owner is None or key.owner.present_on(day)):
        yield usage(ASTRA, "default", 40, 6)


def costs_of(usages: list[Usage]) -> Iterator[Cost]:
    """What the usage of a day costs."""
    for usage in usages:
        who = usage.project.id, usage.user_id, usage.key_id
        if usage.searches:
            dollars = usage.searches * _SEARCH_PRICE
            yield Cost(*who, "web search tool calls", dollars, usage.searches, None)
        if usage.model == EMBEDDING:
            tokens = usage.input_tokens
            yield Cost(*who, EMBEDDING, tokens * _EMBEDDING_PRICE, tokens, "tokens")
            continue
        tier = "" if usage.tier == "default" else f"{usage.tier} "
        counts = (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
        kinds = ("input_tokens", "cached_input_tokens", "output_tokens")
        for kind, count, price in zip(kinds, counts, _PRICES[usage.model], strict=True):
            dollars = count * Decimal(price) * _TIERS[usage.tier]
            yield Cost(*who, f"{usage.model}, {tier}{kind}", dollars, count, "tokens")
