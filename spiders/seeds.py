"""Seeds of one crawl (feeds, sitemaps, section pages): choose the ones to visit, and keep their states.

A seed without news costs a conditional request and no write: its state changes with news, with a failure and with a
recovery. The visit itself is recorded in the source's health, one item for all seeds.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dateline import instants
from dateline.messages import FeedVisit
from dateline.state.crawl_state import State
from dateline.state.records import FeedState, HealthRecord
from spiders.discovery.seed_reader import Seed
from spiders.state import backoff
from spiders.state.frontier import Frontier


class Seeds:
    """``patient`` skips seeds in back-off."""

    def __init__(self, source: str, state: State, *, patient: bool = False) -> None:
        self._source, self._state, self._patient = source, state, patient
        self._known: dict[str, FeedState] = {}
        self._unread: dict[str, tuple[str, Seed]] = {}
        self._unanswered: set[str] = set()  # those that failed, or are backing off
        self._parents: dict[str, str | None] = {}
        self._settled: dict[str, FeedState] = {}  # to be kept once all that they led to has been dealt with
        self._changed: dict[str, FeedState] = {}  # those that failed, or work again
        self._errors: list[backoff.Kind | None] = []

    def resume(self, frontier: Frontier) -> None:
        """Continue another crawl's frontier."""
        self._parents |= frontier.parents
        self._settled |= {feed.url: feed for feed in frontier.feeds}

    async def expect(self, seeds: Sequence[Seed], *, kind: str, afresh: bool) -> list[tuple[Seed, FeedState | None]]:
        """Return the seeds to visit with their states; ``afresh``: all of them, without states."""
        urls = [seed.url for seed in seeds]
        states = {} if afresh else await asyncio.to_thread(self._state.feeds, self._source, urls)
        moved = {seed.url: seed for seed in seeds if seed.moved(states)}
        self._known |= states
        self._parents |= {url: seed.parent for url, seed in moved.items()}
        self._unanswered |= {url for url in moved if self._backs_off(states.get(url))}
        asked = [seed for url, seed in moved.items() if url not in self._unanswered]
        self._unread |= {seed.url: (kind, seed) for seed in asked}
        return [(seed, states.get(seed.url)) for seed in asked]

    def known(self, url: str) -> FeedState | None:
        return self._known.get(url)

    def visited(self, visit: FeedVisit, validators: FeedState | None, at: datetime) -> None:
        """Record a visit of a seed; ``validators`` are for its next request."""
        self._unread.pop(visit.url, None)
        before, kind = self._known.get(visit.url, FeedState(url=visit.url)), backoff.kind_of_visit(visit)
        self._errors.append(kind)
        if visit.error:
            self._unanswered.add(visit.url)
        if kind:
            self._changed[visit.url] = backoff.after_failure(before, kind, visit.error or "", at)
        elif before.failures:
            self._changed[visit.url] = backoff.after_success(before)
        if validators:
            self._settled[visit.url] = replace(validators, changed_at=instants.utc(at, "seconds"))

    @property
    def looked_at(self) -> int:
        """How many answered or failed."""
        return len(self._errors)

    @property
    def unread(self) -> list[tuple[str, Seed]]:
        """Seeds not visited for lack of time, each with its kind."""
        return list(self._unread.values())

    def frontier(self) -> Frontier:
        """The seeds' part of the frontier."""
        return Frontier(seeds=tuple(self.unread), feeds=tuple(self._settled.values()), parents=self._parents)

    def changes(self, before: HealthRecord, *, settled: bool) -> list[FeedState]:
        """Return the changed states; those with news only if all stories of the crawl are ``settled``.

        ``before`` has the last success of seeds failing for the first time.
        """
        new = self._without_rest() if settled else ()
        changed = self._changed | {state.url: state for state in new}
        return [
            replace(state, succeeded_at=before.succeeded_at) if state.failures == 1 and url in self._known else state
            for url, state in changed.items()
        ]

    def health(self, before: HealthRecord, at: datetime, *, quiet: int) -> HealthRecord:
        """Return the source's health after the crawl; unchanged by a crawl without visits.

        ``quiet`` is the number of crawls without news, if a seed was readable.
        """
        after = replace(before, crawled_at=instants.utc(at, "seconds"), revisit_at=None)
        if not self._errors:
            return after
        if None in self._errors:
            now = after.crawled_at
            return HealthRecord(source=before.source, crawled_at=now, succeeded_at=now, quiet=quiet)
        retries = [state.retry_at for state in self._changed.values() if state.retry_at]
        return replace(
            after,
            failures=before.failures + 1,
            failure=self._errors[0],
            failing_since=before.failing_since or after.crawled_at,
            retry_at=min(retries) if retries else None,
        )

    def _backs_off(self, state: FeedState | None) -> bool:
        return (
            self._patient and state is not None and (state.retry_at or "") > instants.utc(datetime.now(UTC), "seconds")
        )

    def _without_rest(self) -> list[FeedState]:
        """The states of seeds behind which nothing is left to be read."""
        unsettled: set[str] = set()
        for url in self._unanswered | self._unread.keys():
            above = self._parents.get(url)
            while above and above not in unsettled:
                unsettled.add(above)
                above = self._parents.get(above)
        return [state for state in self._settled.values() if state.url not in unsettled]
