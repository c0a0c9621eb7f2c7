"""GitHub Copilot: money (https://docs.github.com/en/rest/billing/usage), seats, and what users do
(https://docs.github.com/en/rest/copilot/copilot-usage-metrics).

The two know nothing of each other: use is told by editors, money by what was billed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import msgspec
from pydantic import ValidationError

from extract.github import records, saml
from extract.github.ai_credits import REPORT_DAYS, REQUESTS_FOR_USERS, Reports, pages_of_users
from extract.github.api import Api
from extract.http import (
    ExpiredError,
    TooRecentError,
    UnreadableError,
    VendorError,
    open_envelope,
    records_in,
    scalars_in,
)
from extract.report import ResourceReport
from extract.windows import ONE_DAY, Page, Period, Resource, Run, Window, ending, fetch
from foundation.sources.github import GitHubSettings

TABLES = ("billing_usage", "ai_credits", "copilot_seats", "copilot_users", "saml_identities")
ORGANIZATION = "github"

# A month is final on its sixth day after the end.
BILLING_LOOK_BACK = 5
# The report of a day is there after two days and final after three.
USERS_LOOK_BACK = 4
# The first days of which there are reports, and for how many days they are kept.
USERS_SINCE_ENTERPRISE = date(2025, 10, 10)
USERS_SINCE_ORGANIZATION = date(2025, 12, 12)
USERS_KEPT_DAYS = 365

SEATS_PAGE = 100


def extract(settings: GitHubSettings, run: Run) -> Iterator[Window]:
    """Ends with the first resource for which GitHub says that the rate limit is used up: going
    on asking risks being locked out."""
    api = Api(settings)
    seats = Resource("copilot_seats", records.Seat, partial(_seats, api), is_directory=True)
    try:
        yield from fetch(seats, ORGANIZATION, run)
        for resource in (_billing_usage, _credits, _users, _identities):
            if not api.is_used_up:
                yield from resource(api, run)
    finally:
        api.close()


def check(settings: GitHubSettings) -> Iterator[tuple[str, Callable[[], None]]]:
    """Cheap requests, since money and seats need different scopes of the token."""

    def ask(path: str) -> None:
        api = Api(settings)
        try:
            api.ask("GET", path)
        finally:
            api.close()

    api = Api(settings)
    api.close()
    yield "seats", partial(ask, f"{api.copilot}/billing/seats")
    yield "billing", partial(ask, f"{api.billing}/usage")


def _billing_usage(api: Api, run: Run) -> Iterator[Window]:
    resource = Resource(
        "billing_usage",
        records.BillingLine,
        partial(_billing_days, api),
        is_directory=False,
        look_back=billing_look_back(run, "billing_usage"),
    )
    yield from fetch(resource, ORGANIZATION, run)


def billing_look_back(run: Run, resource: str) -> int:
    """For how many days GitHub may have changed what a resource says since the last run: five, and
    all of a month that was not final then and may be now."""
    mark = run.memory.get(f"{ORGANIZATION}/{resource}", {}).get("high_water")
    if mark is None:
        return BILLING_LOOK_BACK
    newest = date.fromisoformat(mark)
    first = newest - ONE_DAY * BILLING_LOOK_BACK
    if first.replace(day=1) < run.until.replace(day=1):
        first = first.replace(day=1)
    return (newest - first).days


def _billing_days(api: Api, period: Period) -> Iterator[Page]:
    path = f"{api.billing}/usage"
    day = period.start
    asked = {"year": day.year, "month": day.month, "day": day.day}
    envelope = open_envelope(api.ask("GET", path, params=asked))
    found = records_in(envelope, "usageItems")
    request = {"path": path} | asked
    yield Page([(None, found)], request, scalars_in(envelope, frozenset({"usageItems"})))


def _credits(api: Api, run: Run) -> Iterator[Window]:
    look_back = billing_look_back(run, "ai_credits")
    if api.enterprise:
        resource = Resource(
            "ai_credits",
            records.CreditLine,
            Reports(api).pages,
            is_directory=False,
            look_back=look_back,
            max_days=REPORT_DAYS,
            # Ordering reports needs more than reading costs. Without them nobody is named.
            is_optional=True,
        )
        yield from fetch(resource, ORGANIZATION, run)
        return
    resource = Resource(
        "ai_credits",
        records.CreditItem,
        is_directory=False,
        look_back=look_back,
        is_optional=True,
    )
    known = run.memory.setdefault(f"{ORGANIZATION}/ai_credits", {})
    asked = run.days(resource, known)
    try:
        logins = _logins(api, known.setdefault("seats", {}), asked.start, run.today)
    except UnreadableError as error:
        # Asking about nobody would replace every day that landed with an empty one.
        note = f"AI credits are asked for by who has a seat, and seats cannot be read: {error}"
        part = ResourceReport("ai_credits", ORGANIZATION, "not readable", notes=[note])
        run.report.resources.append(part)
        return
    except VendorError as error:
        part = ResourceReport("ai_credits", ORGANIZATION, "failed", errors=[str(error)])
        run.report.resources.append(part)
        return
    resource = replace(resource, pages=partial(pages_of_users, api, logins))
    # A request for each user and day: as many days as the hour allows, the newest.
    days = max(1, REQUESTS_FOR_USERS // max(1, len(logins)))
    earliest = run.until - ONE_DAY * days
    part = yield from fetch(resource, ORGANIZATION, run, earliest=earliest)
    if asked.start < earliest:
        part.notes.append(
            f"days before {earliest} were left out: {len(logins)} users with a request for each "
            f"day are more than the {REQUESTS_FOR_USERS} requests of a run; fetch them with "
            "--since and --until"
        )


def _logins(api: Api, seen: dict[str, str], since: date, today: date) -> list[str]:
    """Who has a seat, and who had one on the days since: what they used lands again with the day.

    `seen` has the last day with a seat by the id of the account, since logins change and memory
    should name nobody.
    """
    logins: set[str] = set()
    accounts: set[str] = set()
    for page in _seats(api):
        for raw in page.parts[0][1]:
            try:
                seat = records.Seat.model_validate(msgspec.json.decode(raw))
            except (ValidationError, msgspec.DecodeError):
                continue  # the resource of seats rejects it
            if seat.assignee:
                logins.add(seat.assignee.login)
                if seat.assignee.id is not None:
                    accounts.add(str(seat.assignee.id))
    # Between the last list with a seat and its end there may be days without a list.
    first = str(since - ONE_DAY * BILLING_LOOK_BACK)
    for account in [one for one, last in seen.items() if last >= first and one not in accounts]:
        if login := _login_of(api, account):
            logins.add(login)
    seen.update(dict.fromkeys(accounts, str(today)))
    return sorted(logins)


def _login_of(api: Api, account: str) -> str | None:
    """What an account is called now, None if it was deleted."""
    try:
        user = msgspec.json.decode(api.ask("GET", f"/user/{account}"))
        return records.Account.model_validate(user).login
    except UnreadableError as error:
        if error.status == 404:
            return None
        raise VendorError(f"account {account}: {error}", status=error.status) from None
    except (ValidationError, msgspec.DecodeError):
        raise VendorError(f"account {account} has no login", advice="report it") from None


@ending
def _seats(api: Api, _: Period | None = None) -> Iterator[Page]:
    """All seats now, numbered pages from 1. If their number changes between two pages, seats may
    have moved from one to another: ExpiredError.

    Only a page that is not full is the last one. GitHub's total counts people, and who has a seat
    through several organizations or teams is listed for each of them.
    """
    path = f"{api.copilot}/billing/seats"
    number, total = 1, None
    while True:
        envelope = open_envelope(
            api.ask("GET", path, params={"page": number, "per_page": SEATS_PAGE})
        )
        found = records_in(envelope, "seats")
        scalars = scalars_in(envelope, frozenset({"seats"}))
        count = scalars.get("total_seats")
        if number > 1 and count != total:
            raise ExpiredError(f"the number of seats went from {total} to {count}")
        total = count
        yield Page([(None, found)], {"path": path}, scalars)
        if len(found) < SEATS_PAGE:
            return
        number += 1


def _users(api: Api, run: Run) -> Iterator[Window]:
    since = USERS_SINCE_ENTERPRISE if api.enterprise else USERS_SINCE_ORGANIZATION
    resource = Resource(
        "copilot_users",
        records.UserDay,
        partial(_user_days, api, run.today),
        is_directory=False,
        look_back=USERS_LOOK_BACK,
        # Only if the policy "Copilot usage metrics" is enabled.
        is_optional=True,
    )
    kept = run.today - ONE_DAY * USERS_KEPT_DAYS
    yield from fetch(resource, ORGANIZATION, run, earliest=max(since, kept))


def _identities(api: Api, run: Run) -> Iterator[Window]:
    resource = Resource(
        "saml_identities",
        records.SamlIdentity,
        partial(saml.identities, api),
        is_directory=True,
        is_optional=True,
        brings="whose login is whose, by the company's own login",
    )
    part = yield from fetch(resource, ORGANIZATION, run)
    if part.status == "not readable":
        part.notes.append(saml.ADVICE)


def _user_days(api: Api, today: date, period: Period) -> Iterator[Page]:
    """The report of a day: first its links, then the files behind them, an object a line."""
    path = f"{api.copilot}/metrics/reports/users-1-day"
    day = period.start
    is_recent = day >= today - ONE_DAY * USERS_LOOK_BACK
    try:
        answer = api.ask("GET", path, params={"day": str(day)})
    except UnreadableError as error:
        if error.status == 404 and is_recent:
            raise TooRecentError("GitHub has no report of it yet") from None
        raise
    links: list[str] = []
    if answer.strip():
        envelope = open_envelope(answer)
        links = msgspec.json.decode(envelope.get("download_links", b"[]"), type=list[str])
    if not links and is_recent:
        raise TooRecentError("GitHub has no report of it yet")
    lines = [line for link in links for line in api.download(link).splitlines() if line.strip()]
    yield Page(
        [(day, [msgspec.Raw(line) for line in lines])],
        {"path": path, "day": str(day)},
        {"files": len(links)},
    )
