"""Salesforce's REST API (https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta): the
objects that sales uses, each record every time it was modified.

A record's day is that of its SystemModstamp. A record that is modified moves to a later day and
lands there again, so its newest SystemModstamp is the one that counts. Deleted records come with
IsDeleted = true (`queryAll`) until Salesforce purges them, 15 days later.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import requests

from extract.http import (
    ExpiredError,
    Session,
    TransientError,
    UnreadableError,
    VendorError,
    connection_message,
    judge,
    open_envelope,
    records_in,
    scalars_in,
)
from extract.salesforce import records
from extract.windows import Page, Period, Resource, Run, Window, ending, fetch
from foundation.retrying import with_retries
from foundation.sources.salesforce import SalesforceSettings

if TYPE_CHECKING:
    # Imported only if there is an org: it takes half a second.
    from simple_salesforce.api import Salesforce

ORGANIZATION = "salesforce"
VERSION = "62.0"

# A modification is visible at once, but SystemModstamp is set when its transaction begins.
LOOK_BACK = 3
# A chunk is held in memory until its last page has arrived; a bulk load puts a whole object into
# one chunk anyway. The first run covers several years, with a request for each chunk.
MAX_DAYS = 90
PAGE_RECORDS = 2000
TIMEOUT = (15, 120)  # to connect, to answer

PAGING = frozenset({"done", "nextRecordsUrl"})
WRONG_FIELD = re.compile(r"No such column '(?P<field>[^']+)' on entity '(?P<object>[^']+)'")
WRONG_OBJECT = re.compile(r"sObject type '(?P<object>[^']+)' is not supported")
DOCS = "docs/revops_sources.md lists objects, fields and rights"


@dataclass(frozen=True)
class Object:
    """A Salesforce object, and the fields of it that are read."""

    name: str
    record: type[records.SalesforceRecord]
    fields: str
    brings: str
    is_optional: bool = False
    included_usage: str | None = None
    """A field that settings name; its value lands under the key `included_usage` as well."""

    def query(self, condition: str) -> str:
        fields = self.fields.split()
        if self.included_usage:
            fields.append(self.included_usage)
        return f"select {', '.join(fields)} from {self.name} {condition}"

    def landed(self, record: msgspec.Raw) -> msgspec.Raw:
        """The record as it came. What settings name has another name in every org, and models need
        one: its value, as it came, is added at the end."""
        if not self.included_usage:
            return record
        values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        # SOQL takes a name in any case, and answers with that of the field.
        spelled = {name.lower(): value for name, value in values.items()}
        values["included_usage"] = spelled[self.included_usage.lower()]
        return msgspec.Raw(msgspec.json.encode(values))


OBJECTS = {
    "accounts": Object(
        "Account",
        records.SalesforceAccount,
        "Id Name Company_Logo_URL__c SWE_Count__c NumberOfEmployees OwnerId "
        "Technical_Account_Manager__c IsDeleted SystemModstamp CreatedDate",
        "who the customers are",
    ),
    "opportunities": Object(
        "Opportunity",
        records.Opportunity,
        "Id Name AccountId Type StageName CloseDate Amount License_Count__c Subtype__c "
        "True_Up_Number__c Subscription__c Cursor_Team_ID__c IsDeleted SystemModstamp CreatedDate",
        "sales, renewals and what they may bring",
    ),
    "subscriptions": Object(
        "Subscription__c",
        records.Subscription,
        "Id Name Account__c Total_Licensed_Seats__c All_Cursor_Team_IDs__c Open_Renewal__c "
        "Start_Date__c End_Date__c IsDeleted SystemModstamp",
        "who bought how many seats, and until when",
    ),
    "users": Object(
        "User",
        records.SalesforceUser,
        "Id Name Email ManagerId IsActive SystemModstamp",
        "who looks after a customer",
    ),
    # Not every org keeps its overage invoices in Salesforce.
    "subscription_overages": Object(
        "Subscription_Overage__c",
        records.SubscriptionOverage,
        "Id Subscription__c Period_Start__c Period_End__c Amount__c IsDeleted SystemModstamp",
        "what was invoiced beyond the seats",
        is_optional=True,
    ),
}
TABLES = tuple(OBJECTS)


def objects(settings: SalesforceSettings) -> dict[str, Object]:
    """The objects with the fields that settings name."""
    field = settings.salesforce_included_usage_field
    return OBJECTS | {"subscriptions": replace(OBJECTS["subscriptions"], included_usage=field)}


def extract(settings: SalesforceSettings, run: Run) -> Iterator[Window]:
    with Session() as session:
        api = Api(settings, session)
        for resource in resources(api, objects(settings)):
            yield from fetch(resource, ORGANIZATION, run)
        run.report.notes.append(api.usage())


def resources(api: Api, things: Mapping[str, Object]) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            name,
            thing.record,
            partial(_pages, api, thing),
            is_directory=False,
            look_back=LOOK_BACK,
            max_days=MAX_DAYS,
            is_optional=thing.is_optional,
            brings=thing.brings,
            # An account may not have been touched for years.
            oldest=partial(_oldest, api, thing),
            # A record that is modified every night before the run would never be in a day that is
            # over.
            has_today=True,
        )
        for name, thing in things.items()
    )


class _SessionExpired(Exception):  # noqa: N818 - a signal: to log in again
    pass


class Api:
    """The session, and how much of the org's daily limit of API requests this run may use."""

    def __init__(self, settings: SalesforceSettings, session: requests.Session) -> None:
        self._settings = settings
        self._session = session
        self._client: Salesforce | None = None
        self._answer: requests.Response | None = None
        # The client returns parsed JSON, so the bytes are caught before it parses them.
        session.hooks["response"].append(self._keep)
        self.used = 0
        self.left: int | None = None
        self._reserve: int | None = None

    def ask(self, path: str, **query: str) -> dict[str, msgspec.Raw]:
        """One answer; `path` is below /services/data/vNN.N/. Retries where that makes sense, logs
        in again if the session has expired, and stops before it exceeds its share of requests."""
        if self.left is None and self.used == 0:
            self._ask_for_limits()
        return self._ask(path, query)

    def usage(self) -> str:
        """How much of the org's limit was used, for the report."""
        left = "" if self.left is None else f", the org has {self.left:,} left today"
        return f"{self.used:,} API requests used{left}"

    def _ask_for_limits(self) -> None:
        try:
            envelope = self._ask("limits/", {})
        except UnreadableError:
            return  # Needs the right to view the setup; every answer's header has it as well.
        limit = msgspec.json.decode(envelope.get("DailyApiRequests", b"{}"))
        if "Remaining" in limit:
            self._learn(limit["Remaining"])

    def _learn(self, left: int) -> None:
        self.left = left if self.left is None else min(left, self.left)
        if self._reserve is None:
            self._reserve = math.ceil(left * (1 - self._settings.salesforce_api_share))

    def _ask(self, path: str, query: dict[str, str]) -> dict[str, msgspec.Raw]:
        def once() -> dict[str, msgspec.Raw]:
            try:
                return self._send(path, query)
            except _SessionExpired:
                self._client = None
            try:
                return self._send(path, query)
            except _SessionExpired:
                raise VendorError("a new session is refused as well", status=401) from None

        return with_retries(once)

    def _send(self, path: str, query: dict[str, str]) -> dict[str, msgspec.Raw]:
        from simple_salesforce.exceptions import SalesforceError

        self._stop_in_time()
        client = self._client = self._client or self._log_in()
        self.used += 1
        if self.left is not None:
            self.left -= 1
        headers = {"X-PrettyPrint": "0", "Sforce-Query-Options": f"batchSize={PAGE_RECORDS}"}
        self._answer = None
        try:
            client.restful(path, query or None, headers=headers, timeout=TIMEOUT)
        except SalesforceError:
            answer = self._answered()
            _explain(answer.content)
            judge(answer.status_code, answer.headers, answer.content)
            raise
        except requests.RequestException as error:
            raise TransientError(connection_message(error)) from None
        answer = self._answered()
        used = client.parse_api_usage(answer.headers.get("Sforce-Limit-Info", ""))
        if usage := used.get("api-usage"):
            self._learn(usage.total - usage.used)
        return open_envelope(answer.content)

    def _keep(self, answer: requests.Response, **_: Any) -> None:  # noqa: ANN401
        self._answer = answer

    def _answered(self) -> requests.Response:
        assert self._answer is not None  # noqa: S101 - the client got what the session got
        return self._answer

    def _stop_in_time(self) -> None:
        if self.left is None or self._reserve is None or self.left - 1 >= self._reserve:
            return
        share = self._settings.salesforce_api_share
        raise VendorError(
            f"this run may use {share:.0%} of the org's remaining API requests and has used "
            f"{self.used:,}; {self.left:,} are left for others",
            advice="run again later, the limit counts the last 24 hours; or raise "
            "SALESFORCE_API_SHARE",
        )

    def _log_in(self) -> Salesforce:
        """OAuth's client credentials: a session of the user that the connected app runs as."""
        from simple_salesforce.api import Salesforce

        url = self._settings.salesforce_instance_url or ""
        secret = self._settings.salesforce_client_secret
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.salesforce_client_id,
            "client_secret": secret.get_secret_value() if secret else "",
        }
        try:
            answer = self._session.post(f"{url}/services/oauth2/token", form, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise TransientError(connection_message(error)) from None
        if answer.status_code in (400, 401, 403):
            # Only Salesforce's reason, such as `invalid_client`.
            reply = open_envelope(answer.content)
            kind, message = (
                msgspec.json.decode(reply[key]) if key in reply else "no reason"
                for key in ("error", "error_description")
            )
            raise VendorError(
                f"cannot log in: {kind}: {message}",
                advice="check SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET, and that the "
                f"connected app has the client credentials flow and a user to run as; {DOCS}",
            )
        judge(answer.status_code, answer.headers, answer.content)
        token = msgspec.json.decode(open_envelope(answer.content)["access_token"])
        client = Salesforce(
            instance_url=url, session_id=token, version=VERSION, session=self._session
        )
        # The client itself only supports https.
        client.base_url = f"{url}/services/data/v{VERSION}/"
        return client


def _explain(body: bytes) -> None:
    """Raise what Salesforce's error codes mean, if the status alone does not say it."""
    try:
        problem = msgspec.json.decode(body)[0]
        code, message = problem["errorCode"], problem["message"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return
    if code == "INVALID_SESSION_ID":
        raise _SessionExpired
    if code == "INVALID_QUERY_LOCATOR":
        raise ExpiredError(f"{code}: {message}", status=400)
    if code == "INVALID_FIELD" and (found := WRONG_FIELD.search(message)):
        raise VendorError(
            f"the object {found['object']} has no field {found['field']}, or the API user may not "
            "see it",
            status=400,
            advice=f"create the field, or let the user's permission set read it; {DOCS}",
        )
    if code == "INVALID_TYPE" and (found := WRONG_OBJECT.search(message)):
        raise UnreadableError(
            f"there is no object {found['object']}, or the API user may not read it",
            status=400,
            advice=f"create the object, or let the user's permission set read it; {DOCS}",
        )
    if code == "REQUEST_LIMIT_EXCEEDED":
        text = f"{code}: {message}"
        # Too many concurrent requests pass in a moment; too many in a day do not.
        if "concurrent" in message.lower():
            raise TransientError(text, status=403)
        advice = "the org's API requests of the last 24 hours are used up: run again later"
        raise VendorError(text, status=403, advice=advice)


@ending
def _pages(api: Api, thing: Object, period: Period) -> Iterator[Page]:
    soql = thing.query(
        f"where SystemModstamp >= {_moment(period.start)} and SystemModstamp < "
        f"{_moment(period.end)} order by SystemModstamp, Id"
    )
    request = {"path": "queryAll", "q": soql}
    envelope = api.ask("queryAll/", q=soql)
    count = 0
    while True:
        found = [thing.landed(record) for record in records_in(envelope, "records")]
        count += len(found)
        yield Page([(None, found)], request, scalars_in(envelope, PAGING | {"records"}))
        if "nextRecordsUrl" not in envelope:
            break
        envelope = api.ask(_below_version(msgspec.json.decode(envelope["nextRecordsUrl"])))
    total = msgspec.json.decode(envelope["totalSize"])
    if count != total:
        raise ExpiredError(f"{count} of {total} records arrived")


def _below_version(path: str) -> str:
    """`/services/data/v62.0/query/01g…-2000` as the client wants it: `query/01g…-2000`."""
    return path.partition(f"/v{VERSION}/")[2]


def _oldest(api: Api, thing: Object) -> date | None:
    envelope = api.ask("queryAll/", q=f"select min(SystemModstamp) oldest from {thing.name}")
    [row] = msgspec.json.decode(envelope["records"])
    return datetime.fromisoformat(row["oldest"]).astimezone(UTC).date() if row["oldest"] else None


def _moment(day: date) -> str:
    return f"{day}T00:00:00Z"
