"""Logs: what they look like, and what never gets into them."""

import base64
import io
import json
import logging
import random
import string
from urllib.parse import quote, quote_plus

import httpx
import pytest

from extract.http import VendorError, judge
from extract.report import ResourceReport, RunReport, SourceReport
from foundation.logs import redacted, set_up_logs
from foundation.settings import load_settings
from foundation.terminal import Terminal
from pipeline import report

SECRET = 'sk-ant-admin01-"hush"'


@pytest.fixture
def log(monkeypatch):
    """Set logs up with these settings; the logger of one of our modules."""

    def set_up(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        set_up_logs(load_settings())
        return logging.getLogger("extract.example")

    yield set_up
    logging.basicConfig(handlers=[], force=True)


def test_json_logs_have_one_object_per_line_with_exceptions_inside(log, capsys):
    logger = log(LOG_FORMAT="json")
    logger.info("two\nlines with %s", "ümlaut")
    try:
        raise ValueError("broken")
    except ValueError:
        logger.exception("it failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == "two\nlines with ümlaut"
    assert first["level"] == "INFO"
    assert first["logger"] == "extract.example"
    assert first["time"].endswith("+00:00")
    assert "ValueError: broken" in second["exception"]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_secret_is_replaced_wherever_it_comes_from(log, capsys, kind):
    logger = log(LOG_FORMAT=kind, ANTHROPIC_ADMIN_KEY=SECRET, CURSOR_API_KEY="hush")
    logger.info("asking with %s", SECRET)
    try:
        raise ValueError(f"401 for {SECRET}")
    except ValueError:
        logger.exception("failed with hush")
    logging.getLogger("some.library").warning({"header": SECRET})
    output = capsys.readouterr().err
    assert "hush" not in output
    assert output.count("[secret]") == 4


def test_libraries_are_quiet_and_our_modules_log_at_the_level_asked_for(log, capsys):
    logger = log(LOG_LEVEL="debug")
    logger.debug("ours")
    logging.getLogger("urllib3").info("theirs")
    logging.getLogger("urllib3").warning("their trouble")
    output = capsys.readouterr().err
    assert "ours" in output
    assert "theirs" not in output
    assert "their trouble" in output


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        base64_of(SECRET),
        base64_of(f"{SECRET}:"),
        base64_of(f":{SECRET}"),
        base64_of(f"me:{SECRET}"),
        base64.urlsafe_b64encode(f"someone:{SECRET}~~".encode()).decode(),
        quote(SECRET),
        quote_plus(SECRET),
        json.dumps({"key": SECRET}),
        repr({"key": SECRET}),
    ],
)
def test_a_secret_is_replaced_however_it_is_written(written):
    shown = redacted(f"you sent {written}, which is wrong", [SECRET, "hush"])
    assert "[secret]" in shown
    assert not {SECRET, "hush", written} & set(shown.split())
    assert "admin01" not in shown
    assert base64_of("admin01")[:6] not in shown


def test_an_empty_secret_hides_nothing():
    assert redacted("all of this", [""]) == "all of this"


def test_any_secret_is_replaced_in_any_base64():
    draw = random.Random(7)
    for _ in range(500):
        text = ["".join(draw.choices(string.printable, k=draw.randrange(4, 40))) for _ in "abc"]
        before, secret, after = text[0][: draw.randrange(4)], text[1], text[2][: draw.randrange(4)]
        encoded = base64_of(before + secret + after)
        assert redacted(f"Basic: {encoded}.", [secret]) in ("Basic: [secret].", "Basic: [secret]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("authorization: Bearer ya29.a0-b_c", "authorization: Bearer [secret]"),
        ('{"Authorization": "Basic YTpi"}', '{"Authorization": "Basic [secret]"}'),
        ("you sent Bearer 00Dxx0000000001!", "you sent Bearer [secret]!"),
        ("X-Api-Key=abc, next", "X-Api-Key=[secret], next"),
        ("via http://me:p4ss@proxy:8080/x", "via http://me:[secret]@proxy:8080/x"),
        ("Basic authentication is off", "Basic authentication is off"),
        ("http://127.0.0.1:80 and a@b.c", "http://127.0.0.1:80 and a@b.c"),
    ],
)
def test_credentials_that_no_setting_names_are_replaced(text, shown):
    assert redacted(text, []) == shown


HOSTILE = (
    "[bold]no[/] [/] [link=http://evil.test]here[/link] :skull: \x1b]0;title\x07\x1b[31mred\r"
    "\n::set-output name=x::y\n  ::error file=a::b\n##[group]z\u2028\u202eright to left"
)


def printed_by(text):
    """What a run prints about a vendor that refuses with this text, in the reports and the log."""
    with pytest.raises(VendorError) as caught:
        judge(418, {"request-id": text}, httpx.Response(418, json={"message": text}).content)
    error, file = caught.value, io.StringIO()
    part = ResourceReport("spend", text, status="failed", brings=text)
    part.errors, part.notes, part.windows = [str(error)], [error.message], 1
    sources = [SourceReport("cursor", "failed", resources=[part], notes=[error.message])]
    run = RunReport("2026-01-01T00:00:00+00:00", None, "2026-01-01", sources=sources)
    console = Terminal(file=file, width=100)
    run.show(console, [])
    run.show_probe(console, [])
    console.print(report.arrivals(run))
    return file.getvalue()


@pytest.mark.parametrize("kind", ["text", "json"])
def test_what_a_vendor_says_is_no_command_for_a_terminal_or_a_workflow(log, capsys, kind):
    logger = log(LOG_FORMAT=kind)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logger.exception("failed: %s", HOSTILE)
    logged = capsys.readouterr().err
    for output in (logged, printed_by(HOSTILE)):
        assert "[bold]no[/] [/] [link=http://evil.test]" in output
        assert ":skull:" in output
        assert not set(output) & set("\x1b\x07\r\u2028\u202e")
        assert "##[" not in output
        assert not [line for line in output.splitlines() if line.lstrip().startswith("::")]


def test_an_error_of_a_vendor_is_one_line():
    lines = printed_by("a\n12:00:00 INFO all good").splitlines()
    assert "a 12:00:00 INFO all good" in next(line for line in lines if "HTTP 418" in line)
