"""The pace at which each host is asked: never faster than its source says, slower when the host is under strain.

The delay between two requests is the source's, or the ``Crawl-delay`` of robots.txt where that is more (60 seconds at
most: beyond, a crawl would come to nothing; that it was cut is logged). It doubles with each 429, each 5xx and each
download that breaks off, and grows to twice the time that a slow answer took, so that a host rests for as long as it
works; with each good answer it comes down by a tenth. A source with no delay, such as the sample newsroom, has none.

A host that sends Retry-After with a 429 or 503, or three 429s on end without, is left alone for that time, also by the
crawls after this one: the time is in the table. Half a minute is waited for. What is longer ends the crawl, and its
continuation begins when the time is over; what cannot be left for one fails, with the reason ``retry-after``.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from dateline import keys
from spiders.download.addresses import authority
from spiders.failures import DOWNLOAD_ERRORS, Refusal

if TYPE_CHECKING:
    from spiders.spider import NewsSpider

MAX_DELAY = 60.0  # seconds
PATIENCE = 30.0  # seconds that a crawl waits for a host that asked for a pause
MAX_HOLD = timedelta(days=1)  # whatever Retry-After says
UNSAID = timedelta(minutes=15)  # for a host that says 429 again and again, and not for how long
REFUSALS = 3

_log = logging.getLogger(__name__)


class HostHeld(Refusal):
    """The host asked to be left alone, ``until`` then, which is longer than this crawl can wait."""

    reason = "retry-after"

    def __init__(self, host: str, until: datetime) -> None:
        super().__init__(f"{host} asks to be left alone until {keys.utc(until)}")
        self.host, self.until = host, until


@dataclass(slots=True)
class Pace:
    """How one host is asked. ``floor`` is the least delay, ``delay`` the present one, in seconds.

    ``known_until`` is the ``held_until`` that the table has. ``turn`` is held by the one request that is under way:
    Scrapy's own limit lets two through where there is no delay.
    """

    host: str
    floor: float
    delay: float
    held_until: datetime | None = None
    known_until: datetime | None = None
    refusals: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ready(self, seconds: float) -> None:
        """Wait until the host may be asked; HostHeld where that is not within so many seconds, or too long a wait."""
        pause = (self.held_until - _now()).total_seconds() if self.held_until else 0.0
        if self.held_until and pause > min(PATIENCE, seconds):
            raise HostHeld(self.host, self.held_until)
        if pause > 0:
            await asyncio.sleep(pause)

    def at_least(self, floor: float) -> None:
        self.floor = floor
        self.delay = max(self.delay, floor)

    def heard(self, response: Response, latency: float) -> None:
        """Learn from an answer that took so many seconds to begin."""
        if response.status == 429 or response.status >= 500:
            self.strained()
            self._hold(response)
        else:
            self.refusals = 0
            wanted = max(0.9 * self.delay, 2 * latency) if self.floor else 0.0
            self.delay = max(self.floor, min(wanted, MAX_DELAY))

    def strained(self) -> None:
        self.delay = min(2 * self.delay, MAX_DELAY)

    def _hold(self, response: Response) -> None:
        self.refusals += response.status == 429
        pause = UNSAID if self.refusals >= REFUSALS else None
        if response.status in (429, 503) and (asked := response.headers.get("Retry-After")):
            pause = retry_after(asked.decode("latin-1"), _now()) or pause
        if pause:
            self.held_until = _now() + min(pause, MAX_HOLD)


class ThrottleMiddleware:
    """Sets the delay of each host's slot before a request, and learns from what comes back."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self._paces: dict[str, asyncio.Task[Pace]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ThrottleMiddleware":
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """HostHeld where the host is to be left alone."""
        pace = await self._pace(request)
        crawl_delay = request.meta.get("crawl_delay", 0.0)
        if crawl_delay > pace.floor:
            pace.at_least(min(crawl_delay, MAX_DELAY))
            if crawl_delay > MAX_DELAY:
                _log.warning("%s asks for %g seconds between requests and gets %g", pace.host, crawl_delay, MAX_DELAY)
        await pace.ready(self._spider.stop_at - time.monotonic())
        self._set(request, pace)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Have the next crawls know of a pause; the download handler has told the pace of the answer."""
        pace = await self._pace(request)
        if pace.held_until and pace.held_until != pace.known_until:
            pace.known_until = pace.held_until
            self._spider.collector.hold(pace.host, pace.held_until)
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        if isinstance(exception, DOWNLOAD_ERRORS):
            (await self._pace(request)).strained()

    async def _pace(self, request: Request) -> Pace:
        host = authority(request.url)
        if host not in self._paces:
            self._paces[host] = asyncio.get_running_loop().create_task(self._load(host))
        return await self._paces[host]

    async def _load(self, host: str) -> Pace:
        spider = self._spider
        held_until = await spider.ask_state(spider.collector.state.held, host)
        return Pace(host, floor=self._delay, delay=self._delay, held_until=held_until, known_until=held_until)

    def _set(self, request: Request, pace: Pace) -> None:
        """Have the downloader queue the request with its host's others, and wait as long as they must."""
        downloader: Any = cast("Any", self._crawler.engine).downloader
        # Anew each time, because a redirect hands on what was that of the host before.
        request.meta.update(download_slot=pace.host, pace=pace)
        downloader.per_slot_settings[pace.host] = {"delay": pace.delay}  # for a slot that is yet to be made
        if slot := downloader.slots.get(pace.host):
            slot.delay = pace.delay

    @property
    def _spider(self) -> "NewsSpider":
        return cast("NewsSpider", self._crawler.spider)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The pause that a Retry-After asks for, in seconds or until a date (RFC 9110 section 10.2.3); None for neither."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), MAX_HOLD.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return until.replace(tzinfo=until.tzinfo or UTC) - now


def _now() -> datetime:
    return datetime.now(UTC)
