"""The seller: every difficulty that is planted is there, and nothing else is wrong."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from foundation.settings import SANDBOX_DATABASE
from sandbox import product_database, seller
from sandbox.options import Options
from sandbox.product_database import INSTALL, find_postgresql, serving
from sandbox.seller import Seller, build_seller, long_id, short_id, with_case
from tests.sandbox.asking import TODAY

ROOT = Path(__file__).parents[2]
OPTIONS = {"seller_events": 12_000, "today": TODAY}
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def sold() -> Seller:
    return build_seller(Options(**OPTIONS))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def teams(sold: Seller) -> dict[int, Any]:
    return {row[0]: row for row in sold.teams}


@pytest.fixture(scope="module")
def subscriptions(sold: Seller) -> dict[int, Any]:
    return dict(enumerate(sold.records["Subscription__c"], start=1))


def digest(sold: Seller) -> str:
    whole = repr((sold.records, sold.teams, sold.members, sold.events, sold.activity))
    return hashlib.sha256(whole.encode()).hexdigest()


def test_the_same_options_give_the_same_company_and_other_seeds_another(sold: Seller) -> None:
    assert digest(build_seller(Options(**OPTIONS))) == digest(sold)  # type: ignore[arg-type]
    assert digest(build_seller(Options(**OPTIONS, seed=8))) != digest(sold)  # type: ignore[arg-type]


def test_it_has_the_size_that_is_promised(sold: Seller) -> None:
    assert len([one for one in sold.records["Account"] if not one["IsDeleted"]]) == 40
    assert len(sold.teams) == 60
    assert len({member.user_id for member in sold.members}) == 900
    assert len(sold.events) == 12_000
    assert sold.start == date(2026, 5, 1)
    assert sold.complete_months() == [date(2026, month, 1) for month in range(5, 11)]


def test_everything_happened_before_today(sold: Seller) -> None:
    assert all(sold.start <= event[3].date() < TODAY for event in sold.events)
    stamps = [r["SystemModstamp"][:10] for found in sold.records.values() for r in found]
    assert max(stamps) < str(TODAY)
    assert min(stamps) == str(TODAY - DAY * 1200)


def test_ids_are_those_of_salesforce() -> None:
    # From Salesforce's documentation of its REST API.
    assert with_case("001D000000IRFma") == "001D000000IRFmaIAH"
    assert long_id("Subscription__c", 1)[:15] == short_id("Subscription__c", 1)
    upper, lower = (short_id("Subscription__c", n) for n in seller.CASE_TWINS)
    assert upper != lower
    assert upper.lower() == lower.lower()
    assert long_id("Subscription__c", 40) != long_id("Subscription__c", 41)
    assert long_id("Subscription__c", 40).lower() != long_id("Subscription__c", 41).lower()


def test_ids_of_all_records_differ(sold: Seller) -> None:
    ids = [record["Id"] for found in sold.records.values() for record in found]
    assert len(ids) == len(set(ids))
    assert all(len(one) == 18 for one in ids)


def test_nobody_is_real(sold: Seller) -> None:
    addresses = [member.email for member in sold.members]
    addresses += [user["Email"] for user in sold.records["User"]]
    assert all(address.endswith(".example") for address in addresses)
    urls = [account["Company_Logo_URL__c"] for account in sold.records["Account"]]
    assert all(url.endswith(".example/logo.svg") for url in urls if url)


# --- what is planted -----------------------------------------------------------------------------


def test_accounts_have_none_one_or_several_subscriptions(subscriptions: dict[int, Any]) -> None:
    counts = Counter(one["Account__c"] for one in subscriptions.values() if not one["IsDeleted"])
    counts[subscriptions[seller.RENEWED[1]]["Account__c"]] -= 1
    several = {long_id("Account", n): c for n, c in seller.ACCOUNTS_WITH_MORE_SUBSCRIPTIONS.items()}
    assert {account: count for account, count in counts.items() if count > 1} == several
    assert len(counts) == 38
    assert sum(counts.values()) == seller.SUBSCRIPTIONS


def test_a_subscription_was_renewed_by_another_for_the_same_team(
    sold: Seller, teams: dict[int, Any], subscriptions: dict[int, Any]
) -> None:
    before, after = (subscriptions[n] for n in seller.RENEWED)
    end, start = (
        date.fromisoformat(day) for day in (before["End_Date__c"], after["Start_Date__c"])
    )
    assert start - end == DAY
    assert sold.start < start < sold.complete_months()[-1]
    assert start.day > 1
    assert before["Account__c"] == after["Account__c"]
    assert before["All_Cursor_Team_IDs__c"] == after["All_Cursor_Team_IDs__c"] == "138"
    assert teams[138][5] == after["Id"]
    assert {sold.subscription_of(138, day) for day in (end, start)} == set(seller.RENEWED)
    invoiced = {
        (one["Subscription__c"], one["Period_Start__c"], one["Period_End__c"])
        for one in sold.records["Subscription_Overage__c"]
    }
    assert (before["Id"], str(start.replace(day=1)), str(end)) in invoiced
    assert any((one, since) == (after["Id"], str(start)) for one, since, _ in invoiced)


def test_lists_of_teams_are_written_as_people_write_them(subscriptions: dict[int, Any]) -> None:
    for n, written in seller.TEAM_LISTS.items():
        assert subscriptions[n]["All_Cursor_Team_IDs__c"] == written
    assert subscriptions[1]["All_Cursor_Team_IDs__c"] == "101"


def test_the_teams_own_records_say_15_or_18_characters(
    teams: dict[int, Any], subscriptions: dict[int, Any]
) -> None:
    assert teams[101][5] == subscriptions[1]["Id"][:15]
    assert teams[102][5] == subscriptions[2]["Id"]
    for team, n in seller.EXTRA_TEAMS.items():
        assert teams[team][5][:15] == short_id("Subscription__c", n)


def test_some_teams_are_hard_to_map(teams: dict[int, Any], subscriptions: dict[int, Any]) -> None:
    assert teams[seller.STALE_TEAM][5][:15] == short_id("Subscription__c", 18)
    assert subscriptions[17]["All_Cursor_Team_IDs__c"] == "117"
    assert all(teams[team][5] is None for team in seller.TEAMS_WITHOUT_SUBSCRIPTION)
    assert teams[seller.TEAM_KNOWN_ONLY_BY_OPPORTUNITY][5] is None
    assert teams[seller.TEAM_KNOWN_ONLY_BY_ITS_RECORD][5] == long_id("Subscription__c", 34)
    deleted = subscriptions[seller.DELETED_SUBSCRIPTION]
    assert teams[seller.TEAM_OF_DELETED_SUBSCRIPTION][5] == deleted["Id"]
    assert deleted["IsDeleted"]
    known = {one["Id"][:15] for one in subscriptions.values()}
    assert teams[seller.TEAM_OF_UNKNOWN_SUBSCRIPTION][5] not in known


def test_opportunities_say_which_team_and_one_says_the_wrong_one(sold: Seller) -> None:
    said: dict[str, set[Any]] = {}
    for one in sold.records["Opportunity"]:
        if one["Subscription__c"] and not one["IsDeleted"]:
            said.setdefault(one["Subscription__c"][:15], set()).add(one["Cursor_Team_ID__c"])
    assert said[short_id("Subscription__c", 11)] == {"111", "112"}
    assert said[short_id("Subscription__c", 33)] == {"133"}
    assert said[short_id("Subscription__c", 34)] == {None}
    wrong = [n for n in range(1, 44) if said[short_id("Subscription__c", n)]
             - {None, str(100 + n)}]  # fmt: skip
    assert wrong == [11]


def test_opportunities_are_of_all_kinds(sold: Seller) -> None:
    found = sold.records["Opportunity"]
    assert {"New Business", "Renewal", "Expansion", "True-Up"} < {one["Type"] for one in found}
    numbers = {one["True_Up_Number__c"] for one in found if one["Type"] == "True-Up"}
    assert numbers == {1.0, 2.0}
    assert {len(one["Subscription__c"] or "") for one in found} == {0, 15, 18}
    open_ones = {one["Id"] for one in found if one["StageName"] == "Negotiation"}
    assert open_ones == {
        one["Open_Renewal__c"] for one in sold.records["Subscription__c"] if one["Open_Renewal__c"]
    }


def test_invoices_for_overages_are_the_usage_but_for_two(sold: Seller) -> None:
    usage = sold.usage_nano()
    wrong = {}
    for one in sold.records["Subscription_Overage__c"]:
        month = date.fromisoformat(one["Period_Start__c"]).replace(day=1)
        n = next(
            n
            for n in seller.OVERAGE_SUBSCRIPTIONS
            if long_id("Subscription__c", n) == one["Subscription__c"]
        )
        exact = Decimal(usage[n, month]) / 10**9
        if abs(one["Amount__c"] - exact) > Decimal("0.005"):
            wrong[n, month] = one["Amount__c"] - exact
    newest = sold.complete_months()[-1]
    assert set(wrong) == {(4, newest), (8, newest)}
    assert abs(wrong[4, newest] - 100) <= Decimal("0.005")
    assert abs(wrong[8, newest] + Decimal(usage[8, newest]) / 10**9 / 2) <= Decimal("0.005")
    assert usage[5, newest] == sum(
        event[10] + event[11]
        for event in sold.events
        if event[2] in (105, 144) and event[3].date().replace(day=1) == newest
    )


def test_fees_follow_the_rule_but_for_those_that_do_not(sold: Seller) -> None:
    for event in sold.events:
        number, model, fee, tokens = event[0], event[5], event[11], sum(event[6:10])
        if model == "default":
            charged = number % seller.FEE_ON_DEFAULT_EVERY < 3
            assert fee == (tokens * 250 if charged else 0)
        else:
            assert fee == tokens * (200 if number % seller.WRONG_FEE_EVERY == 0 else 250)
    differ = [e for e in sold.events if e[5] != "default" and e[11] != sum(e[6:10]) * 250]
    assert len(differ) > 5
    assert any(event[5] == "default" and event[11] for event in sold.events)


def test_price_is_that_of_the_tokens(sold: Seller) -> None:
    event = next(event for event in sold.events if event[5] == "claude-sonnet-4.5")
    dollars = event[6] * 3 + event[7] * 15 + event[8] * Decimal("0.3") + event[9] * Decimal("3.75")
    assert Decimal(product_database.dollars(event[10])) == dollars / 10**6


def test_some_people_do_nothing_spend_nothing_move_or_leave(sold: Seller) -> None:
    users = {event[1] for event in sold.events}
    members = {member.user_id for member in sold.members}
    assert set(seller.USERS_WITHOUT_EVENTS) <= members - users
    active = {row[0] for row in sold.activity}
    assert active & set(seller.USERS_WITHOUT_EVENTS) == set(seller.USERS_WITH_ACTIVITY_ONLY)
    for event in sold.events:
        if event[1] in seller.ZERO_SPEND_USERS:
            assert event[10] == event[11] == 0
    assert users & set(seller.ZERO_SPEND_USERS)
    user, first, second = seller.MOVED_USER
    before, after = (member for member in sold.members if member.user_id == user)
    assert (before.team_id, after.team_id, before.left) == (first, second, after.joined)
    left = [member for member in sold.members if member.left and member.user_id != user]
    assert 15 < len(left) < 60
    assert users - members == {seller.USER_OF_NO_TEAM}


def test_events_are_of_members_in_their_time(sold: Seller) -> None:
    """Except the late ones and those that are planted."""
    spans: dict[tuple[int, int], list[Any]] = {}
    for member in sold.members:
        spans.setdefault((member.user_id, member.team_id), []).append(member)
    strange = [
        event
        for event in sold.events
        if not any(
            span.joined <= event[3] + DAY * 20 and (not span.left or event[3] < span.left)
            for span in spans.get((event[1], event[2]), [])
        )
    ]
    assert len(strange) == 5 + 3


def test_bugbot_is_most_of_what_some_teams_use(sold: Seller) -> None:
    kinds = Counter((event[2], event[4]) for event in sold.events)
    for team in seller.BUGBOT_TEAMS:
        whole = sum(count for (of, _), count in kinds.items() if of == team)
        assert kinds[team, "bugBot"] / whole > 0.45
    assert {kind for _, kind in kinds} == {"agent", "chat", "tab", "cmd_k", "embedding", "bugBot"}


def test_late_events_have_new_ids_and_old_days(sold: Seller) -> None:
    ids = [event[0] for event in sold.events]
    assert ids == sorted(set(ids))
    assert ids[-1] > len(ids), "some ids were rolled back"
    late = [
        event
        for before, event in zip(sold.events, sold.events[1:], strict=False)
        if event[3].date() < before[3].date()
    ]
    assert len(late) == seller.LATE_EVENTS


def test_activity_counts_the_events_of_the_day(sold: Seller) -> None:
    sums = [sum(row[place] for row in sold.activity) for place in (3, 6, 7, 8)]
    kinds = Counter(event[4] for event in sold.events)
    assert sums == [kinds["agent"], kinds["chat"], kinds["cmd_k"], kinds["bugBot"]]
    assert all(row[4] <= row[5] for row in sold.activity)
    assert len({row[:3] for row in sold.activity}) == len(sold.activity)


# --- its product database ------------------------------------------------------------------------


@pytest.fixture(params=["postgresql", "duckdb"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "postgresql" and find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL: {INSTALL}")
    options = Options(seller_events=600, today=TODAY, product_database=request.param)
    with serving(build_seller(options)) as url:
        assert url is not None
        yield url


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchall()
    with duckdb.connect(url.removeprefix("duckdb:///"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_tables_hold_every_row(url: str) -> None:
    kind = "postgresql" if url.startswith("postgresql") else "duckdb"
    sold = build_seller(Options(seller_events=600, today=TODAY, product_database=kind))
    assert SANDBOX_DATABASE == product_database.DATABASE
    assert SANDBOX_DATABASE in url
    wanted = {"teams": 60, "team_members": 901, "usage_events": 600}
    for table, count in {**wanted, "daily_activity": len(sold.activity)}.items():
        assert ask(url, f"select count(*) from {table}") == [(count,)]
    event = sold.events[7]
    found = ask(
        url,
        "select occurred_at, model, api_price_usd, token_fee_usd, uses_rules from usage_events "
        f"where id = {event[0]}",
    )
    [(at, *rest)] = found
    assert at.astimezone(UTC) == event[3]
    price, fee = (Decimal(product_database.dollars(nano)) for nano in event[10:12])
    assert rest == [event[5], price, fee, event[12]]
    assert ask(url, "select count(*) from teams where sf_subscription_id is null") == [(11,)]
    assert ask(url, "select count(*) from teams where sf_subscription_id = ''") == [(0,)]
    assert ask(url, "select count(*) from usage_events where owning_team is null") == [
        (sum(event[2] is None for event in sold.events),)
    ]


def test_nothing_of_the_database_is_left_while_this_process_goes_on() -> None:
    if find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL: {INSTALL}")
    options = Options(seller_events=60, today=TODAY, product_database="postgresql")
    with serving(build_seller(options)) as url:
        assert url is not None
        folder = folder_of(url)
    assert is_gone(url)
    assert not folder.parent.exists()


def test_a_postgresql_that_does_not_start_is_replaced_unless_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("initdb", "postgres"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
        program.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(product_database, "find_postgresql", lambda: tmp_path)
    small = {"seller_events": 60, "today": TODAY}
    with serving(build_seller(Options(**small))) as url:  # type: ignore[arg-type]
        assert url is not None
        assert url.startswith("duckdb:")
    asked = build_seller(Options(**small, product_database="postgresql"))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="initdb failed"), serving(asked):
        pass


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="product-database must be one of"):
        Options(product_database="oracle")


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox with a PostgreSQL, in a process of its own, and the database's address."""
    if find_postgresql() is None:
        pytest.skip(f"NO POSTGRESQL: {INSTALL}")
    command = [
        *(sys.executable, "-m", "sandbox", "serve", "--people", "20", "--days", "3"),
        *("--seller-events", "300", "--product-database", "postgresql"),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["env"]["PRODUCT_DATABASE_URL"]
        # Not killed: the cluster's folder goes away with it.
        process.terminate()


def folder_of(url: str) -> Path:
    """The folder of the cluster, as it says itself."""
    [(folder,)] = ask(url, "show data_directory")
    return Path(folder)


def is_gone(url: str) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "input closes"])
def test_postgresql_is_stopped_and_removed_with_the_sandbox(
    served: tuple[subprocess.Popen[str], str], way: str
) -> None:
    process, url = served
    folder = folder_of(url)
    assert folder.exists()
    if way == "input closes":
        assert process.stdin is not None
        process.stdin.close()
    else:
        process.send_signal(getattr(signal, way))
    process.wait(timeout=15)
    assert is_gone(url)
    assert not folder.parent.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_postgresql_ends_even_when_the_sandbox_is_killed(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    folder = folder_of(url)
    process.kill()
    process.wait(timeout=10)
    assert is_gone(url)
    # Nobody is left to remove it.
    subprocess.run(["rm", "-rf", str(folder.parent)], check=True)


def test_postgresql_listens_on_the_loopback_only_and_wants_its_password(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    _, url = served
    assert ask(url, "show listen_addresses") == [("127.0.0.1",)]
    password = url.partition(":")[2].partition(":")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guess"))
    if os.geteuid() == 0:
        assert folder_of(url).owner() != "root"


def test_no_database_is_begun_without_a_seller() -> None:
    with serving(None) as url:
        assert url is None


def test_times_are_of_this_zone() -> None:
    assert seller.moment(date(2026, 1, 2), 3661) == "2026-01-02T01:01:01.000+0000"
    assert datetime.fromisoformat(seller.moment(date(2026, 1, 2))).tzinfo is not None
