"""Ledger of one crawl: every discovered URL with its outcome, and the pages still to fetch.

New stories are handed out first, revisits once nothing else is left.
"""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, auto

from dateline import instants
from dateline.sources.registry import Source
from dateline.state.crawl_state import State
from dateline.state.pages import kept
from dateline.state.records import UrlState
from dateline.urls import canonical, twin
from spiders.discovery.seed_reader import DiscoveredUrl
from spiders.state import backoff
from spiders.state.dead_ends import DeadEnds, End
from spiders.state.frontier import found as discovered

MAX_REVISITS = 500  # due ones of one crawl
MAX_DUE = 2000  # read by one crawl; with more after an outage, the next crawls pass over the rest
_FOR_CHANGES = 4  # a quarter of a crawl's looks is for pages that a feed or sitemap says have changed


class Fate(Enum):
    """Outcome of a URL; ``LEFT`` until it has another one."""

    LEFT = auto()
    KNOWN = auto()
    WAITING = auto()
    CAPTURED = auto()
    FAILED = auto()


class Ledger:
    """URLs of a crawl of ``source``, by their canonical form.

    ``limit`` is the remaining number of pages to fetch, ``at_once`` of them are handed out at once. ``patient`` skips
    URLs in back-off. ``failed`` are the states of failed URLs, ``revisited`` counts the known pages fetched, because
    they were due at ``started_at`` (UTC) or changed. ``passed_over`` counts those beyond ``looks``, the number of looks
    that this crawl may make; ``postponed`` are the states of those that were due. ``known`` are the states, as earlier
    crawls left them, of URLs that this one dealt with, by their canonical form. Methods without ``async`` block only
    where they say so.
    """

    def __init__(
        self, source: Source, state: State, *, started_at: str, limit: int | None, patient: bool, at_once: int
    ) -> None:
        self._source = source
        self._state = state
        self._started_at = started_at
        self._patient = patient
        self.limit = limit
        self._at_once = at_once
        self.looks = sys.maxsize
        self.failed: dict[str, UrlState] = {}
        self.postponed: list[UrlState] = []
        self.known: dict[str, UrlState] = {}
        self.revisited = self.passed_over = 0
        self._fates: dict[str, Fate] = {}
        self._reached: set[str] = set()  # canonical URLs to which the redirect of another one led
        self._states: dict[str, UrlState] = {}  # of those URLs to be fetched that are known
        self._backlog = deque[DiscoveredUrl]()
        self._due = deque[DiscoveredUrl]()
        self._under_way: dict[str, DiscoveredUrl] = {}
        self._ends = DeadEnds(state, source.home)

    async def consider(self, found: Sequence[DiscoveredUrl]) -> None:
        """Settle what need not be fetched, and put the rest into the backlog."""
        new = {item.identity: item for item in found if item.identity not in self._fates}
        self._fates |= dict.fromkeys(new, Fate.LEFT)
        states = await asyncio.to_thread(self._known, [*new])
        now = instants.utc(_now(), "seconds")
        for url, item in new.items():
            state = states.get(url)
            self._fates[url] = self._fate(item, state, now)
            if self._fates[url] is Fate.LEFT:
                self._backlog.append(item)
                self._states |= {url: state} if state else {}

    def find_due(self, pass_over: Callable[[UrlState], UrlState]) -> None:
        """Load due revisits, the youngest stories first; blocks.

        Failed pages are always tried again. Of the others, those beyond ``looks`` get their next turn: ``pass_over``
        returns their states, to be saved with the others at the end.
        """
        captured = {url for url, fate in self._fates.items() if fate is Fate.CAPTURED}
        due_now = self._state.revisits(self._source.id, _now(), MAX_DUE)
        found = [state for state in due_now if state.url not in captured]  # by an earlier delivery
        failed, due = ([state for state in found if bool(state.failures) is wanted] for wanted in (True, False))
        due.sort(key=lambda state: state.first_seen_at or "", reverse=True)
        room = min(self.looks - self.looks // _FOR_CHANGES, MAX_REVISITS)
        over = due[room:]
        self.postponed = [pass_over(state) for state in over]
        self.known |= {state.url: state for state in over}
        self.passed_over, self.looks = len(over), self.looks - len(due) + len(over)
        for state in (*failed[:MAX_REVISITS], *due[:room]):
            item = discovered({"requested_url": state.url} | dict(state.found))
            self._states[item.identity] = state
            self._due.append(item)

    def recover(self, captured: Iterable[str]) -> None:
        """Note URLs captured by an earlier delivery of the crawl's message."""
        self._fates |= {canonical(url): Fate.CAPTURED for url in captured}

    def next_stories(self) -> list[DiscoveredUrl]:
        """Hand out stories of the backlog."""
        return self._hand_out(self._backlog)

    def next_revisits(self) -> list[DiscoveredUrl]:
        """Hand out due revisits."""
        return self._hand_out(self._due)

    def fate(self, found: DiscoveredUrl) -> Fate | None:
        return self._fates.get(found.identity)

    def reached(self, found: DiscoveredUrl) -> bool:
        """Return whether the page was captured as the end of another one's redirects."""
        return found.identity in self._reached

    def before(self, found: DiscoveredUrl) -> UrlState | None:
        """Return the state of a page to fetch as earlier crawls left it."""
        return self._states.get(found.identity)

    def captured(self, found: DiscoveredUrl, reached: str) -> None:
        """Settle a captured page; ``reached`` is the canonical URL at the end of its redirects."""
        self._settle(found.identity, Fate.CAPTURED)
        if reached == found.identity:
            return
        self._reached.add(reached)
        self.failed.pop(reached, None)
        if self._fates.get(reached) is Fate.LEFT:
            self._settle(reached, Fate.KNOWN)

    def fail(self, url: str, reason: str) -> None:
        """Settle a failed URL; it is tried again, after longer each time."""
        identity = canonical(url)
        if wanted := self._under_way.get(identity):
            before = self._states.get(identity, UrlState(url=identity, source=self._source.id))
            self.failed[identity] = _put_off(replace(before, found=kept(wanted.metadata())), reason)
        self._settle(identity, Fate.FAILED)

    async def end_of_redirects(self, found: DiscoveredUrl, url: str) -> End | None:
        """Note where a story's redirects ended (``dead_ends``)."""
        before = self._states.get(found.identity, UrlState(url=found.identity, source=self._source.id))
        return await self._ends.add(found, before, url, self._fates)

    def request_again(self, states: Iterable[UrlState], reason: str) -> None:
        """Count captured stories as failed after all, unless they failed by themselves."""
        for state in states:
            self.failed.setdefault(state.url, _put_off(state, reason))

    def left(self) -> list[DiscoveredUrl]:
        """Return the pages still to fetch, those under way first."""
        return [page for page in (*self._under_way.values(), *self._backlog) if self.fate(page) is Fate.LEFT]

    def left_limit(self) -> int | None:
        """Return the limit for a crawl of the pages in ``left``."""
        under_way = sum(self.fate(page) is Fate.LEFT for page in self._under_way.values())
        return None if self.limit is None else self.limit + under_way

    def give_up(self, pages: Iterable[DiscoveredUrl], reason: str) -> None:
        """Fail pages, whether they were handed out or not."""
        for page in pages:
            self._under_way[page.identity] = page
            self.fail(page.url, reason)

    def counts(self) -> Mapping[Fate, int]:
        """Return the number of URLs by outcome."""
        return Counter(self._fates.values())

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
        if state.withdrawn_at or (state.captured_at and not self._asks_for_look(item, state)):
            return Fate.KNOWN
        if self._patient and state.failures and (state.due or "") > now:
            return Fate.WAITING
        return Fate.LEFT

    def _asks_for_look(self, item: DiscoveredUrl, state: UrlState) -> bool:
        """Return whether a known page has changed, by its feed or sitemap, and may be looked at."""
        if not item.changed(state):
            return False
        if self.looks > 0:
            self.looks -= 1
            return True
        self.passed_over += 1
        return False

    def _hand_out(self, waiting: deque[DiscoveredUrl]) -> list[DiscoveredUrl]:
        out: list[DiscoveredUrl] = []
        while waiting and len(out) < self._at_once and self.limit != 0:
            item = waiting.popleft()
            if self.fate(item) in (Fate.CAPTURED, Fate.FAILED) or self.reached(item):
                continue
            self._under_way[item.identity] = item
            self.limit = None if self.limit is None else self.limit - 1
            out.append(item)
        return out

    def _settle(self, identity: str, fate: Fate) -> None:
        self._fates[identity] = fate
        self._under_way.pop(identity, None)
        before = self._states.pop(identity, None)
        self.known |= {identity: before} if before else {}
        if before:
            self.revisited += bool(before.captured_at) or (before.due or "~") <= self._started_at


def _put_off(state: UrlState, reason: str) -> UrlState:
    """The state of a URL that has failed once more."""
    failures = state.failures + 1
    due = instants.utc(_now() + backoff.back_off(backoff.kind(reason), failures), "seconds")
    return replace(state, failures=failures, failure=reason, due=due)


def _now() -> datetime:
    return datetime.now(UTC)
