"""Vendors, or what answers in their place, that never end, send too much, or lead elsewhere."""

from __future__ import annotations

import ast
import gzip
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import psutil
import pytest
from pydantic import SecretStr

from extract import anthropic, cursor, github, http, openai, salesforce, windows
from extract.github.api import Api as GitHubApi
from extract.google.api import Api as GoogleApi
from extract.http import Session, VendorError, client, open_envelope, send
from extract.report import ResourceReport, SourceReport
from extract.run import run
from extract.windows import Page, Period
from foundation.settings import ROOT, Settings, load_settings
from foundation.sources.anthropic import AnthropicSettings
from foundation.sources.github import GitHubSettings

KEY = "sk-very-secret"
DAY = Period(date(2026, 3, 1), date(2026, 3, 2))

Headers = dict[str, str]
# Takes the path and the body of a request; returns a status, headers, and the parts of the body.
Answer = Callable[[str, bytes], tuple[int, Headers, Iterable[bytes]]]


class Asked(list[tuple[str, Headers]]):
    """The address of a server, and the paths and headers of the requests that it got."""

    url: str


@contextmanager
def served(answer: Answer) -> Iterator[Asked]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers)))
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, parts = answer(self.path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for part in parts:
                    self.wfile.write(part)
            except OSError:  # whoever asked has enough
                pass

        do_POST = do_CONNECT = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked.url = f"http://127.0.0.1:{server.server_port}"
        yield asked
        server.shutdown()


def by_send(url: str) -> bytes:
    with client(base_url=url, headers={"x-api-key": KEY}) as ours:
        return send(ours, "GET", "/rows")


def by_session(url: str) -> bytes:
    """What the libraries for sheets, Salesforce and Google's tokens ask with."""
    with Session() as session:
        session.headers["x-api-key"] = KEY
        return session.post(f"{url}/rows", {"client_secret": KEY}, timeout=10).content


def by_anthropic(url: str) -> bytes:
    settings = AnthropicSettings(anthropic_base_url=url)
    with anthropic._sdk(settings, SecretStr(KEY)) as sdk:
        users = sdk.organization.users.with_raw_response.list
        return anthropic._through_sdk(users, {"limit": 1})


ways = pytest.mark.parametrize("ask", [by_send, by_session, by_anthropic])


# --- slow ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("usage_report_claude_code", "/v1/organizations/usage_report/claude_code"),
        ("analytics_users", "/v1/organizations/analytics/users"),
    ],
)
def test_a_slow_report_of_one_day_is_asked_for_several_days_at_once(
    resource: str, path: str
) -> None:
    """The vendor answers only once four requests wait, and counts those that do."""
    four = threading.Barrier(4, timeout=20)
    lock = threading.Lock()
    waiting = most = 0

    def answer(asked: str, _: bytes) -> tuple[int, Headers, Iterable[bytes]]:
        nonlocal waiting, most
        if asked.startswith(path):
            with lock:
                waiting += 1
                most = max(most, waiting)
            four.wait()
            with lock:
                waiting -= 1
        return 200, {}, [b'{"data": [], "has_more": false}']

    with served(answer) as vendor:
        settings = AnthropicSettings(
            anthropic_base_url=vendor.url, anthropic_admin_key=SecretStr(KEY)
        )
        report = SourceReport("anthropic")
        last = date(2026, 5, 1)
        run = windows.Run(report, last - timedelta(days=12), last, last)
        landed = list(anthropic.extract(settings, run))
    assert list(report.all_errors()) == []
    assert most == anthropic.DAYS_AT_ONCE == 4
    days = [last - timedelta(days=number) for number in range(12, 0, -1)]
    assert [window.start for window in landed if window.resource == resource] == days
    asked = [one for one, _ in vendor if one.startswith(path)]
    assert len(asked) == len(set(asked)) == len(days)


# --- too much, too slow, too deep ----------------------------------------------------------------


@ways
def test_an_answer_arrives_whole(ask: Callable[[str], bytes]) -> None:
    body = b'{"data": [%s]}' % b",".join([b"1"] * 50_000)
    with served(lambda *_: (200, {"content-encoding": "gzip"}, [gzip.compress(body)])) as vendor:
        assert ask(vendor.url) == body


@ways
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    ask: Callable[[str], bytes], packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 5_000_000)
    megabyte = b"[" * 1_000_000
    parts = [gzip.compress(megabyte * 150, 1)] if packed else itertools.repeat(megabyte, 300)
    headers = {"content-encoding": "gzip"} if packed else {}
    before = psutil.Process().memory_info().rss
    with (
        served(lambda *_: (200, headers, parts)) as vendor,
        pytest.raises(VendorError, match="the answer is larger than 5 MB"),
    ):
        ask(vendor.url)
    assert psutil.Process().memory_info().rss - before < 100_000_000


@ways
@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_that_trickles_in_is_given_up(
    ask: Callable[[str], bytes], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_SECONDS", 0.4)

    def trickle() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    class Slow(dict[str, str]):
        def items(self) -> Any:
            for _ in trickle():
                yield "x-more", "header"

    answer = (200, Slow(), []) if where == "headers" else (200, {}, trickle())
    with (
        served(lambda *_: answer) as vendor,
        pytest.raises(VendorError, match=r"not complete after 0\.4 s; run again later"),
    ):
        ask(vendor.url)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"data": %s}' % (b"[" * 100_000)]
)
def test_an_answer_that_is_nested_too_deeply_is_an_error(body: bytes) -> None:
    with pytest.raises(VendorError, match=r"nested too deeply|not a JSON object"):
        open_envelope(body)
    with pytest.raises(VendorError, match="HTTP 500: no message"):
        http.judge(500, {}, body)


# --- lists that never end ------------------------------------------------------------------------


def cursor_pages(records: Iterator[list[Any]]) -> Iterator[Page]:
    def ask(*_: Any, **__: Any) -> Any:
        return raw(usageEvents=next(records), pagination={"hasNextPage": True})

    return cursor._usage_events(SimpleNamespace(ask=ask), DAY)  # type: ignore[arg-type]


def anthropic_pages(records: Iterator[list[Any]]) -> Iterator[Page]:
    places = itertools.cycle("ab")

    def ask(_: Any) -> bytes:
        return body(data=next(records), has_more=True, next_page=next(places))

    return anthropic._pages(ask, "/v1/x", {})


def openai_pages(records: Iterator[list[Any]]) -> Iterator[Page]:
    places = itertools.cycle("ab")
    answer = lambda *_, **__: (  # noqa: E731
        body(data=next(records), has_more=True, last_id=next(places))
    )
    return openai._entries(stub(answer), "/v1/x", {})


def openai_buckets(records: Iterator[list[Any]]) -> Iterator[Page]:
    places = itertools.cycle("ab")

    def answer() -> bytes:
        bucket = {"start_time": 1, "results": next(records)}
        return body(data=[bucket], has_more=True, next_page=next(places))

    return openai._buckets(stub(answer), "/v1/x", [], DAY)


def google_pages(records: Iterator[list[Any]]) -> Iterator[Page]:
    places = itertools.cycle("ab")
    api = GoogleApi.__new__(GoogleApi)
    api.ask = lambda *_, **__: raw(items=next(records), nextPageToken=next(places))  # type: ignore[method-assign]
    return api.pages("GET", "x", "items", {})


def github_pages(records: Iterator[list[Any]]) -> Iterator[Page]:
    # GitHub ends with a page that is not full.
    def ask(*_: Any, **__: Any) -> bytes:
        return body(seats=(next(records) * 100)[:100], total_seats=10**9)

    return github._seats(SimpleNamespace(ask=ask, copilot="/x"))  # type: ignore[arg-type]


def salesforce_pages(records: Iterator[list[Any]]) -> Iterator[Page]:
    places = itertools.cycle("ab")

    def ask(*_: Any, **__: Any) -> Any:
        place = f"/services/data/v62.0/query/{next(places)}"
        return raw(records=next(records), nextRecordsUrl=place, totalSize=10**9)

    thing = salesforce.OBJECTS["accounts"]
    return salesforce._pages(SimpleNamespace(ask=ask), thing, DAY)  # type: ignore[arg-type]


def raw(**answer: Any) -> dict[str, msgspec.Raw]:
    return open_envelope(body(**answer))


def body(**answer: Any) -> bytes:
    return json.dumps(answer).encode()


def stub(answer: Callable[..., bytes]) -> Any:
    """A client that gets these answers."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answer()))
    return httpx.Client(base_url="https://vendor", transport=transport)


@pytest.mark.parametrize(
    ("read", "size"),
    [
        (lambda ask: anthropic._pages(lambda _: ask(), "/v1/x", {"limit": 100}), 100),
        (lambda ask: openai._entries(stub(ask), "/v1/x", {}), openai.ENTRIES_PER_PAGE),
        (
            lambda ask: cursor._daily_usage(
                SimpleNamespace(ask=lambda *_, **__: open_envelope(ask())),  # type: ignore[arg-type]
                DAY,
            ),
            cursor.PEOPLE_PAGE,
        ),
    ],
    ids=["anthropic", "openai", "cursor"],
)
def test_a_full_page_that_says_nothing_of_another_one_is_an_error(
    read: Callable[[Callable[[], bytes]], Iterator[Page]], size: int
) -> None:
    assert len(list(read(lambda: body(data=[{"id": n} for n in range(size - 1)])))) == 1
    with pytest.raises(VendorError, match="nothing says whether there is more"):
        list(read(lambda: body(data=[{"id": n} for n in range(size)])))


READERS = [
    cursor_pages, anthropic_pages, openai_pages, openai_buckets, google_pages, github_pages,
    salesforce_pages,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("kind", "most", "said"),
    [
        ("the same", 2, "page 2 has the records of an earlier one"),
        ("two in turn", 3, "page 3 has the records of an earlier one"),
        ("empty", 26, "26 pages in a row are empty"),
        ("always new", 51, "after 51 pages"),
    ],
)
def test_a_list_that_does_not_end_is_an_error(
    read: Callable[[Iterator[list[Any]]], Iterator[Page]],
    kind: str,
    most: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "MAX_PAGES", 50)
    asked = 0

    def records() -> Iterator[list[Any]]:
        nonlocal asked
        for number in itertools.count():
            asked += 1
            yield {
                "the same": [{"id": 1}],
                "two in turn": [{"id": number % 2}],
                "empty": [],
                "always new": [{"id": number}],
            }[kind]

    if read is github_pages and kind == "empty":
        assert len(list(read(records()))) == 1  # it ends there
        return
    with pytest.raises(VendorError, match=r"the list does not end: .*; the vendor") as caught:
        list(read(records()))
    assert said in str(caught.value)
    assert asked == most


def test_every_reader_is_limited() -> None:
    """Each function that yields page after page has to end, and nobody makes a client without
    limits."""
    paging = []
    for file in (ROOT / "extract").rglob("*.py"):
        text = file.read_text()
        if file.name != "http.py":
            assert not re.search(
                r"httpx\.Client\(|requests\.Session\(|httpx\.(get|post)\(", text
            ), file
        for one in ast.walk(ast.parse(text)):
            loops = [loop for loop in ast.walk(one) if isinstance(loop, ast.While)]
            if isinstance(one, ast.FunctionDef) and any(
                isinstance(part, ast.Yield) for loop in loops for part in ast.walk(loop)
            ):
                names = [ast.unparse(decorator) for decorator in one.decorator_list]
                paging.append((f"{file.parent.name}.{one.name}", "ending" in names))
    assert len(paging) >= len(READERS)
    # It yields days, from a list that is complete.
    others = {"extract.chunks", "extract._fetch_period"}
    assert [name for name, ends in paging if not ends and name not in others] == []


def test_a_query_may_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MAX_BYTES", 1_000_000)
    records = ([{"id": number, "more": "x" * 100_000}] for number in itertools.count())
    with pytest.raises(VendorError, match="after 10 pages with 1 MB there are more"):
        list(google_pages(records))


EVENT = {"timestamp": "1772323200000", "model": "m", "kind": "k", "userEmail": "a@example.com"}


def run_of_events(
    settings_of: Callable[..., Settings], answers: Iterator[bytes]
) -> tuple[int, ResourceReport]:
    """The exit code of a run to which Cursor answers this about its events, and what the report
    says of them."""
    empty = body(data=[], teamMembers=[], groups=[], teamMemberSpend=[])
    with served(
        lambda path, _: (200, {}, [next(answers) if "usage-events" in path else empty])
    ) as vendor:
        settings = settings_of(cursor_base_url=vendor.url)
        report = run(settings, sources=["cursor"], since=DAY.start, until=DAY.end)
    [events] = [one for one in report.sources[0].resources if one.resource == "usage_events"]
    return report.exit_code, events


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "1,000 of 2,500 events arrived"),
        ({"pagination": None}, "1,000 of 2,500 events arrived"),
        ({"pagination": {"hasNextPage": False}}, "1,000 of 2,500 events arrived"),
        ({"pagination": {"numPages": 1}}, "1,000 of 2,500 events arrived"),
        ({"totalUsageEventsCount": 999}, "1,000 of 999 events arrived"),
        ({"totalUsageEventsCount": 0}, "1,000 of 0 events arrived"),
    ],
)
def test_events_that_are_not_as_many_as_the_vendor_counts_do_not_land(
    settings_of: Callable[..., Settings], answer: dict[str, Any], said: str
) -> None:
    page = body(**{"usageEvents": [EVENT] * 1000, "totalUsageEventsCount": 2500} | answer)
    code, events = run_of_events(settings_of, itertools.repeat(page))
    assert code == 1
    assert events.landed == events.windows == 0
    assert events.pages == 2
    assert events.errors == [
        f"2026-03-01: {said}; the vendor counts other events than it lists, so this day did not "
        "land: each run asks for the last 7 days again, `make backfill` for older ones; report it "
        "if it stays so"
    ]


def test_events_that_arrive_while_they_are_counted_are_read_again(
    settings_of: Callable[..., Settings],
) -> None:
    pages = [body(usageEvents=[EVENT] * count, totalUsageEventsCount=3) for count in (2, 3)]
    code, events = run_of_events(settings_of, iter(pages))
    assert (code, events.landed, events.pages) == (0, 3, 2)
    assert events.notes == ["2026-03-01: started over at the first page: 2 of 3 events arrived"]


@pytest.mark.parametrize("count", [{}, {"totalUsageEventsCount": None}])
def test_events_that_the_vendor_does_not_count_land(
    settings_of: Callable[..., Settings], count: dict[str, Any]
) -> None:
    code, events = run_of_events(settings_of, iter([body(usageEvents=[EVENT] * 2, **count)]))
    assert (code, events.landed) == (0, 2)


def test_nothing_of_a_list_that_does_not_end_lands(
    settings_of: Callable[..., Settings],
) -> None:
    endless = body(usageEvents=[EVENT], pagination={"hasNextPage": True})
    code, events = run_of_events(settings_of, itertools.repeat(endless))
    assert code == 1
    assert events.landed == events.windows == 0
    assert events.errors == [
        "2026-03-01: the list does not end: page 2 has the records of an earlier one; "
        "the vendor's paging is broken: report it"
    ]


# --- elsewhere -----------------------------------------------------------------------------------


@ways
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_no_key_goes_along(
    ask: Callable[[str], bytes], status: int
) -> None:
    with served(lambda *_: (200, {}, [b'{"data": []}'])) as thief:
        to = thief.url.replace("127.0.0.1", "localhost") + "/rows"
        with (
            served(lambda *_: (status, {"location": to}, [])) as vendor,
            pytest.raises(VendorError, match=f"HTTP {status}: redirects to localhost; redirects"),
        ):
            ask(vendor.url)
    assert list(thief) == []


@pytest.mark.parametrize("link", ["http://reports.example.com/x", "file:///etc/passwd", "//x"])
def test_a_link_to_a_report_must_be_encrypted(link: str) -> None:
    api = GitHubApi(GitHubSettings(github_organization="o"))
    with pytest.raises(VendorError, match="is not https"):
        api.download(link)


# --- proxies -------------------------------------------------------------------------------------


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """A proxy that the environment names, and that answers everything itself."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with served(lambda *_: (200, {}, [b"{}"])) as asked:
        monkeypatch.setenv("HTTP_PROXY", asked.url)
        monkeypatch.setenv("http_proxy", asked.url)
        monkeypatch.setenv("HTTPS_PROXY", asked.url.removeprefix("http://"))
        yield asked


@ways
@pytest.mark.parametrize("told", ["", "intranet.example.com, .example.org"])
def test_this_machine_is_not_asked_through_a_proxy(
    ask: Callable[[str], bytes], told: str, proxy: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", told)
    load_settings()
    with served(lambda *_: (200, {}, [b'{"data": []}'])) as vendor:
        for host in ("127.0.0.1", "localhost"):
            assert ask(vendor.url.replace("127.0.0.1", host)) == b'{"data": []}'
    assert list(proxy) == []


@pytest.mark.parametrize("ask", [by_send, by_anthropic])
def test_vendors_are_asked_through_the_proxy(ask: Callable[[str], bytes], proxy: Asked) -> None:
    load_settings()
    with pytest.raises(VendorError, match="no complete answer"):
        ask("https://vendor.invalid")  # the proxy is none that could encrypt
    assert proxy[0][0] == "vendor.invalid:443"


def test_a_host_that_no_proxy_names_is_asked_directly(
    proxy: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", ".invalid")
    load_settings()
    with pytest.raises(VendorError, match=r"no complete answer \(ConnectError\)"):
        by_send("https://vendor.invalid")
    assert list(proxy) == []
