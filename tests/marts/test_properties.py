"""Whatever a company is like, no dollar is lost and none counts twice.

The expected result is computed here from the generated records, in exact decimals. The examples are
new each time: a few on a pull request, many in `make test-all`. A test that fails prints the
example, and how to try it again. To try many examples of one test:

PROPERTY_EXAMPLES=1000 pytest tests/marts/test_properties.py -k seat
"""

from __future__ import annotations

import calendar
import datetime as dt
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, getcontext
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.bigquery import fixtures
from tests.bigquery.fixtures import Window
from tests.marts import small_company as made
from tests.marts.small_company import AS_OF, Company, Marts, Row

EXAMPLES = os.environ.get("PROPERTY_EXAMPLES")
BEGINNING, END = dt.date(1900, 1, 1), dt.date(9999, 12, 31)
ON_DEMAND = ("Usage-based", "USAGE_EVENT_KIND_USAGE_BASED", "Something new", None)
NOBODY = "unattributed"
# Sums of amounts with 18 decimals must be exact.
getcontext().prec = 60


def property_settings(examples: int):
    return settings(
        max_examples=int(EXAMPLES or examples),
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


# --- What the records say ------------------------------------------------------------------------


def usd(cents: str | float) -> Decimal:
    return Decimal(str(cents)) / 100


def charge_of(event: Row) -> Decimal:
    """What Cursor charges for an event: the event says so, or it follows from its other values."""
    if event.get("chargedCents") is not None:
        return usd(event["chargedCents"])
    tokens = event["tokenUsage"]
    discount = Decimal(str(tokens.get("discountPercentOff", 0)))
    cost = usd(tokens.get("totalCents", 0)) * (100 - discount) / 100
    fee = usd(event.get("cursorTokenFee", 0))
    return cost.quantize(Decimal("1e-18"), ROUND_HALF_UP) + fee


def billed_records(company: Company) -> Iterator[tuple[str, str, str, Row, Decimal]]:
    """Day, vendor, organization, record and cash of what counts."""
    analytics = company.current("analytics_cost")
    for (organization, day), records in analytics.items():
        for row in records:
            yield day, "anthropic", organization, row, usd(row["cost"]["amount"])
    for (organization, day), records in company.current("cost_report").items():
        for row in records if (organization, day) not in analytics else []:
            yield day, "anthropic", organization, row, usd(row["amount"])
    for (organization, day), records in company.current("usage_events").items():
        for row in records:
            if row["kind"] in ON_DEMAND:
                yield day, "cursor", organization, row, charge_of(row)


def summed(pairs) -> dict:
    sums: defaultdict = defaultdict(Decimal)
    for key, value in pairs:
        sums[key] += value
    return {key: value for key, value in sums.items() if value}


def shown_on(company: Company, day: dt.date) -> dict[str, Row]:
    """The roster's entry for each person on a day, as far as it has to be read for that."""
    snapshots = {dt.date.fromisoformat(day): rows for (_, day), rows in roster(company).items()}
    shown: dict[str, Row] = {}
    people = {made.lower_cell(row, "email") for rows in snapshots.values() for row in rows}
    for person in people:
        theirs = {
            taken: [row for row in snapshots[taken] if made.lower_cell(row, "email") == person]
            for taken in sorted(snapshots)
        }
        taken_with = [taken for taken, rows in theirs.items() if rows]
        newest = theirs[taken_with[-1]]
        if len(newest) > 1:
            # The sheet dates them itself; what it says first stands for the days before it.
            earliest = min(made.first_day(row, "start_date") for row in newest)
            begun = [
                row for row in newest if made.first_day(row, "start_date") <= max(day, earliest)
            ]
            shown[person] = max(begun, key=lambda row: (*dates_of(row), row["_row"]))
        else:
            earlier = [taken for taken in taken_with if taken <= day]
            rows = theirs[(earlier or taken_with[:1])[-1]]
            shown[person] = max(
                rows, key=lambda row: (made.first_day(row, "start_date"), row["_row"])
            )
    return shown


def dates_of(row: Row) -> tuple[dt.date, dt.date]:
    return made.first_day(row, "start_date"), made.last_day(row, "end_date")


def roster(company: Company) -> dict[tuple[str, str], list[Row]]:
    return company.current("employees")


def last_known(company: Company, resource: str) -> dict[str, Row]:
    """The last entry of each id in a directory of Anthropic's."""
    snapshots = company.current(resource)
    return {row["id"]: row for key in sorted(snapshots) for row in snapshots[key]}


@dataclass(frozen=True)
class Owner:
    """Whose a part of a record is: a person or NOBODY, how that is known, and the cost center that
    the sheet says. The part is what lies between two marks of a whole."""

    who: str
    how: str
    cost_center: str = ""
    marks: tuple[int, int, int] = (0, 1, 1)


def owners_of(company: Company, record: Row, day: str) -> list[Owner]:
    """The first that applies; several only of a mapping whose rows share the same days."""
    group = record.get("group", {})
    actor = group.get("actor") or {}
    email = actor.get("email_address") or record.get("userEmail")
    key = group.get("api_key_id") or actor.get("api_key_id")
    users = {
        user: row["email"].strip().lower() for user, row in last_known(company, "users").items()
    }
    entry = last_known(company, "api_keys").get(key, {})
    principal = next(iter((entry.get("principal") or {}).values()), None)
    creator = (entry.get("created_by") or {}).get("id")
    account = actor.get("service_account_id") or record.get("serviceAccountId")
    email = email or users.get(actor.get("user_id"))
    account = account or (principal if (principal or "").startswith("svac_") else None)
    of_key = mappings_of(company, key, day)
    of_account = mappings_of(company, account, day)
    of_workspace = mappings_of(company, group.get("workspace_id"), day)
    if email:
        (row,) = of_key if len(of_key) == 1 else ({},)
        return [Owner(person(company, email), "vendor_identity", made.cell(row, "cost_center"))]
    if any(made.cell(row, "email") or made.cell(row, "cost_center") for row in of_key):
        return parts_of(company, of_key, "")
    if principal in users:
        return [Owner(person(company, users[principal]), "key_principal")]
    if account:
        for rows in (of_account, of_workspace):
            if any(made.cell(row, "cost_center") for row in rows):
                return parts_of(company, rows, "service_account")
        return [Owner(NOBODY, "service_account")]
    if any(made.cell(row, "cost_center") for row in of_workspace):
        return parts_of(company, of_workspace, "team_mapping")
    if creator in users:
        return [Owner(person(company, users[creator]), "key_creator")]
    return [Owner(NOBODY, NOBODY)]


def mappings_of(company: Company, subject: str | None, day: str) -> list[Row]:
    """The rows that hold for a key, an account or a workspace: several where they share it."""
    rows = [
        row
        for row in company.newest("api_key_mappings")
        if made.cell(row, "api_key_id") == subject
        and (made.lower_cell(row, "is_active") != "false" or made.cell(row, "valid_to"))
    ]
    held = made.on_day(rows, dt.date.fromisoformat(day), "valid_from", "valid_to")
    days = ("valid_from", "valid_to")
    return [
        row for row in rows if held and all(made.cell(row, d) == made.cell(held, d) for d in days)
    ]


def parts_of(company: Company, rows: list[Row], how: str) -> list[Owner]:
    """The parts of a mapping; without `how`, each is known by what its row names."""

    def order(row: Row) -> tuple[Any, ...]:
        email, cost_center = made.lower_cell(row, "email"), made.cell(row, "cost_center")
        return (not email, email, not cost_center, cost_center, row["_row"])

    rows = sorted(rows, key=order)
    shares = [made.cell(row, "share") for row in rows]
    weights = [int(Decimal(share) * 100) if share else 1 for share in shares]
    if len(rows) == 1:
        weights = [1]
    parts, mark = [], 0
    for row, weight in zip(rows, weights, strict=True):
        cost_center = made.cell(row, "cost_center")
        email = made.cell(row, "email") if not how else ""
        named = "key_mapping" if email else (how or "team_mapping")
        if not email and not cost_center and how != "service_account":
            named = NOBODY
        who = person(company, email) if email else NOBODY
        parts.append(Owner(who, named, cost_center, (mark, mark + weight, sum(weights))))
        mark += weight
    return parts


def part_of(amount: Decimal, marks: tuple[int, int, int]) -> Decimal:
    """What of an amount lies between two marks of a whole; a mark is cut to a billionth."""
    begin, end, whole = marks

    def cut(mark: int) -> Decimal:
        nanos = abs(int(amount * 10**9)) * mark // whole
        return (Decimal(nanos) / 10**9).copy_sign(amount)

    return (amount if end == whole else cut(end)) - cut(begin)


def person(company: Company, email: str) -> str:
    aliases = {
        made.lower_cell(row, "alias"): made.lower_cell(row, "email")
        for row in company.newest("email_aliases")
    }
    email = email.strip().lower()
    return aliases.get(email, email)


# --- The ledger ----------------------------------------------------------------------------------


@property_settings(9)
@given(company=made.companies())
def test_each_day_costs_what_the_records_say_from_one_source_only(
    marts: Marts, company: Company
) -> None:
    held = marts.build(company.loads, "fct_cost_daily").sums(
        "select cast(cost_date as text), vendor, organization, sum(billed_cost_usd)"
        " from marts.fct_cost_daily where source != 'seat_plans' group by all"
    )
    assert held == summed(
        ((day, vendor, organization), amount)
        for day, vendor, organization, _, amount in billed_records(company)
    )


def currency_of(record: Row) -> str:
    return str(record.get("cost", record)["currency"]).upper()


def in_dollars(company: Company, row: Row, day: str, amount: Decimal) -> Decimal | None:
    """By the latest rate of the currency that is not after the day; None without one."""
    currency = currency_of(row)
    if currency == "USD":
        return amount
    rates = [
        (made.cell(rate, "valid_from"), Decimal(rate["usd_per_unit"]))
        for rate in company.newest("exchange_rates")
        if made.cell(rate, "currency").upper() == currency and made.cell(rate, "valid_from") <= day
    ]
    return amount.quantize(Decimal("1e-10"), ROUND_HALF_UP) * max(rates)[1] if rates else None


@property_settings(14)
@given(company=made.foreign_companies())
def test_each_currency_counts_by_the_rate_of_its_day_and_without_one_in_no_sum(
    marts: Marts, company: Company
) -> None:
    marts.build(company.loads, "fct_cost_daily", "int_amounts_without_rate", "int_reported_costs")
    records = list(billed_records(company))
    priced = [(day, in_dollars(company, row, day, amount)) for day, _, _, row, amount in records]
    by_day = (
        "select cast(cost_date as text), sum(billed_cost_usd) from marts.fct_cost_daily group by 1"
    )
    assert marts.sums(by_day) == summed((day, usd) for day, usd in priced if usd is not None)
    in_currency = (
        "select cast(cost_date as text), billing_currency, sum(billed_cost_in_currency)"
        " from marts.fct_cost_daily group by all"
    )
    assert marts.sums(in_currency) == summed(
        ((day, currency_of(row)), amount) for day, _, _, row, amount in records
    )
    reported = (
        "select cast(cost_date as text), sum(reported_usd)"
        " from intermediate.int_reported_costs group by 1"
    )
    assert marts.sums(reported) == marts.sums(by_day)
    without = set(
        marts.rows(
            "select cast(amount_date as text), currency from intermediate.int_amounts_without_rate"
        )
    )
    unpriced = [
        ((day, currency_of(row)), amount)
        for (day, _, _, row, amount), (_, usd) in zip(records, priced, strict=True)
        if usd is None
    ]
    # Amounts that cancel each other out need no rate.
    assert set(summed(unpriced)) <= without <= {key for key, amount in unpriced if amount}


@property_settings(14)
@given(company=made.companies() | made.attributed_companies())
def test_attribution_neither_loses_nor_doubles_and_names_who_it_was(
    marts: Marts, company: Company
) -> None:
    marts.build(company.loads, "fct_cost_daily")
    sums = "sum(list_cost_usd), sum(billed_cost_usd), sum(effective_cost_usd)"
    by_source = f"select cost_date, source, {sums} from %s group by all"
    before = sorted(marts.rows(by_source % "intermediate.int_costs"))
    assert sorted(marts.rows(by_source % "marts.fct_cost_daily")) == before

    assert not marts.rows(
        "select costs.rowid from marts.fct_cost_daily as costs left join marts.dim_users as users"
        " on costs.user_email = users.user_email"
        " and costs.cost_date >= users.valid_from and costs.cost_date < users.valid_to"
        " group by costs.rowid, costs.user_sk"
        " having count(users.user_sk) != 1 or costs.user_sk != max(users.user_sk)"
    )
    assert not marts.rows(
        f"select * from marts.fct_cost_daily where attribution_confidence not between 0 and 1"
        f" or (attribution_method = '{NOBODY}' and attribution_confidence != 0)"
        f" or (attribution_method in ('{NOBODY}', 'service_account', 'team_mapping'))"
        f" != (user_email = '{NOBODY}')"
        f" or (attribution_method = 'service_account' and service_account_id is null)"
    )

    # Only what a legacy row names after it was shared out is not in the records.
    held = marts.sums(
        "select cast(cost_date as text), user_email, coalesce(department, ''),"
        " coalesce(cost_center, ''), attribution_method, sum(billed_cost_usd)"
        " from marts.fct_cost_daily where source in ('analytics_cost', 'usage_events')"
        " group by all"
    )
    expected = []
    for day, _, _, record, amount in billed_records(company):
        if "group" in record or "userEmail" in record:
            for owner in owners_of(company, record, day):
                known = shown_on(company, dt.date.fromisoformat(day)).get(owner.who, {})
                department, own = made.cell(known, "department"), made.cell(known, "cost_center")
                if owner.who == NOBODY:
                    department = own = NOBODY
                key = (day, owner.who, department, owner.cost_center or own, owner.how)
                expected.append((key, part_of(amount, owner.marks)))
    assert held == summed(expected)


@st.composite
def legacy_days(draw) -> Company:
    windows = [
        Window(resource, "console", day, draw(st.lists(records, max_size=5)))
        for day in draw(st.lists(st.sampled_from(made.DAYS), min_size=1, max_size=2, unique=True))
        for resource, records in (
            ("cost_report", made.LEGACY_COST),
            ("usage_report_messages", made.LEGACY_USAGE),
        )
    ]
    return made.company(anthropic=[windows])


@property_settings(14)
@given(company=legacy_days())
def test_the_shares_of_a_legacy_row_sum_to_it_and_none_changes_its_sign(
    marts: Marts, company: Company
) -> None:
    marts.build(company.loads, "stg_anthropic__legacy_cost_shares")
    parts = defaultdict(list)
    for record, part in marts.rows(
        "select record_id, billed_cost_usd from staging.stg_anthropic__legacy_cost_shares"
    ):
        parts[record].append(part)
    raw = fixtures.raw_tables(company.loads)["raw_anthropic.cost_report"]
    amounts = {
        row["_dlt_id"]: usd(record["amount"])
        for row, record in zip(
            raw,
            [row for rows in company.current("cost_report").values() for row in rows],
            strict=True,
        )
    }
    assert {record: sum(shares) for record, shares in parts.items()} == amounts
    assert all(part * amounts[record] >= 0 for record, shares in parts.items() for part in shares)


# --- Seats ---------------------------------------------------------------------------------------


@st.composite
def seats(draw) -> Company:
    """A first day of history, who used Cursor then, members and what the sheet says of seats."""
    day = draw(st.sampled_from(("2022-11-15", "2024-01-10", "2024-03-01")))
    users = draw(st.lists(st.sampled_from([None, *made.PEOPLE]), min_size=1, max_size=3))
    events = [fixtures.event(f"{day}T12:00:00Z", user) for user in users]
    first = Window("usage_events", "cursor", day, events)
    members = [
        [Window("members", "cursor", taken, draw(made.MEMBERS))]
        for taken in made.SNAPSHOTS[: draw(st.integers(0, 3))]
    ]
    sheets = draw(made.sheets_loads("seat_plans", "seat_assignments"))
    return made.company(cursor=[[first], *members], sheets=sheets)


def month_of(day: dt.date) -> tuple[dt.date, dt.date]:
    start = day.replace(day=1)
    return start, (start + dt.timedelta(days=31)).replace(day=1)


def year_of(day: dt.date, anchor: dt.date) -> tuple[dt.date, dt.date]:
    """The year from anniversary to anniversary; in a year without 29 February, from the 28th."""

    def anniversary(year: int) -> dt.date:
        last = calendar.monthrange(year, anchor.month)[1]
        return dt.date(year, anchor.month, min(anchor.day, last))

    year = day.year if anniversary(day.year) <= day else day.year - 1
    return anniversary(year), anniversary(year + 1)


# Platform, person, plan, the row that assigned it, and its first day.
Seat = tuple[str, str, str, int, dt.date]


def seat_days(company: Company) -> dict[Seat, list[tuple[dt.date, Row]]]:
    """Of each seat that somebody had, without a break, its days and the rows with their price."""
    plans = made.by(company.newest("seat_plans"), "platform", "plan")
    assignments = made.by(company.newest("seat_assignments"), "platform", "email")
    first_plan = next(
        (
            made.lower_cell(row, "plan")
            for row in company.newest("seat_plans")
            if made.lower_cell(row, "platform") == "cursor"
        ),
        None,
    )
    members = sorted(
        (
            dt.date.fromisoformat(day),
            {row["email"].strip().lower() for row in rows if not row["isRemoved"]},
        )
        for (_, day), rows in company.current("members").items()
    )
    (((_, first_day), events),) = company.current("usage_events").items()
    history = dt.date.fromisoformat(first_day)
    users = {made.lower_cell(event, "userEmail") for event in events} - {""}
    seats: dict[Seat, list[tuple[dt.date, Row]]] = {}
    held_yesterday: dict[tuple[str, str], Seat] = {}
    # From before any day in a cell to the end of the years that are running.
    day = dt.date(2020, 1, 1)
    while day < dt.date(AS_OF.year + 2, 1, 1):
        there = next((there for taken, there in reversed(members) if taken <= day), None)
        if there is None:
            # Before the first list, without a roster: from the first use on those who are on it,
            # others on the days of their use.
            on_list = members[0][1] if members and day >= history else set()
            there = {user for user in users if user in on_list or (members and day == history)}
        holders = [("cursor", email) for email in there]
        holders += [pair for pair in assignments if pair[0] != "cursor" or not members]
        held_today = {}
        for platform, email in holders:
            rows = assignments.get((platform, email), [])
            assigned = made.on_day(rows, day, "assigned_from", "assigned_to")
            plan = (
                made.lower_cell(assigned, "plan")
                if assigned
                else (first_plan if platform == "cursor" and email in there else None)
            )
            if plan is None:
                continue
            sheet_row = assigned["_row"] if assigned else 0
            seat = held_yesterday.get((platform, email))
            if seat is None or seat[:4] != (platform, email, plan, sheet_row):
                seat = (platform, email, plan, sheet_row, day)
            held_today[platform, email] = seat
            row = made.on_day(plans.get((platform, plan), []), day, "valid_from", "valid_to")
            if row:
                seats.setdefault(seat, []).append((day, row))
        held_yesterday = held_today
        day += dt.timedelta(days=1)
    return seats


def part_of_price(
    price: str, cycle: tuple[dt.date, dt.date], first: dt.date, after: dt.date
) -> Decimal:
    """What the days from one to another cost, of a price for the cycle."""
    start, end = cycle
    nanos = int(Decimal(price) * 10**9)
    parts = [nanos * (day - start).days // (end - start).days for day in (first, after)]
    return Decimal(parts[1] - parts[0]) / 10**9


Amounts = list[tuple[tuple[str, str, str, dt.date], Decimal]]


def seat_amounts(company: Company) -> tuple[Amounts, Amounts]:
    """What seats are billed, and what their days cost: by platform, person, plan and day."""
    (((_, first_day), _),) = company.current("usage_events").items()
    billed: Amounts = []
    effective: Amounts = []
    one = dt.timedelta(days=1)
    for (platform, email, plan, *_), days in seat_days(company).items():
        annual = {day for day, row in days if made.lower_cell(row, "billing_cycle") == "annual"}
        months: dict[tuple[dt.date, dt.date, str], list[dt.date]] = {}
        years: dict[tuple[dt.date, dt.date], tuple[str, list[dt.date]]] = {}
        for day, row in days:
            price = row["seat_price_usd"]
            if day in annual:
                anchor = made.first_day(row, "renews_on") if row.get("renews_on") else min(annual)
                years.setdefault(year_of(day, anchor), (price, []))[1].append(day)
            else:
                months.setdefault((*month_of(day), price), []).append(day)

        for (start, end, price), held in months.items():
            cycle = (start, end)
            if start < AS_OF and str(end) > first_day:
                parts = [
                    ((platform, email, plan, day), part_of_price(price, cycle, day, day + one))
                    for day in held
                ]
                billed.append(((platform, email, plan, start), sum(cost for _, cost in parts)))
                effective += [(key, cost) for key, cost in parts if key[3] < AS_OF]
        for cycle, (price, held) in years.items():
            start, end = cycle
            first, after = held[0], held[-1] + one
            if first < AS_OF and str(end) > first_day:
                billed.append(
                    ((platform, email, plan, first), part_of_price(price, cycle, first, end))
                )
                if after < end and after < AS_OF:
                    billed.append(
                        ((platform, email, plan, after), part_of_price(price, cycle, end, after))
                    )
                while first < min(after, AS_OF):
                    effective.append(
                        (
                            (platform, email, plan, first),
                            part_of_price(price, cycle, first, first + one),
                        )
                    )
                    first += one
    return billed, effective


# A row that ends on the day on which another begins is no slip, even where it began on it too.
ONE_DAY_LAST = made.company(
    cursor=[[Window("usage_events", "cursor", "2024-01-10", [fixtures.event("2024-01-10", None)])]],
    sheets=[
        [
            Window(
                "seat_plans",
                "sheets",
                made.SNAPSHOTS[0],
                fixtures.tab(
                    "platform plan seat_price_usd billing_cycle valid_from valid_to",
                    "claude_ai|pro|31|monthly|2024-02-01|",
                    "claude_ai|pro|62|monthly|2024-02-01|2024-02-01",
                    "claude_ai|max|100|monthly||",
                ),
            ),
            Window(
                "seat_assignments",
                "sheets",
                made.SNAPSHOTS[0],
                fixtures.tab(
                    "platform email plan assigned_from assigned_to",
                    "claude_ai|ada@example.com|pro|2024-02-01|",
                    "claude_ai|ada@example.com|max|2024-02-01|2024-02-01",
                ),
            ),
        ]
    ],
)


@property_settings(14)
@given(company=seats())
@example(company=ONE_DAY_LAST)
def test_a_seat_is_charged_once_a_day_and_its_cycle_costs_its_price(
    marts: Marts, company: Company
) -> None:
    marts.build(company.loads, "int_seat_costs")
    query = (
        "select platform_code, holder, plan, cost_date, sum({}) from intermediate.int_seat_costs"
        " group by all"
    )
    billed, effective = seat_amounts(company)
    assert marts.sums(query.format("billed_cost_usd")) == summed(billed)
    assert marts.sums(query.format("effective_cost_usd")) == summed(effective)
    # Without looking at the parts: a finished cycle costs what it was billed.
    finished = (
        "select platform_code, holder, plan, cycle_start, sum({})"
        f" from intermediate.int_seat_costs where cycle_end <= date '{AS_OF}' group by all"
    )
    assert marts.sums(finished.format("billed_cost_usd")) == marts.sums(
        finished.format("effective_cost_usd")
    )


# --- People --------------------------------------------------------------------------------------


TWO_ROWS = fixtures.tab(
    "email department start_date end_date",
    "ada@example.com|Data|2024-02-01|",
    "ada@example.com|Ops|2024-02-01|2024-02-01",
    "ada@example.com|Apps||2024-01-31",
)
SAME_FIRST_DAY = fixtures.tab(
    "email department start_date end_date",
    "ada@example.com|Data|2024-02-01|2024-02-01",
    "ada@example.com|Ops|2024-02-01|",
)
NEVER_BEGINS = fixtures.tab(
    "email department start_date end_date",
    "ada@example.com|Data||",
    "ada@example.com|Ops|9999-12-31|",
)


@property_settings(14)
@given(sheets=made.sheets_loads("employees"))
@example(sheets=[[Window("employees", "sheets", made.SNAPSHOTS[0], NEVER_BEGINS)]])
@example(sheets=[[Window("employees", "sheets", made.SNAPSHOTS[0], SAME_FIRST_DAY)]])
@example(sheets=[[Window("employees", "sheets", made.SNAPSHOTS[0], TWO_ROWS)]])
@example(sheets=[[Window("employees", "sheets", made.SNAPSHOTS[0], TWO_ROWS[::-1])]])
def test_the_versions_of_a_person_cover_each_day_once_with_what_the_sheet_said(
    marts: Marts, sheets: list[list[Window]]
) -> None:
    company = made.company(sheets=sheets)
    marts.build(company.loads, "dim_users")
    versions = defaultdict(list)
    for email, begin, end, department, cost_center in marts.rows(
        "select user_email, cast(valid_from as text), cast(valid_to as text),"
        " coalesce(department, ''), coalesce(cost_center, '')"
        " from marts.dim_users order by user_email, valid_from, valid_to"
    ):
        versions[email].append((begin, end, department, cost_center))
    for spans in versions.values():
        begins, ends = [span[0] for span in spans], [span[1] for span in spans]
        assert begins == [str(BEGINNING), *ends[:-1]]
        assert ends[-1] == str(END)
        assert all(begin < end for begin, end, *_ in spans)
    named = {made.lower_cell(row, "email") for rows in roster(company).values() for row in rows}
    assert versions.keys() == {NOBODY, *named}
    days = {day for cell in (*made.CELL_DAYS[1:-1], *made.SNAPSHOTS) for day in around(cell)}
    for day in days:
        for email, row in shown_on(company, day).items():
            on_day = [span[2:] for span in versions[email] if span[0] <= str(day) < span[1]]
            assert on_day == [(made.cell(row, "department"), made.cell(row, "cost_center"))]


def around(day: str) -> tuple[dt.date, dt.date]:
    date = dt.date.fromisoformat(day)
    return date - dt.timedelta(days=1), date


# --- Views ---------------------------------------------------------------------------------------

VIEWS = {
    "vw_cost_allocation_detailed": ("strftime(month, '%Y-%m')", "total_cost"),
    "vw_executive_dashboard": ("strftime(month, '%Y-%m')", "total_monthly_cost"),
    "vw_executive_dashboard_by_platform": ("strftime(month, '%Y-%m')", "platform_cost"),
    "vw_unified_roi_analysis": ("strftime(month, '%Y-%m')", "total_cost"),
    "focus_cost_and_usage": ("strftime(\"x_ChargeDate\", '%Y-%m')", '"EffectiveCost"'),
}


@property_settings(9)
@given(company=made.companies())
def test_every_view_has_the_months_costs_to_the_last_digit(marts: Marts, company: Company) -> None:
    marts.build(company.loads, *VIEWS, "fct_budget_monthly")
    months = "select strftime(cost_date, '%Y-%m'), sum({}) from marts.fct_cost_daily group by 1"
    expected = marts.sums(months.format("effective_cost_usd"))
    held = {
        view: marts.sums(f"select {month}, sum({cost}) from marts.{view} group by 1")
        for view, (month, cost) in VIEWS.items()
    }
    assert held == dict.fromkeys(VIEWS, expected)
    assert marts.sums(
        'select strftime("x_ChargeDate", \'%Y-%m\'), sum("BilledCost")'
        " from marts.focus_cost_and_usage group by 1"
    ) == marts.sums(months.format("billed_cost_usd"))

    scopes = {
        "company": "'company'",
        "department": "department",
        "team": "team",
        "cost_center": "cost_center",
        "user": "user_email",
    }
    spent = {
        (month, kind, scope): cost
        for kind, column in scopes.items()
        for (month, scope), cost in marts.sums(
            f"select strftime(cost_date, '%Y-%m'), lower({column}), sum(effective_cost_usd)"
            " from marts.fct_cost_daily group by all"
        ).items()
    }
    budgets = marts.rows(
        "select strftime(month, '%Y-%m'), scope_type, lower(scope), actual_cost_usd"
        " from marts.fct_budget_monthly"
    )
    assert len({budget[:3] for budget in budgets}) == len(budgets)
    for *scope, cost in budgets:
        assert cost == spent.get(tuple(scope), 0)


@property_settings(9)
@given(company=made.companies())
def test_budgets_and_invoices_are_split_exactly(marts: Marts, company: Company) -> None:
    marts.build(company.loads, "vw_cost_allocation_detailed", "fct_cost_reconciliation")
    held = marts.rows(
        "select strftime(month, '%Y-%m'), user_email, sum(budget_allocated),"
        " count(*) - count(budget_allocated)"
        " from marts.vw_cost_allocation_detailed group by 1, 2"
    )
    on_roster = marts.rows(
        "select strftime(month, '%Y-%m'), user_email, ai_budget_monthly_usd"
        " from intermediate.rollup_roster_by_month where ai_budget_monthly_usd is not null"
    )
    budgets = {(month, email): amount for month, email, amount in on_roster}
    for row in company.newest("budgets"):
        if made.lower_cell(row, "scope_type") == "user":
            scope = person(company, made.cell(row, "scope"))
            budgets[made.cell(row, "month"), scope] = Decimal(row["amount_usd"])
    for month, email, allocated, without in held:
        assert allocated == budgets.get((month, email)), (month, email)
        assert without == 0 or allocated is None

    (invoiced,) = marts.rows("select sum(invoiced_usd) from marts.fct_cost_reconciliation")
    asked = [
        Decimal(row["amount_usd"])
        for row in company.newest("invoices")
        if made.first_day(row, "period_start") <= made.last_day(row, "period_end")
    ]
    assert (invoiced[0] or 0) == sum(asked)
