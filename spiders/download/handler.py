"""A download handler that keeps the exact bytes of each exchange, as evidence.

Each response carries its exchange (``meta.wire``). The handler also enforces limits: it connects to public addresses
only (``addresses``), gives a URL ``DOWNLOAD_TIMEOUT`` seconds in all, retries and redirects included, stops reading
oversized responses, and starts nothing after the spider's end. Connections are reused, for one request at a time.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError
from scrapy.http import Headers, Request, Response

from dateline.settings import Settings
from spiders.download import addresses, meta
from spiders.download.connection import Connection
from spiders.download.http1 import Incoming
from spiders.download.wire import Wire
from spiders.failures import Refusal

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

# Connections kept by a crawl; a page may lead to many hosts, and to each just once. 200 crawls may open 1,024 files.
MAX_KEPT = 3


class DeadlineReached(Refusal):
    """The crawl has no time left to begin this download."""

    reason = "deadline"


class WireDownloadHandler(BaseDownloadHandler):
    """Fetches by HTTP/1.1, keeps the exchange (``Meta.wire``), and stops at the spider's ``stop_at``."""

    def __init__(self, crawler: "Crawler") -> None:
        super().__init__(crawler)
        self._crawler = crawler
        self._timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._max_body = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._allowed = addresses.allowed_hosts(Settings.from_environment().allow_hosts)
        self._kept: dict[tuple[str, str], Connection] = {}

    async def download_request(self, request: Request) -> Response:
        pace = meta.pace(request)
        async with pace.turn:
            await pace.ready(self._remaining())  # again, because the host may have asked for a pause in the meantime
            await pace.rest(self._remaining())
            self._remaining()
            response = await self._timed(request)
            pace.heard(response, meta.of(request).latency)
        return response

    async def _timed(self, request: Request) -> Response:
        """Download within the URL's remaining time, and leave the rest to its redirects and retries."""
        known = meta.of(request).seconds_left
        left = self._timeout if known is None else known
        if left <= 0:
            raise DownloadTimeoutError(f"{request.url} took {self._timeout:g} seconds with its redirects")
        seconds, started = min(left, self._remaining()), monotonic()
        try:
            async with asyncio.timeout(seconds):
                return await self._download(request)
        except TimeoutError as error:
            raise DownloadTimeoutError(f"{request.url} took longer than {seconds:g} seconds") from error
        finally:
            left -= monotonic() - started
            meta.put(request, replace(meta.of(request), seconds_left=left))
            if left <= 0:
                meta.end_retries(request)

    async def _download(self, request: Request) -> Response:
        where = _origin(request.url), meta.proxy(request)
        kept = self._kept.pop(where, None)
        connection = kept if kept and await kept.is_quiet() else await self._connect(request)
        sent, sent_at, started = _head(request), datetime.now(UTC), monotonic()
        state = meta.of(request)
        incoming = Incoming(state.max_body or self._max_body, cut=bool(state.max_body))
        meta.pace(request).begin()  # only now: connecting may have taken a second
        try:
            await connection.ask(b"%s%s\r\n" % (sent, _for_proxy(request)), incoming)
        except DownloadFailedError:
            if connection is not kept or incoming.received:
                raise
            return await self._download(request)  # the host closed a kept connection
        notes = {"tls": connection.tls} if connection.tls else {}
        certificate = connection.certificate if connection.tls else b""
        exchange = b"%s\r\n" % sent, bytes(incoming.received)
        wire = Wire(*exchange, sent_at, connection.ip_address, notes=notes, certificate=certificate)
        meta.put(request, replace(state, wire=wire, latency=incoming.answered_at - started))
        self._put_back(where, connection)
        return _response(request, incoming, connection)

    async def _connect(self, request: Request) -> Connection:
        if proxy := meta.proxy(request):
            authorization = request.headers.get("Proxy-Authorization") or b""
            return await Connection.through(proxy, request.url, authorization)
        return await Connection.to(request.url, self._allowed)

    def _put_back(self, where: tuple[str, str], connection: Connection) -> None:
        if connection.open:
            self._kept[where] = connection
        while len(self._kept) > MAX_KEPT:
            self._kept.pop(next(iter(self._kept))).close()

    async def close(self) -> None:
        for connection in self._kept.values():
            connection.close()

    def _remaining(self) -> float:
        """Return the remaining seconds of the crawl's downloads; spiders without a deadline have no ``stop_at``."""
        remaining = float(getattr(self._crawler.spider, "stop_at", float("inf"))) - monotonic()
        if remaining <= 0:
            raise DeadlineReached("the crawl's time is up")
        return remaining


def _head(request: Request) -> bytes:
    """Return the request's bytes (RFC 9112 section 3), without headers between the proxy and us."""
    parts = urlsplit(request.url)
    origin = _origin(request.url) if meta.proxy(request) and parts.scheme == "http" else ""
    target = f"{origin}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    lines = [f"{request.method} {target} HTTP/1.1\r\nHost: {addresses.authority(request.url)}".encode()]
    for name, values in request.headers.items():
        if name != b"Proxy-Authorization":
            lines += [b"%s: %s" % (name, value) for value in values]
    return b"\r\n".join((*lines, b""))


def _for_proxy(request: Request) -> bytes:
    """The header for the proxy of an http request; of an https one it has been told already."""
    authorization = request.headers.get("Proxy-Authorization") if request.url.startswith("http:") else None
    return b"Proxy-Authorization: %s\r\n" % authorization if authorization else b""


def _origin(url: str) -> str:
    return f"{urlsplit(url).scheme}://{addresses.authority(url)}"


def _response(request: Request, incoming: Incoming, connection: Connection) -> Response:
    address = ip_address(connection.ip_address) if connection.ip_address else None
    headers = Headers()
    for name, value in incoming.headers:
        headers.appendlist(name, value)
    return Response(request.url, incoming.status, headers, incoming.body, ip_address=address, protocol="HTTP/1.1")
