"""The spider of every source: the seeds that its readers know, then the listed pages, each with an outcome."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

import scrapy
from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from dateline.messages import FeedVisit
from dateline.sources.registry import Source
from dateline.state.records import FeedState
from dateline.urls import canonical, requestable
from spiders import failures
from spiders.collector import Collector
from spiders.discovery.date_range import Window
from spiders.discovery.feed import FeedReader
from spiders.discovery.listing import ListingReader
from spiders.discovery.seed_reader import DiscoveredUrl, Reading, Seed, SeedPage, SeedReader, UnreadableError
from spiders.discovery.sitemap import SitemapReader
from spiders.download import browser, meta
from spiders.download.decoding import decoded
from spiders.download.pace import HostHeld
from spiders.middlewares.redirects import Reached
from spiders.runs import manual

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

T = TypeVar("T")

READERS: tuple[SeedReader, ...] = (FeedReader(), SitemapReader(), ListingReader())

MAX_SEED_BODY = 52 << 20  # bytes of a feed once decompressed; a sitemap may have 50 MB (sitemaps.org)
MAX_SEEDS = 5000  # of one crawl; ten years of daily sitemaps are fewer
READING = 60  # seconds to read a seed of 50 MB, of which ten are usual; a parser that hangs costs its source alone
# 304 says that a page is as it was captured before, 404 and 410 that a story is gone, which is evidence too.
CAPTURED = (200, 304, 404, 410)


class NewsSpider(scrapy.Spider):
    """Crawls one source. ``stop_at`` (on the monotonic clock) is the end of all downloads.

    ``window`` limits it to stories of some days instead of new ones. ``broken`` is the first error of our own, not of
    an outlet, such as a bucket that refuses a capture: it ends the crawl, and the runner raises it.
    """

    source: ClassVar[Source]

    def __init__(self, collector: Collector, *, stop_at: float = float("inf"), window: Window | None = None) -> None:
        super().__init__()
        self.collector, self.stop_at, self.window = collector, stop_at, window or Window()
        self.shared = collector.shared
        self.broken: BaseException | None = None
        self._seeds: set[str] = set()  # canonical URLs, so that none is asked twice or taken for a story
        self._open_feeds = 0
        self._after_feeds: list[Request] = []  # a feed says most of a story, so feeds have the first word
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: "Crawler", collector: Collector | None = None, **options: Any) -> Self:
        """Without a collector (``scrapy crawl``), make one, and finish it with the crawl."""
        spider = super().from_crawler(crawler, collector or manual.collector(cls.source), **options)
        crawler.signals.connect(spider.on_error, signals.spider_error)
        crawler.signals.connect(spider.on_idle, signals.spider_idle)
        if collector is None:
            crawler.signals.connect(spider.on_closed, signals.spider_closed)
        return spider

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        headers = settings.getdict("DEFAULT_REQUEST_HEADERS")
        languages = {"Accept-Language": ",".join((*cls.source.languages, "*;q=0.5"))}
        settings.set("DEFAULT_REQUEST_HEADERS", headers | languages, priority="spider")
        settings.set("DOWNLOAD_DELAY", cls.source.delay, priority="spider")
        if cls.source.render:
            settings.update(browser.settings(), priority="spider")

    async def start(self) -> AsyncIterator[Request]:
        if self.source.access == "refused":
            self.collector.fail(self.source.home, "refused", "this outlet refuses automated access")
            self.logger.error("%s refuses automated access, and Dateline does not evade it", self.source.name)
            return
        if self.source.render and (mend := browser.missing()):
            self.collector.fail(self.source.home, "render", mend)
            self.logger.error("%s: %s", self.source.name, mend)
            return
        await self.collector.open()
        ways = self._ways()
        if self.window and not any(seeds for _, seeds in ways) and not self.collector.frontier:
            self.collector.fail(self.source.home, "no-history", "this outlet has neither sitemaps nor listings")
        feeds: list[Request] = []
        for reader, seeds in ways:
            requests = await self.enter(reader, seeds)
            (feeds if _is_feed(reader) else self._after_feeds).extend(requests)
        for request in feeds or self._release():
            yield request

    async def read_seed(self, response: Response, reader: SeedReader, seed: Seed) -> AsyncIterator[Request]:
        """Request the unknown stories listed by a seed, and its children."""
        reading = await self._read(response, reader, seed)
        stories = [found for found in reading.found if found.identity not in self._seeds]
        new = await self.collector.discover(stories)
        if self.window or not reading.while_new or any(map(self.collector.is_new, stories)):
            for request in await self.enter(reader, reading.further):
                yield request
        for request in self._done_with(reader):
            yield request
        for found in new:
            yield self._page_request(found)

    async def read_page(self, response: Response, found: DiscoveredUrl) -> None:
        """Capture a page with any contents; extraction judges it."""
        if response.status not in CAPTURED:
            self.collector.fail(found.url, f"http-{response.status}")
            return
        request = meta.request_of(response)
        await self.collector.capture(
            found,
            meta.wire(request),
            url=response.url,
            status=response.status,
            redirects=meta.redirects(request),
        )

    def seed_failed(self, failure: Failure) -> list[Request]:
        """Record a seed without a response; yield the requests waiting for it alone."""
        error, asked = _error(failure), _request(failure).cb_kwargs
        left = self._postponed(error) and self.window  # news is looked for again anyway
        if not left and time.monotonic() < self.stop_at:
            why = f"{failures.reason(error)}: {failures.detail(error)}"
            self.collector.visited(FeedVisit(url=asked["seed"].url, error=why))
        return self._done_with(asked["reader"])

    def page_failed(self, failure: Failure) -> None:
        error, found = _error(failure), _request(failure).cb_kwargs["found"]
        if isinstance(error, Reached) or self._postponed(error):
            return
        if time.monotonic() < self.stop_at:  # after that, what failed is what was not waited for
            self.collector.fail(found.url, failures.reason(error), failures.detail(error))

    def _postponed(self, error: BaseException) -> bool:
        """Whether the outlet asked to be left alone, and what is left is for a continuation."""
        return isinstance(error, HostHeld) and self.collector.postpone(error.host, error.until)

    def on_error(self, failure: Failure) -> None:
        """One of the methods above raised: end the crawl."""
        if not self._closing:
            self.broken = _error(failure)
            closing = self.crawler.engine.close_spider_async(reason="broken")
            self._closing = asyncio.get_running_loop().create_task(closing)

    async def ask_state(self, call: Callable[..., T], *arguments: Any) -> T:
        """Call a blocking method of the state off the reactor's thread; its errors end the crawl."""
        try:
            return await asyncio.to_thread(call, *arguments)
        except Exception:  # whatever it is: it ends the crawl, and travels on
            self.on_error(Failure())  # type: ignore[no-untyped-call]
            raise

    async def on_closed(self) -> None:
        report = await self.collector.finish()
        await asyncio.to_thread(manual.count, report)
        counts = {"captured": report.captured, "known": report.known, "left": report.left, **report.reasons()}
        self.logger.info("%s: %s", report.crawl, ", ".join(f"{count} {what}" for what, count in counts.items()))

    def on_idle(self) -> None:
        """Continue with waiting requests when all responses are in."""
        requests = list(map(self._page_request, self.collector.more()))
        for request in requests:
            self.crawler.engine.crawl(request)
        if requests:
            raise DontCloseSpider

    def _ways(self) -> list[tuple[SeedReader, list[Seed]]]:
        """The seeds to begin at: a continuation's are those that were left over."""
        readers = [reader for reader in READERS if reader.history or not self.window]
        if frontier := self.collector.frontier:
            left = frontier.seeds
            return [(reader, [seed for name, seed in left if name == reader.name]) for reader in readers]
        return [(reader, [Seed(url=url) for url in reader.seeds(self.source)]) for reader in readers]

    def _page_request(self, found: DiscoveredUrl) -> Request:
        return Request(
            requestable(found.url),
            headers=dict(self.collector.conditions(found)),
            callback=self.read_page,
            errback=self.page_failed,
            cb_kwargs={"found": found},
        )

    async def enter(self, reader: SeedReader, seeds: Sequence[Seed]) -> list[Request]:
        """Yield requests for seeds not requested yet that may have changed."""
        fresh = {canonical(seed.url): seed for seed in seeds}
        wanted = [seed for identity, seed in fresh.items() if identity not in self._seeds]
        within = wanted[: max(0, MAX_SEEDS - len(self._seeds))]
        self._seeds |= {canonical(seed.url) for seed in within}
        if over := wanted[len(within) :]:
            why = f"{len(over)} more were not asked: a crawl has {MAX_SEEDS} at most"
            self.collector.visited(FeedVisit(url=over[0].url, error=why))
        asked = await self.collector.expect(within, kind=reader.name, afresh=bool(self.window))
        self._open_feeds += len(asked) if _is_feed(reader) else 0
        return [
            Request(
                requestable(seed.url),
                headers=dict(headers),
                callback=self.read_seed,
                errback=self.seed_failed,
                cb_kwargs={"reader": reader, "seed": seed},
                priority=1,
            )
            for seed, headers in asked
        ]

    def _done_with(self, reader: SeedReader) -> list[Request]:
        """The requests that a seed of this reader was the last to hold up."""
        if not _is_feed(reader):
            return []
        self._open_feeds -= 1
        return [] if self._open_feeds else self._release()

    def _release(self) -> list[Request]:
        released, self._after_feeds = self._after_feeds, []
        return released

    async def _read(self, response: Response, reader: SeedReader, seed: Seed) -> Reading:
        """What a seed that answered lists; that it lists nothing is recorded, not raised."""
        reading, error, state = Reading(settled=False), None, None
        unchanged = response.status == 304
        if response.status == 200:
            try:
                # One at a time, in a thread: feeds of megabytes must neither fill the memory nor hold up other hosts.
                async with self.shared.reading, asyncio.timeout(READING):
                    reading, error, state = await asyncio.to_thread(self._read_body, response, reader, seed)
            except TimeoutError:
                error = f"timeout: reading it took longer than {READING} seconds"
            unchanged = state is not None and self._unchanged(seed, state)
        elif response.status != 304:
            error = f"the answer is {response.status}"
        visit = FeedVisit(
            url=seed.url,
            status=response.status,
            items=len(reading.found),
            error=error,
            unchanged=unchanged,
            note=reading.note,
        )
        self.collector.visited(visit, state if reading.settled and not error and not self.window else None)
        return reading

    def _read_body(
        self, response: Response, reader: SeedReader, seed: Seed
    ) -> tuple[Reading, str | None, FeedState | None]:
        """Return the contents of a seed, why there are none, and its state; blocks."""
        body, error = decoded(response, MAX_SEED_BODY)
        state = _state(response, seed, body)
        if error or self._unchanged(seed, state):
            return Reading(settled=False), error, state
        page = SeedPage(seed=seed, url=response.url, content_type=_header(response, "Content-Type"), body=body)
        try:
            return reader.read(self.source, page, self.window), None, state
        except UnreadableError as unreadable:
            return Reading(settled=False), str(unreadable), state

    def _unchanged(self, seed: Seed, state: FeedState) -> bool:
        return self.collector.unchanged(seed.url, str(state.digest)) and not self.window


def spider_class(source: Source, base: type[NewsSpider] = NewsSpider) -> type[NewsSpider]:
    """The spider of a source, as Scrapy wants it: a class of its own."""
    return type(source.id, (base,), {"name": source.id, "source": source})


def _is_feed(reader: SeedReader) -> bool:
    return reader.name == FeedReader.name


def _error(failure: Failure) -> BaseException:
    return cast("BaseException", failure.value)


def _request(failure: Failure) -> Request:
    """The request that failed; Scrapy hands it to an errback so."""
    return cast("Request", failure.request)  # type: ignore[attr-defined]


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")


def _state(response: Response, seed: Seed, body: bytes) -> FeedState:
    """What to know a seed's answer by the next time."""
    return FeedState(
        url=seed.url,
        etag=_header(response, "ETag") or None,
        last_modified=_header(response, "Last-Modified") or None,
        lastmod=seed.lastmod,
        digest=hashlib.sha256(body).hexdigest(),
    )
