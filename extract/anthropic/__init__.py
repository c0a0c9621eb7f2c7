"""Anthropic's Admin and Analytics APIs: what is read, how far back it may change, how it pages.

A Console key and an Enterprise key are two organizations, `console` and `enterprise`. If both read
the same one, nothing lands: its dollars would count twice. Usage and cost come from the analytics
endpoints (https://platform.claude.com/docs/en/api/admin); the legacy reports fill in for days that
those do not cover, and for organizations that do not have them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
from pydantic import SecretStr

from extract.anthropic import records
from extract.http import (
    TIMEOUT,
    TooRecentError,
    TransientError,
    Transport,
    VendorError,
    client,
    judge,
    open_envelope,
    records_in,
    scalars_in,
    send,
)
from extract.records import Record
from extract.windows import Page, Period, Resource, Run, Window, ending, fetch, unsaid_end
from foundation.logs import one_line
from foundation.retrying import with_retries
from foundation.sources.anthropic import AnthropicSettings

if TYPE_CHECKING:
    import anthropic

log = logging.getLogger(__name__)

TABLES = (
    "analytics_usage",
    "analytics_cost",
    "analytics_users",
    "usage_report_messages",
    "cost_report",
    "usage_report_claude_code",
    "users",
    "api_keys",
    "workspaces",
    "service_accounts",
    "spend_limits",
)

# Amounts are revised for up to 30 days. Activity settles within three; a week leaves room.
MONEY_LOOK_BACK = 30
ACTIVITY_LOOK_BACK = 7
# The longest range of one query, in days.
MONEY_DAYS = 31

# Activity has a request for each day, and each takes seconds. Anthropic documents no number of
# requests at once; after too many it says when to ask again, and they are retried then.
DAYS_AT_ONCE = 4

# The largest pages allowed. The limit for people is not documented; a hundred is safe.
ROWS_PER_PAGE = 1000
PEOPLE_PER_PAGE = 100

ANALYTICS_BEGIN = date(2026, 1, 1)
# The vendor says 365 days before now, and the day exactly that far back began too early.
ANALYTICS_REACH = timedelta(days=364)

BY = ["actor", "api_key_id", "workspace_id", "model", "product"]
COST_BY = [*BY, "cost_type", "token_type"]  # these two do not count toward the five
USAGE_REPORT_BY = [
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "account_id",
    "service_account_id",
]
SAYS_MORE = frozenset({"has_more", "next_page"})
PAGING = frozenset({"data", "has_more", "next_page", "first_id", "last_id"})
VERSION = "2026-10-21"

Ask = Callable[[dict[str, Any]], bytes]


class Bucket(msgspec.Struct):
    """A day of a legacy report; its rows do not carry the day themselves."""

    starting_at: datetime
    results: list[msgspec.Raw]


class RowGroup(msgspec.Struct):
    organization_id: str | None = None


class Row(msgspec.Struct):
    group: RowGroup


class Whose(msgspec.Struct):
    """What an answer says about the organizations that it is about."""

    id: str | None = None
    organization_id: str | None = None
    data: list[Row] = []

    def ids(self) -> set[str]:
        named = [self.id, self.organization_id, *(row.group.organization_id for row in self.data)]
        return {one for one in named if one}


def organizations(settings: AnthropicSettings) -> list[tuple[str, SecretStr]]:
    keys = {
        "console": settings.anthropic_admin_key,
        "enterprise": settings.anthropic_enterprise_key,
    }
    return [(label, key) for label, key in keys.items() if key]


def extract(settings: AnthropicSettings, run: Run) -> Iterator[Window]:
    """The windows of every organization that has a key."""
    keys = organizations(settings)
    if len(keys) > 1:
        fetched = _analytics_days([label for label, _ in keys], run)
        read = []
        for label, key in keys:
            with _sdk(settings, key) as sdk:
                try:
                    read.append(_organizations_read(sdk, fetched))
                except TransientError as error:
                    run.report.errors.append(f"{label}: which organization the key reads: {error}")
                    return
        if twice := set.intersection(*read):
            run.report.errors.append(
                "ANTHROPIC_ADMIN_KEY and ANTHROPIC_ENTERPRISE_KEY both read the organization "
                f"{one_line(min(twice))}, and its cost would count twice; set one key only, or an "
                "Enterprise key of the Enterprise organization itself, not of its parent; "
                "docs/runbook.md says how to take back what landed twice"
            )
            return
    for organization, key in keys:
        with _sdk(settings, key) as sdk, _plain(settings, key) as plain:
            yield from _organization(organization, run, sdk, plain)


def _analytics_days(labels: list[str], run: Run) -> Period:
    """The days whose cost the run fetches of any of the organizations, as far as there are."""
    cost = Resource("analytics_cost", is_directory=False, look_back=MONEY_LOOK_BACK)
    known = [run.memory.get(f"{label}/{cost.name}", {}) for label in labels]
    start = min(run.days(cost, one).start for one in known)
    return Period(start, run.until).within(_analytics_begin(run), None)


def _analytics_begin(run: Run) -> date:
    return max(ANALYTICS_BEGIN, run.today - ANALYTICS_REACH)


def _organizations_read(sdk: anthropic.Anthropic, fetched: Period) -> set[str]:
    """Ids of the organizations that the key reads, as far as it may say so: its own, and if it is
    a parent organization's, those of the children that cost anything on the days fetched."""
    own = partial(_through_sdk, sdk.organization.with_raw_response.retrieve)
    costs = partial(_through_sdk, sdk.beta.organization.analytics.cost.with_raw_response.list)
    by_organization = {"group_by": ["organization_id"], "limit": ROWS_PER_PAGE}
    months = [{**_range(month), **by_organization} for month in fetched.chunks(MONEY_DAYS)]
    found: set[str] = set()
    for ask, queries in ((own, [{}]), (costs, months)):
        try:
            for query in queries:
                body = with_retries(partial(ask, query))
                found |= msgspec.json.decode(body, type=Whose).ids()
        except TransientError:
            raise
        except (VendorError, msgspec.DecodeError) as error:
            # What reads the resources fails and says so, if they cannot be read either.
            log.info("which organizations the key reads: %s", error)
    return found


def _organization(
    organization: str, run: Run, sdk: anthropic.Anthropic, plain: httpx.Client
) -> Iterator[Window]:
    admin, analytics = sdk.organization, sdk.beta.organization.analytics
    for directory in (
        _directory(
            "users",
            records.User,
            admin.users,
            {"limit": ROWS_PER_PAGE},
            brings="whose the ids of people are",
        ),
        _directory(
            "api_keys",
            records.ApiKey,
            admin.api_keys,
            {"limit": ROWS_PER_PAGE},
            brings="names of keys, and who they act for",
        ),
        _directory(
            "workspaces",
            records.Workspace,
            admin.workspaces,
            {"include_archived": True, "include_default": True, "limit": ROWS_PER_PAGE},
            brings="names of workspaces",
        ),
        _directory(
            "service_accounts",
            records.ServiceAccount,
            admin.service_accounts,
            {"include_archived": True, "limit": PEOPLE_PER_PAGE},
            brings="names of service accounts",
        ),
        _directory(
            "spend_limits",
            records.SpendLimit,
            admin.spend_limits.effective,
            {"limit": PEOPLE_PER_PAGE},
            path="/v1/organizations/spend_limits/effective",
            brings="what each person may spend, and has spent",
        ),
    ):
        yield from fetch(directory, organization, run)

    begin = _analytics_begin(run)
    usage = yield from fetch(
        _analytics(
            "analytics_usage",
            records.AnalyticsUsage,
            analytics.usage,
            BY,
            brings="tokens by person, key, workspace and model",
        ),
        organization,
        run,
        earliest=begin,
    )
    cost = yield from fetch(
        _analytics(
            "analytics_cost",
            records.AnalyticsCost,
            analytics.cost,
            COST_BY,
            brings="cost by person, key, workspace and model",
        ),
        organization,
        run,
        earliest=begin,
    )
    unreadable = [part for part in (usage, cost) if part.status == "not readable"]
    for part in unreadable:
        part.notes.append(
            "the legacy reports are read as well; they count on days that have no analytics yet"
        )
    for resource in (
        _report(
            "usage_report_messages",
            records.UsageReportRow,
            plain,
            USAGE_REPORT_BY,
            brings="tokens of days without analytics",
        ),
        _report(
            "cost_report",
            records.CostReportRow,
            plain,
            ["workspace_id", "description"],
            brings="cost of days without analytics",
        ),
    ):
        yield from fetch(resource, organization, run, before=None if unreadable else begin)

    yield from fetch(
        Resource(
            "usage_report_claude_code",
            records.ClaudeCodeRow,
            partial(_claude_code_pages, plain),
            is_directory=False,
            look_back=ACTIVITY_LOOK_BACK,
            at_once=DAYS_AT_ONCE,
            is_optional=True,
            brings="lines, commits and sessions of Claude Code by person",
        ),
        organization,
        run,
    )
    yield from fetch(
        Resource(
            "analytics_users",
            records.AnalyticsUser,
            partial(_activity_pages, admin.analytics.users),
            is_directory=False,
            look_back=ACTIVITY_LOOK_BACK,
            at_once=DAYS_AT_ONCE,
            is_optional=True,
            brings="messages and projects of Claude.ai by person",
        ),
        organization,
        run,
        earliest=ANALYTICS_BEGIN,
    )


# --- resources -----------------------------------------------------------------------------------


def _directory(
    name: str,
    record: type[Record],
    endpoint: Any,  # noqa: ANN401 - the SDK's resources share no base with `list`
    query: dict[str, Any],
    path: str | None = None,
    *,
    brings: str,
) -> Resource:
    ask = partial(_through_sdk, endpoint.with_raw_response.list)
    path = path or f"/v1/organizations/{name}"

    def pages(_: Period) -> Iterator[Page]:
        return _pages(ask, path, query)

    return Resource(name, record, pages, is_directory=True, is_optional=True, brings=brings)


def _analytics(
    name: str,
    record: type[Record],
    endpoint: Any,  # noqa: ANN401
    group_by: list[str],
    *,
    brings: str,
) -> Resource:
    ask = partial(_through_sdk, endpoint.with_raw_response.list)
    path = f"/v1/organizations/{name.replace('_', '/')}"

    def pages(period: Period) -> Iterator[Page]:
        query = {
            **_range(period),
            "time_bucket_width": "1d",
            "group_by": group_by,
            "order_by": "time",
            "order": "asc",
            "limit": ROWS_PER_PAGE,
        }
        return _pages(ask, path, query)

    return Resource(
        name,
        record,
        pages,
        is_directory=False,
        look_back=MONEY_LOOK_BACK,
        max_days=MONEY_DAYS,
        is_optional=True,
        brings=brings,
    )


def _report(
    name: str, record: type[Record], plain: httpx.Client, group_by: list[str], *, brings: str
) -> Resource:
    path = {
        "usage_report_messages": "/v1/organizations/usage_report/messages",
        "cost_report": "/v1/organizations/cost_report",
    }[name]

    def pages(period: Period) -> Iterator[Page]:
        query = {
            **_range(period),
            "bucket_width": "1d",
            "group_by": group_by,
            "limit": MONEY_DAYS,  # this one counts buckets, not rows
        }
        return _pages(partial(_through_httpx, plain, path), path, query, parts=_bucket_parts)

    return Resource(
        name,
        record,
        pages,
        is_directory=False,
        look_back=MONEY_LOOK_BACK,
        max_days=MONEY_DAYS,
        brings=brings,
    )


def _claude_code_pages(plain: httpx.Client, period: Period) -> Iterator[Page]:
    path = "/v1/organizations/usage_report/claude_code"
    query = {"starting_at": str(period.start), "limit": ROWS_PER_PAGE}
    return _pages(partial(_through_httpx, plain, path), path, query)


def _activity_pages(endpoint: Any, period: Period) -> Iterator[Page]:  # noqa: ANN401
    ask = partial(_through_sdk, endpoint.with_raw_response.list)
    query = {"date": str(period.start), "limit": ROWS_PER_PAGE}
    try:
        yield from _pages(ask, "/v1/organizations/analytics/users", query)
    except VendorError as error:
        if error.status == 400 and _names_an_earlier_day(error.message, period.start):
            raise TooRecentError(error.message, status=400) from None
        raise


def _names_an_earlier_day(message: str, asked: date) -> bool:
    """If a day is not published yet, the answer names the newest day that is."""
    return any(day < str(asked) for day in re.findall(r"\d{4}-\d{2}-\d{2}", message))


# --- paging --------------------------------------------------------------------------------------


@ending
def _pages(
    ask: Ask,
    path: str,
    query: dict[str, Any],
    parts: Callable[[dict[str, msgspec.Raw]], Any] | None = None,
) -> Iterator[Page]:
    """All pages of a list: reports continue with `page`, older lists with `after_id`."""
    place: dict[str, str] = {}
    while True:
        envelope = with_retries(lambda: open_envelope(ask({**query, **place})))  # noqa: B023
        found = parts(envelope) if parts else [(None, records_in(envelope, "data"))]
        yield Page(found, {"path": path, **query}, scalars_in(envelope, PAGING))
        following = _following(envelope)
        if not following:
            size = sum(len(part) for _, part in found)
            if envelope.keys().isdisjoint(SAYS_MORE) and size >= query.get("limit", size + 1):
                raise unsaid_end()
            return
        if following == place:
            raise VendorError("the list names the same next page again", advice="report it")
        place = following


def _following(envelope: dict[str, msgspec.Raw]) -> dict[str, str]:
    has_more = _value(envelope, "has_more")
    page, last_id = _value(envelope, "next_page"), _value(envelope, "last_id")
    if has_more is False:
        return {}
    if page:
        return {"page": page}
    if has_more and last_id:
        return {"after_id": last_id}
    if has_more:
        raise VendorError("has_more is true but no next page is named", advice="report it")
    return {}


def _value(envelope: dict[str, msgspec.Raw], key: str) -> Any:  # noqa: ANN401
    return msgspec.json.decode(envelope[key]) if key in envelope else None


def _bucket_parts(
    envelope: dict[str, msgspec.Raw],
) -> list[tuple[date | None, list[msgspec.Raw]]]:
    try:
        buckets = msgspec.json.decode(envelope["data"], type=list[Bucket])
    except (KeyError, msgspec.DecodeError) as error:
        raise VendorError(f"the answer has no buckets: {error}", advice="report it") from None
    return [(bucket.starting_at.date(), bucket.results) for bucket in buckets]


def _range(period: Period) -> dict[str, str]:
    return {
        "starting_at": f"{period.start}T00:00:00Z",
        "ending_at": f"{period.end}T00:00:00Z",
    }


# --- asking --------------------------------------------------------------------------------------


def _sdk(settings: AnthropicSettings, key: SecretStr) -> anthropic.Anthropic:
    # Imported where there is a key: the SDK takes a second and 50 MB.
    import anthropic
    import httpx2

    class Bridge(httpx2.BaseTransport):
        """The SDK has a library of its own for HTTP, and asks through our transport."""

        def __init__(self) -> None:
            self._ours = Transport()

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            asked = httpx.Request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                content=request.read(),
                extensions={"timeout": TIMEOUT.as_dict()},
            )
            answer = self._ours.handle_request(asked)
            headers = answer.headers.multi_items()
            return httpx2.Response(answer.status_code, headers=headers, content=answer.content)

        def close(self) -> None:
            self._ours.close()

    return anthropic.Anthropic(
        api_key=key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        # `foundation.retrying` has the one retry policy.
        max_retries=0,
        http_client=httpx2.Client(transport=Bridge(), follow_redirects=False),
    )


def _plain(settings: AnthropicSettings, key: SecretStr) -> httpx.Client:
    return client(
        base_url=settings.anthropic_base_url,
        headers={"x-api-key": key.get_secret_value(), "anthropic-version": VERSION},
    )


def _through_sdk(method: Callable[..., Any], query: dict[str, Any]) -> bytes:
    """The body as the vendor sent it: the SDK's own objects would lose digits and unknown keys."""
    import anthropic

    try:
        return method(**query).read()
    except anthropic.APIStatusError as error:
        answer = error.response
    except anthropic.APIConnectionError as error:
        if isinstance(error.__cause__, VendorError):
            raise error.__cause__ from None
        cause = type(error.__cause__ or error).__name__
        raise TransientError(f"no complete answer ({cause})") from None
    judge(answer.status_code, answer.headers, answer.content)
    raise VendorError(f"HTTP {answer.status_code} is an error only to the SDK")


def _through_httpx(plain: httpx.Client, path: str, query: dict[str, Any]) -> bytes:
    lists = {f"{name}[]": value for name, value in query.items() if isinstance(value, list)}
    scalars = {name: value for name, value in query.items() if not isinstance(value, list)}
    return send(plain, "GET", path, params={**scalars, **lists})
