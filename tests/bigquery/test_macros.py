"""Each macro that differs by engine means the same on both, over awkward values."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigquery_dev.googlesql import Columns, GoogleSql, type_name
from foundation.settings import ROOT
from tests.bigquery.engines import duckdb_table, on_bigquery, on_duckdb, render

CUT = "-- next --"
DAYS = [
    "1900-01-01",
    "1969-12-31",
    "2020-12-31",
    "2021-01-03",
    "2021-01-04",
    "2023-12-31",
    "2024-01-01",
    "2024-02-25",
    "2024-02-26",
    "2024-02-28",
    "2024-02-29",
    "2024-03-01",
    "2024-03-02",
    "2024-03-31",
    "2024-04-01",
    "2024-06-30",
    "2024-07-01",
    "2024-09-30",
    "2024-12-31",
    "2025-02-28",
    "2035-12-31",
]
# What a landed record may hold at `a`: the extractors keep a vendor's text as it came.
TEXTS = [
    '{"a": "x"}',
    '{"a": ""}',
    '{"a": "  "}',
    '{"a": null}',
    '{"a": "null"}',
    "{}",
    '{"b": {"a": 1}}',
    '{"a": true}',
    '{"a": false}',
    '{"a": 12}',
    '{"a": -3}',
    '{"a": 0}',
    '{"a": 9007199254740993}',
    '{"a": 18446744073709551616}',
    '{"a": "12.50"}',
    '{"a": "say \\"hi\\" \\\\ \\/ \\n\\t"}',
    '{"a": "\\u00e9\\u00DF"}',
    '{"a": "naïve – 東京 🌍"}',
    '{"a": "it\'s $.a"}',
    '{"A": "capital", "a": "small"}',
    '{"a" : "spaced" , "b": 1}',
]
INTEGERS = [
    '{"a": 12}',
    '{"a": "12"}',
    '{"a": 12.0}',
    '{"a": "12.0"}',
    '{"a": 1e3}',
    '{"a": 1.5E3}',
    '{"a": -4}',
    '{"a": -0}',
    '{"a": 0}',
    '{"a": 9007199254740993}',
    '{"a": "9007199254740993"}',
    '{"a": 9223372036854775807}',
    '{"a": 2.5}',
    '{"a": -2.5}',
    '{"a": null}',
    "{}",
]
NUMBERS = [
    *INTEGERS,
    '{"a": ""}',
    '{"a": " "}',
    '{"a": " 7 "}',
    '{"a": "0.12345"}',
    '{"a": "19.99"}',
    '{"a": "20.000001"}',
    '{"a": 0.1}',
    '{"a": 33.333333333}',
    '{"a": "-3.333333333"}',
    '{"a": "0.0000000005"}',
    '{"a": "-0.0000000005"}',
    '{"a": "0.00000000049"}',
]
AMOUNTS = [
    *NUMBERS,
    '{"a": "0.123456789012345678"}',
    '{"a": "0.1234567890123456785"}',
    '{"a": "-0.1234567890123456785"}',
    '{"a": "12345678901234567890.123456789012345678"}',
]
CENTS = [
    None,
    "0",
    "-0",
    "1",
    "-1",
    "17.008",
    "26.519306",
    "83.862871875",
    "0.0000000000000001",
    "-0.0000000000000001",
    "1234.5678901234567",
    "-1234.56789012345678",
    "0.00000000000000005",
    "-0.00000000000000005",
    "0.00000000000000004",
    "9999999999999999.9999999999999999",
    "1e3",
    "1E-7",
    ".5",
    "+5",
]
DECIMALS = [None, "0", "1", "-1", "100", "1200.50", "0.9", "-0.5", "0.12345", "0.000000001"]
DISCOUNTS = [
    ("250.005", "0"),
    ("999999999.99", "20"),
    ("0.001234567890123456", "33.333333333"),
    ("-0.001234567890123456", "33.333333333"),
    ("0.000000000000000001", "50"),
    ("1", "100"),
    ("1", "-12.5"),
    (None, "0"),
]
MOMENTS = [
    None,
    "2024-02-29T00:00:00Z",
    "2024-02-29T23:59:59Z",
    "2024-02-29T23:59:59.999999Z",
    "2024-12-31T23:30:00-01:00",
    "2024-03-01T00:30:00+05:30",
    "2024-01-01T00:00:00+14:00",
    "2024-07-01T02:03:04.5+00:00",
    "2024-03-31T02:30:00.000Z",
    "1969-12-31T23:59:59Z",
    "2024-10-27T01:30:00",
    "2024-10-27 01:30:00",
]
PARTS = [
    ("1", 1, 3),
    ("1", 2, 3),
    ("-1", 1, 3),
    ("-1", 2, 3),
    ("0", 5, 7),
    ("0.000000001", 1, 2),
    ("0.0000000019", 1, 1),
    ("-0.0000000019", 1, 1),
    ("0.123456789999999999", 1, 1),
    ("1234567890.123456789012345678", 9007199254740993, 9007199254740995),
    ("99999999.99", 1, 9223372036854775807),
    ("10", 0, 3),
    (None, 1, 3),
    ("1", None, 3),
]


@dataclass(frozen=True)
class Case:
    """An expression over columns of the given types (BigQuery's names), and rows of them."""

    jinja: str
    columns: Columns
    rows: list[tuple]


def over_payload(macro: str, payloads: list[str]) -> Case:
    return Case(f"{{{{ {macro} }}}}", {"payload": "STRING"}, [(text,) for text in payloads])


def over(jinja: str, kind: str, values: list) -> Case:
    return Case(jinja, {"x": kind}, [(value,) for value in values])


# SQL that writes the values of some keys beside each other, one of them twice.
EACH_KEY = " ~ ', ' ~ ".join(
    f"""'coalesce(' ~ json_text('{key}') ~ ", '-')" """ for key in ("a", "A", "b.a", "a")
)
CASES = {
    "json_text": over_payload("json_text('a')", TEXTS),
    "json_text of a nested key": over_payload(
        "json_text('a.b_1.c')",
        ['{"a": {"b_1": {"c": "x"}}}', '{"a": {"b_1": null}}', '{"a": "text"}', '{"a": {}}'],
    ),
    "json_text of several keys at once": over_payload(
        f"parse_payload_once('concat(' ~ {EACH_KEY} ~ ')')",
        [*TEXTS, '{"a": "1", "A": "2", "b": {"a": null}}', '{"A": 1, "b": {"a": "x"}}'],
    ),
    "json_integer": over_payload("json_integer('a')", INTEGERS),
    "json_count": over_payload("json_count('a')", INTEGERS),
    "json_number": over_payload("json_number('a')", NUMBERS),
    "json_usd": over_payload("json_usd('a')", AMOUNTS),
    "json_date": over_payload(
        "json_date('a')",
        [json.dumps({"a": day}) for day in [*DAYS, "9999-12-31", " 2024-02-29 ", "", " ", None]],
    ),
    "json_boolean": over_payload(
        "json_boolean('a')",
        ['{"a": true}', '{"a": false}', '{"a": "true"}', '{"a": "FALSE"}', '{"a": null}', "{}"],
    ),
    "cents_to_usd of a JSON number": over_payload(
        "cents_to_usd(json_text('a'))",
        ['{"a": 0}', '{"a": 83.862871875}', '{"a": 1e-7}', '{"a": 0.10}', '{"a": 1000.0}', "{}"],
    ),
    "cents_to_usd": over("{{ cents_to_usd('x') }}", "STRING", CENTS),
    "nanos_to_usd": over(
        "{{ nanos_to_usd('x') }}",
        "INT64",
        [None, 0, 1, -1, 999_999_999, 40_000_000_001, 9_223_372_036_854_775_807],
    ),
    "decimal_to_text of a number": over("{{ decimal_to_text('x') }}", "NUMERIC", DECIMALS),
    "decimal_to_text of money": over("{{ decimal_to_text('x') }}", "BIGNUMERIC", DECIMALS),
    "less_percent": Case(
        "{{ less_percent('x', 'y') }}", {"x": "BIGNUMERIC", "y": "NUMERIC"}, DISCOUNTS
    ),
    "integer_divide": Case(
        "{{ integer_divide('x', 'y') }}",
        {"x": "INT64", "y": "INT64"},
        [(7, 2), (-7, 2), (0, 5), (6, 3), (1, 30), (9223372036854775807, 31), (None, 2)],
    ),
    "share_of_nanos": Case(
        "{{ share_of_nanos('x', 'y', 'z') }}",
        {"x": "BIGNUMERIC", "y": "INT64", "z": "INT64"},
        PARTS,
    ),
    "nanos_to_usd of share_of_nanos": Case(
        "{{ nanos_to_usd(share_of_nanos('x', 'y', 'z')) }}",
        {"x": "BIGNUMERIC", "y": "INT64", "z": "INT64"},
        PARTS,
    ),
    "epoch_ms_to_timestamp": over(
        "{{ epoch_ms_to_timestamp('x') }}",
        "STRING",
        [None, "0", "1709164799999", "1709164800000", "1771974551188", "253402300799999"],
    ),
    "epoch_ms_to_timestamp of a JSON number": over_payload(
        "epoch_ms_to_timestamp(json_text('a'))",
        ['{"a": 1771974551188}', '{"a": "1771974551188"}', '{"a": 1771974551188.0}', "{}"],
    ),
    "text_to_timestamp": over("{{ text_to_timestamp('x') }}", "STRING", MOMENTS),
    **{
        f"{part} of local_time in {zone}": over(
            f"extract({part} from {{{{ local_time(text_to_timestamp('x'), '{zone}') }}}})",
            "STRING",
            [*MOMENTS, "2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"],
        )
        for part, zone in itertools.product(
            ("year", "month", "day", "hour", "minute"),
            ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"),
        )
    },
    "add_days": over("{{ add_days('x', 1) }}", "DATE", [None, *DAYS, "9999-12-30", "9999-12-31"]),
    "add_days, several": over("{{ add_days('x', 60) }}", "DATE", [None, *DAYS]),
    "days_between": Case(
        "{{ days_between('x', 'y') }}",
        {"x": "DATE", "y": "DATE"},
        [(None, DAYS[0]), *zip(DAYS, reversed(DAYS), strict=True)],
    ),
    "iso_weekday": over("{{ iso_weekday('x') }}", "DATE", DAYS),
    **{
        f"first_day_of {part}": over(f"{{{{ first_day_of('{part}', 'x') }}}}", "DATE", DAYS)
        for part in ("month", "quarter", "year")
    },
    "next_first_day of a month": over(
        "{{ next_first_day('month', 'x') }}",
        "DATE",
        [None, "2023-12-01", "2024-01-01", "2024-02-01", "2025-02-01"],
    ),
    "next_first_day of a year": over(
        "{{ next_first_day('year', 'x') }}", "DATE", [None, "2023-01-01", "2024-01-01"]
    ),
    "clean_text": over(
        "{{ clean_text('x') }}",
        "STRING",
        [None, "", "  ", " a b ", "\tx", "x\n", "x\r\n", "\u00a0x\u00a0", "\u3000x", "\u200bx"],
    ),
    "clean_email": over(
        "{{ clean_email('x') }}",
        "STRING",
        [None, " ", "  Pip.Pepper@EXAMPLE.com ", "pip@example.com\n", "PIP+É@example.com"],
    ),
    "cursor_kind": over(
        "{{ cursor_kind('x') }}",
        "STRING",
        [
            None,
            "Usage-based",
            "USAGE_EVENT_KIND_USAGE_BASED",
            "Included in Pro Plus",
            "USAGE_EVENT_KIND_INCLUDED_IN_PRO_PLUS",
            "Errored, Not Charged",
            "Errored, not  charged",
            "",
        ],
    ),
    "github_login": over(
        "{{ github_login('x') }}",
        "STRING",
        [None, "", "acme-labs", "acme", "acme labs, inc.", "société générale", " a__b-", "!"],
    ),
    "token_type": over(
        "{{ token_type('x') }}",
        "STRING",
        [None, "uncached_input_tokens", "cache_creation.ephemeral_1h_input_tokens", "new"],
    ),
    "surrogate_key": Case(
        "{{ surrogate_key(['x', 'y', 'z', 'w']) }}",
        {"x": "STRING", "y": "DATE", "z": "BOOL", "w": "INT64"},
        [
            ("a", "2024-02-29", True, 12),
            (None, "1900-01-01", False, -1),
            ("(null)", None, None, None),
            ("", "9999-12-31", None, 9007199254740993),
            ("a|b", None, True, 0),
            ("é 🌍", None, False, 0),
        ],
    ),
}
# From-items: whole queries.
SPANS = [
    ("2024-02-27", "2024-03-02"),
    ("2023-12-30", "2024-01-02"),
    ("2024-02-29", "2024-02-29"),
    ("2024-03-01", "2024-02-29"),
]
QUERIES = {
    f"{first} {last}": f"""{{{{ days_from_to("date '{first}'", "date '{last}'", 'x') }}}}"""
    for first, last in SPANS
}


def rendered(target: str) -> dict[str, str]:
    """All expressions by name, in one call of dbt."""
    jinja = {name: case.jinja for name, case in CASES.items()} | QUERIES
    folder = ROOT / "target" / "macros" / target
    variables = {"offline": {"branch": "full", "days": []}}
    sql = render(target, f"\n{CUT}\n".join(jinja.values()), folder, variables)
    return dict(zip(jinja, sql.split(CUT), strict=True))


@pytest.fixture(scope="module")
def expressions() -> dict[str, dict[str, str]]:
    return {target: rendered(target) for target in ("bigquery", "duckdb")}


@pytest.fixture(scope="module")
def google() -> GoogleSql:
    return GoogleSql()


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def typed(value: object, kind: str) -> object:
    if isinstance(value, str) and kind == "DATE":
        return dt.date.fromisoformat(value)
    if isinstance(value, str) and kind in ("NUMERIC", "BIGNUMERIC"):
        return Decimal(value)
    return value


@pytest.mark.parametrize("name", CASES)
def test_a_macro_gives_the_same_on_both_engines(name, expressions, google, duck):
    case = CASES[name]
    columns = {"place": "INT64"} | case.columns
    rows = [
        {"place": place}
        | {
            column: typed(value, kind)
            for (column, kind), value in zip(case.columns.items(), values, strict=True)
        }
        for place, values in enumerate(case.rows)
    ]
    google.add_table("project.parity.inputs", columns, rows)
    duckdb_table(duck, "parity.inputs", columns, rows)
    query = "select place, {} as result from {}"
    sql = query.format(expressions["bigquery"][name], "`project`.`parity`.`inputs`")
    types = {column: type_name(proto) for column, proto in google.types(sql).items()}
    on_google = on_bigquery(google, sql, types)
    on_duck = on_duckdb(duck, query.format(expressions["duckdb"][name], "parity.inputs"))

    assert on_google.kinds == on_duck.kinds
    expected, found = dict(on_duck.rows), dict(on_google.rows)
    different = {
        repr(values): {"BigQuery": found[place], "DuckDB": expected[place]}
        for place, values in enumerate(case.rows)
        if found[place] != expected[place]
    }
    assert not different


@given(
    st.lists(
        st.one_of(
            # All that a JSON number can be, and plain ones of any length.
            st.floats(-1e15, 1e15).map(repr),
            st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{0,20})?", fullmatch=True),
            st.sampled_from([".5", "-.5", "+5", " 12.5 ", "1_000", "999999999999999999"]),
        ),
        min_size=1,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_duckdb_reads_a_text_as_it_casts_it(expressions, duck, texts):
    columns = {"place": "INT64", "x": "STRING"}
    rows = [{"place": place, "x": text} for place, text in enumerate(texts)]
    duckdb_table(duck, "parity.inputs", columns, rows)
    cast = "cast(cast(x as decimal(35, 16)) * cast(0.01 as decimal(3, 2)) as decimal(38, 18))"
    sql = f"select x, {expressions['duckdb']['cents_to_usd']}, {cast} from parity.inputs"
    for text, read, expected in duck.execute(sql).fetchall():
        assert (text, read) == (text, expected)


@pytest.mark.parametrize("name", QUERIES)
def test_days_from_to_gives_the_same_days_on_both_engines(name, expressions, google, duck):
    on_google = on_bigquery(google, expressions["bigquery"][name], {"x": "DATE"})
    on_duck = on_duckdb(duck, expressions["duckdb"][name])
    assert on_google.kinds == on_duck.kinds
    assert sorted(on_google.rows) == sorted(on_duck.rows)


@pytest.mark.parametrize(
    ("told", "hooks"),
    [("", "set memory_limit = '1100MB'; set memory_limit = '600MB'; "), ("4GB", "; ; ")],
)
def test_a_model_gets_more_memory_unless_somebody_said_how_much(tmp_path, monkeypatch, told, hooks):
    monkeypatch.setenv("DUCKDB_MEMORY_LIMIT", told)
    jinja = "{{ memory_limit('1100MB') }}; {{ memory_limit() }}; "
    assert render("duckdb", jinja, tmp_path, {}) == hooks
