"""The seller: every difficulty that is planted is there, and nothing else is wrong."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox import seller
from sandbox.options import Options
from sandbox.product_database.tables import dollars as in_dollars
from sandbox.seller import Seller, build_seller, long_id, short_id, with_case
from tests.sandbox.asking import TODAY

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
    assert len([one for one in sold.records["Account"] if not one["IsDeleted"]]) == 39
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


def test_invoices_are_the_usage_beyond_the_included_but_for_two(sold: Seller) -> None:
    usage, included = sold.usage_nano(), sold.included()
    newest = sold.complete_months()[-1]
    wrong = {}
    for one in sold.records["Subscription_Overage__c"]:
        start, end = (date.fromisoformat(one[f"Period_{name}__c"]) for name in ("Start", "End"))
        n = next(
            n
            for n in seller.OVERAGE_SUBSCRIPTIONS
            if long_id("Subscription__c", n) == one["Subscription__c"]
        )
        if (end + DAY).day > 1 or start.day > 1 or n == seller.CHURNED_SUBSCRIPTION:
            continue
        used = Decimal(usage[n, start]) / 10**9
        beyond = used - Decimal(included[n])
        if start < _begun(sold, n):
            continue
        assert beyond > 0
        if abs(one["Amount__c"] - beyond) > Decimal("0.005"):
            wrong[n, start] = one["Amount__c"] - beyond, beyond
    assert set(wrong) == {(4, newest), (8, newest)}
    above, _ = wrong[4, newest]
    assert abs(above - 100) <= Decimal("0.005")
    below, beyond = wrong[8, newest]
    assert abs(below + beyond / 2) <= Decimal("0.005")
    assert usage[5, newest] == sum(
        event[10] + event[11]
        for event in sold.events
        if event[2] in (105, 144) and event[3].date().replace(day=1) == newest
    )


def _begun(sold: Seller, subscription: int) -> date:
    record = sold.records["Subscription__c"][subscription - 1]
    return date.fromisoformat(record["Start_Date__c"])


def test_what_is_included_covers_what_nobody_has_to_pay(
    sold: Seller, subscriptions: dict[int, Any]
) -> None:
    included = {n: one[seller.INCLUDED_USAGE_FIELD] for n, one in subscriptions.items()}
    assert [n for n, amount in included.items() if amount is None] == [seller.INCLUDED_NOT_KNOWN]
    complete = set(sold.complete_months())
    beyond = {
        n
        for (n, month), nanos in sold.usage_nano().items()
        if month in complete and nanos > (included[n] or 10**9) * 10**9
    }
    assert beyond - set(seller.OVERAGE_SUBSCRIPTIONS) == {seller.NOT_INVOICED}


def test_a_customer_whose_account_was_deleted_goes_on(
    sold: Seller, subscriptions: dict[int, Any]
) -> None:
    account = sold.records["Account"][seller.DELETED_CUSTOMER - 1]
    subscription = subscriptions[seller.SUBSCRIPTION_OF_DELETED_CUSTOMER]
    assert account["IsDeleted"]
    assert subscription["Account__c"] == account["Id"]
    assert not subscription["IsDeleted"]
    assert sum(nanos for (n, _), nanos in sold.usage_nano().items()
               if n == seller.SUBSCRIPTION_OF_DELETED_CUSTOMER)  # fmt: skip


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
    assert Decimal(in_dollars(event[10])) == dollars / 10**6


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


def test_times_are_of_this_zone() -> None:
    assert seller.moment(date(2026, 1, 2), 3661) == "2026-01-02T01:01:01.000+0000"
    assert datetime.fromisoformat(seller.moment(date(2026, 1, 2))).tzinfo is not None
