"""A made-up company that sells an AI coding tool: its Salesforce and its product's tables.

Deterministic by seed, and in days before `today`. Every difficulty that the pipeline must cope with
is planted here, by name in `TEAMS_…` and the like; ids are the same for every seed, amounts are
not. Accounts and subscriptions are numbered from 1; subscription n belongs to team 100 + n unless
something below says otherwise.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from random import Random
from typing import Any, Final

from sandbox.options import Options

Record = dict[str, Any]
Row = tuple[Any, ...]

ACCOUNTS: Final = 40
TEAMS: Final = 60
USERS: Final = 900
FIRST_TEAM: Final = 101
FIRST_USER: Final = 1001

# --- What is planted ---

ACCOUNTS_WITH_MORE_SUBSCRIPTIONS: Final = {3: 2, 7: 2, 12: 2, 20: 3}
ACCOUNTS_WITHOUT_SUBSCRIPTION: Final = (39, 40)
"""Prospects: an open opportunity and no subscription."""
SUBSCRIPTIONS: Final = ACCOUNTS - 2 + 5
DELETED_ACCOUNTS: Final = (41, 42)
DELETED_SUBSCRIPTION: Final = 44
DELETED_CUSTOMER: Final = 32
"""Its account was merged into another, which deletes it; its subscription and team go on."""
SUBSCRIPTION_OF_DELETED_CUSTOMER: Final = 37

TEAM_LISTS: Final = {
    5: "105, 144",
    9: "109;145",
    14: "114 / 146",
    22: " 122,,147 ,",
    30: "130\n148",
    16: "",
    33: None,
    34: None,
    42: "142, 999",
    26: "126, 127",
}
"""What All_Cursor_Team_IDs__c says where it is not the subscription's own team alone. 999 is no
team; 127 is also listed by its own subscription, 27."""
EXTRA_TEAMS: Final = {144: 5, 145: 9, 146: 14, 147: 22, 148: 30}
"""Second teams of a subscription."""
TEAMS_WITHOUT_SUBSCRIPTION: Final = (149, 150, 151, 152, 153, 154, 155, 156, 157)
STALE_TEAM: Final = 117
"""Its own record says subscription 18; the list of 17 and 17's opportunity say 17."""
TEAM_KNOWN_ONLY_BY_OPPORTUNITY: Final = 133
TEAM_KNOWN_ONLY_BY_ITS_RECORD: Final = 134
TEAM_OF_EMPTY_LIST: Final = 116
"""The list of subscription 16 is an empty text; the team's own record names the subscription."""
TEAM_OF_DELETED_SUBSCRIPTION: Final = 158
TEAM_OF_UNKNOWN_SUBSCRIPTION: Final = 159
TEAM_WITHOUT_MEMBERS: Final = 160
CONFLICTING_OPPORTUNITY: Final = (11, "112")
"""The newest opportunity of subscription 11 names the team of subscription 12."""
CASE_TWINS: Final = {40: "a0XSB0000caseAb", 41: "a0XSB0000caseaB"}
"""Subscriptions whose 15 characters differ in upper and lower case only."""
SEATS_DIFFER: Final = {102: 7, 110: -5}
"""Team → how many seats more the product has than the subscription."""
CHURNED_SUBSCRIPTION: Final = 2
"""Ended three months ago and was not renewed; its team goes on."""
RENEWED: Final = (38, 45)
"""The first ended in the middle of the last month but one; the second is of the same team, goes on
from there, and stands in the team's own record."""

KEEN_EVERY: Final = 20
"""One person in this many works with it on every working day."""
HEAVY_EVERY: Final = 180
"""One person in this many does most of the work, with large contexts."""
BUGBOT_TEAMS: Final = (106, 121)
MOVED_USER: Final = (1005, 101, 102)
"""In the first team to the middle of the time, then in the second."""
USERS_WITHOUT_EVENTS: Final = tuple(range(1881, 1901))
USERS_WITH_ACTIVITY_ONLY: Final = tuple(range(1881, 1886))
ZERO_SPEND_USERS: Final = tuple(range(1861, 1881))
"""They use nothing but Tab, which costs nothing."""
USER_OF_NO_TEAM: Final = 9999
"""Has some events of team 103 and is no member of any team."""

OVERAGE_SUBSCRIPTIONS: Final = (*range(1, 13), *RENEWED)
OVERCHARGED: Final = (4, Decimal("100.00"))
UNDERCHARGED: Final = (8, Decimal("0.5"))
"""Subscriptions whose newest complete month is invoiced wrongly: one with that many dollars more
than its overage, one with that part of it."""
INCLUDED_USAGE_FIELD: Final = "Included_Usage_USD__c"
"""What a month of a subscription includes, in dollars. Those with overages use more of it in every
month, all others less, but for the two that follow."""
NOT_INVOICED: Final = 13
"""Uses more than it includes, and nobody invoiced it."""
INCLUDED_NOT_KNOWN: Final = 15
"""Nobody filled in what it includes."""

FEE_NANO: Final = 250
"""A quarter of a dollar per million tokens, in billionths of a dollar per token."""
WRONG_FEE_NANO: Final = 200
WRONG_FEE_EVERY: Final = 400
"""One event in this many that has a fee was charged at the old rate."""
FEE_ON_DEFAULT_EVERY: Final = 1500
"""One event in this many was charged the fee although its model, Auto, has none."""
LATE_EVENTS: Final = 12
"""This many events arrived up to 20 days late: their ids are newer than their days."""
SKIPPED_ID_EVERY: Final = 1000
"""One id in this many is missing, as if its transaction had been rolled back."""

# Dollars per million tokens, in thousandths: input, output, cache read, cache write.
PRICES: Final = {
    "claude-sonnet-4.5": (3000, 15000, 300, 3750),
    "claude-opus-4.5": (5000, 25000, 500, 6250),
    "gpt-5-codex": (1250, 10000, 125, 1250),
    "default": (1250, 6000, 250, 1250),
}
_MODELS: Final = tuple(PRICES)
_MODEL_WEIGHTS: Final = (35, 45, 70, 100)
TAB_MODEL: Final = "cursor-tab"
_KINDS: Final = ("agent", "chat", "tab", "cmd_k", "embedding", "bugBot")
_KIND_WEIGHTS: Final = (50, 65, 82, 92, 97, 100)
_BUGBOT_WEIGHTS: Final = (20, 25, 33, 37, 40, 100)
_EVENTS_PER_ACTIVE_DAY: Final = 4

_WORDS: Final = (
    "Acorn", "Bramble", "Candlewick", "Dewdrop", "Ember", "Fiddlestick", "Gingersnap", "Hollowreed",
    "Inkwell", "Juniper", "Kettledrum", "Lemonpeel", "Marmalade", "Nutmeg", "Oatcake", "Paperclip",
    "Quillfeather", "Rainbarrel", "Sugarplum", "Thimble",
)  # fmt: skip
_KINDS_OF_COMPANY: Final = ("Works", "Industries", "Labs")

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIXES = {
    "Account": "001",
    "Opportunity": "006",
    "User": "005",
    "Subscription__c": "a0X",
    "Subscription_Overage__c": "a0Y",
}


def short_id(kind: str, number: int) -> str:
    """The 15 characters of a record's id."""
    if kind == "Subscription__c" and number in CASE_TWINS:
        return CASE_TWINS[number]
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return f"{_PREFIXES[kind]}SB0000{digits}"


def long_id(kind: str, number: int) -> str:
    """The 18 characters of a record's id."""
    return with_case(short_id(kind, number))


def with_case(short: str) -> str:
    """The id with the three letters that say which of its characters are upper case."""
    check = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, letter in enumerate(short[start : start + 5]) if letter.isupper())
        check += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    return short + check


TEAM_COLUMNS: Final = (
    ("id", "bigint"), ("name", "text"), ("seats", "integer"), ("is_enterprise", "boolean"),
    ("membership_type", "text"), ("sf_subscription_id", "text"),
)  # fmt: skip
MEMBER_COLUMNS: Final = (
    ("user_id", "bigint"), ("team_id", "bigint"), ("email", "text"), ("joined_at", "timestamptz"),
    ("left_at", "timestamptz"),
)  # fmt: skip
EVENT_COLUMNS: Final = (
    ("id", "bigint"), ("user_id", "bigint"), ("owning_team", "bigint"),
    ("occurred_at", "timestamptz"), ("usage_type", "text"), ("model", "text"),
    ("input_tokens", "bigint"), ("output_tokens", "bigint"), ("cache_read_tokens", "bigint"),
    ("cache_write_tokens", "bigint"), ("api_price_usd", "numeric(38,18)"),
    ("token_fee_usd", "numeric(38,18)"), ("uses_rules", "boolean"), ("uses_mcp", "boolean"),
    ("uses_plan_mode", "boolean"),
)  # fmt: skip
ACTIVITY_COLUMNS: Final = (
    ("user_id", "bigint"), ("team_id", "bigint"), ("activity_date", "date"),
    ("agent_requests", "integer"), ("tab_accepts", "integer"), ("tab_suggestions", "integer"),
    ("chat_requests", "integer"), ("cmd_k_requests", "integer"), ("bugbot_reviews", "integer"),
    ("lines_accepted", "integer"),
)  # fmt: skip


@dataclass
class Member:
    """A user's time in a team; `left` is the first moment that is not in it."""

    user_id: int
    team_id: int
    email: str
    joined: datetime
    left: datetime | None = None


@dataclass
class Seller:
    """Everything of the company. Records are by object, in Salesforce's names; rows have the
    columns of `…_COLUMNS`, with money in billionths of a dollar."""

    options: Options
    records: dict[str, list[Record]] = field(default_factory=dict)
    teams: list[Row] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    activity: list[Row] = field(default_factory=list)

    @property
    def start(self) -> date:
        """The first day of the first month."""
        return _months_before(self.options.today, self.options.seller_months)

    def complete_months(self) -> list[date]:
        """The first days of the months that are over, oldest first."""
        months = self.options.seller_months
        return [_months_before(self.options.today, months - n) for n in range(months)]

    def subscription_of(self, team: int, day: date) -> int | None:
        """Whose team it really is on that day; the records' hints about it are partly wrong."""
        n = EXTRA_TEAMS.get(team, team - FIRST_TEAM + 1)
        if n == RENEWED[0] and day >= renewed_on(self.options):
            return RENEWED[1]
        return n if n <= SUBSCRIPTIONS else None

    def usage_nano(self) -> dict[tuple[int, date], int]:
        """What the events of a subscription's teams cost in a month, fees as they were charged, in
        billionths of a dollar."""
        sums: Counter[tuple[int, date]] = Counter()
        for event in self.events:
            day = event[3].date()
            if n := event[2] and self.subscription_of(event[2], day):
                sums[n, day.replace(day=1)] += event[10] + event[11]
        return sums

    def included(self) -> dict[int, float]:
        """What a month of each subscription includes, in dollars."""
        used: dict[int, list[int]] = {}
        for (n, month), nanos in self.usage_nano().items():
            if month in self.complete_months():
                used.setdefault(n, []).append(nanos)
        included = {}
        for n in range(1, RENEWED[1] + 1):
            least, most = min(used.get(n, [0])) // 10**9, max(used.get(n, [0])) // 10**9
            exceeds = n in OVERAGE_SUBSCRIPTIONS or n == NOT_INVOICED
            included[n] = float(least // 2) if exceeds else float(most // 10 * 10 + 20)
        del included[INCLUDED_NOT_KNOWN]
        return included


def _months_before(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def build_seller(options: Options) -> Seller:
    """The seller of these options; `seller_events` of them over `seller_months` and the days of the
    running month."""
    seller = Seller(options)
    rng = Random(f"{options.seed}-seller")
    seller.members = list(_members(seller, rng))
    _make_events(seller, rng)
    people = list(_salespeople(options, rng))
    accounts = list(_accounts(options, rng))
    subscriptions = list(_subscriptions(options, rng, seller.included()))
    seller.teams = list(_teams(subscriptions))
    seller.records = {
        "User": people,
        "Account": accounts,
        "Subscription__c": subscriptions,
        "Opportunity": list(_opportunities(options, rng, subscriptions)),
        "Subscription_Overage__c": list(_overages(seller, subscriptions)),
    }
    return seller


# --- Salesforce ----------------------------------------------------------------------------------


def moment(day: date, second: int = 0) -> str:
    """A time of a day as Salesforce writes it."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _back(options: Options, days: int) -> date:
    return options.today - timedelta(days=days)


def company_name(account: int) -> str:
    """The name of an account, of nobody real."""
    word = _WORDS[(account - 1) % len(_WORDS)]
    return f"{word} {_KINDS_OF_COMPANY[(account - 1) // len(_WORDS)]}"


def _domain(account: int) -> str:
    return company_name(account).lower().replace(" ", "-") + ".example"


def account_of(subscription: int) -> int:
    """Whose subscription it is: one account after the other, some with several."""
    if subscription == DELETED_SUBSCRIPTION:
        return 1
    number = 0
    for account in range(1, ACCOUNTS + 1):
        if account not in ACCOUNTS_WITHOUT_SUBSCRIPTION:
            number += ACCOUNTS_WITH_MORE_SUBSCRIPTIONS.get(account, 1)
        if number >= subscription:
            return account
    raise ValueError(f"there is no subscription {subscription}")


def renewed_on(options: Options) -> date:
    """The first day of the subscription that renewed another."""
    return _months_before(options.today, 2) + timedelta(days=14)


def _salespeople(options: Options, rng: Random) -> Iterator[Record]:
    """1 and 2 manage, 3 to 10 own accounts, 11 and 12 look after them technically; 10 has left and
    still owns some."""
    for n in range(1, 13):
        manager = None if n == 1 else 1 if n == 2 else 1 + n % 2
        yield {
            "Id": long_id("User", n),
            "Name": f"{_WORDS[n - 1]} {_WORDS[-n]}",
            "Email": f"{_WORDS[n - 1].lower()}.{_WORDS[-n].lower()}@seller.example",
            "ManagerId": long_id("User", manager) if manager else None,
            "IsActive": n != 10,
            "SystemModstamp": moment(_back(options, rng.randrange(20, 700)), 30_000 + n),
        }


def _accounts(options: Options, rng: Random) -> Iterator[Record]:
    for n in range(1, ACCOUNTS + 1 + len(DELETED_ACCOUNTS)):
        deleted = n in DELETED_ACCOUNTS
        # The first was not touched for more than three years.
        age = 1200 if n == 1 else 12 if deleted else rng.randrange(3, 900)
        second = 0 if n == 2 else 86_399 if n == 3 else rng.randrange(86_400)
        engineers = rng.randrange(20, 900)
        yield {
            "Id": long_id("Account", n),
            "Name": company_name(n),
            "Company_Logo_URL__c": None if n % 6 == 0 else f"https://{_domain(n)}/logo.svg",
            "SWE_Count__c": None if n % 9 == 0 else float(engineers),
            "NumberOfEmployees": engineers * rng.randrange(3, 12),
            "OwnerId": long_id("User", 3 + n % 8),
            "Technical_Account_Manager__c": long_id("User", 11 + n % 2) if n % 3 else None,
            "IsDeleted": deleted or n == DELETED_CUSTOMER,
            "SystemModstamp": moment(_back(options, age), second),
            "CreatedDate": moment(_back(options, 1300 + n), 36_000),
        }


def team_list(subscription: int) -> str | None:
    """What the subscription's All_Cursor_Team_IDs__c says."""
    return TEAM_LISTS.get(subscription, str(FIRST_TEAM - 1 + subscription))


def open_renewal(subscription: int) -> int | None:
    """The number of the opportunity that is to renew it, where one is open."""
    return 300 + subscription if subscription % 3 == 1 and subscription <= SUBSCRIPTIONS else None


def _subscriptions(options: Options, rng: Random, included: dict[int, float]) -> Iterator[Record]:
    year = timedelta(days=365)
    for n in range(1, DELETED_SUBSCRIPTION + 1):
        deleted = n == DELETED_SUBSCRIPTION
        begun = 455 if n == CHURNED_SUBSCRIPTION else rng.randrange(60, 330)
        start = _back(options, begun)
        end = start + year
        if n == RENEWED[0]:
            start, end = renewed_on(options) - year, renewed_on(options) - timedelta(days=1)
        account = account_of(n)
        renewal = open_renewal(n)
        record = {
            "Id": long_id("Subscription__c", n),
            "Name": f"SUB-{n:04d} {company_name(account)}",
            "Account__c": long_id("Account", account),
            "Total_Licensed_Seats__c": float(rng.randrange(2, 12) * 5),
            INCLUDED_USAGE_FIELD: included.get(n),
            "All_Cursor_Team_IDs__c": "158" if deleted else team_list(n),
            "Open_Renewal__c": long_id("Opportunity", renewal) if renewal else None,
            "Start_Date__c": start.isoformat(),
            "End_Date__c": end.isoformat(),
            "IsDeleted": deleted,
            "SystemModstamp": moment(
                _back(options, 9 if deleted else rng.randrange(1, begun)), rng.randrange(86_400)
            ),
        }
        yield record
        if n == RENEWED[0]:
            renewed = record
    n, start = RENEWED[1], renewed_on(options)
    yield {
        **renewed,
        "Id": long_id("Subscription__c", n),
        "Name": f"SUB-{n:04d} {company_name(account_of(RENEWED[0]))}",
        "Total_Licensed_Seats__c": 35.0,
        INCLUDED_USAGE_FIELD: included.get(n),
        "Start_Date__c": start.isoformat(),
        "End_Date__c": (start + year).isoformat(),
        "SystemModstamp": moment(start, 40_000),
    }


def _opportunities(options: Options, rng: Random, subscriptions: list[Record]) -> Iterator[Record]:
    """100 + n bought subscription n, 200 + n renewed it, 300 + n is to renew it, 400 + n expanded
    it, 500 + 10 n + k is its true-up k, 900 and above have no subscription."""

    def opportunity(number: int, kind: str, account: int, closed: date, **more: Any) -> Record:  # noqa: ANN401
        created = closed - timedelta(days=45)
        seats = rng.randrange(2, 12) * 5
        touched = min(closed, options.today - timedelta(days=2))
        return {
            "Id": long_id("Opportunity", number),
            "Name": f"{company_name(account)} {kind} {number}",
            "AccountId": long_id("Account", account),
            "Type": kind,
            "StageName": "Closed Won",
            "CloseDate": closed.isoformat(),
            "Amount": Decimal(seats * 480) + Decimal(rng.randrange(100)) / 100,
            "License_Count__c": float(seats),
            "Subtype__c": None,
            "True_Up_Number__c": None,
            "Subscription__c": None,
            "Cursor_Team_ID__c": None,
            "IsDeleted": False,
            "SystemModstamp": moment(touched, rng.randrange(86_400)),
            "CreatedDate": moment(created, 36_000),
            **more,
        }

    for n, subscription in enumerate(subscriptions[:SUBSCRIPTIONS], start=1):
        account = account_of(n)
        own: str | None = str(FIRST_TEAM - 1 + n)
        start = date.fromisoformat(subscription["Start_Date__c"])
        # Lookups come with 18 characters; where somebody typed the id, it has 15.
        if own == str(TEAM_KNOWN_ONLY_BY_ITS_RECORD):
            own = None
        link = {"Subscription__c": subscription["Id"], "Cursor_Team_ID__c": own}
        bought = start - timedelta(days=5)
        yield opportunity(100 + n, "New Business", account, bought, **link)
        if n % 4 == 0:
            renewed = {**link, "Subtype__c": "Flat Renewal", "Cursor_Team_ID__c": None}
            yield opportunity(200 + n, "Renewal", account, start - timedelta(days=2), **renewed)
        if open_renewal(n):
            due = start + timedelta(days=365)
            stage = {**link, "StageName": "Negotiation", "Subtype__c": "Upsell Renewal"}
            yield opportunity(300 + n, "Renewal", account, due, **stage)
        if n % 5 == 0:
            typed = {**link, "Subscription__c": short_id("Subscription__c", n)}
            day = start + timedelta(days=30)
            yield opportunity(400 + n, "Expansion", account, day, **typed, Subtype__c="Seats")
        for k in range(1, 3 if n % 6 == 0 else 2 if n % 7 == 0 else 1):
            numbered = {"Subtype__c": "Seat True-Up", "True_Up_Number__c": float(k)}
            day = start + timedelta(days=14 + 20 * k)
            yield opportunity(500 + 10 * n + k, "True-Up", account, day, **link, **numbered)
    n, team = CONFLICTING_OPPORTUNITY
    wrong = {"Subscription__c": long_id("Subscription__c", n), "Cursor_Team_ID__c": team}
    account = account_of(n)
    yield opportunity(900, "Expansion", account, _back(options, 20), **wrong, Subtype__c="Seats")
    for number, account in zip((901, 902), ACCOUNTS_WITHOUT_SUBSCRIPTION, strict=True):
        ahead = options.today + timedelta(days=40)
        yield opportunity(number, "New Business", account, ahead, StageName="Discovery")
    yield opportunity(903, "New Business", 5, _back(options, 60), StageName="Closed Lost")
    deleted = {"IsDeleted": True, "SystemModstamp": moment(_back(options, 6), 50_000)}
    gone = {"Subscription__c": long_id("Subscription__c", 1), "Cursor_Team_ID__c": "102"}
    yield opportunity(904, "Expansion", 1, _back(options, 30), **deleted, **gone)
    yield opportunity(905, "Partner Referral", 8, _back(options, 70), Amount=None)
    ended, n = RENEWED
    link = {"Subscription__c": long_id("Subscription__c", n), "Subtype__c": "Upsell Renewal"}
    agreed = renewed_on(options) - timedelta(days=10)
    yield opportunity(200 + n, "Renewal", account_of(ended), agreed, **link)


def _overages(seller: Seller, subscriptions: list[Record]) -> Iterator[Record]:
    """What was used beyond the included, of each month, or of the days of it that a renewal leaves.
    Of days before or after its term a subscription includes nothing."""
    terms = {one["Id"]: (one["Start_Date__c"], one["End_Date__c"]) for one in subscriptions}
    included = seller.included()
    months, usage = seller.complete_months(), seller.usage_nano()
    ended, renewed = RENEWED
    number = 0
    for month in months:
        following = (month + timedelta(days=32)).replace(day=1)
        for n in OVERAGE_SUBSCRIPTIONS:
            start = max(month, renewed_on(seller.options)) if n == renewed else month
            end = min(following, renewed_on(seller.options)) if n == ended else following
            if start >= end:
                continue
            number += 1
            first, last = map(date.fromisoformat, terms[long_id("Subscription__c", n)])
            days = min(end, last + timedelta(days=1)) - max(start, first)
            part = Decimal(max(days.days, 0)) / (following - month).days
            beyond = Decimal(usage.get((n, month), 0)) / 10**9 - Decimal(included[n]) * part
            amount = max(beyond, Decimal(0))
            if month == months[-1] and n == OVERCHARGED[0]:
                amount += OVERCHARGED[1]
            if month == months[-1] and n == UNDERCHARGED[0]:
                amount *= UNDERCHARGED[1]
            yield {
                "Id": long_id("Subscription_Overage__c", number),
                "Subscription__c": long_id("Subscription__c", n),
                "Period_Start__c": start.isoformat(),
                "Period_End__c": (end - timedelta(days=1)).isoformat(),
                "Amount__c": amount.quantize(Decimal("0.01"), ROUND_HALF_UP),
                "IsDeleted": False,
                "SystemModstamp": moment(following, 3_600 * 5 + number),
            }


# --- The product ---------------------------------------------------------------------------------


def _teams(subscriptions: list[Record]) -> Iterator[Row]:
    """Ids of subscriptions have 15 characters in teams of odd number, 18 in the others."""
    seats = {n: int(one["Total_Licensed_Seats__c"]) for n, one in enumerate(subscriptions, 1)}
    for team in range(FIRST_TEAM, FIRST_TEAM + TEAMS):
        n = EXTRA_TEAMS.get(team, team - FIRST_TEAM + 1)
        known: str | None = (short_id if team % 2 else long_id)("Subscription__c", n)
        if team == STALE_TEAM:
            known = short_id("Subscription__c", n + 1)
        elif n == RENEWED[0]:
            known = long_id("Subscription__c", RENEWED[1])
        elif team == TEAM_OF_DELETED_SUBSCRIPTION:
            known = long_id("Subscription__c", DELETED_SUBSCRIPTION)
        elif team == TEAM_OF_UNKNOWN_SUBSCRIPTION:
            known = short_id("Subscription__c", 777)
        elif team == TEAM_KNOWN_ONLY_BY_OPPORTUNITY or n > SUBSCRIPTIONS:
            known = None
        sold = seats.get(RENEWED[1] if n == RENEWED[0] else n, 10) + SEATS_DIFFER.get(team, 0)
        kind = "enterprise" if n <= 25 else "business" if n <= SUBSCRIPTIONS else "pro"
        name = f"{company_name(account_of(n))} {team}" if n <= SUBSCRIPTIONS else f"Team {team}"
        yield (team, name, sold, kind == "enterprise", kind, known)


def _members(seller: Seller, rng: Random) -> Iterator[Member]:
    """Some 15 in each team, the first teams larger; 5 % of them left."""
    begin = datetime(seller.start.year, seller.start.month, 1, tzinfo=UTC)
    days = (seller.options.today - seller.start).days
    for number in range(USERS):
        user = FIRST_USER + number
        team = FIRST_TEAM + (number % (TEAMS - 1) if number % 3 else number // 3 % 25)
        account = (team - FIRST_TEAM) % ACCOUNTS + 1
        word = _WORDS[number * 7 % len(_WORDS)].lower()
        email = f"{word}.{number}@{_domain(account)}"
        joined = begin - timedelta(days=rng.randrange(5, 300), seconds=rng.randrange(86_400))
        if rng.random() < 0.15:
            joined = begin + timedelta(days=rng.randrange(days * 3 // 4), hours=9)
        left = None
        if rng.random() < 0.05 and joined < begin:
            left = begin + timedelta(days=rng.randrange(days // 4, days - 7), hours=17)
        if user == MOVED_USER[0]:
            moved = begin + timedelta(days=days // 2, hours=12)
            yield Member(user, MOVED_USER[1], email, begin - timedelta(days=90), moved)
            yield Member(user, MOVED_USER[2], email, moved)
            continue
        if user in ZERO_SPEND_USERS or user in USERS_WITHOUT_EVENTS:
            joined, left = begin - timedelta(days=30), None
        yield Member(user, team, email, joined, left)


def _make_events(seller: Seller, rng: Random) -> None:
    """Events in the order of their ids, and the activity of the days that they make."""
    options = seller.options
    begin = datetime(seller.start.year, seller.start.month, 1, tzinfo=UTC)
    days = (options.today - seller.start).days
    weights = [5 if (seller.start + timedelta(days=d)).weekday() < 5 else 1 for d in range(days)]
    silent = set(USERS_WITHOUT_EVENTS)
    members = [member for member in seller.members if member.user_id not in silent]
    activity_only = [m for m in seller.members if m.user_id in USERS_WITH_ACTIVITY_ONLY]
    number = made = done = 0
    for day, weight in enumerate(weights):
        midnight = begin + timedelta(days=day)
        tomorrow = midnight + timedelta(days=1)
        done += weight
        wanted = options.seller_events * done // sum(weights) - made
        made += wanted
        begun = [member for member in members if member.joined <= midnight]
        present = [member for member in begun if not member.left or tomorrow <= member.left]
        active = rng.sample(present, min(len(present), -(-wanted // _EVENTS_PER_ACTIVE_DAY)))
        # Some are there on most days, and a few of them do most of the work.
        keen = [m for m in present if m.user_id % KEEN_EVERY == 0 and m not in active]
        active += [member for member in keen if weight > 1]
        shares = list(accumulate(_share(member) for member in active))
        seconds = sorted(int(rng.random() * 86_400_000) for _ in range(wanted))
        counts: dict[int, list[int]] = {}
        for i, millisecond in enumerate(seconds):
            place = bisect(shares, rng.random() * shares[-1]) if i >= len(active) else i
            member = active[place]
            number += 2 if number % SKIPPED_ID_EVERY == SKIPPED_ID_EVERY - 1 else 1
            at = midnight + timedelta(milliseconds=millisecond)
            event = _event(rng, number, member, at)
            seller.events.append(event)
            count = counts.setdefault(place, [0] * len(_KINDS))
            count[_KINDS.index(event[4])] += 1
        rows = [_activity(rng, active[i], midnight.date(), count) for i, count in counts.items()]
        if day % 7 == 2:
            rows += [_activity(rng, m, midnight.date(), [0, 0, 5, 0, 0, 0]) for m in activity_only]
        seller.activity += sorted(rows)
    _plant(seller)


def _share(member: Member) -> int:
    """How much a person does of a day's work."""
    if member.user_id % HEAVY_EVERY == 0:
        return 60
    return 8 if member.user_id % KEEN_EVERY == 0 else 1


def _pick(rng: Random, choices: tuple[str, ...], weights: tuple[int, ...]) -> str:
    drawn = rng.random() * weights[-1]
    return next(choice for choice, upto in zip(choices, weights, strict=True) if drawn < upto)


def _event(rng: Random, number: int, member: Member, at: datetime) -> Row:
    bugbot = member.team_id in BUGBOT_TEAMS
    kind = _pick(rng, _KINDS, _BUGBOT_WEIGHTS if bugbot else _KIND_WEIGHTS)
    if member.user_id in ZERO_SPEND_USERS:
        kind = "tab"
    who = (number, member.user_id, member.team_id, at, kind)
    if kind == "tab":
        return (*who, TAB_MODEL, 0, 0, 0, 0, 0, 0, False, False, False)
    model = _pick(rng, _MODELS, _MODEL_WEIGHTS)
    size = rng.random() ** 3 * (4 if member.user_id % HEAVY_EVERY == 0 else 1)
    tokens = (
        200 + int(size * 300_000 * rng.random()),
        50 + int(size * 45_000),
        int(size * 2_000_000 * rng.random()),
        int(size * 150_000 * rng.random()),
    )
    price = sum(count * each for count, each in zip(tokens, PRICES[model], strict=True))
    rate = 0 if model == "default" else FEE_NANO
    if rate and number % WRONG_FEE_EVERY == 0:
        rate = WRONG_FEE_NANO
    if model == "default" and number % FEE_ON_DEFAULT_EVERY < 3:
        rate = FEE_NANO
    drawn = rng.random()
    uses = (drawn < 0.4, 0.3 < drawn < 0.5, kind == "agent" and drawn > 0.8)
    return (*who, model, *tokens, price, sum(tokens) * rate, *uses)


def _activity(rng: Random, member: Member, day: date, kinds: list[int]) -> Row:
    agent, chat, tab, cmd_k, _, bugbot = kinds
    shown = (tab + 1) * (3 + int(rng.random() * 20))
    accepted = int(shown * (0.2 + 0.4 * rng.random()))
    lines = accepted * 2 + agent * (5 + int(rng.random() * 60))
    return (
        *(member.user_id, member.team_id, day),
        *(agent, accepted, shown, chat, cmd_k, bugbot, lines),
    )


def _plant(seller: Seller) -> None:
    """Late events, and some of somebody whom no team knows, and of no team."""
    events = seller.events
    step = max(1, len(events) // (LATE_EVENTS + 1))
    for k in range(1, LATE_EVENTS + 1):
        place = min(k * step, len(events) - 1)
        event = list(events[place])
        late = event[3] - timedelta(days=2 + k * 18 // LATE_EVENTS)
        if late.date() >= seller.start:
            event[3] = late
        events[place] = tuple(event)
    strangers = [i for i, event in enumerate(events) if event[2] == 103 and event[10]][:5]
    for i in strangers:
        events[i] = (events[i][0], USER_OF_NO_TEAM, *events[i][2:])
    nobodys = [i for i, event in enumerate(events) if event[2] == 150 and event[10]][:3]
    for i in nobodys:
        events[i] = (*events[i][:2], None, *events[i][3:])
