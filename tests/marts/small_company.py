"""Small companies that hypothesis makes up, and the models that process them.

dbt compiles the project once, for DuckDB and as a full build; each company's raw tables then go
through the compiled SQL in memory, which takes a fraction of a second.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

from extract.google_sheets.checks import SheetError, rows_of
from foundation import dbt
from tests.bigquery import fixtures
from tests.bigquery.engines import duckdb_table
from tests.bigquery.fixtures import Load, Window
from tools import base_company

AS_OF = dt.date(2024, 3, 6)
# Ends of a month and of a leap February, and the last complete day.
DAYS = ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01", "2024-03-05")
SNAPSHOTS = ("2023-12-15", "2024-02-01", "2024-02-29", "2024-03-04")
CELL_DAYS = (
    "",
    "2022-05-01",
    "2024-01-01",
    "2024-01-15",
    "2024-01-31",
    "2024-02-01",
    "2024-02-15",
    "2024-02-29",
    "2024-03-01",
    "2024-03-04",
    "2024-03-05",
    "2024-03-20",
    "9999-12-31",
)
PEOPLE = ("ada@example.com", "bo@example.com", "cy@example.com", "di@example.com")
ALIASES = ("ada@old.example.com", "b")
STRANGER = "zed@elsewhere.example"
KEYS = ("key_a", "key_b", "key_bot", "key_gone")
ACCOUNTS = ("svac_listed", "svac_unlisted")
WORKSPACES = ("wrkspc_a", "wrkspc_code")
MODELS = ("claude-opus-4-8", "claude-nimbus")
PLATFORMS = ("cursor", "claude_ai", "windsurf")
# A bar joins the parts of a key.
DEPARTMENTS = ("", "Data", "data", "Ops", "Ops|CC-1")
COST_CENTERS = ("", "CC-1", "CC-2", "CC-1|CC-2")

Row = dict[str, Any]


# --- The compiled models -------------------------------------------------------------------------


class Marts:
    """The models in one database in memory. `build` replaces what an earlier company left."""

    def __init__(self, sql: dict[str, str], raw: list[str]) -> None:
        """`sql` are models and seeds, `raw` the names of raw tables."""
        self.sql = sql
        self.raw = raw
        self.parents = {
            name: [table for table in _tables_in(text) if table in sql or table in raw]
            for name, text in sql.items()
        }
        self.built: set[str] = set()
        self.connection = duckdb.connect(":memory:")
        # dbt's name for the database.
        self.connection.execute("attach ':memory:' as warehouse; use warehouse")
        self.connection.execute("set TimeZone = 'UTC'")
        # Tables of a few rows: threads would only wait for each other.
        self.connection.execute("set threads = 1")

    def build(self, loads: list[Load], *names: str) -> Marts:
        """Load the raw tables, and build these models and those that they read."""
        raw = fixtures.raw_tables(loads)
        self.connection.execute("begin")
        try:
            self._build(raw, names)
        except duckdb.Error:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")
        return self

    def rebuild(self, *names: str) -> None:
        """Build these models and those that they read again, from the raw tables as they are."""
        self._build({}, names)

    def _build(self, raw: dict[str, Any], names: Iterable[str]) -> None:
        for table in self._needed(names):
            if table in self.raw:
                if raw:
                    duckdb_table(self.connection, table, fixtures.columns_of(table), raw[table])
            elif table not in self.built or self.parents[table]:
                schema = table.split(".")[0]
                self.connection.execute(f"create schema if not exists {schema}")
                self.connection.execute(f"create or replace table {table} as {self.sql[table]}")
                self.built.add(table)

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()

    def sums(self, query: str) -> dict[Any, Any]:
        """The last column by those before it; sums of nothing and of zero are left out."""
        found = {row[:-1] if len(row) > 2 else row[0]: row[-1] for row in self.rows(query)}
        return {key: value for key, value in found.items() if value}

    def _needed(self, names: Iterable[str]) -> list[str]:
        """Parents before children."""
        ordered: dict[str, None] = {}

        def visit(table: str) -> None:
            if table not in ordered:
                for parent in self.parents.get(table, []):
                    visit(parent)
                ordered[table] = None

        for name in names:
            (table,) = (table for table in self.sql if table.endswith(f".{name}"))
            visit(table)
        return list(ordered)


def _tables_in(sql: str) -> list[str]:
    return [
        ".".join(names)
        for names in dict.fromkeys(re.findall(r'"warehouse"\."(\w+)"\."(\w+)"', sql))
    ]


def compiled_marts(folder: Path) -> Marts:
    """All models as a full build on AS_OF has them; dbt leaves its files in the folder."""
    # Of that day on, whatever changed.
    offline = {"branch": "full", "days": ["1900-01-01"]}
    variables = json.dumps({"offline": offline, "as_of_date": str(AS_OF)})
    command = ["compile", "--no-introspect", "--no-populate-cache", "--no-write-json"]
    command += ["--vars", variables, "--target-path", str(folder), "--log-path", str(folder)]
    manifest = base_company.manifest()
    environment = dbt.environment(dbt.on_duckdb(folder / "warehouse.duckdb"))
    done = dbt.invoke(command, environment, manifest)
    assert done.success, done.exception
    sql, raw = {}, []
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        table = ".".join(_tables_in(node.relation_name or ""))
        # The views of the older design have names that marts have too.
        if table.startswith("legacy."):
            continue
        if node.resource_type == "model":
            sql[table] = node.compiled_code
        elif node.resource_type == "seed":
            file = dbt.PROJECT / node.original_file_path
            sql[table] = f"select * from read_csv('{file}', header = true)"
        elif node.resource_type == "source" and table.startswith("raw_"):
            raw.append(table)
    return Marts(sql, raw)


# --- Companies -----------------------------------------------------------------------------------


@dataclass
class Company:
    """`loads` are what was landed, `sheets` the rows of each tab by the day of its snapshot."""

    loads: list[Load]

    def current(self, resource: str) -> dict[tuple[str, str], list[Row]]:
        """The records of the newest complete version of each window, by organization and day."""
        newest = {}
        for load in sorted(self.loads, key=lambda load: (load.inserted_at, load.load_id)):
            for window in load.windows if load.status == 0 else []:
                if window.resource == resource:
                    newest[window.organization, window.start] = window.records
        return newest

    def newest(self, resource: str) -> list[Row]:
        """The last snapshot of a directory."""
        snapshots = {day: rows for (_, day), rows in self.current(resource).items()}
        return snapshots[max(snapshots)] if snapshots else []


def _load(number: int, source: str, windows: list[Window], status: int = 0) -> Load:
    moment = dt.datetime(2024, 3, 6, number, tzinfo=dt.UTC)
    return Load(source, f"{moment.timestamp():.1f}", moment.isoformat(), windows, status)


def company(
    anthropic: Sequence[list[Window]] = (),
    cursor: Sequence[list[Window]] = (),
    sheets: Sequence[list[Window]] = (),
    github: Sequence[list[Window]] = (),
) -> Company:
    """For each source its loads in order of time, of which a fourth one never finished."""
    named = {
        "anthropic": anthropic,
        "cursor": cursor,
        "google_sheets": sheets,
        "github": github,
    }
    return Company(
        [
            _load(number, source, windows, status=1 if number == 3 else 0)
            for source, loads in named.items()
            for number, windows in enumerate(loads)
            if windows
        ]
    )


def _one_of(*values: object) -> st.SearchStrategy:
    return st.sampled_from(values)


def _decimal(number: int, decimals: int) -> Decimal:
    return Decimal(number).scaleb(-decimals)


DECIMALS = _one_of(0, 0, 2, 6, 14)
# Credits too.
CENTS = st.builds(_decimal, st.integers(-(10**7), 10**11), DECIMALS)
# JSON numbers: as many digits as a float has.
CENTS_AS_NUMBER = st.builds(_decimal, st.integers(-(10**7), 10**11), DECIMALS).map(float)
AMOUNT = st.builds(_decimal, st.integers(-5000, 10**7), _one_of(0, 2, 2, 6)).map("{:f}".format)


def _typed_by_hand(email: str) -> st.SearchStrategy[str]:
    return _one_of(email, email.title(), f" {email}", f"{email.upper()} ")


EMAIL = _one_of(*PEOPLE, ALIASES[0], STRANGER).flatmap(_typed_by_hand)


# --- Anthropic -----------------------------------------------------------------------------------

ACTOR = st.one_of(
    st.none(),
    EMAIL.map(lambda email: {"type": "user_actor", "email_address": email}),
    _one_of("user_ada", "user_bo", "user_unlisted").map(
        lambda user: {"type": "user_actor", "user_id": user}
    ),
    _one_of(*ACCOUNTS).map(
        lambda account: {"type": "service_account_actor", "service_account_id": account}
    ),
    _one_of(*KEYS).map(fixtures.by_key),
    st.just({"type": "federated_actor", "subject": "spiffe://somebody"}),
)


@st.composite
def analytics_rows(draw: Callable) -> Row:
    amount = draw(CENTS)
    more = draw(st.just(Decimal(0)) | CENTS.map(abs))
    return fixtures.cost(
        draw(ACTOR),
        f"{amount:f}",
        f"{amount + more:f}",
        api_key_id=draw(_one_of(None, None, *KEYS)),
        workspace_id=draw(_one_of(None, *WORKSPACES)),
        product=draw(_one_of(None, "chat", "claude_code", "brand_new")),
        model=draw(_one_of(None, *MODELS)),
        cost_type=draw(_one_of(None, "tokens", "web_search")),
    )


LEGACY_COST = st.builds(
    fixtures.legacy_cost,
    CENTS.map("{:f}".format),
    model=_one_of(None, *MODELS),
    workspace=_one_of(None, *WORKSPACES),
    cost_type=_one_of("tokens", None),
    token_type=_one_of("output_tokens", "uncached_input_tokens", None),
)
TOKENS = _one_of(0, 1, 1, 2, 3, 7, 1000, 2**53 + 1)
LEGACY_USAGE = st.builds(
    fixtures.message_usage,
    _one_of(None, *KEYS),
    TOKENS,
    _one_of(*MODELS),
    _one_of(None, *WORKSPACES),
    uncached=TOKENS,
    account_id=_one_of(None, None, "user_ada"),
    service_account_id=_one_of(None, None, *ACCOUNTS),
)
ANTHROPIC_USERS = st.lists(
    st.builds(
        fixtures.user, _one_of("user_ada", "user_bo", "user_cy"), EMAIL, name=st.just("Name")
    ),
    max_size=3,
    unique_by=lambda user: user["id"],
)
ANTHROPIC_KEYS = st.lists(
    st.builds(
        fixtures.api_key,
        _one_of(*KEYS[:3]),
        _one_of("Shared", "Own"),
        principal=_one_of(
            None,
            {"id": "user_ada"},
            {"user_id": "user_unlisted"},
            *({"service_account_id": account} for account in ACCOUNTS),
        ),
        created_by=_one_of(None, {"id": "user_bo"}, {"id": "user_unlisted"}),
        workspace_id=_one_of(None, *WORKSPACES),
    ),
    max_size=4,
    unique_by=lambda key: key["id"],
)
ANTHROPIC_WORKSPACES = st.lists(
    _one_of({"id": "wrkspc_a", "name": "Alpha"}, {"id": "wrkspc_code", "name": "Claude Code"}),
    max_size=2,
    unique_by=lambda workspace: workspace["id"],
)
ANTHROPIC_ACCOUNTS = _one_of([], [{"id": "svac_listed", "name": "Bot"}])


def _few(records: st.SearchStrategy, most: int = 4) -> st.SearchStrategy[list]:
    return st.lists(records, max_size=most)


@st.composite
def anthropic_loads(draw: Callable) -> list[list[Window]]:
    """Reports and directories; then newer versions of some, of which some are empty."""
    kinds = {
        "analytics_cost": analytics_rows(),
        "cost_report": LEGACY_COST,
        "usage_report_messages": LEGACY_USAGE,
    }
    directories = {
        "users": ANTHROPIC_USERS,
        "api_keys": ANTHROPIC_KEYS,
        "workspaces": ANTHROPIC_WORKSPACES,
        "service_accounts": ANTHROPIC_ACCOUNTS,
    }
    loads: list[list[Window]] = []
    for number in range(draw(_one_of(1, 2, 2, 4))):
        # Of one day often all, so that sources meet on it.
        days = draw(st.lists(_one_of(*DAYS), max_size=2, unique=True))
        organizations = draw(_one_of(["console"], ["console"], ["console", "enterprise"]))
        loads.append(
            [
                Window(resource, organization, day, draw(_few(records)))
                for day in days
                for organization in organizations
                for resource, records in kinds.items()
                if draw(_one_of(True, True, False))
            ]
        )
        day = SNAPSHOTS[min(number, 2)]
        loads[-1] += [
            Window(resource, "console", day, draw(records))
            for resource, records in directories.items()
            if number == 0 or draw(st.booleans())
        ]
    return loads


# --- Cursor --------------------------------------------------------------------------------------

KINDS = ("Usage-based", "USAGE_EVENT_KIND_USAGE_BASED", "Included in Business", "Free Credit")
KINDS += ("User API Key", "Errored, Not Charged", "Something new")


@st.composite
def events(draw: Callable, day: str) -> Row:
    discount = draw(_one_of(None, None, 0, 20, 33.333333, 100))
    fee = draw(st.none() | CENTS_AS_NUMBER)
    return fixtures.event(
        f"{day}T{draw(_one_of('00:00:00', '23:59:59.999'))}Z",
        draw(_one_of(None, *KINDS)),
        draw(st.none() | EMAIL),
        draw(st.none() | CENTS_AS_NUMBER),
        draw(st.none() | CENTS_AS_NUMBER),
        serviceAccountId=draw(_one_of(None, None, *ACCOUNTS)),
        tokens={} if discount is None else {"discountPercentOff": discount},
        **({} if fee is None else {"cursorTokenFee": fee}),
    )


MEMBERS = st.lists(
    st.builds(
        fixtures.member,
        EMAIL,
        _one_of(None, "user_m", 17),
        isRemoved=_one_of(None, False, True),
    ),
    max_size=4,
)


@st.composite
def cursor_loads(draw: Callable) -> list[list[Window]]:
    loads: list[list[Window]] = []
    for number in range(draw(_one_of(1, 2, 4))):
        days = draw(st.lists(_one_of(*DAYS), max_size=2, unique=True))
        loads.append(
            [Window("usage_events", "cursor", day, draw(_few(events(day)))) for day in days]
        )
        loads[-1].append(Window("members", "cursor", SNAPSHOTS[min(number, 2)], draw(MEMBERS)))
    return loads


# --- Google Sheets -------------------------------------------------------------------------------


def _tab(name: str, most: int = 4, **cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[Row]]:
    """Rows of a tab that the extractor lets through; what it refuses is left out."""

    def accepted(drawn: list[tuple[str, ...]]) -> list[Row]:
        kept: list[list[str]] = [list(cells)]
        for row in drawn:
            try:
                rows_of(name, [*kept, list(row)])
            except SheetError:
                continue
            kept.append(list(row))
        return rows_of(name, kept)

    return st.lists(st.tuples(*cells.values()), max_size=most).map(accepted)


CELL_DAY = _one_of(*CELL_DAYS)
ROSTER = _tab(
    "employees",
    most=6,
    email=_one_of(*PEOPLE).flatmap(_typed_by_hand),
    full_name=_one_of("Ada", "Ada Alder "),
    department=_one_of(*DEPARTMENTS),
    team=_one_of("", "Apps"),
    cost_center=_one_of(*COST_CENTERS),
    ai_budget_monthly_usd=_one_of("", "0", "100", "100.00", "33.333333"),
    start_date=CELL_DAY,
    end_date=CELL_DAY,
)
ALIAS_ROWS = _tab(
    "email_aliases",
    alias=_one_of(*ALIASES, PEOPLE[3]).flatmap(_typed_by_hand),
    email=_one_of(*PEOPLE).flatmap(_typed_by_hand),
)


@st.composite
def mappings(draw: Callable) -> list[Row]:
    """Some of those rows that share a key say how much of it is theirs."""
    rows = draw(MAPPINGS_WITHOUT_SHARES)
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if lower_cell(row, "is_active") != "false" or cell(row, "valid_to"):
            key = tuple(cell(row, column) for column in ("api_key_id", "valid_from", "valid_to"))
            groups.setdefault(key, []).append(row)
    for group in groups.values():
        if len(group) in SHARES and draw(st.booleans()):
            for row, share in zip(group, SHARES[len(group)], strict=True):
                row["share"] = share
    return rows


SHARES = {1: ("100",), 2: ("33.33", "66.67"), 3: ("10", "20.5", "69.5")}
MAPPINGS_WITHOUT_SHARES = _tab(
    "api_key_mappings",
    most=5,
    api_key_id=_one_of(*KEYS, *ACCOUNTS, *WORKSPACES),
    email=_one_of("", *PEOPLE, ALIASES[0]),
    purpose=_one_of("", "coding", "research"),
    cost_center=_one_of(*COST_CENTERS),
    is_active=_one_of("", "TRUE", "false"),
    confidence=_one_of("", "0", "0.6", "1"),
    valid_from=CELL_DAY,
    valid_to=CELL_DAY,
)
PLANS = _tab(
    "seat_plans",
    most=6,
    platform=_one_of("cursor", "Cursor ", "claude_ai", "windsurf"),
    plan=_one_of("pro", "Business"),
    seat_price_usd=_one_of("0", "20", "32.50", "40.01", "365.123456"),
    billing_cycle=_one_of("monthly", "annual", "Annual"),
    valid_from=CELL_DAY,
    valid_to=CELL_DAY,
    renews_on=_one_of("", "", "2024-02-29", "2022-06-15"),
)
ASSIGNMENTS = _tab(
    "seat_assignments",
    most=6,
    platform=_one_of("cursor", "claude_ai", "windsurf"),
    email=EMAIL,
    plan=_one_of("pro", "business", "no such plan"),
    assigned_from=CELL_DAY,
    assigned_to=CELL_DAY,
)
BUDGETS = _tab(
    "budgets",
    most=5,
    scope_type=_one_of("user", "user", "department", "company", "team", "cost_center"),
    scope=_one_of("", *PEOPLE, *ALIASES, STRANGER.title(), "Data", "ops", "Ops|CC-1", "CC-1"),
    month=_one_of("2024-01", "2024-02", "2024-03"),
    amount_usd=AMOUNT,
)
INVOICES = _tab(
    "invoices",
    most=5,
    platform=_one_of("cursor", "anthropic", "claude_api", "claude_ai", "gemini", "windsurf"),
    organization=_one_of("", "", "console", "Enterprise", "cursor"),
    invoice_id=_one_of("INV-1", "inv-1", "INV-2", "INV-3"),
    period_start=CELL_DAY,
    period_end=CELL_DAY,
    amount_usd=AMOUNT,
    status=_one_of("", "paid", "draft", "disputed"),
)
TABS = {
    "employees": ROSTER,
    "email_aliases": ALIAS_ROWS,
    "api_key_mappings": mappings(),
    "seat_plans": PLANS,
    "seat_assignments": ASSIGNMENTS,
    "budgets": BUDGETS,
    "invoices": INVOICES,
}


@st.composite
def sheets_loads(draw: Callable, *names: str) -> list[list[Window]]:
    """Some snapshots of tabs, none of them empty, since the extractor rejects that."""
    loads = []
    for day in SNAPSHOTS[: draw(_one_of(1, 2, 3))]:
        drawn = {name: draw(TABS[name]) for name in names or TABS}
        loads.append([Window(name, "sheets", day, rows) for name, rows in drawn.items() if rows])
    return loads


OWNED = [
    fixtures.api_key("key_a", "Shared", created_by={"id": "user_bo"}),
    fixtures.api_key("key_b", "Shared", principal={"id": "user_ada"}),
    fixtures.api_key("key_bot", "Own", principal={"service_account_id": "svac_listed"}),
]


@st.composite
def attributed_companies(draw: Callable) -> Company:
    """Companies with a day on which much is named: a key with several mappings, and its owners."""
    day = draw(_one_of(*DAYS))
    rows = st.lists(analytics_rows(), min_size=4, max_size=12)
    reports = [
        Window("analytics_cost", "console", day, draw(rows)),
        Window("users", "console", SNAPSHOTS[0], list(fixtures.USERS[:2])),
        Window("api_keys", "console", SNAPSHOTS[0], OWNED),
    ]
    before = str(dt.date.fromisoformat(day) - dt.timedelta(days=1))
    lasts = _one_of(before, before, day, "")
    rows = []
    for key in KEYS:
        days = f"{before}|{draw(lasts)}"
        if draw(st.booleans()):
            rows += [f"{key}|{PEOPLE[2]}||||70|{days}", f"{key}||CC-2|||30|{days}"]
        else:
            rows.append(f"{key}|{PEOPLE[2]}|||||{days}")
    mapped = fixtures.tab(
        "api_key_id email cost_center is_active confidence share valid_from valid_to",
        *rows,
        *(f"{workspace}||CC-1|||||{draw(lasts)}" for workspace in WORKSPACES),
    )
    sheets = draw(sheets_loads("employees", "email_aliases"))
    sheets[-1].append(Window("api_key_mappings", "sheets", SNAPSHOTS[0], mapped))
    return company([reports], [draw(cursor_loads())[0]], sheets)


CURRENCIES = ("USD", "usd", "EUR", "EUR", "eur", "GBP", "JPY")


@st.composite
def foreign_companies(draw: Callable) -> Company:
    """Companies that are billed in several currencies, for some of which and from some day on
    the sheet has rates."""
    analytics = draw(st.lists(analytics_rows(), min_size=1, max_size=6))
    legacy = draw(st.lists(LEGACY_COST, min_size=1, max_size=4))
    for row in analytics:
        row["cost"]["currency"] = draw(_one_of(*CURRENCIES))
    for row in legacy:
        row["currency"] = draw(_one_of(*CURRENCIES))
    first, second = draw(st.lists(_one_of(*DAYS), min_size=2, max_size=2, unique=True))
    reports = [
        Window("analytics_cost", "console", first, analytics),
        Window("cost_report", "console", second, legacy),
        Window(
            "usage_report_messages", "console", second, draw(st.lists(LEGACY_USAGE, max_size=5))
        ),
    ]
    begun = draw(
        st.lists(st.tuples(_one_of("EUR", "eur ", "GBP"), _one_of(*DAYS)), max_size=6, unique=True)
    )
    rates = {(code.strip().upper(), day): draw(RATE) for code, day in begun}
    tab = fixtures.tab(
        "currency valid_from usd_per_unit",
        *(f"{code}|{day}|{rate}" for (code, day), rate in rates.items()),
    )
    return company([reports], sheets=[[Window("exchange_rates", "sheets", SNAPSHOTS[0], tab)]])


RATE = _one_of("1", "1.0842", "0.00612345", "1.99999999", "150")


@st.composite
def companies(draw: Callable) -> Company:
    return company(draw(anthropic_loads()), draw(cursor_loads()), draw(sheets_loads()))


# --- What the records say ------------------------------------------------------------------------


def cell(row: Row, column: str) -> str:
    return str(row.get(column) or "").strip()


def lower_cell(row: Row, column: str) -> str:
    return cell(row, column).lower()


def first_day(row: Row, column: str) -> dt.date:
    return dt.date.fromisoformat(cell(row, column) or "1900-01-01")


def last_day(row: Row, column: str) -> dt.date:
    return dt.date.fromisoformat(cell(row, column) or "9999-12-31")


def by(rows: Iterable[Row], *columns: str) -> dict[tuple[str, ...], list[Row]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[tuple(lower_cell(row, column) for column in columns)].append(row)
    return grouped


def on_day(rows: Iterable[Row], day: dt.date, begin: str, end: str) -> Row | None:
    """Which of the rows for one thing holds on a day: the one that began last, until its last day.
    If two rows have the same days, the lower one in the sheet."""
    begun = [row for row in rows if first_day(row, begin) <= day]
    if not begun:
        return None
    row = max(begun, key=lambda row: (first_day(row, begin), last_day(row, end), row["_row"]))
    return row if day <= last_day(row, end) else None
