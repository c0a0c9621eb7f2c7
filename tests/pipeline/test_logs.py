"""Logs: what they look like, and what never gets into them."""

import json
import logging

import pytest

from foundation.logs import set_up_logs
from foundation.settings import load_settings

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
