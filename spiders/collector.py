"""The ledger of one crawl: what was discovered, what became of each URL, and the captures on their way to the store.

Every discovered URL ends in exactly one way: known (an earlier crawl captured it, and its feed item is unchanged),
captured, failed with a reason, or left for want of time. A capture object is stored before the states of its URLs are
written, so a crawl that is killed between the two fetches nothing twice: the next delivery of its message reads the
objects it finds (``open``) and goes on.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from dateline import keys
from dateline.capture import Batch, Exchange
from dateline.messages import CrawlReport, Failure, FeedVisit
from dateline.state import FeedState, State, UrlState, captured, url_states
from dateline.urls import canonical
from spiders.discovery import Entrance, Found
from spiders.registry import Source
from spiders.stores import Store
from spiders.wire import Wire


class Fate(Enum):
    """What became of a URL; ``LEFT`` until something else does."""

    LEFT = auto()
    KNOWN = auto()
    CAPTURED = auto()
    FAILED = auto()


class Collector:
    """Collects for one crawl of one source; ``limit`` is how many pages to fetch at most.

    Its coroutines run on the reactor's loop; the store and the state, which block, on other threads.
    """

    def __init__(
        self,
        source: Source,
        crawl: str,
        *,
        store: Store,
        state: State,
        limit: int | None = None,
        new_batch: Callable[[], Batch] = Batch,
    ) -> None:
        self.source, self.crawl = source, crawl
        self.report = CrawlReport(source=source.id, crawl=crawl, started_at=_now())
        self.validators: Mapping[str, FeedState] = {}
        self.state = state
        self._store, self._state, self._limit, self._new_batch = store, state, limit, new_batch
        self._fates: dict[str, Fate] = {}
        self._batch, self._url_states = new_batch(), list[UrlState]()
        self._feed_states: list[FeedState] = []
        self._parents: dict[str, str | None] = {}
        self._expected: set[str] = set()  # entrances that have not been read
        self._storing = asyncio.Lock()

    async def open(self) -> None:
        """Take up what an earlier delivery of this crawl has stored."""
        await asyncio.to_thread(self._recover)

    async def expect(self, entrances: Sequence[Entrance], *, afresh: bool) -> list[tuple[Entrance, FeedState | None]]:
        """The entrances that may have changed, with what is known of them; ``afresh``, all and as if nothing were.

        Until they have been read, the state of what led to them is not kept.
        """
        urls = [entrance.url for entrance in entrances]
        states = {} if afresh else await asyncio.to_thread(self._state.feeds, self.source.id, urls)
        asked = [(entrance, states.get(entrance.url)) for entrance in entrances if entrance.moved(states)]
        self._parents |= {entrance.url: entrance.parent for entrance, _ in asked}
        self._expected.update(entrance.url for entrance, _ in asked)
        return asked

    async def discover(self, found: Sequence[Found]) -> list[Found]:
        """Those of the stories that this crawl should fetch."""
        new = {item.identity: item for item in found if item.identity not in self._fates}
        self._fates |= dict.fromkeys(new, Fate.LEFT)
        states = await asyncio.to_thread(self._state.urls, new)
        known = {url for url, state in states.items() if not new[url].changed(state)}
        self._fates |= dict.fromkeys(known, Fate.KNOWN)
        return self._within_limit([item for url, item in new.items() if url not in known])

    async def capture(
        self, found: Found, wire: Wire, *, url: str, status: int, redirects: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Take a page into the batch that is being filled; ``url`` is where the redirects led."""
        metadata = self._metadata() | found.metadata() | {"redirects": list(redirects)}
        exchange = Exchange(
            url=url,
            captured_at=wire.sent_at,
            request=wire.request,
            response=wire.response,
            ip_address=wire.ip_address,
            metadata=metadata,
        )
        self._fates[found.identity] = Fate.CAPTURED
        self._batch.add(exchange)
        self._url_states += captured(url, metadata, captured_at=wire.sent_at, status=status)
        if self._batch.full:
            await self.flush()

    def fail(self, url: str, reason: str, detail: str = "") -> None:
        """Record why a URL was not captured."""
        self._fates[canonical(url)] = Fate.FAILED
        self.report.failures.append(Failure(url=url, reason=reason, detail=detail))

    def visited(self, visit: FeedVisit, validators: FeedState | None = None) -> None:
        """Record a look at a feed; its validators are kept once all its stories have been dealt with."""
        self.report.feeds.append(visit)
        if not visit.error:
            self._expected.discard(visit.url)
        if validators:
            self._feed_states.append(validators)

    async def flush(self) -> None:
        """Store what has been captured so far, after what is being stored already."""
        batch, self._batch = self._batch, self._new_batch()
        states, self._url_states = self._url_states, []
        async with self._storing:
            if batch.pages:
                key = await asyncio.to_thread(self._store.put, batch)
                self.report.captures[key] = len(batch.pages)
                await asyncio.to_thread(self._state.save_urls, states)

    async def finish(self) -> CrawlReport:
        """Store the rest, and the report as the last thing of all."""
        await self.flush()
        fates = Counter(self._fates.values())
        self.report.discovered = len(self._fates)
        self.report.known, self.report.left = fates[Fate.KNOWN], fates[Fate.LEFT]
        self.report.finished_at = _now()
        # A feed that then answers "not modified" would hide the stories that are still to be had.
        if not self.report.left and not self.report.failures:
            await asyncio.to_thread(self._state.save_feeds, self.source.id, self._settled())
        await asyncio.to_thread(self._store.put_report, self.report)
        return self.report

    def _settled(self) -> list[FeedState]:
        """The states of entrances behind which nothing is left to be read."""
        unsettled: set[str] = set()
        for url in self._expected:
            above = self._parents.get(url)
            while above and above not in unsettled:
                unsettled.add(above)
                above = self._parents.get(above)
        return [state for state in self._feed_states if state.url not in unsettled]

    def _recover(self) -> None:
        for key, captures in self._store.stored():
            self.report.captures[key] = len(captures)
            self._state.save_urls(state for page in captures for state in url_states(page))
            self._fates |= {canonical(page.metadata["requested_url"]): Fate.CAPTURED for page in captures}

    def _within_limit(self, wanted: list[Found]) -> list[Found]:
        if self._limit is None:
            return wanted
        within = wanted[: self._limit]
        self._limit -= len(within)
        return within

    def _metadata(self) -> dict[str, Any]:
        return {
            "source": self.source.id,
            "country": self.source.country,
            "languages": list(self.source.languages),
            "timezone": self.source.timezone,
            "crawl": self.crawl,
        }


def _now() -> str:
    return keys.utc(datetime.now(UTC), "seconds")
