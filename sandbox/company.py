"""The people, keys and workspaces of the sample company, deterministic by seed.

Everything the pipeline must cope with happens to somebody here: joiners, leavers, people who change
teams in mid-month, somebody whose address differs at a vendor, a deleted account, a guest who is on
no roster, keys of people, of teams, of service accounts and of nobody. Both ends of every span here
are inclusive, as people write them in a sheet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from sandbox.options import Options

DEPARTMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "Engineering": (("Platform", "CC-1100"), ("Apps", "CC-1200"), ("Infrastructure", "CC-1300")),
    "Data": (("Analytics", "CC-2100"), ("Machine Learning", "CC-2200")),
    "Product": (("Product Management", "CC-3100"), ("Design", "CC-3200")),
    "Customer Success": (("Support", "CC-4100"), ("Solutions", "CC-4200")),
    "Operations": (("Finance", "CC-5100"), ("People", "CC-5200")),
}
"""Department → its teams with their cost centers."""

_DEPARTMENT_SLOTS = (
    "Engineering", "Engineering", "Data", "Product", "Customer Success",
    "Engineering", "Engineering", "Operations", "Data", "Engineering",
    "Product", "Engineering", "Customer Success", "Engineering", "Data",
    "Engineering", "Product", "Customer Success", "Operations", "Engineering",
)  # fmt: skip
"""The order of hiring: 8 of any 20 people are engineers."""

_TITLES = {
    "Engineering": ("Software Engineer", "Senior Software Engineer", "Staff Engineer"),
    "Data": ("Data Analyst", "Data Engineer", "ML Engineer"),
    "Product": ("Product Manager", "Product Designer", "Researcher"),
    "Customer Success": ("Support Specialist", "Solutions Engineer", "Success Manager"),
    "Operations": ("Accountant", "People Partner", "Financial Analyst"),
}

_FIRST_NAMES = (
    "Acorn", "Amber", "Aster", "Bramble", "Briar", "Cedar", "Clover", "Comet",
    "Coral", "Cricket", "Daffodil", "Ember", "Fennel", "Fern", "Finch", "Garnet",
    "Ginger", "Hazel", "Heather", "Indigo", "Juniper", "Lark", "Laurel", "Linden",
    "Lotus", "Maple", "Marigold", "Meadow", "Nettle", "Nutmeg", "Oleander", "Opal",
    "Pebble", "Poppy", "Quartz", "Rowan", "Saffron", "Sage", "Sorrel", "Teal",
)  # fmt: skip
_LAST_NAMES = (
    "Applecart", "Bellwether", "Bluebottle", "Brambleworth", "Candlewick", "Clockspring",
    "Copperkettle", "Cobblestone", "Dandelion", "Dewdrop", "Driftwood", "Featherstonehaugh",
    "Fiddlestick", "Foxglove", "Gingersnap", "Gooseberry", "Hollowreed", "Inkwell", "Jellybean",
    "Kettledrum", "Lanternjaw", "Lemonpeel", "Marmalade", "Moonbeam", "Mossbank", "Nightjar",
    "Oatcake", "Paperclip", "Peppercorn", "Pinwheel", "Quillfeather", "Rainbarrel", "Sandpiper",
    "Snowdrift", "Sugarplum", "Teacup", "Thimble", "Thistledown", "Umbrella", "Windmill",
)  # fmt: skip

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def tagged_id(prefix: str, *parts: object) -> str:
    """A vendor-like id such as `user_01Rj2N8…`, the same for the same parts."""
    number = int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest(), "big")
    digits = []
    for _ in range(22):
        number, digit = divmod(number, 58)
        digits.append(_BASE58[digit])
    return f"{prefix}_01{''.join(digits)}"


@dataclass(frozen=True)
class Stint:
    """A time in one team; `end` is the last day in it, None if it has no end yet."""

    department: str
    team: str
    cost_center: str
    start: date
    end: date | None = None


@dataclass(frozen=True)
class Person:
    """Somebody who uses AI tools. The e-mails are the ones that each vendor knows."""

    index: int
    name: str
    email: str
    stints: tuple[Stint, ...]
    start: date
    end: date | None
    job_title: str
    user_type: str
    budget_usd: int
    cursor_email: str | None
    cursor_user_id: str
    claude_email: str
    claude_user_id: str
    in_console: bool
    has_seat: bool
    in_roster: bool = True
    account_deleted: bool = False
    claude_until: date | None = None
    """How long the account at Claude stays open after the last day, if somebody forgot it."""

    def present_on(self, day: date) -> bool:
        """Whether the person works here on that day."""
        return self.start <= day and (self.end is None or day <= self.end)

    def has_forgotten_account_on(self, day: date) -> bool:
        """Whether the person has left and still uses Claude."""
        return (
            self.end is not None
            and self.claude_until is not None
            and self.end < day <= self.claude_until
        )

    def stint_on(self, day: date) -> Stint:
        """The team on that day; outside the person's time here, the first or the last team."""
        for stint in self.stints:
            if stint.end is None or day <= stint.end:
                return stint
        return self.stints[-1]


@dataclass(frozen=True)
class Workspace:
    """A Console workspace; the default one is null in the legacy reports."""

    id: str
    name: str
    created: date
    archived: date | None = None
    is_default: bool = False
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ServiceAccount:
    """An identity without a person."""

    id: str
    name: str
    description: str
    created: date


@dataclass(frozen=True)
class Mapping:
    """A row of the sheet `api_key_mappings` about a key, a workspace or a service account."""

    target_id: str
    name: str
    email: str = ""
    platform: str = "claude_api"
    purpose: str = ""
    environment: str = "production"
    cost_center: str = ""
    is_active: bool = True
    confidence: str = ""
    share: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class ApiKey:
    """An API key of the Console organization.

    `actor` is what the analytics endpoints call the user of the key: a pair of actor type and id. A
    key that is not `listed` is used but appears in no directory.
    """

    id: str
    name: str
    workspace_id: str
    created: date
    actor: tuple[str, str]
    created_by: tuple[str, str] | None = None
    principal: tuple[str, str] | None = None
    status: str = "active"
    active_until: date | None = None
    volume: int = 1
    claude_code_owner: Person | None = None
    listed: bool = True


@dataclass(frozen=True)
class Company:
    """Everything that does not change from day to day."""

    options: Options
    people: tuple[Person, ...]
    workspaces: tuple[Workspace, ...]
    service_accounts: tuple[ServiceAccount, ...]
    keys: tuple[ApiKey, ...]
    mappings: tuple[Mapping, ...]
    aliases: tuple[tuple[str, str], ...]

    @property
    def default_workspace(self) -> Workspace:
        """The workspace that the legacy reports call null."""
        return self.workspaces[0]

    def workspace(self, name: str) -> Workspace:
        """The workspace with that name; KeyError if there is none."""
        for workspace in self.workspaces:
            if workspace.name == name:
                return workspace
        raise KeyError(name)

    def by_claude_user_id(self) -> dict[str, Person]:
        """People by their Anthropic user id."""
        return {person.claude_user_id: person for person in self.people}


def build_company(options: Options) -> Company:
    """The company with these options."""
    people = _build_people(options)
    workspaces = _build_workspaces(options)
    service_accounts = _build_service_accounts(options)
    keys, mappings = _build_keys(options, people, workspaces, service_accounts)
    aliases = tuple(
        (address, person.email)
        for person in people
        for address in (person.cursor_email, person.claude_email)
        if address is not None and address != person.email
    )
    return Company(options, people, workspaces, service_accounts, keys, mappings, aliases)


def _build_people(options: Options) -> tuple[Person, ...]:
    rng = Random(f"{options.seed}-people")
    names = _names(options.people, rng)
    departments = [_DEPARTMENT_SLOTS[i % len(_DEPARTMENT_SLOTS)] for i in range(options.people)]
    members = {name: [i for i, d in enumerate(departments) if d == name] for name in DEPARTMENTS}
    engineers, data = members["Engineering"], members["Data"]
    movers = {
        engineers[2]: (("Data", 1), _mid_month(options, 0.5, 16)),
        data[1]: (("Data", 0), _mid_month(options, 0.35, 12)),
        members["Product"][1]: (("Customer Success", 1), _mid_month(options, 0.75, 18)),
    }
    cursor_alias, claude_alias = engineers[1], data[0]
    deleted, guest = members["Customer Success"][1], engineers[3]
    special = {*movers, cursor_alias, claude_alias, deleted, guest, 0}
    people: list[Person] = []
    for i, (name, department) in enumerate(zip(names, departments, strict=True)):
        order = members[department].index(i)
        teams = DEPARTMENTS[department]
        team, cost_center = teams[order % len(teams)]
        start, end = _career(options, rng, i, is_special=i in special)
        stints: tuple[Stint, ...] = (Stint(department, team, cost_center, start, end),)
        if i in movers:
            (new_department, new_team), move = movers[i]
            to_team, to_center = DEPARTMENTS[new_department][new_team]
            stints = (
                Stint(department, team, cost_center, start, move - timedelta(days=1)),
                Stint(new_department, to_team, to_center, move, end),
            )
        slug = name.lower().replace(" ", ".")
        email = f"{slug}@example.com"
        uses_cursor = department in ("Engineering", "Data", "Product") or rng.random() < 0.25
        people.append(
            Person(
                index=i,
                name=name,
                email=email,
                stints=stints,
                start=start,
                end=end,
                job_title=_TITLES[department][rng.randrange(3)],
                user_type="contractor" if i == guest or rng.random() < 0.08 else "employee",
                budget_usd=rng.choice((50, 100, 150, 200, 300)),
                cursor_email=_alias(slug) if i == cursor_alias else email if uses_cursor else None,
                cursor_user_id=tagged_id("user", options.seed, "cursor", i),
                claude_email=_alias(slug) if i == claude_alias else email,
                claude_user_id=tagged_id("user", options.seed, "claude", i),
                in_console=department in ("Engineering", "Data"),
                has_seat=i in {claude_alias, deleted, *movers} or rng.random() < 0.75,
                in_roster=i != guest,
                account_deleted=i == deleted,
            )
        )
    return tuple(_with_forgotten_account(people))


def _with_forgotten_account(people: list[Person]) -> Iterator[Person]:
    """The people; of those who left with a seat, the first one's account was not closed."""
    forgotten = next((p for p in people if p.has_seat and p.end is not None), None)
    for person in people:
        if person is forgotten and person.end is not None:
            yield replace(person, claude_until=person.end + timedelta(days=10))
        else:
            yield person


def _names(count: int, rng: Random) -> list[str]:
    pairs = [f"{first} {last}" for first in _FIRST_NAMES for last in _LAST_NAMES]
    rng.shuffle(pairs)
    return [
        pairs[i] if i < len(pairs) else f"{pairs[i % len(pairs)]} {_roman(i // len(pairs) + 1)}"
        for i in range(count)
    ]


def _roman(number: int) -> str:
    return "I" * number if number < 4 else f"No{number}"


def _alias(slug: str) -> str:
    first, _, last = slug.partition(".")
    return f"{first[0]}{last}@example.com"


def _mid_month(options: Options, share: float, day_of_month: int) -> date:
    """A day in the middle of the month that contains that share of the company's time."""
    middle = options.start + timedelta(days=int(options.days * share))
    day = middle.replace(day=day_of_month)
    return day if options.start < day < options.today else middle


def _career(
    options: Options, rng: Random, index: int, *, is_special: bool
) -> tuple[date, date | None]:
    """First and last day at the company; nobody leaves in the last week, so that the clock may move
    without changing anybody's status."""
    start = options.start - timedelta(days=rng.randrange(60, 1500))
    share = rng.random()
    if is_special or options.days < 30:
        return start, None
    if index % 8 == 6:
        return options.start + timedelta(days=int(options.days * (0.1 + 0.7 * share))), None
    if index % 10 == 9:
        span = options.days - 14
        return start, options.start + timedelta(days=int(span * (0.2 + 0.75 * share)))
    return start, None


def _build_workspaces(options: Options) -> tuple[Workspace, ...]:
    founded = options.start - timedelta(days=400)

    def workspace(name: str, **extra: object) -> Workspace:
        return Workspace(tagged_id("wrkspc", options.seed, name), name, founded, **extra)  # type: ignore[arg-type]

    return (
        workspace("Default", is_default=True),
        workspace("Production", tags=(("env", "prod"), ("team", "platform"))),
        workspace("Data Platform", tags=(("env", "prod"), ("team", "data"))),
        workspace("Research"),
        workspace("Prototype", archived=options.start + timedelta(days=int(options.days * 0.6))),
        workspace("Claude Code"),
    )


def _build_service_accounts(options: Options) -> tuple[ServiceAccount, ...]:
    created = options.start - timedelta(days=200)
    return tuple(
        ServiceAccount(tagged_id("svac", options.seed, name), name, description, created)
        for name, description in (
            ("nightly-pipeline", "Nightly document pipeline"),
            ("ci-review-bot", "Reviews pull requests"),
        )
    )


def _build_keys(
    options: Options,
    people: tuple[Person, ...],
    workspaces: tuple[Workspace, ...],
    service_accounts: tuple[ServiceAccount, ...],
) -> tuple[tuple[ApiKey, ...], tuple[Mapping, ...]]:
    ids = {workspace.name: workspace.id for workspace in workspaces}
    archived_on = next(w.archived for w in workspaces if w.name == "Prototype")
    created = options.start - timedelta(days=120)
    engineers = [p for p in people if p.stints[0].department == "Engineering" and p.end is None]
    data = [p for p in people if p.stints[0].department == "Data" and p.end is None]
    leaver = next((p for p in people if p.in_console and p.end is not None), engineers[-1])
    pipeline, review_bot = service_accounts

    def key(
        name: str,
        workspace: str,
        *,
        creator: Person | None = None,
        principal: tuple[str, str] | None = None,
        **extra: object,
    ) -> ApiKey:
        key_id = tagged_id("apikey", options.seed, name)
        return ApiKey(
            id=key_id,
            name=name,
            workspace_id=ids[workspace],
            created=created,
            actor=principal or ("api_actor", key_id),
            created_by=("user", creator.claude_user_id) if creator else None,
            principal=principal,
            **extra,  # type: ignore[arg-type]
        )

    def user(person: Person) -> tuple[str, str]:
        return ("user_actor", person.claude_user_id)

    def service(account: ServiceAccount) -> tuple[str, str]:
        return ("service_account_actor", account.id)

    gateway = key("prod-gateway", "Production", creator=engineers[0], volume=4)
    support = key("support-bot", "Production", creator=engineers[0], volume=3)
    notebook = key("research-notebook", "Research", creator=data[1], volume=2)
    harness = key("eval-harness", "Research", creator=engineers[2], volume=2)
    retired = key("old-importer", "Data Platform")
    loader = key("loader-script", "Data Platform", creator=data[-1])
    keys = [
        gateway,
        support,
        notebook,
        harness,
        retired,
        key("nightly-pipeline", "Data Platform", principal=service(pipeline), volume=3),
        key("ci-review", "Production", principal=service(review_bot), volume=2),
        key("shared-demo", "Default"),
        key("desk-experiments", "Default", principal=user(engineers[0])),
        loader,
        key("prototype", "Prototype", creator=leaver, status="archived", active_until=archived_on),
        key("forgotten", "Research", listed=False),
        key("workshop", "Research", creator=engineers[1], active_until=created),
    ]
    mappings = [
        Mapping(gateway.id, gateway.name, purpose="document_processing", cost_center="CC-1100"),
        Mapping(
            support.id, support.name, purpose="customer_support", cost_center="CC-4100",
            confidence="0.6",
        ),
        Mapping(
            notebook.id, notebook.name, email=data[0].email, purpose="coding",
            environment="development", cost_center="CC-2100", confidence="0.9",
        ),
        Mapping(
            harness.id, harness.name, email=engineers[1].email, purpose="evaluation",
            environment="staging", valid_to=_mid_month(options, 0.6, 14),
        ),
        Mapping(retired.id, retired.name, email=data[-1].email, is_active=False),
        Mapping(pipeline.id, pipeline.name, purpose="document_processing", cost_center="CC-2200"),
        Mapping(ids["Prototype"], "Prototype", purpose="research", cost_center="CC-1300"),
        Mapping(loader.id, loader.name, email=data[-1].email, purpose="automation", share="70"),
        Mapping(loader.id, loader.name, purpose="automation", cost_center="CC-2200", share="30"),
    ]  # fmt: skip
    for i in range(max(0, options.people - 60) // 12):
        owner = engineers[i % len(engineers)]
        extra = key(f"service-{i:03d}", "Production", creator=owner)
        keys.append(extra)
        if i % 3:
            mappings.append(
                Mapping(extra.id, extra.name, email=owner.email, purpose="document_processing")
            )
    for person in people:
        if not person.in_console or person.index % 5 == 3:
            continue
        suffix = tagged_id("x", options.seed, "cc", person.index)[4:8].lower()
        # Newer keys act as their person; older ones only say who created them.
        bound = person.index % 3 != 0
        keys.append(
            key(
                f"claude_code_key_{person.email.partition('@')[0]}_{suffix}",
                "Claude Code",
                creator=person,
                principal=user(person) if bound else None,
                claude_code_owner=person,
            )
        )
    return tuple(keys), tuple(mappings)
