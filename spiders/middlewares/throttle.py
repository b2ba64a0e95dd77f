"""Pace of each host: never faster than its source's delay, slower for a host under strain.

The delay between two requests is the source's, or the ``Crawl-delay`` of robots.txt if larger (at most 60 seconds, with
a log message; beyond, a crawl would come to nothing). It doubles with each 429, 5xx and broken download, and grows to
twice the time of a slow response, so a host rests as long as it works; each good response reduces it by a tenth.
Sources without a delay, such as the sample newsroom, have none.

A host with Retry-After in a 429 or 503, or three consecutive 429s, gets a pause, in later crawls as well: the table
holds its end. Up to half a minute is waited for. A longer pause ends the crawl, and its continuation starts afterwards;
without a possible continuation, URLs fail with the reason ``retry-after``. Of a second host that does not respond three
times on end, nothing more is requested in the crawl.
"""

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from scrapy.crawler import Crawler
from scrapy.exceptions import ResponseDataLossError
from scrapy.http import Request, Response

from dateline.urls import same_site
from spiders.download import meta
from spiders.download.addresses import authority
from spiders.download.pace import MAX_DELAY, UNANSWERED, HostDown, Pace
from spiders.failures import DOWNLOAD_ERRORS

if TYPE_CHECKING:
    from spiders.spider import NewsSpider

_log = logging.getLogger(__name__)


class ThrottleMiddleware:
    """Sets the delay of each host's slot before a request, and adjusts it to responses."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._delay = crawler.settings.getfloat("DOWNLOAD_DELAY")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ThrottleMiddleware":
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Set the delay. Raises HostHeld during a pause, HostDown if a second host does not respond."""
        pace = await self._pace(request)
        if pace.unanswered >= UNANSWERED and not same_site(request.url, self._spider.source.home):
            raise HostDown(f"{pace.host} did not respond {pace.unanswered} times")
        crawl_delay = meta.of(request).crawl_delay
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
            pace = await self._pace(request)
            pace.strained()
            if not isinstance(exception, ResponseDataLossError):
                pace.unanswered += 1

    async def _pace(self, request: Request) -> Pace:
        host = authority(request.url)
        pace = await self._spider.shared.hosts.pace(host, lambda: self._load(host))
        pace.at_least(self._delay)  # another source of the host may have a smaller one
        return pace

    async def _load(self, host: str) -> Pace:
        spider = self._spider
        held_until = await spider.ask_state(spider.collector.state.held, host)
        return Pace(host, floor=self._delay, delay=self._delay, held_until=held_until, known_until=held_until)

    def _set(self, request: Request, pace: Pace) -> None:
        """Have the downloader queue the request with its host's others, and wait as long as they must."""
        downloader: Any = cast("Any", self._crawler.engine).downloader
        meta.join_slot(request, pace.host)
        meta.put(request, replace(meta.of(request), pace=pace))
        downloader.per_slot_settings[pace.host] = {"delay": pace.delay}  # for a future slot
        if slot := downloader.slots.get(pace.host):
            slot.delay = pace.delay

    @property
    def _spider(self) -> "NewsSpider":
        return cast("NewsSpider", self._crawler.spider)


def end_delays(crawler: Crawler) -> None:
    """End the delays of all hosts, for requests that there is no time left to make: a delay may take a minute."""
    downloader: Any = cast("Any", crawler.engine).downloader
    for slot in downloader.slots.values():
        slot.delay = 0
        slot.close()
        downloader._process_queue(slot)
