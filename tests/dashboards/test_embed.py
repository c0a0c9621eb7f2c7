"""Signed addresses of dashboards: what they contain, what is refused, and that nothing leaks."""

import base64
import hashlib
import hmac
import json
import logging
import re
import sys
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest
from pydantic import SecretStr

from dashboards import __main__
from dashboards.deploy import lock
from dashboards.embed import EmbedError, command, embed_url
from foundation.settings import Settings

SECRET = "0123456789abcdef" * 4
SITE = "https://metabase.example.com"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEAM = frozenset({"team_id"})


def url(params=None, locked=TEAM, **others):
    given = {"site_url": SITE, "secret": SECRET, "dashboard_id": 7, "now": NOW, **others}
    params = {"team_id": "42"} if params is None else params
    return embed_url(params=params, locked=locked, **given)


def decoded(address, secret=SECRET):
    """Header and claims of an address's token, its signature checked as Metabase does."""
    token = address.split("/embed/dashboard/")[1].split("#")[0]
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    assert unpadded(signature) == expected
    return tuple(json.loads(unpadded(part)) for part in signed.split("."))


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_an_address_holds_the_dashboard_the_locked_values_and_its_end():
    header, claims = decoded(url())
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims == {
        "resource": {"dashboard": 7},
        "params": {"team_id": ["42"]},
        "exp": int((NOW + timedelta(minutes=10)).timestamp()),
    }


def test_an_address_is_metabase_s_path_the_token_and_how_it_looks():
    before, _, after = url().partition("/embed/dashboard/")
    assert before == SITE
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+#bordered=true&titled=true", after)


def test_how_it_looks_is_outside_the_token():
    plain, dark = url(), url(bordered=False, titled=False, theme="night")
    assert dark.endswith("#bordered=false&titled=false&theme=night")
    assert plain.split("#")[0] == dark.split("#")[0]


def test_a_site_may_have_a_path_and_a_slash_at_its_end():
    assert url(site_url=f"{SITE}/bi/").startswith(f"{SITE}/bi/embed/dashboard/ey")


def test_an_address_ends_when_asked_and_after_now_by_default():
    _, claims = decoded(url(expires_in=timedelta(hours=1)))
    assert claims["exp"] == int(NOW.timestamp()) + 3600
    before = datetime.now(UTC).timestamp()
    _, claims = decoded(url(now=None))
    assert 599 <= claims["exp"] - before <= 630


@pytest.mark.parametrize("expires_in", [timedelta(0), timedelta(-1), timedelta(days=1, seconds=1)])
def test_an_address_that_has_ended_or_lasts_too_long_is_refused(expires_in):
    with pytest.raises(EmbedError, match="may last up to a day"):
        url(expires_in=expires_in)


def test_another_secret_gives_another_signature():
    with pytest.raises(AssertionError):
        decoded(url(), secret="f" * 64)


@pytest.mark.parametrize("params", [{}, {"region": "EMEA"}])
def test_a_locked_parameter_without_a_value_is_refused(params):
    with pytest.raises(
        EmbedError, match="locked without a value: team_id; the dashboard would show everybody"
    ):
        url(params, frozenset({"team_id", "region"}) if params else TEAM)


def test_a_parameter_that_is_not_locked_is_refused():
    with pytest.raises(
        EmbedError, match="not locked in the dashboard: platform; locked are: team_id"
    ):
        url({"team_id": "42", "platform": "cursor"})


def test_a_dashboard_that_locks_nothing_is_refused():
    with pytest.raises(EmbedError, match="locks no filter"):
        url({}, frozenset())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("team_id", "", "not blank"),
        ("team_id", " ", "not blank"),
        ("team_id", ["1", "2"], "must be text"),
        ("team_id", 42, "must be text"),
        ("team_id", "x", "must be digits"),
        ("team_id", "1 or 1=1", "must be digits"),
        ("team_id", "٤٢", "must be digits"),
        ("team_id", "42\n", "printable characters"),
        ("cursor_team_id", "-1", "must be digits"),
        ("salesforce_id", "001", "15 to 18 letters and digits"),
        ("salesforce_id", "0015g00000ABCDEFGHI", "15 to 18 letters and digits"),
        ("salesforce_id", "0015g00000ABC-E", "15 to 18 letters and digits"),
        ("department", "x" * 201, "at most 200 printable characters"),
        ("department", "a\x00b", "printable characters"),
        ("department", "a\u202eb", "printable characters"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name, value, message):
    with pytest.raises(EmbedError, match=message):
        url({name: value}, frozenset({name}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("team_id", "42"),
        ("salesforce_id", "0015g00000ABCDE"),
        ("account_salesforce_id", "0015g00000ABCDEFGH"),
        ("department", "Forschung & Entwicklung"),
        ("department", "x" * 200),
    ],
)
def test_a_value_of_the_right_kind_is_signed_as_it_is(name, value):
    _, claims = decoded(url({name: value}, frozenset({name})))
    assert claims["params"] == {name: [value]}


@pytest.mark.parametrize("dashboard_id", [0, -1, True])
def test_an_invalid_id_is_refused(dashboard_id):
    with pytest.raises(EmbedError, match="a number from 1"):
        url(dashboard_id=dashboard_id)


def test_a_short_secret_is_refused_and_not_repeated():
    with pytest.raises(EmbedError, match="shorter than 32 characters") as error:
        url(secret="hush")
    assert "hush" not in str(error.value)


def settings(**others):
    given = {"metabase_url": SITE, "metabase_embedding_secret": SecretStr(SECRET), **others}
    return Settings(_env_file=None, **given)


def test_the_command_prints_the_address_and_nothing_else(capsys, caplog):
    caplog.set_level(logging.DEBUG)
    assert command(settings(), 7, ["team_id=42"], TEAM) == 0
    output = capsys.readouterr()
    _, claims = decoded(output.out)
    assert claims["params"] == {"team_id": ["42"]}
    assert (output.out.count("\n"), output.err, caplog.text) == (1, "", "")


@pytest.mark.parametrize(
    ("others", "values", "message"),
    [
        ({"metabase_url": None}, ["team_id=42"], "set METABASE_URL and METABASE_EMBEDDING_SECRET"),
        ({"metabase_embedding_secret": None}, ["team_id=42"], "set METABASE_URL and METABASE_EMB"),
        ({}, [], "locked without a value: team_id"),
        ({}, ["team_id"], "write a parameter as NAME=VALUE"),
        ({}, ["=42"], "write a parameter as NAME=VALUE"),
        ({}, ["team_id=1", "team_id=2"], "parameter team_id is given twice"),
        ({}, ["team_id=1=2"], "must be digits"),
    ],
)
def test_the_command_says_what_is_wrong_without_the_secret(capsys, others, values, message):
    assert command(settings(**others), 7, values, TEAM) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert SECRET not in output.err


def test_the_command_finds_the_dashboard_that_was_deployed(monkeypatch, capsys, catalog, tmp_path):
    """Its number is in the lock file of this Metabase, and of no other."""
    monkeypatch.setenv("METABASE_URL", "https://metabase.example.com/")
    monkeypatch.setenv("METABASE_EMBEDDING_SECRET", SECRET)
    monkeypatch.setattr(lock, "LOCK", tmp_path / "lock.json")
    monkeypatch.setattr(__main__, "load_catalog", lambda _: catalog)
    written = lock.Lock(lock.LOCK, "https://metabase.example.com")
    written.instance.dashboards["executive"] = lock.LockedDashboard(entity_id="e", id=7)
    written.save()

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["dashboards", "embed-url", *arguments])
        code = __main__.main()
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    # It locks no filter, so it has no address: only that is printed.
    assert run_command("executive") == (2, ANY)
    assert "locks no filter" in run_command("executive")[1]
    assert run_command("finance") == (1, ANY)
    assert "was not deployed" in run_command("finance")[1]
    assert "there is no dashboard nothing" in run_command("nothing")[1]
