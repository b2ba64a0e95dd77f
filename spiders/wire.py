"""A download handler that keeps the exact bytes of each exchange, as evidence.

Scrapy's responses are what its parser made of the bytes: header names in one case, chunks joined, a status line gone.
An archive of evidence wants the bytes. ``WireDownloadHandler`` tees what each connection receives, and what it sends,
where ``of`` finds them. It also keeps the limits: it connects to public addresses only (``addresses``), gives a URL
``DOWNLOAD_TIMEOUT`` seconds in all, however slowly it answers and however often it is tried or redirected, stops
reading what is too large, and begins nothing when the spider's time is up.

It builds on parts of Scrapy's and Twisted's HTTP/1.1 client that they don't call public. ``tests/test_wire.py``
holds it against a raw socket server, so a version that moves them fails there, and ``WireError`` says so in a crawl:
a page is never captured without its bytes.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _BindAddressAgent,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _ScrapyAgent,
)
from scrapy.exceptions import CannotResolveHostError, DownloadTimeoutError
from scrapy.http import Request, Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.web.client import Agent
from twisted.web.iweb import IResponse

from dateline.settings import Settings
from spiders import addresses
from spiders.failures import Refusal

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.internet.interfaces import IAddress
    from twisted.python.failure import Failure
    from twisted.web._newclient import HTTP11ClientProtocol
    from twisted.web._newclient import Request as TxRequest

    from spiders.throttle import Pace

# A page may have 10 MB (settings.py); chunk framing and headers come on top, and more than this is an attack.
MAX_EXCHANGE = 24 << 20
MAX_HEAD = 256 << 10  # bytes up to the body; browsers take as much, and no outlet's cookies and policies need it
CONNECT_TIMEOUT = 20.0  # seconds; a host that drops what is sent to it is tried again within the time that a URL has

# An interim response (1xx, RFC 9110 section 15.2): a status line and headers, and no body.
_INTERIM = re.compile(rb"HTTP/\d\.\d 1\d\d\b[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n")


class WireError(RuntimeError):
    """A response came without the bytes it was made of: Scrapy or Twisted changed under us."""


class TooLarge(Refusal):
    """A response was cut off: its headers or its chunks went on beyond what any page needs."""

    reason = "too-large"


class DeadlineReached(Refusal):
    """The crawl has no time left to begin this download."""

    reason = "deadline"


@dataclass(frozen=True, slots=True)
class Wire:
    """One exchange as it went over the wire; ``sent_at`` (UTC) is when its request was written.

    ``rendered`` is the document that a browser made of it (``render``). ``notes`` is what the exchange itself says, for
    the capture's metadata record, in JSON types.
    """

    request: bytes
    response: bytes
    sent_at: datetime
    ip_address: str | None
    rendered: bytes | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Recording:
    """The bytes of an exchange that is under way. Also stands in for a transport, to be written a request."""

    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered: bool = False
    too_large: bool = False

    def writeSequence(self, data: list[bytes]) -> None:  # noqa: N802 (Twisted's name)
        self.sent += b"".join(data)

    def finish(self, finisher: Any, rest: bytes) -> None:
        """The parser is done: drop what it did not take for part of this response."""
        if rest:
            del self.received[-len(rest) :]
        finisher(rest)

    def add(self, data: bytes) -> bool:
        """Keep what was received; False when it is too much."""
        self.received += data
        self.too_large = len(self.received) > (MAX_EXCHANGE if self.answered else MAX_HEAD)
        return not self.too_large

    def check(self) -> None:
        """TooLarge where the response was cut off."""
        if self.too_large:
            what = f"response is longer than {MAX_EXCHANGE}" if self.answered else f"headers are longer than {MAX_HEAD}"
            raise TooLarge(f"the {what} bytes")

    def response(self) -> bytes:
        return final_response(bytes(self.received))


def final_response(received: bytes) -> bytes:
    """What was received without the interim responses (100 Continue, 103 Early Hints) before the final one."""
    while match := _INTERIM.match(received):
        received = received[match.end() :]
    return received


class _RecordingProtocol(_LenientHTTP11ClientProtocol):
    """A connection, used for one request after the other; each has a recording of its own."""

    _recording = _Recording()

    def request(self, request: "TxRequest") -> "Deferred[IResponse]":
        recording = self._recording = _Recording()
        request.writeTo(recording)  # type: ignore[no-untyped-call]
        answered = super().request(request)
        if self._parser:
            self._parser.finisher = partial(recording.finish, self._parser.finisher)
            self._parser.MAX_LENGTH = MAX_HEAD  # of a line; one that is longer is a head that is
        return answered.addCallbacks(partial(_attach, recording), partial(_unanswered, recording))

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        if self._recording.add(data):
            super().dataReceived(data)  # type: ignore[no-untyped-call]
        elif self.transport:
            self.transport.abortConnection()


def _attach(recording: _Recording, response: IResponse) -> IResponse:
    recording.answered = True
    response._dateline_recording = recording
    return response


def _unanswered(recording: _Recording, failure: "Failure") -> "Failure":
    recording.check()
    return failure


class _RecordingFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: "IAddress | None") -> "HTTP11ClientProtocol":  # noqa: ARG002, N802 (Twisted's)
        return _RecordingProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _RecordingAgent(_ScrapyAgent):
    recording: _Recording | None = None
    allowed: Collection[str] = ()

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        timeout = min(timeout, CONNECT_TIMEOUT)
        if request.meta.get("proxy"):
            return super()._get_agent(request, timeout)
        from twisted.internet import reactor  # noqa: PLC0415 (imported before it is installed, it would be another)

        guarded = addresses.reactor_for(request.url, reactor, self.allowed)
        return _BindAddressAgent(guarded, self._contextFactory, timeout, pool=self._pool)

    def _cb_bodyready(self, txresponse: Any, request: Request) -> Any:
        self.recording = getattr(txresponse, "_dateline_recording", None)
        return super()._cb_bodyready(txresponse, request)


class WireDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler that also sets ``request.meta["wire"]``, and stops at the spider's ``stop_at``."""

    def __init__(self, crawler: "Crawler") -> None:
        super().__init__(crawler)
        self._pool._factory = _RecordingFactory
        self._timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._allowed = addresses.allowed_hosts(Settings.from_environment().allow_hosts)

    async def download_request(self, request: Request) -> Response:
        _check_host(request.url)
        pace: Pace = request.meta["pace"]
        async with pace.turn:
            await pace.ready(self._remaining())  # again, because the host may have asked for a pause in the meantime
            response = await self._timed(request)
            pace.heard(response, request.meta["download_latency"])
        return response

    async def _timed(self, request: Request) -> Response:
        """Download within what is left of the URL's time, and leave the rest to its redirects and second tries."""
        left = request.meta.get("download_left", self._timeout)
        if left <= 0:
            raise DownloadTimeoutError(f"{request.url} and what led to it took {self._timeout:g} seconds")
        request.meta["download_timeout"] = min(left, self._remaining())
        started = monotonic()
        try:
            return await self._download(request)
        finally:
            request.meta["download_left"] = left - (monotonic() - started)
            request.meta["dont_retry"] = request.meta["download_left"] <= 0

    async def _download(self, request: Request) -> Response:
        agent = _RecordingAgent(
            contextFactory=self._contextFactory,
            pool=self._pool,
            maxsize=self._default_maxsize,
            fail_on_dataloss=True,
            crawler=self._crawler,
        )
        agent.allowed = self._allowed
        try:
            with wrap_twisted_exceptions():
                response = await maybe_deferred_to_future(agent.download_request(request))
        finally:
            if agent.recording:
                agent.recording.check()
        request.meta["wire"] = _wire(agent.recording, response) if agent.recording else None
        return response

    def _remaining(self) -> float:
        """Seconds that this crawl may still download; a spider that has no deadline has no ``stop_at``."""
        remaining = float(getattr(self._crawler.spider, "stop_at", float("inf"))) - monotonic()
        if remaining <= 0:
            raise DeadlineReached("the crawl's time is up")
        return remaining


def of(response: Response) -> Wire:
    """The exchange that a response came by; WireError where its bytes were not kept."""
    wire: Wire | None = response.meta.get("wire")
    if wire is None or not wire.response:
        raise WireError(f"{response.url} was downloaded, but its bytes were not kept")
    return wire


def _check_host(url: str) -> None:
    """A host such as ``a..b`` raises in Twisted's resolver, where nothing waits for it but the timeout."""
    try:
        (urlsplit(url).hostname or "").encode("idna")
    except UnicodeError as error:
        raise CannotResolveHostError(f"{url} has no possible host name: {error}") from error


def _wire(recording: _Recording, response: Response) -> Wire:
    address = str(response.ip_address) if response.ip_address else None
    return Wire(bytes(recording.sent), recording.response(), recording.sent_at, address)
