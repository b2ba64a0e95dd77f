"""Run spiders in a long-lived process such as a warm Lambda function.

Twisted's reactor cannot start twice, so it starts once, on its own thread, and every crawl is a coroutine on its loop:
the second crawl of a warm function starts at once. (Lambda has no /dev/shm for multiprocessing, and a new interpreter
costs seconds.)
"""

import asyncio
import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from scrapy.crawler import Crawler
from scrapy.settings import Settings
from twisted.internet import asyncioreactor

from dateline.messages import CrawlMessage, CrawlReport
from dateline.sources.registry import Source
from dateline.state.crawl_state import State
from dateline.state.pages import url_states
from dateline.state.records import UrlState
from spiders.collector import Collector
from spiders.discovery.date_range import Window
from spiders.middlewares import throttle
from spiders.spider import NewsSpider, spider_class
from spiders.state.frontier import Frontier
from spiders.state.shared import Shared
from spiders.state.stores import Store

T = TypeVar("T")

STOP_BEFORE = 60.0  # seconds between the end of downloads and the deadline, for storing
GRACE = 40.0  # of these seconds, for a crawl to end by itself; the rest is for the reports of those that do not


class HungError(RuntimeError):
    """A crawl did not end in its time, such as one with a parser in an endless loop."""


@dataclass(frozen=True, slots=True)
class Job:
    """One crawl of a round; ``sharing`` is the number of sources of its host."""

    message: CrawlMessage
    source: Source
    store: Store
    sharing: int = 1


def run(
    message: CrawlMessage, source: Source, *, store: Store, state: State, deadline: float, sharing: int = 1
) -> CrawlReport:
    """Crawl a source once; ``deadline`` is on the monotonic clock, ``sharing`` the number of sources of its host.

    A crawl with a report is not repeated. Errors that stop it are raised after storing all captures, for the next
    delivery of the message to continue.
    """
    (report,) = run_all([Job(message, source, store, sharing)], state=state, deadline=deadline)
    if isinstance(report, BaseException):
        raise report
    return report


def run_all(
    jobs: Sequence[Job], *, state: State, deadline: float, done: Callable[[CrawlReport], None] | None = None
) -> list[CrawlReport | BaseException]:
    """Crawl several sources side by side; return the report of each, or the error that stopped it.

    ``done`` is called with each report on another thread, while other crawls go on.
    """
    return on_reactor(_side_by_side(jobs, state, deadline, done)).result()


async def _side_by_side(
    jobs: Sequence[Job], state: State, deadline: float, done: Callable[[CrawlReport], None] | None
) -> list[CrawlReport | BaseException]:
    shared = Shared(crawls=len(jobs))

    async def one(job: Job) -> CrawlReport:
        report = await _within(_crawl(job, state, deadline - STOP_BEFORE, shared), deadline - STOP_BEFORE)
        if done:
            await asyncio.to_thread(done, report)
        return report

    return await asyncio.gather(*map(one, jobs), return_exceptions=True)


async def _within(crawling: Coroutine[Any, Any, CrawlReport], stop_at: float) -> CrawlReport:
    """Wait for a crawl's end. Raises HungError ``GRACE`` seconds after the end of its downloads."""
    task, left = asyncio.ensure_future(crawling), max(stop_at - time.monotonic(), 0) + GRACE
    await asyncio.wait({task}, timeout=None if math.isinf(left) else left)
    if not task.done():
        task.cancel()
        raise HungError(f"the crawl went on for {GRACE:g} seconds after the end of its downloads")
    return task.result()


async def _crawl(job: Job, state: State, stop_at: float, shared: Shared) -> CrawlReport:
    if report := await asyncio.to_thread(job.store.report):
        await asyncio.to_thread(state.settle, report, lambda: _visited(job))
        return report
    window = Window.of(job.message.since, job.message.until)
    collector = await asyncio.to_thread(_collector, job, state, shared)
    return await crawl(collector, stop_at=stop_at, window=window)


def park(job: Job, *, state: State, reason: str, detail: str) -> CrawlReport:
    """End a crawl that cannot be done with a report: its source and its remaining pages fail, and are tried later.

    Stored captures are kept.
    """
    if report := job.store.report():
        state.settle(report, lambda: _visited(job))
        return report
    return on_reactor(_collector(job, state, Shared()).park(reason, detail)).result()


def _visited(job: Job) -> list[UrlState]:
    """Return the states of the URLs in a crawl's WARC files."""
    return [state for _, captures in job.store.stored() for page in captures for state in url_states(page)]


def _collector(job: Job, state: State, shared: Shared) -> Collector:
    message = job.message
    window = Window.of(message.since, message.until)
    return Collector(
        job.source,
        message.crawl,
        store=job.store,
        state=state,
        limit=message.limit,
        patient=message.patient,
        history=bool(window),
        revisit=not window and message.continues is None,
        message=message,
        frontier=_frontier(message, job.store),
        shared=shared,
        sharing=job.sharing,
    )


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
