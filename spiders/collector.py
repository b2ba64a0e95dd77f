"""State of one crawl: discovered URLs and their outcomes, and captures waiting to be stored.

Every discovered URL ends in exactly one way: known (captured by an earlier crawl and not known to have changed),
waiting (failed, its time has not come), captured, failed with a reason, or left for lack of time. URLs left for lack of
time go into a frontier, for a continuation. The parts are the ledger of URLs, the seeds, the batch writer and the
continuation.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dateline import capture, instants
from dateline.capture import Batch, Exchange
from dateline.messages import CrawlMessage, CrawlReport, Failure, FeedVisit
from dateline.page import Payload
from dateline.sources import revisit_plan
from dateline.sources.registry import Source
from dateline.sources.revisit_plan import Seen
from dateline.state.crawl_state import State
from dateline.state.pages import captured, conditions
from dateline.state.records import REWRITES, FeedState, Habit, HealthRecord, RobotsState, UrlState
from dateline.urls import canonical
from spiders.batch_writer import BatchWriter
from spiders.discovery.seed_reader import DiscoveredUrl, Seed
from spiders.download.wire import Wire
from spiders.runs.continuation import Continuation
from spiders.seeds import Seeds
from spiders.state import backoff
from spiders.state.dead_ends import End
from spiders.state.frontier import Frontier
from spiders.state.frontier import found as discovered
from spiders.state.ledger import Fate, Ledger
from spiders.state.shared import Shared
from spiders.state.stores import Store


class Collector:
    """Collects for one crawl of one source.

    ``limit`` is the largest number of pages to fetch. ``patient`` skips URLs in back-off. ``history``: the stories are
    old ones, and undated ones are not revisited. ``revisit`` includes due revisits. ``message`` is the crawl's request,
    and the model of a continuation's; without it, there are no continuations. ``frontier`` is another crawl's
    unfinished work. ``shared`` belongs to all crawls of a round, ``sharing`` is the number of sources of the host,
    which share its looks. Coroutines run on the reactor's loop; store and state block, so they run on other threads.
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
        shared: Shared | None = None,
        new_batch: Callable[[str], Batch] = Batch,
        sharing: int = 1,
    ) -> None:
        self.source, self.crawl, self.frontier = source, crawl, frontier
        started_at = instants.utc(_now(), "seconds")
        self.report = CrawlReport(
            source=source.id, crawl=crawl, started_at=started_at, expect=source.expect, history=history
        )
        self.state, self.shared = state, shared or Shared()
        self._store, self._history, self._revisit = store, history, revisit
        self._sharing, self._habit = sharing, Habit()
        limit = frontier.limit if frontier else limit
        at_once = self.shared.at_once
        self._ledger = Ledger(source, state, started_at=started_at, limit=limit, patient=patient, at_once=at_once)
        self._seeds = Seeds(source.id, state, patient=patient)
        budget = self.shared.budget
        self._writer = BatchWriter(crawl, store=store, budget=budget, new_batch=new_batch)
        self._continuation = Continuation(source, message, frontier)
        self._parked = ""

    async def park(self, reason: str, detail: str) -> CrawlReport:
        """Store a report without a crawl: the source and its remaining pages fail for a reason, and are tried later."""
        self._revisit = False
        await self.open()
        pages = self._ledger.left()
        self._ledger.give_up(pages, reason)
        self.report.failures += [Failure(url=page.url, reason=reason, detail=detail) for page in pages]
        self.fail(self.source.home, reason, detail)
        self._parked = reason
        return await self.finish()

    async def open(self) -> None:
        """Load stored captures of an earlier delivery, the frontier of another crawl, and due revisits."""
        self._ledger.recover(await asyncio.to_thread(lambda: list(self._writer.recover())))
        if self.frontier:
            self._seeds.resume(self.frontier)
            await self._ledger.consider(self.frontier.pages)
        if self._revisit:
            await asyncio.to_thread(self._find_due)

    async def expect(self, seeds: Sequence[Seed], *, kind: str, afresh: bool) -> list[tuple[Seed, Mapping[str, str]]]:
        """Return the seeds to visit, with the headers of their requests; ``afresh``: all of them, unconditionally.

        Until they have been read, the states of their parents are not saved.
        """
        asked = await self._seeds.expect(seeds, kind=kind, afresh=afresh)
        return [(seed, self._conditions(state)) for seed, state in asked]

    def unchanged(self, seed: str, digest: str) -> bool:
        """Return whether a seed's digest equals that of its last contents with news."""
        state = self._seeds.known(seed)
        return state is not None and state.digest == digest

    async def discover(self, found: Sequence[DiscoveredUrl]) -> list[DiscoveredUrl]:
        """Return the stories to fetch now; the others to fetch come from ``more``."""
        await self._ledger.consider(found)
        return [] if self._continuation.held_until else self._ledger.next_stories()

    def is_left(self, found: DiscoveredUrl) -> bool:
        """Whether the page is still to be fetched."""
        return self._ledger.fate(found) is Fate.LEFT

    def is_new(self, found: DiscoveredUrl) -> bool:
        """Whether this crawl is the first to fetch the page, or to fetch it as it is now."""
        return self._ledger.fate(found) in (Fate.LEFT, Fate.CAPTURED)

    def more(self) -> list[DiscoveredUrl]:
        """Return further pages to fetch once nothing is in flight: remaining stories, then revisits."""
        if self._continuation.held_until:
            return []
        return self._ledger.next_stories() or self._ledger.next_revisits()

    def conditions(self, found: DiscoveredUrl) -> Mapping[str, str]:
        """The headers to ask for a page with."""
        state = self._ledger.before(found)
        told_by_bytes = state and state.status == 200 and state.payload and not self.source.render
        return self._conditions(state if told_by_bytes else None)

    async def capture(
        self, found: DiscoveredUrl, wire: Wire, *, url: str, status: int, redirects: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Add a page to the open batch; ``url`` is the last of its redirects."""
        before = self._ledger.before(found)
        payload, same = _payload(wire, url, status, before)
        if payload is None:
            self.fail(found.url, "http-304", "the server says that a page is unchanged that it was not asked so of")
            return
        end = await self._ledger.end_of_redirects(found, url) if redirects and status == 200 else None
        if end and end.dead:
            self.fail(found.url, "dead-end", f"{len(end.reached_by)} stories end at {end.url}")
            self._ledger.request_again(end.others, "dead-end")
            return
        seen = _seen(found, before, same=same)
        metadata = self._metadata(found, wire, redirects, end) | self._plan(found, before, wire.sent_at, seen)
        validators = capture.header(wire.response, "etag"), capture.header(wire.response, "last-modified")
        if same and before:
            metadata["validators"] = [before.etag, before.last_modified]
        elif before and (rewrites := _rewrites(before, seen, validators)):
            metadata["rewrites"] = rewrites
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
            certificate=wire.certificate,
        )
        self._ledger.captured(found, canonical(url))
        states = captured(
            url, metadata, captured_at=wire.sent_at, status=status, payload=payload, validators=validators
        )
        await self._writer.add(exchange, states)

    def reached(self, found: DiscoveredUrl) -> bool:
        """Return whether the page was captured as the end of another one's redirects."""
        return self._ledger.reached(found)

    def fail(self, url: str, reason: str, detail: str = "") -> None:
        """Record why a URL was not captured; it is tried again, after longer each time."""
        self.report.failures.append(Failure(url=url, reason=reason, detail=detail))
        self._ledger.fail(url, reason)

    def visited(self, visit: FeedVisit, validators: FeedState | None = None) -> None:
        """Record a look at a feed; its validators are kept once all its stories have been dealt with."""
        self.report.feeds.append(visit)
        self._seeds.visited(visit, validators, _now())

    def keep_robots(self, state: RobotsState) -> None:
        """Record a fetched robots.txt, unless it is too large: such a file is fetched by each crawl."""
        if state.is_small:
            self.report.learned.robots.append(state)

    def hold(self, host: str, until: datetime) -> None:
        """Record the end of a pause requested by a host."""
        self.report.learned.holds[host] = instants.utc(until, "seconds")

    def postpone(self, host: str, until: datetime) -> bool:
        """Leave the rest of the crawl for after the host's pause; return False if that is impossible.

        The source's next crawls wait as well.
        """
        return self._continuation.postpone(host, until)

    async def flush(self) -> None:
        """Store the captures so far, after the batches in progress."""
        await self._writer.flush()

    async def finish(self) -> CrawlReport:
        """Store the rest, then the report, and then the knowledge in the report."""
        await asyncio.to_thread(self._leave)
        await self._writer.close()
        now, counts = _now(), self._ledger.counts()
        self.report.captures = self._writer.stored
        self.report.revisited, self.report.passed_over = self._ledger.revisited, self._ledger.passed_over
        self.report.discovered = sum(counts.values())
        self.report.known, self.report.waiting = counts[Fate.KNOWN], counts[Fate.WAITING]
        self.report.left = counts[Fate.LEFT]
        self.report.finished_at = instants.utc(now, "microseconds")
        await asyncio.to_thread(self._learn, now)
        self.report = await asyncio.to_thread(self._store.put_report, self.report)
        await asyncio.to_thread(
            self.state.settle, self.report, lambda: [*self._ledger.postponed, *self._writer.states], self._ledger.known
        )
        return self.report

    def _find_due(self) -> None:
        """Load due revisits, as many as the source's day has room for; blocks."""
        now = _now()
        self._habit = self.state.habit(self.source.id, now.astimezone(UTC).date())
        cap = revisit_plan.daily_cap(self.source.delay, self._sharing)
        self._ledger.looks = revisit_plan.allowance(cap, self._habit.today, now)
        self._ledger.find_due(lambda state: self._passed_over(state, now))

    def _passed_over(self, state: UrlState, now: datetime) -> UrlState:
        """Return the state of a due page with its next turn, as if it had been looked at."""
        born = discovered(dict(state.found) | {"requested_url": state.url}).date or _instant(state.first_seen_at)
        due = revisit_plan.due(self.source.revisit, born or now, now, Seen.OTHER, self._habit)
        return replace(state, due=instants.utc(due, "seconds") if due else None)

    def _plan(self, found: DiscoveredUrl, before: UrlState | None, at: datetime, seen: Seen) -> dict[str, Any]:
        """Since when the page is known, and when to look at it again."""
        first_seen_at = (before and before.first_seen_at) or instants.utc(at, "seconds")
        first = datetime.fromisoformat(first_seen_at)
        born = found.date or (min(found.lastmod, first) if found.lastmod else None if self._history else first)
        due = revisit_plan.due(self.source.revisit, born, at, seen, self._habit) if born else None
        return {"first_seen_at": first_seen_at, "due": instants.utc(due, "seconds") if due else None}

    def _conditions(self, state: UrlState | FeedState | None) -> Mapping[str, str]:
        return conditions(state) if state and self.source.validators == "trust" else {}

    def _leave(self) -> None:
        """Put what there was no time for where a continuation finds it."""
        pages, limit = self._ledger.left(), self._ledger.left_limit()
        if not self._continuation.is_possible or limit == 0 or not (pages or self._seeds.unread):
            return
        idle = self._writer.is_empty
        if idle and not (self._continuation.held_until or self.report.failures or self._seeds.looked_at):
            self._give_up(pages)
            return
        tries = self._continuation.tries(idle=idle)
        frontier = replace(self._seeds.frontier(), pages=tuple(pages), limit=limit, tries=tries)
        self._store.put_frontier(frontier.to_bytes())
        self._continuation.request(self.report, tries)

    def _give_up(self, pages: Sequence[DiscoveredUrl]) -> None:
        """A crawl that comes to nothing in all its time would be continued for ever."""
        why = "the crawl's time is up, and it came to nothing"
        self._ledger.give_up(pages, "deadline")
        self.report.failures += [Failure(url=page.url, reason="deadline", detail=why) for page in pages]
        for _, seed in self._seeds.unread:
            self.visited(FeedVisit(url=seed.url, error=f"deadline: {why}"))

    def _learn(self, now: datetime) -> None:
        learned, source, held_until = self.report.learned, self.source.id, self._continuation.held_until
        learned.urls = list(self._ledger.failed.values())
        before = self.state.health([source]).get(source, HealthRecord(source=source))
        learned.feeds = self._seeds.changes(before, settled=not self.report.left)
        quiet = before.quiet if self._history else 0 if self._has_news() else before.quiet + 1
        learned.health = self._seeds.health(before, now, quiet=quiet)
        if self._parked:
            learned.health = backoff.parked(before, self._parked, now)
        if held_until:
            learned.health = replace(learned.health, retry_at=max(learned.health.retry_at or "", held_until))

    def _has_news(self) -> bool:
        """Whether the crawl captured a page for the first time, in any delivery, or left pages to another crawl."""
        first = (state.first_seen_at == state.captured_at for state in self._writer.states)
        return self.report.left > 0 or any(first)

    def _metadata(
        self, found: DiscoveredUrl, wire: Wire, redirects: Sequence[Mapping[str, Any]], end: End | None
    ) -> dict[str, Any]:
        told = {**self.source.metadata, "crawl": self.crawl} | found.metadata() | {"redirects": list(redirects)}
        ended = {"end": {"url": end.url, "reached_by": end.reached_by}} if end else {}
        return told | wire.notes | ended


def _payload(wire: Wire, url: str, status: int, before: UrlState | None) -> tuple[Payload | None, bool]:
    """The payload of a page, and whether it was captured before; none where a 304 says so of a page that was not."""
    last = before.payload if before else None
    if status == 304:
        return last, True
    payload = Payload(url, wire.sent_at, capture.payload_digest(wire.response))
    # Before its scripts run, a rendered page is always the same.
    same = last and last.digest == payload.digest and wire.rendered is None
    return (last, True) if same else (payload, False)


def _seen(found: DiscoveredUrl, before: UrlState | None, *, same: bool) -> Seen:
    """What a look found, as far as bytes tell."""
    if before is None or not before.captured_at:
        return Seen.FIRST
    if same:
        return Seen.SAME
    return Seen.CHANGED if before.etag or before.last_modified or found.changed(before) else Seen.OTHER


def _rewrites(before: UrlState, seen: Seen, validators: tuple[str | None, str | None]) -> int:
    """Return how many looks in a row found other bytes, with this one, as far as that counts."""
    return 0 if any(validators) else min(before.rewrites + (seen is Seen.OTHER), REWRITES)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _now() -> datetime:
    return datetime.now(UTC)
