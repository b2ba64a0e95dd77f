"""Run spiders in a long-lived process such as a warm Lambda function.

Twisted's reactor cannot start twice, so it starts once, on its own thread, and every crawl is a coroutine on its loop:
the second crawl of a warm function starts at once. (Lambda has no /dev/shm for multiprocessing, and a new interpreter
costs seconds.)
"""

import asyncio
import functools
import logging
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from importlib import import_module
from typing import Any, TypeVar

from scrapy.crawler import Crawler
from scrapy.settings import Settings
from twisted.internet import asyncioreactor

from dateline.messages import CrawlMessage, CrawlReport
from dateline.sources.registry import Source
from dateline.state.table import State
from spiders.collector import Collector
from spiders.families.date_range import Window
from spiders.frontier import Frontier
from spiders.middlewares import throttle
from spiders.spider import NewsSpider, spider_class
from spiders.stores import Store

T = TypeVar("T")

STOP_BEFORE = 60.0  # seconds between the end of downloads and the deadline, for storing


def run(
    message: CrawlMessage, source: Source, *, store: Store, state: State, deadline: float, sharing: int = 1
) -> CrawlReport:
    """Crawl a source once; ``deadline`` is on the monotonic clock, ``sharing`` the number of sources of its host.

    A crawl with a report is not repeated. Errors that stop it are raised after storing all captures, for the next
    delivery of the message to continue.
    """
    if done := store.report():
        state.settle(done)
        return done
    window = Window.of(message.since, message.until)
    collector = Collector(
        source,
        message.crawl,
        store=store,
        state=state,
        limit=message.limit,
        patient=message.patient,
        history=bool(window),
        revisit=not window and message.continues is None,
        message=message,
        frontier=_frontier(message, store),
        sharing=sharing,
    )
    return on_reactor(crawl(collector, stop_at=deadline - STOP_BEFORE, window=window)).result()


def _frontier(message: CrawlMessage, store: Store) -> Frontier | None:
    """Return the frontier to continue instead of the source's seeds."""
    if message.revisits_only:
        return Frontier(limit=message.limit)
    if message.continues is None:
        return None
    data = store.frontier(message.continues)
    if data is None:
        raise LookupError(f"{message.continues} left no frontier for {message.crawl} to go on from")
    return Frontier.from_bytes(data)


def on_reactor(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the reactor's loop; several may run at once."""
    return asyncio.run_coroutine_threadsafe(coroutine, _reactor_loop())


async def crawl(
    collector: Collector,
    *,
    stop_at: float,
    window: Window | None = None,
    spider: type[NewsSpider] = NewsSpider,
    **settings: Any,
) -> CrawlReport:
    """Crawl on the reactor's loop; ``stop_at`` is on the monotonic clock, ``settings`` are Scrapy's."""
    crawler = Crawler(spider_class(collector.source, spider), _settings(settings))
    crawling = asyncio.ensure_future(crawler.crawl_async(collector, stop_at=stop_at, window=window))
    await asyncio.wait({crawling}, timeout=max(stop_at - time.monotonic(), 1))
    if not crawling.done():
        throttle.end_delays(crawler)
        await asyncio.gather(crawler.stop_async(), collector.flush())
    await crawling
    if isinstance(crawler.spider, NewsSpider) and crawler.spider.broken:
        await collector.flush()
        raise crawler.spider.broken
    return await collector.finish()


@functools.cache
def _reactor_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of the reactor, started on first use."""
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    loop = asyncio.new_event_loop()
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    reactor: Any = import_module("twisted.internet.reactor")  # only now: importing it before would install another
    running = threading.Event()
    reactor.callWhenRunning(running.set)
    run_reactor = functools.partial(reactor.run, installSignalHandlers=False)
    threading.Thread(target=run_reactor, name="reactor", daemon=True).start()
    running.wait()
    return loop


def _settings(changes: Mapping[str, Any]) -> Settings:
    settings = Settings()
    settings.setmodule("spiders.settings")
    settings.setdict(dict(changes), priority="cmdline")
    return settings
