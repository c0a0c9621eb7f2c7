"""No name of a person is in a sample row."""

import pytest

from changes.people import People, names_a_person

PEOPLE = [
    *("user_email", "email", "manager_email", "owner_email", "x_PersonEmail", "full_name"),
    *("owner_name", "owner_manager_name", "technical_account_manager_name", "holder", "user_sk"),
    *("user_id", "somebody_new_name"),
]
THINGS = [
    *("platform_name", "workspace_name", "api_key_name", "team_name", "account_name"),
    "employment_type",
    *("model_names", "ServiceProviderName", "BillingAccountName", "owner_cost_center", "team"),
    *("department", "active_users", "service_account_id"),
]


@pytest.mark.parametrize("column", PEOPLE)
def test_a_column_that_names_a_person(column):
    assert names_a_person(column)


@pytest.mark.parametrize("column", THINGS)
def test_a_column_that_names_something_else(column):
    assert not names_a_person(column)


def test_numbers_are_stable_and_an_address_is_found_in_any_text():
    people = People()
    assert people.hide("user_email", "ada@example.com") == "person 1"
    assert people.hide("user_email", "bob@example.com") == "person 2"
    assert people.hide("scope", "ada@example.com") == "person 1"
    assert people.hide("tags", '{"who": "Ada@Example.com", "x": "bob@mail.example.com."}') == (
        '{"who": "person 1", "x": "person 3."}'
    )


@pytest.mark.parametrize("login", ["ann.bell", "Ann_Bell", "ann"])
def test_a_key_that_is_named_after_somebody_has_their_number(login):
    people = People([("max@example.com",), (f"{login}@example.com", "Ann Bell")])
    people.hide("user_email", "max@example.com")
    for text in ("{}", "most of it {} +$9.10, nightly +$1.", '"{}"', "It was {}."):
        shown = people.hide("explained_by", text.format(f"claude_code_key_{login}_x1y2"))
        assert shown == text.format("claude_code_key_person 2_x1y2")
    assert people.hide("api_key_name", "claude_code_key_bob") == "claude_code_key_person 3"
    assert people.hide("api_key_name", "nightly_ann") == "nightly_ann"


def test_nobody_is_not_a_person():
    assert People().hide("user_email", "unattributed") == "unattributed"


def test_a_single_word_within_a_text_is_not_a_name():
    people = People([("will@example.com", "Will"), ("ada@example.com", "Ada Lovelace")])
    assert people.hide("note", "It will be Ada Lovelace.") == "It will be person 1."
