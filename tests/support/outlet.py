"""An outlet on loopback that answers byte for byte what a test says, and a shelf that keeps what is captured of it."""

import itertools
import os
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import pytest

from dateline import instants
from dateline.capture import Batch, Capture, Exchange
from dateline.messages import CrawlMessage, CrawlReport
from dateline.sources.registry import Source
from dateline.state.crawl_state import State
from dateline.state.records import FeedState, Habit, HealthRecord, RobotsState, UrlState
from spiders import spider
from spiders.download import handler
from spiders.middlewares import throttle
from spiders.runs import runner
from spiders.state.stores import Store

CRAWL = "20261020T060000Z-test"


@dataclass(frozen=True)
class Answer:
    """Bytes to write; then the connection is kept, closed, or reset, or TLS begins on it."""

    data: bytes
    then: str | ssl.SSLContext = "keep"


Route = Answer | Callable[[bytes], Answer]


def answer(body: bytes | str = b"", status: int = 200, then: str = "keep", **headers: str) -> Answer:
    """An ordinary answer with a length; header names are written with ``_`` for ``-``."""
    data = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "text/html; charset=utf-8", **{k.replace("_", "-"): v for k, v in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Answer(f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(data)}\r\n\r\n".encode() + data, then)


class Outlet:
    """A server on a free port of 127.0.0.1; ``routes`` may be changed while it runs, ``requests`` are the heads.

    While it runs it is allowed to be crawled, private address or not. With ``tls`` it is an https one.
    """

    def __init__(self, routes: Mapping[str, Route], *, tls: ssl.SSLContext | None = None) -> None:
        self.routes, self.tls = dict(routes), tls
        self.requests: list[bytes] = []
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.outlet = self
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"

    def __enter__(self) -> Self:
        os.environ["DATELINE_ALLOW_HOSTS"] = f"{os.environ.get('DATELINE_ALLOW_HOSTS', '')},{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.environ["DATELINE_ALLOW_HOSTS"] = os.environ["DATELINE_ALLOW_HOSTS"].replace(f",{self.host}", "")
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        """What was asked for, in order, without robots.txt."""
        asked = [head.split()[1].decode() for head in self.requests]
        return [path for path in asked if path != "/robots.txt"]

    def source(self, **changes: Any) -> Source:
        """This outlet as a source with one feed, ``/feed``, and no delay."""
        values: dict[str, Any] = {
            "id": "sample-gazette",
            "path": Path("ly/sample-gazette.toml"),
            "name": "Sample Gazette",
            "home": f"{self.url}/",
            "country": "ly",
            "languages": ("en",),
            "timezone": "Africa/Tripoli",
            "feeds": (f"{self.url}/feed",),
            "delay": 0.0,
        }
        return Source(**(values | changes))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    outlet: Outlet


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        outlet = self.server.outlet
        outlet.connections += 1
        with suppress(ssl.SSLError):  # a client that does not trust us
            if outlet.tls:
                self._start_tls(outlet.tls)
            self._answer()

    def _answer(self) -> None:
        while head := self._head():
            self.server.outlet.requests.append(head)
            route = self.server.outlet.routes.get(head.split()[1].decode(), answer("nothing here", 404))
            reply = route(head) if callable(route) else route
            self.wfile.write(reply.data)
            if reply.then == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if isinstance(reply.then, ssl.SSLContext):
                self._start_tls(reply.then)
            elif reply.then != "keep":
                self.connection.close()
                return

    def _start_tls(self, tls: ssl.SSLContext) -> None:
        self.connection = self.request = tls.wrap_socket(self.request, server_side=True)
        self.setup()

    def _head(self) -> bytes:
        lines = []
        while line := self.rfile.readline():
            lines.append(line)
            if line == b"\r\n":
                return b"".join(lines)
        return b""


class Clock:
    """The crawl's clock, which a test can put on, so that its time is up when it has come so far and not before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        monkeypatch.setattr(handler, "monotonic", self.monotonic)
        for module in (spider, throttle, runner):
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def deadline(self) -> float:
        """One that is far off, until the time is up."""
        return self.monotonic() + 600

    def time_is_up(self) -> None:
        self._ahead += 3600

    def after(self, count: int, reply: Answer) -> Callable[[bytes], Answer]:
        """A route at which the time is up with every so many requests."""
        requests = itertools.count(1)

        def route(_: bytes) -> Answer:
            if next(requests) % count == 0:
                self.time_is_up()
            return reply

        return route


@dataclass
class Shelf:
    """A store and a state in memory."""

    pages: list[Exchange] = field(default_factory=list)
    known: dict[str, UrlState] = field(default_factory=dict)
    validators: dict[str, FeedState] = field(default_factory=dict)
    healths: dict[str, HealthRecord] = field(default_factory=dict)
    habits: Habit = field(default_factory=Habit)
    frontiers: list[bytes] = field(default_factory=list)
    robots_texts: dict[str, RobotsState] = field(default_factory=dict)
    holds: dict[str, datetime] = field(default_factory=dict)

    def put(self, batch: Batch) -> str:
        self.pages += batch.pages
        return f"captures/{len(self.pages)}"

    def stored(self) -> Iterator[tuple[str, list[Capture]]]:
        return iter(())

    def put_report(self, report: CrawlReport) -> CrawlReport:
        return report

    def report(self) -> CrawlReport | None:
        return None

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        return {url: self.known[url] for url in urls if url in self.known}

    def put_frontier(self, data: bytes) -> None:
        self.frontiers.append(data)

    def frontier(self, crawl: str) -> bytes | None:  # noqa: ARG002
        return self.frontiers[-1] if self.frontiers else None

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        now = instants.utc(at, "seconds")
        due = [state for state in self.known.values() if state.due and state.due <= now and state.source == source]
        return sorted(due, key=lambda state: str(state.due))[:limit]

    def habit(self, source: str, day: date) -> Habit:  # noqa: ARG002
        return self.habits

    def health(self, sources: Iterable[str]) -> dict[str, HealthRecord]:
        return {source: self.healths[source] for source in sources if source in self.healths}

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:  # noqa: ARG002
        return {url: self.validators[url] for url in urls if url in self.validators}

    def robots(self, host: str) -> RobotsState | None:
        return self.robots_texts.get(host)

    def held(self, host: str) -> datetime | None:
        return self.holds.get(host)

    def settle(
        self,
        report: CrawlReport,
        visited: Callable[[], Iterable[UrlState]],
        known: Mapping[str, UrlState] = MappingProxyType({}),  # noqa: ARG002 - of the protocol
    ) -> None:
        learned = report.learned
        self.known |= {state.url: state for state in (*visited(), *learned.urls)}
        self.validators |= {state.url: state for state in learned.feeds}
        self.robots_texts |= {state.host: state for state in learned.robots}
        self.holds |= {host: datetime.fromisoformat(until) for host, until in learned.holds.items()}
        self.healths |= {report.source: learned.health} if learned.health else {}


def crawl(
    source: Source,
    shelf: Shelf | None = None,
    *,
    store: Store | None = None,
    state: State | None = None,
    seconds: float = 90,
    limit: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> CrawlReport:
    """Crawl a source to its end; ``seconds`` are until the deadline, of which the last 60 are not for downloads."""
    shelf = shelf or Shelf()
    message = CrawlMessage(source=source.id, crawl=CRAWL, limit=limit, since=since, until=until)
    return runner.run(message, source, store=store or shelf, state=state or shelf, deadline=time.monotonic() + seconds)


def rss(*items: str, title: str = "Sample") -> str:
    """An RSS 2.0 feed of those items."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'


def item(link: str, title: str = "A story", date: str = "Tue, 20 Oct 2026 08:00:00 +0200") -> str:
    return f"<item><title>{title}</title><link>{link}</link><pubDate>{date}</pubDate></item>"
