"""What happened at Anthropic each day: the one ledger that every endpoint adds up.

A day's entries depend on the seed, the company and the day, never on other days. Amounts are
decimal cents. Tokens and their cost are in one entry, so no two endpoints can disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from math import sqrt
from random import Random
from typing import Final, NamedTuple

from sandbox.company import ApiKey, Company, Person
from sandbox.money import ZERO

CONSOLE: Final = "console"
ENTERPRISE: Final = "enterprise"
ORGANIZATIONS: Final = (CONSOLE, ENTERPRISE)

REAL_BILL_DAY: Final = date(2026, 8, 17)

TOKEN_TYPES: Final = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
    "output_tokens",
)

UNPRICED_MODEL: Final = "claude-nimbus-preview"
"""A model that no price list has."""

_PRICES: Final = {
    "claude-opus-4-8": (Decimal(5), Decimal(25)),
    "claude-sonnet-5": (Decimal(2), Decimal(10)),
    "claude-haiku-4-5": (Decimal(1), Decimal(5)),
    UNPRICED_MODEL: (Decimal("3.7"), Decimal("18.5")),
}
"""Model → dollars per million input and output tokens."""

_INPUT_FACTORS: Final = (Decimal(1), Decimal("0.1"), Decimal("1.25"), Decimal(2))
_CENTS_PER_TOKEN_AT_ONE_DOLLAR: Final = Decimal(100) / Decimal(1_000_000)
_CENTS_PER_WEB_SEARCH: Final = Decimal(1)
_CENTS_PER_CODE_EXECUTION: Final = Decimal("0.4167")
_CENTS_PER_AGENT_SESSION: Final = Decimal("1.3333")

_DISCOUNTS: Final = {CONSOLE: {"claude-opus-4-8": Decimal("0.15")}, ENTERPRISE: {}}
_ENTERPRISE_DISCOUNT: Final = Decimal("0.1")

_TERMINALS: Final = ("vscode", "iTerm.app", "tmux", "ghostty")

_PRODUCTS_BY_DEPARTMENT: Final = {
    "Engineering": ("chat", "claude_code", "cowork", "chat", "aurora_canvas"),
    "Data": ("chat", "cowork", "office_agent", "chat", "claude_code"),
    "Product": ("chat", "cowork", "office_agent", "aurora_canvas"),
    "Customer Success": ("chat", "chat", "cowork", "office_agent"),
    "Operations": ("chat", "office_agent", "office_agent", "cowork"),
}
"""Where people spend their day; `aurora_canvas` is a product newer than any documentation."""


class Cost(NamedTuple):
    """One component of an entry's cost, in cents after and before discount."""

    cost_type: str
    token_type: str | None
    amount: Decimal
    list_amount: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """One combination of dimensions at one minute of a day.

    `actor` is a pair of actor type and id (or subject), None if it is not known. `tokens` follows
    TOKEN_TYPES. Blocked and Priority Tier requests have tokens and no cost; code execution has cost
    and no tokens, and there `requests` counts execution spans.
    """

    minute: int
    actor: tuple[str, str] | None
    api_key_id: str | None
    workspace_id: str | None
    model: str | None
    product: str | None
    requests: int
    tokens: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    web_searches: int = 0
    costs: tuple[Cost, ...] = ()
    context_window: str | None = "0-200k"
    service_tier: str | None = "standard"
    inference_geo: str | None = "global"
    speed: str | None = "standard"
    terminal: str | None = None
    is_remote: bool = False

    @property
    def is_usage(self) -> bool:
        """Whether the entry appears in the legacy usage report."""
        return any(self.tokens) or self.web_searches > 0

    def revised(self, factor: Decimal) -> Entry:
        """The entry with every amount multiplied."""
        costs = tuple(
            cost._replace(amount=cost.amount * factor, list_amount=cost.list_amount * factor)
            for cost in self.costs
        )
        return replace(self, costs=costs)


def entries_of(company: Company, organization: str, day: date) -> list[Entry]:
    """The day's entries in that organization, as first reported; none before the company
    existed."""
    options = company.options
    is_quiet = organization == CONSOLE and day == options.weekday_at(0.45)
    if day < options.start or is_quiet:
        return []
    rng = Random(f"{options.seed}-anthropic-{organization}-{day}")
    generate = _console_entries if organization == CONSOLE else _enterprise_entries
    return list(generate(company, day, rng))


def real_bill_entries(company: Company) -> list[Entry]:
    """One day as it was really billed: $3.642052, which read as dollars instead of cents
    would be $364.21."""
    key = company.keys[0]
    list_costs = (
        ("tokens", TOKEN_TYPES[0], "217.3762"),
        ("tokens", TOKEN_TYPES[4], "77.829"),
        ("web_search", None, "69"),
    )
    return [
        Entry(
            minute=600,
            actor=key.actor,
            api_key_id=key.id,
            workspace_id=key.workspace_id,
            model="claude-sonnet-5",
            product=None,
            requests=69,
            tokens=(1_086_881, 0, 0, 0, 77_829),
            web_searches=69,
            costs=tuple(
                Cost(cost_type, token_type, Decimal(cents), Decimal(cents))
                for cost_type, token_type, cents in list_costs
            ),
        )
    ]


def _console_entries(company: Company, day: date, rng: Random) -> Iterator[Entry]:
    scale = sqrt(company.options.events_per_day / 3)
    index = (day - company.options.start).days
    weekend = day.weekday() >= 5
    by_user = company.by_claude_user_id()
    for key in company.keys:
        if day < key.created or (key.active_until is not None and day >= key.active_until):
            continue
        if key.claude_code_owner is not None:
            yield from _claude_code_entries(key, key.claude_code_owner, day, rng, scale, weekend)
            continue
        owner = by_user.get(key.actor[1])
        if owner is not None and not owner.present_on(day):
            continue
        if index % 30 == 11 and key.workspace_id == company.workspace("Prototype").id:
            continue
        count = max(1, round(key.volume * scale)) if rng.random() < 0.9 else 0
        for _ in range(count):
            yield _api_entry(key, rng)
    pipeline = next(key for key in company.keys if key.name == "nightly-pipeline")
    spans = rng.randint(3, 60)
    yield _fee_entry(pipeline, "code_execution", _CENTS_PER_CODE_EXECUTION, spans)
    if index % 30 == 11:
        # A workspace that costs something on a day without any usage.
        prototype = next(key for key in company.keys if key.name == "prototype")
        yield _fee_entry(prototype, "code_execution", _CENTS_PER_CODE_EXECUTION, spans + 1)
    if index % 4 == 1:
        yield _fee_entry(pipeline, "session_usage", _CENTS_PER_AGENT_SESSION, rng.randint(1, 9))
    yield _metered(
        rng, CONSOLE, "claude-haiku-4-5", 300_000,
        actor=("federated_actor", "repo:example/apps:ref:refs/heads/main"), api_key_id=None,
        workspace_id=company.workspace("Data Platform").id, product=None,
    )  # fmt: skip
    if index % 5 == 0:
        yield _metered(
            rng, CONSOLE, "claude-sonnet-5", 80_000,
            actor=None, api_key_id=None, workspace_id=company.default_workspace.id, product="other",
        )  # fmt: skip
    yield from _playground_entries(company, day, rng)


def _api_entry(key: ApiKey, rng: Random) -> Entry:
    model = rng.choices(tuple(_PRICES), (3, 8, 6, 1))[0]
    dice = rng.random()
    extra: dict[str, object] = {}
    if dice < 0.06:
        extra = {"service_tier": "batch"}
    elif dice < 0.10:
        extra = {"context_window": "200k-1M"}
    elif dice < 0.13:
        extra = {"inference_geo": "us"}
    elif dice < 0.16:
        extra = {"service_tier": "priority"}
    entry = _metered(
        rng, CONSOLE, model, 900_000,
        actor=key.actor, api_key_id=key.id, workspace_id=key.workspace_id, product=None, **extra,
    )  # fmt: skip
    blocked = dice > 0.97
    if blocked or entry.service_tier == "priority":
        return replace(entry, costs=(), web_searches=0)
    return entry


def _claude_code_entries(
    key: ApiKey, person: Person, day: date, rng: Random, scale: float, weekend: bool
) -> Iterator[Entry]:
    if not person.present_on(day) or rng.random() > (0.08 if weekend else 0.7):
        return
    for terminal in rng.sample(_TERMINALS, 2 if rng.random() < 0.25 else 1):
        for model in rng.sample(("claude-opus-4-8", "claude-sonnet-5"), rng.choice((1, 1, 2))):
            entry = _metered(
                rng, CONSOLE, model, round(250_000 * max(1.0, scale)),
                actor=key.actor, api_key_id=key.id, workspace_id=key.workspace_id,
                product="claude_code",
            )  # fmt: skip
            yield replace(entry, terminal=terminal, is_remote=rng.random() < 0.1)


def _playground_entries(company: Company, day: date, rng: Random) -> Iterator[Entry]:
    present = [p for p in company.people if p.in_console and p.present_on(day)]
    for person in rng.sample(present, min(2, len(present))):
        yield _metered(
            rng, CONSOLE, "claude-sonnet-5", 40_000,
            actor=("user_actor", person.claude_user_id), api_key_id=None,
            workspace_id=company.default_workspace.id, product="other",
        )  # fmt: skip


def _enterprise_entries(company: Company, day: date, rng: Random) -> Iterator[Entry]:
    weekend = day.weekday() >= 5
    scale = max(1, round(sqrt(company.options.events_per_day / 3)))
    for person in company.people:
        if not person.has_seat or not person.present_on(day):
            continue
        if rng.random() > (0.07 if weekend else 0.6):
            continue
        products = _PRODUCTS_BY_DEPARTMENT[person.stint_on(day).department]
        for _ in range(scale):
            product = rng.choice(products)
            for model in rng.sample(tuple(_PRICES)[:3], rng.choice((1, 1, 2))):
                yield _enterprise_entry(rng, ("user_actor", person.claude_user_id), model, product)
        if rng.random() < 0.04:
            cents = _CENTS_PER_CODE_EXECUTION * rng.randint(1, 5)
            yield Entry(
                minute=rng.randrange(1440),
                actor=("user_actor", person.claude_user_id),
                api_key_id=None,
                workspace_id=None,
                model=None,
                product=None,
                requests=rng.randint(1, 5),
                costs=(Cost("code_execution", None, _discounted(cents), cents),),
                context_window=None,
                service_tier=None,
                inference_geo=None,
                speed=None,
            )
    if day.weekday() == 2:
        yield _enterprise_entry(rng, None, "claude-opus-4-8", "cc_security_autopatch")
    for person in company.people:
        if person.has_forgotten_account_on(day) and not weekend:
            actor = ("user_actor", person.claude_user_id)
            yield _enterprise_entry(rng, actor, "claude-sonnet-5", "chat")


def _enterprise_entry(
    rng: Random, actor: tuple[str, str] | None, model: str, product: str
) -> Entry:
    return _metered(
        rng, ENTERPRISE, model, 120_000,
        actor=actor, api_key_id=None, workspace_id=None, product=product, service_tier=None,
    )  # fmt: skip


def _discounted(cents: Decimal) -> Decimal:
    return cents * (1 - _ENTERPRISE_DISCOUNT)


def _fee_entry(key: ApiKey, cost_type: str, unit_cents: Decimal, count: int) -> Entry:
    cents = unit_cents * count
    return Entry(
        minute=180,
        actor=key.actor,
        api_key_id=key.id,
        workspace_id=key.workspace_id,
        model=None,
        product=None,
        requests=count,
        costs=(Cost(cost_type, None, cents, cents),),
        context_window=None,
        service_tier=None,
        inference_geo=None,
        speed=None,
    )


def _metered(
    rng: Random, organization: str, model: str, volume: int, **dimensions: object
) -> Entry:
    """An entry with random tokens around `volume` and what they cost."""
    uncached = rng.randrange(volume // 10, volume)
    cached = rng.random() < 0.6
    tokens = (
        uncached,
        rng.randrange(volume * 4) if cached else 0,
        rng.randrange(volume // 2) if cached else 0,
        rng.randrange(volume // 4) if cached and rng.random() < 0.3 else 0,
        rng.randrange(volume // 40, volume // 6),
    )
    searches = rng.randint(1, 40) if rng.random() < 0.12 else 0
    entry = Entry(
        minute=rng.randrange(1440),
        model=model,
        requests=rng.randint(1, 80) + searches,
        tokens=tokens,
        web_searches=searches,
        **dimensions,  # type: ignore[arg-type]
    )
    return replace(entry, costs=_costs(organization, entry))


def _costs(organization: str, entry: Entry) -> tuple[Cost, ...]:
    assert entry.model is not None  # noqa: S101 - only metered entries come here
    input_price, output_price = _PRICES[entry.model]
    long_context = entry.context_window == "200k-1M"
    common = Decimal("0.5") if entry.service_tier == "batch" else Decimal(1)
    if entry.inference_geo == "us":
        common *= Decimal("1.1")
    input_rate = input_price * common * (2 if long_context else 1)
    output_rate = output_price * common * (Decimal("1.5") if long_context else 1)
    rates = (*(input_rate * factor for factor in _INPUT_FACTORS), output_rate)
    discount = _DISCOUNTS[organization].get(
        entry.model, _ENTERPRISE_DISCOUNT if organization == ENTERPRISE else ZERO
    )
    costs = []
    for token_type, tokens, rate in zip(TOKEN_TYPES, entry.tokens, rates, strict=True):
        if tokens:
            cents = tokens * rate * _CENTS_PER_TOKEN_AT_ONE_DOLLAR
            costs.append(Cost("tokens", token_type, cents * (1 - discount), cents))
    if entry.web_searches:
        cents = entry.web_searches * _CENTS_PER_WEB_SEARCH
        costs.append(Cost("web_search", None, cents, cents))
    return tuple(costs)
