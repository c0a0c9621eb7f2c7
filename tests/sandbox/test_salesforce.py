"""The stand-in for Salesforce: tokens, the part of SOQL, pages, limits, and errors in its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.salesforce.access import CLIENT_ID, CLIENT_SECRET
from sandbox.seller import ACCOUNTS, DELETED_ACCOUNTS, long_id, moment
from sandbox.server import Running, running
from tests.sandbox.asking import TODAY, exact

DATA = "/services/data/v62.0"


@pytest.fixture(scope="module")
def _org() -> Iterator[Running]:
    with running(
        people=20, days=3, today=TODAY, seller_events=500, product_database="duckdb"
    ) as org:
        yield org


@pytest.fixture
def org(_org: Running) -> Running:
    _org.control({"reset": True})
    return _org


@pytest.fixture
def client(org: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=org.url) as client:
        client.headers["authorization"] = f"Bearer {token(client)['access_token']}"
        yield client


def token(client: httpx.Client, **changes: str) -> Any:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **changes,
    }
    return client.post("/services/oauth2/token", data=form).json()


def ask(client: httpx.Client, soql: str, kind: str = "queryAll", **headers: str) -> Any:
    return exact(client.get(f"{DATA}/{kind}/", params={"q": soql}, headers=headers))


def refused(client: httpx.Client, soql: str) -> tuple[int, str]:
    answer = client.get(f"{DATA}/query/", params={"q": soql})
    [problem] = answer.json()
    return answer.status_code, problem["errorCode"]


def names(answer: Any) -> list[str]:
    return [record["Name"] for record in answer["records"]]


def test_without_a_seller_there_is_no_salesforce() -> None:
    with running(people=20, days=3, today=TODAY) as sandbox:
        assert "SALESFORCE_INSTANCE_URL" not in sandbox.env
        assert "PRODUCT_DATABASE_URL" not in sandbox.env
        answer = httpx.get(f"{sandbox.url}{DATA}/limits")
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_only_its_connected_app_gets_a_token(org: Running) -> None:
    with httpx.Client(base_url=org.url) as client:
        assert token(client)["instance_url"] == org.url
        assert token(client, client_id="x")["error"] == "invalid_client_id"
        assert token(client, client_secret="x")["error"] == "invalid_client"
        assert token(client, grant_type="password")["error"] == "unsupported_grant_type"
        answer = client.get(f"{DATA}/limits", headers={"authorization": "Bearer nonsense"})
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_query_gives_its_fields_in_their_order_with_attributes(client: httpx.Client) -> None:
    answer = ask(client, "select Name, Id from Account order by Id limit 1")
    [record] = answer["records"]
    assert list(record) == ["attributes", "Name", "Id"]
    account = long_id("Account", 1)
    assert record["Id"] == account
    assert record["attributes"] == {"type": "Account", "url": f"{DATA}/sobjects/Account/{account}"}
    assert (answer["totalSize"], answer["done"]) == (1, True)


def test_only_query_all_gives_what_was_deleted(client: httpx.Client) -> None:
    soql = "SELECT Id FROM Account"
    assert ask(client, soql, "query")["totalSize"] == ACCOUNTS - 1  # DELETED_CUSTOMER
    assert ask(client, soql)["totalSize"] == ACCOUNTS + len(DELETED_ACCOUNTS)
    deleted = ask(client, "select Id from Account where IsDeleted = true")
    assert deleted["totalSize"] == len(DELETED_ACCOUNTS) + 1


def test_a_span_of_time_includes_its_beginning_but_not_its_end(
    org: Running, client: httpx.Client
) -> None:
    for n, second in ((1, 0), (2, 86_399), (3, 86_400)):
        changed = {"Id": long_id("Account", n), "SystemModstamp": moment(TODAY, second)}
        org.control({"salesforce": {"records": {"Account": [changed]}}})
    soql = (
        f"select Id from Account where SystemModstamp >= {TODAY}T00:00:00Z "
        f"and SystemModstamp < {TODAY.replace(day=TODAY.day + 1)}T00:00:00Z "
        "order by SystemModstamp desc, Id"
    )
    found = [record["Id"] for record in ask(client, soql)["records"]]
    assert found == [long_id("Account", 2), long_id("Account", 1)]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("Name = 'Acorn Works'", ["Acorn Works"]),
        ("NumberOfEmployees > 0 and Name = 'Acorn Works'", ["Acorn Works"]),
        ("Name != 'Acorn Works' and Name < 'B' and IsDeleted = false", ["Acorn Industries"]),
        ("Name = 'It\\'s nobody'", []),
    ],
)
def test_all_conditions_must_hold(client: httpx.Client, condition: str, wanted: list[str]) -> None:
    soql = f"select Name from Account where {condition} order by Name"
    assert names(ask(client, soql, "query")) == wanted


def test_null_is_a_value_to_ask_for(client: httpx.Client) -> None:
    soql = "select Name from Account where Technical_Account_Manager__c {} null"
    none, some = (ask(client, soql.format(sign))["totalSize"] for sign in ("=", "!="))
    assert none > 0
    assert none + some == ACCOUNTS + len(DELETED_ACCOUNTS)


def test_the_oldest_and_the_number_can_be_asked(client: httpx.Client) -> None:
    [row] = ask(client, "select MIN(SystemModstamp) oldest from Account")["records"]
    everything = ask(client, "select SystemModstamp from Account order by SystemModstamp")
    assert row["oldest"] == everything["records"][0]["SystemModstamp"]
    assert row["attributes"] == {"type": "AggregateResult"}
    [row] = ask(client, "select count() from Account")["records"]
    assert row["expr0"] == ACCOUNTS + len(DELETED_ACCOUNTS)
    none = ask(client, "select min(SystemModstamp) oldest from Account where Name = 'x'")
    assert none["records"][0]["oldest"] is None


def test_pages_have_the_size_that_was_asked_for_within_bounds(
    org: Running, client: httpx.Client
) -> None:
    [known] = ask(client, "select Name, OwnerId from Account limit 1")["records"]
    records = [
        {"Id": long_id("Account", 5000 + n), "Name": f"{n:04d}", "OwnerId": known["OwnerId"],
         "SystemModstamp": moment(TODAY), "IsDeleted": False}
        for n in range(430)
    ]  # fmt: skip
    org.control({"salesforce": {"records": {"Account": records}}})
    soql = "select Id from Account"
    assert len(ask(client, soql)["records"]) == 472
    page = ask(client, soql, **{"sforce-query-options": "batchSize=10"})
    seen = [record["Id"] for record in page["records"]]
    assert len(seen) == 200
    while not page["done"]:
        assert page["nextRecordsUrl"].startswith(f"{DATA}/query/01g")
        page = exact(client.get(page["nextRecordsUrl"]))
        seen += [record["Id"] for record in page["records"]]
    assert len(seen) == len(set(seen)) == page["totalSize"] == 472
    answer = client.get(f"{DATA}/query/01gnonsense-2000")
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("select Id from Weather", "INVALID_TYPE"),
        ("select Color__c from Account", "INVALID_FIELD"),
        ("select Id from Account where Color__c = 1", "INVALID_FIELD"),
        ("select Id from Account where Name = 7", "INVALID_FIELD"),
        ("select Id from Account where SystemModstamp > yesterday", "MALFORMED_QUERY"),
        ("select Id from Account where Name like 'A%'", "MALFORMED_QUERY"),
        ("delete from Account", "MALFORMED_QUERY"),
    ],
)
def test_what_is_not_understood_is_refused(client: httpx.Client, soql: str, code: str) -> None:
    assert refused(client, soql) == (400, code)


def test_requests_are_counted_and_limited(org: Running, client: httpx.Client) -> None:
    org.control({"salesforce": {"limit": 12, "used": 9}})
    answer = client.get(f"{DATA}/limits/")
    assert answer.headers["sforce-limit-info"] == "api-usage=10/12"
    assert exact(answer)["DailyApiRequests"] == {"Max": 12, "Remaining": 2}
    ask(client, "select Id from User")
    ask(client, "select Id from User")
    assert refused(client, "select Id from User") == (403, "REQUEST_LIMIT_EXCEEDED")


def test_sessions_end_when_told_to(org: Running, client: httpx.Client) -> None:
    ask(client, "select Id from User")
    org.control({"salesforce": {"sessions_end": True}})
    assert refused(client, "select Id from User") == (401, "INVALID_SESSION_ID")
    client.headers["authorization"] = f"Bearer {token(client)['access_token']}"
    ask(client, "select Id from User")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("429_spend_cap", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("500", 500, "UNKNOWN_EXCEPTION"),
        ("expired_session", 401, "INVALID_SESSION_ID"),
    ],
)
def test_faults_answer_as_salesforce_does(
    org: Running, client: httpx.Client, kind: str, status: int, code: str
) -> None:
    org.control({"faults": [{"match": "/services/data", "kind": kind}]})
    assert refused(client, "select Id from User") == (status, code)
    ask(client, "select Id from User")


def test_records_can_be_broken_and_added(org: Running, client: httpx.Client) -> None:
    for kind in ("malformed_record", "unknown_fields"):
        org.control({"faults": [{"match": "/queryAll", "kind": kind}]})
        first = ask(client, "select Id from User")["records"][0]
        assert (first["Id"] == "broken") == (kind == "malformed_record")
        assert ("x_new_field" in first) == (kind == "unknown_fields")


def test_fields_and_objects_can_be_hidden(org: Running, client: httpx.Client) -> None:
    org.control({"salesforce": {"hidden": ["User.Email", "Subscription__c"]}})
    assert refused(client, "select Email from User") == (400, "INVALID_FIELD")
    assert refused(client, "select Id from Subscription__c") == (400, "INVALID_TYPE")
    ask(client, "select Id from Subscription_Overage__c")
    with pytest.raises(ValueError, match="unknown: weather"):
        org.control({"salesforce": {"weather": 1}})
