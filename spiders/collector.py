"""State of one crawl: discovered URLs and their outcomes, and captures waiting to be stored.

Every discovered URL ends in exactly one way: known (captured by an earlier crawl and not known to have changed),
waiting (failed, its time has not come), captured, failed with a reason, or left for lack of time. A WARC file is stored
before the states of its URLs, so a crawl killed between the two fetches nothing twice: the next delivery of its message
reads the stored files (``open``) and continues. URLs left for lack of time go into a frontier, for a continuation.

New stories come first. Revisits follow when nothing else is left to fetch.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from dateline import capture, keys
from dateline.capture import Batch, Exchange
from dateline.messages import CrawlMessage, CrawlReport, Failure, FeedVisit
from dateline.page import Payload
from dateline.sources import revisit_plan
from dateline.sources.registry import Source
from dateline.state.pages import captured, conditions, kept, url_states
from dateline.state.records import FeedState, HealthRecord, RobotsState, UrlState
from dateline.state.table import State
from dateline.urls import canonical, same_site, twin
from spiders import backoff
from spiders.dead_ends import DeadEnds, End
from spiders.download.wire import Wire
from spiders.families.family import DiscoveredUrl, Seed
from spiders.frontier import Frontier, found
from spiders.seeds import Seeds
from spiders.stores import Store

MAX_REVISITS = 500  # of one crawl; more are due again in the next
AT_ONCE = 200  # pages handed out: the requests of a backfill of 100,000 would not fit into memory


class Fate(Enum):
    """Outcome of a URL; ``LEFT`` until it has another one."""

    LEFT = auto()
    KNOWN = auto()
    WAITING = auto()
    CAPTURED = auto()
    FAILED = auto()


class Collector:
    """Collects for one crawl of one source.

    ``limit`` is the largest number of pages to fetch. ``patient`` skips URLs in back-off. ``history``: the stories are
    old ones, and undated ones are not revisited. ``revisit`` includes due revisits. ``message`` is the crawl's request,
    and the model of a continuation's; without it, there are no continuations. ``frontier`` is another crawl's
    unfinished work. Coroutines run on the reactor's loop; store and state block, so they run on other threads.
    """

    def __init__(
        self,
        source: Source,
        crawl: str,
        *,
        store: Store,
        state: State,
        limit: int | None = None,
        patient: bool = False,
        history: bool = False,
        revisit: bool = True,
        message: CrawlMessage | None = None,
        frontier: Frontier | None = None,
        new_batch: Callable[[str], Batch] = Batch,
    ) -> None:
        self.source, self.crawl, self.frontier = source, crawl, frontier
        started_at = keys.utc(_now(), "seconds")
        self.report = CrawlReport(
            source=source.id, crawl=crawl, started_at=started_at, expect=source.expect, history=history
        )
        self.state = state
        self._store, self._state, self._new_batch = store, state, new_batch
        self._limit = frontier.limit if frontier else limit
        self._patient, self._history, self._revisit = patient, history, revisit
        self._message, self._held_until = message, ""
        self._entrances = Seeds(source.id, state, patient=patient)
        self._fates: dict[str, Fate] = {}
        self._reached: set[str] = set()  # canonical URLs to which the redirect of another one led
        self._states: dict[str, UrlState] = {}  # of those URLs to be fetched that are known
        self._backlog = deque[DiscoveredUrl]()
        self._due = deque[DiscoveredUrl]()
        self._under_way: dict[str, DiscoveredUrl] = {}
        self._batch, self._url_states = new_batch(crawl), list[UrlState]()
        self._failed: dict[str, UrlState] = {}
        self._ends = DeadEnds(state, source.home)
        self._storing = asyncio.Lock()

    async def open(self) -> None:
        """Load stored captures of an earlier delivery, the frontier of another crawl, and due revisits."""
        await asyncio.to_thread(self._recover)
        if self.frontier:
            self._entrances.resume(self.frontier)
            await self._consider(self.frontier.pages)
        if self._revisit:
            await asyncio.to_thread(self._find_due)

    async def expect(
        self, entrances: Sequence[Seed], *, family: str, afresh: bool
    ) -> list[tuple[Seed, Mapping[str, str]]]:
        """Return the seeds to visit, with the headers of their requests; ``afresh``: all of them, unconditionally.

        Until they have been read, the states of their parents are not saved.
        """
        asked = await self._entrances.expect(entrances, family=family, afresh=afresh)
        return [(entrance, self._conditions(state)) for entrance, state in asked]

    def unchanged(self, entrance: str, digest: str) -> bool:
        """Return whether a seed's digest equals that of its last contents with news."""
        state = self._entrances.known(entrance)
        return state is not None and state.digest == digest

    async def discover(self, found: Sequence[DiscoveredUrl]) -> list[DiscoveredUrl]:
        """Return the stories to fetch now; the others to fetch come from ``more``."""
        await self._consider(found)
        return self._hand_out(self._backlog)

    def is_left(self, found: DiscoveredUrl) -> bool:
        """Whether the page is still to be fetched."""
        return self._fates.get(found.identity) is Fate.LEFT

    def is_new(self, found: DiscoveredUrl) -> bool:
        """Whether this crawl is the first to fetch the page, or to fetch it as it is now."""
        return self._fates.get(found.identity) in (Fate.LEFT, Fate.CAPTURED)

    def more(self) -> list[DiscoveredUrl]:
        """Return further pages to fetch once nothing is in flight: remaining stories, then revisits."""
        return self._hand_out(self._backlog) or self._hand_out(self._due)

    def conditions(self, found: DiscoveredUrl) -> Mapping[str, str]:
        """The headers to ask for a page with."""
        state = self._states.get(found.identity)
        told_by_bytes = state and state.status == 200 and state.payload and not self.source.render
        return self._conditions(state if told_by_bytes else None)

    async def capture(
        self, found: DiscoveredUrl, wire: Wire, *, url: str, status: int, redirects: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Add a page to the open batch; ``url`` is the last of its redirects."""
        before = self._states.get(found.identity)
        payload, same = _payload(wire, url, status, before)
        if payload is None:
            self.fail(found.url, "http-304", "the server says that a page is unchanged that it was not asked so of")
            return
        end = await self._end(found, url) if redirects and status == 200 else None
        if end and end.dead:
            self._fail_all(found, end)
            return
        metadata = self._metadata() | found.metadata() | {"redirects": list(redirects)} | wire.notes
        metadata |= {"end": {"url": end.url, "reached_by": end.reached_by}} if end else {}
        metadata |= self._plan(found, before, wire.sent_at)
        if same and before:
            metadata["validators"] = [before.etag, before.last_modified]
        exchange = Exchange(
            url=url,
            captured_at=wire.sent_at,
            request=wire.request,
            response=wire.response,
            ip_address=wire.ip_address,
            metadata=metadata,
            revisits=payload if same else None,
            rendered=wire.rendered,
            digest=None if same else payload.digest,
        )
        self._settle(found.identity, Fate.CAPTURED)
        self._reach(found.identity, canonical(url))
        self._batch.add(exchange)
        validators = capture.header(wire.response, "etag"), capture.header(wire.response, "last-modified")
        self._url_states += captured(
            url, metadata, captured_at=wire.sent_at, status=status, payload=payload, validators=validators
        )
        if self._batch.full:
            await self.flush()

    def reached(self, found: DiscoveredUrl) -> bool:
        """Return whether the page was captured as the end of another one's redirects."""
        return found.identity in self._reached

    def fail(self, url: str, reason: str, detail: str = "") -> None:
        """Record why a URL was not captured; it is tried again, after longer each time."""
        identity = canonical(url)
        self.report.failures.append(Failure(url=url, reason=reason, detail=detail))
        if wanted := self._under_way.get(identity):
            before = self._states.get(identity, UrlState(url=identity, source=self.source.id))
            self._failed[identity] = self._put_off(replace(before, found=kept(wanted.metadata())), reason)
        self._settle(identity, Fate.FAILED)

    async def _end(self, found: DiscoveredUrl, url: str) -> End | None:
        before = self._states.get(found.identity, UrlState(url=found.identity, source=self.source.id))
        return await self._ends.add(found, before, url, self._fates)

    def _fail_all(self, found: DiscoveredUrl, end: End) -> None:
        """Fail a story that ended where others did, and have those that were captured so asked for again."""
        self.fail(found.url, "dead-end", f"{len(end.reached_by)} stories end at {end.url}")
        for state in end.others:
            self._failed.setdefault(state.url, self._put_off(state, "dead-end"))

    def _put_off(self, state: UrlState, reason: str) -> UrlState:
        """The state of a URL that has failed once more."""
        failures = state.failures + 1
        due = keys.utc(_now() + backoff.back_off(backoff.kind(reason), failures), "seconds")
        return replace(state, failures=failures, failure=reason, due=due)

    def visited(self, visit: FeedVisit, validators: FeedState | None = None) -> None:
        """Record a look at a feed; its validators are kept once all its stories have been dealt with."""
        self.report.feeds.append(visit)
        self._entrances.visited(visit, validators, _now())

    def keep_robots(self, state: RobotsState) -> None:
        """Record a fetched robots.txt, unless it is too large: such a file is fetched by each crawl."""
        if state.is_small:
            self.report.learned.robots.append(state)

    def hold(self, host: str, until: datetime) -> None:
        """Record the end of a pause requested by a host."""
        self.report.learned.holds[host] = keys.utc(until, "seconds")

    def postpone(self, host: str, until: datetime) -> bool:
        """Leave the rest of the crawl for after the host's pause; return False if that is impossible.

        The source's next crawls wait as well.
        """
        if self._message is None or not same_site(f"http://{host}/", self.source.home):
            return False
        self._held_until = max(self._held_until, keys.utc(until, "seconds"))
        return True

    async def flush(self) -> None:
        """Store the captures so far, after the batches in progress."""
        batch, self._batch = self._batch, self._new_batch(self.crawl)
        states, self._url_states = self._url_states, []
        async with self._storing:
            if batch.pages:
                batch.write()  # here, because on the other thread it would fight for the interpreter: twice the CPU
                key = await asyncio.to_thread(self._store.put, batch)
                self.report.captures[key] = len(batch.pages)
            if states:
                await asyncio.to_thread(self._state.save_urls, states)

    async def finish(self) -> CrawlReport:
        """Store the rest, then the report, and then the knowledge in the report."""
        await asyncio.to_thread(self._leave)
        await self.flush()
        fates, now = Counter(self._fates.values()), _now()
        self.report.discovered = len(self._fates)
        self.report.known, self.report.waiting = fates[Fate.KNOWN], fates[Fate.WAITING]
        self.report.left = fates[Fate.LEFT]
        self.report.finished_at = keys.utc(now, "microseconds")
        await asyncio.to_thread(self._learn, now)
        self.report = await asyncio.to_thread(self._store.put_report, self.report)
        await asyncio.to_thread(self._state.settle, self.report)
        return self.report

    async def _consider(self, found: Sequence[DiscoveredUrl]) -> None:
        """Settle what need not be fetched, and put the rest into the backlog."""
        new = {item.identity: item for item in found if item.identity not in self._fates}
        self._fates |= dict.fromkeys(new, Fate.LEFT)
        states = await asyncio.to_thread(self._known, [*new])
        now = keys.utc(_now(), "seconds")
        for url, item in new.items():
            state = states.get(url)
            self._fates[url] = self._fate(item, state, now)
            if self._fates[url] is Fate.LEFT:
                self._backlog.append(item)
                self._states |= {url: state} if state else {}

    def _known(self, urls: Sequence[str]) -> dict[str, UrlState]:
        """The states of URLs; of an unknown one that of its http or https twin, if that was captured."""
        states = self._state.urls(urls)
        twins = {twin(url): url for url in urls if url not in states}
        before = {twins[url]: state for url, state in self._state.urls(twins).items() if state.captured_at}
        return before | states

    def _fate(self, item: DiscoveredUrl, state: UrlState | None, now: str) -> Fate:
        if item.identity in self._reached:
            return Fate.KNOWN
        if state is None:
            return Fate.LEFT
        if state.withdrawn_at or (state.captured_at and not item.changed(state)):
            return Fate.KNOWN
        if self._patient and state.failures and (state.due or "") > now:
            return Fate.WAITING
        return Fate.LEFT

    def _hand_out(self, waiting: deque[DiscoveredUrl]) -> list[DiscoveredUrl]:
        out: list[DiscoveredUrl] = []
        while waiting and len(out) < AT_ONCE and self._limit != 0 and not self._held_until:
            item = waiting.popleft()
            if self._fates.get(item.identity) in (Fate.CAPTURED, Fate.FAILED) or self.reached(item):
                continue
            self._under_way[item.identity] = item
            self._limit = None if self._limit is None else self._limit - 1
            out.append(item)
        return out

    def _find_due(self) -> None:
        for state in self._state.revisits(self.source.id, _now(), MAX_REVISITS):
            item = found({"requested_url": state.url} | dict(state.found))
            self._states[item.identity] = state
            self._due.append(item)

    def _reach(self, asked: str, reached: str) -> None:
        if reached != asked:
            self._reached.add(reached)
            self._failed.pop(reached, None)
        if reached != asked and self._fates.get(reached) is Fate.LEFT:
            self._settle(reached, Fate.KNOWN)

    def _settle(self, identity: str, fate: Fate) -> None:
        self._fates[identity] = fate
        self._under_way.pop(identity, None)
        before = self._states.pop(identity, None)
        if before and before.due:
            self.report.revisited += before.due <= self.report.started_at

    def _plan(self, found: DiscoveredUrl, before: UrlState | None, at: datetime) -> dict[str, Any]:
        """Since when the page is known, and when to look at it again."""
        first_seen_at = (before and before.first_seen_at) or keys.utc(at, "seconds")
        born = found.date or found.lastmod or (None if self._history else datetime.fromisoformat(first_seen_at))
        due = revisit_plan.due(self.source.revisit, born, at) if born else None
        return {"first_seen_at": first_seen_at, "due": keys.utc(due, "seconds") if due else None}

    def _conditions(self, state: UrlState | FeedState | None) -> Mapping[str, str]:
        return conditions(state) if state and self.source.validators == "trust" else {}

    def _leave(self) -> None:
        """Put what there was no time for where a continuation finds it."""
        under_way, backlog = (list(filter(self.is_left, pages)) for pages in (self._under_way.values(), self._backlog))
        limit = None if self._limit is None else self._limit + len(under_way)
        if self._message is None or limit == 0 or not (under_way or backlog or self._entrances.unread):
            return
        idle = not (self.report.captures or len(self._batch))
        if idle and not (self._held_until or self.report.failures or self._entrances.looked_at):
            self._give_up([*under_way, *backlog])
            return
        tries = (self.frontier.tries if self.frontier else 0) + 1 if idle and self._held_until else 0
        frontier = replace(self._entrances.frontier(), pages=(*under_way, *backlog), limit=limit, tries=tries)
        self._store.put_frontier(frontier.to_bytes())
        self._continue(self._message, tries)

    def _continue(self, message: CrawlMessage, tries: int) -> None:
        """Have the rest asked for: at once, or when the host may be asked again, and later each time it may not."""
        now = _now()
        pause = backoff.back_off("temporary", tries) if tries else timedelta()
        begins = max(datetime.fromisoformat(self._held_until), now + pause) if self._held_until else now
        self.report.continued_by = keys.continuation(self.crawl, begins)
        if self._held_until:
            self.report.learned.postponed = message.continued(self.report.continued_by).to_json()

    def _give_up(self, pages: Sequence[DiscoveredUrl]) -> None:
        """A crawl that comes to nothing in all its time would be continued for ever."""
        why = "the crawl's time is up, and it came to nothing"
        for page in pages:
            self._under_way[page.identity] = page
            self.fail(page.url, "deadline", why)
        for _, entrance in self._entrances.unread:
            self.visited(FeedVisit(url=entrance.url, error=f"deadline: {why}"))

    def _learn(self, now: datetime) -> None:
        learned, source = self.report.learned, self.source.id
        learned.urls = list(self._failed.values())
        before = self._state.health([source]).get(source, HealthRecord(source=source))
        learned.feeds = self._entrances.changes(before, settled=not self.report.left)
        learned.health = self._entrances.health(before, now)
        if self._held_until:
            learned.health = replace(learned.health, retry_at=max(learned.health.retry_at or "", self._held_until))

    def _recover(self) -> None:
        for key, captures in self._store.stored():
            self.report.captures[key] = len(captures)
            self._state.save_urls(state for page in captures for state in url_states(page))
            self._fates |= {canonical(page.metadata["requested_url"]): Fate.CAPTURED for page in captures}

    def _metadata(self) -> dict[str, Any]:
        return {**self.source.metadata, "crawl": self.crawl}


def _payload(wire: Wire, url: str, status: int, before: UrlState | None) -> tuple[Payload | None, bool]:
    """The payload of a page, and whether it was captured before; none where a 304 says so of a page that was not."""
    last = before.payload if before else None
    if status == 304:
        return last, True
    payload = Payload(url, wire.sent_at, capture.payload_digest(wire.response))
    # Before its scripts run, a rendered page is always the same.
    same = last and last.digest == payload.digest and wire.rendered is None
    return (last, True) if same else (payload, False)


def _now() -> datetime:
    return datetime.now(UTC)
