"""robots.txt by RFC 9309: fetched once a day per host, and obeyed under the name Dateline.

A missing one (4xx, or endless redirects) allows everything. While it is unreachable (5xx, 429, no connection), a copy
of the last 30 days in the table counts; without a copy everything is forbidden for the temporary reason
``robots-unreachable``, and the next crawl asks again. A fetched one is valid for 24 hours, for all crawls of the host.
An oversized one is read as far as RFC 9309 demands. ``Crawl-delay`` counts if it exceeds the source's delay
(``throttle``). ``robots_txt`` selects the groups; Protego handles wildcards and the longest match. A host without a
public address fails for that reason.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from protego import Protego
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from dateline import instants
from dateline.state.records import RobotsState
from spiders.download import meta
from spiders.download.decoding import decoded
from spiders.download.http1 import TooLarge
from spiders.download.meta import Meta
from spiders.failures import DOWNLOAD_ERRORS, Refusal, reason
from spiders.middlewares import robots_txt
from spiders.middlewares.redirects import BadRedirect, TooManyRedirects

if TYPE_CHECKING:
    from spiders.spider import NewsSpider

_log = logging.getLogger(__name__)

AGENT = "Dateline"
MAX_ROBOTS = 512 << 10  # bytes read of a robots.txt; RFC 9309 section 2.5 asks for at least 500 KiB

_ABSENT: tuple[type[BaseException], ...] = (TooManyRedirects, BadRedirect)
_UNREACHABLE: tuple[type[BaseException], ...] = (TooLarge, *DOWNLOAD_ERRORS)  # the headers: a body is cut


class RobotsRefused(Refusal):
    """robots.txt forbids the URL."""

    reason = "robots"


class RobotsUnreachable(Refusal):
    """robots.txt is unreachable; everything is forbidden meanwhile (RFC 9309 section 2.3.1.4)."""

    reason = "robots-unreachable"


@dataclass(frozen=True)
class Rules:
    """Rules of a host's robots.txt; ``missing`` is the reason for an unreachable one."""

    text: bytes = b""
    missing: str = ""

    @cached_property
    def parsed(self) -> Protego:
        return robots_txt.parse(self.text, AGENT)

    @property
    def crawl_delay(self) -> float:
        """Seconds between two requests demanded by the host."""
        return float(self.parsed.crawl_delay(AGENT) or 0)

    def check(self, url: str) -> None:
        """RobotsRefused and RobotsUnreachable say why not."""
        if self.missing:
            raise RobotsUnreachable(self.missing)
        if not self.parsed.can_fetch(url, AGENT):
            raise RobotsRefused("Forbidden by robots.txt")


class RobotsMiddleware:
    """Lets requests pass as robots.txt allows."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, asyncio.Task[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        state = meta.of(request)
        if not state.robots_txt:
            rules = await self._rules_of(request.url)
            rules.check(request.url)
            meta.put(request, replace(state, crawl_delay=rules.crawl_delay))

    async def _rules_of(self, url: str) -> Rules:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._rules:
            self._rules[host] = asyncio.get_running_loop().create_task(self._load(host))
        return await self._rules[host]

    async def _load(self, host: str) -> Rules:
        spider = cast("NewsSpider", self._crawler.spider)
        known, now = await spider.ask_state(spider.collector.state.robots, host), datetime.now(UTC)
        if known and now < known.expires_at:
            return Rules(known.text)
        copy = known if known and now < known.kept_until else None
        try:
            rules = await self._fetch(f"{host}/robots.txt")
        except CannotResolveHostError as error:
            if not copy:
                raise
            rules = Rules(missing=str(error))
        if not rules.missing:
            fetched_at = datetime.now(UTC).replace(microsecond=0)  # as it is kept
            spider.collector.keep_robots(RobotsState(host=host, fetched_at=fetched_at, text=rules.text))
        elif copy:
            _log.info(
                "%s: using its robots.txt of %s: %s", host, instants.utc(copy.fetched_at, "seconds"), rules.missing
            )
            return Rules(copy.text)
        return rules

    async def _fetch(self, url: str) -> Rules:
        request = Request(url, priority=1000, callback=NO_CALLBACK)
        meta.put(request, Meta(robots_txt=True, max_body=MAX_ROBOTS))
        try:
            return _rules(await self._download(request))
        except _ABSENT:
            return Rules()
        except CannotResolveHostError:
            raise
        except _UNREACHABLE as error:
            return Rules(missing=f"robots.txt could not be had: {reason(error)}: {error}")

    async def _download(self, request: Request) -> Response:
        engine: Any = self._crawler.engine
        response: Response = await engine.download_async(request)
        return response


def _rules(response: Response) -> Rules:
    """Return the rules of a robots.txt response (RFC 9309 section 2.3.1)."""
    if response.status >= 500 or response.status == 429:
        return Rules(missing=f"robots.txt answered {response.status}")
    return Rules(decoded(response, MAX_ROBOTS)[0] if response.status == 200 else b"")
