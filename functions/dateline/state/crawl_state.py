"""The state as crawls use it; methods block, and the spiders call them off the reactor's thread."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from dateline import instants
from dateline.keys import identifiers, item_keys, object_keys
from dateline.state.due_times import DueTimes
from dateline.state.records import FeedState, Habit, HealthRecord, RobotsState, UrlState, values
from dateline.state.table import TableState, learned_items, url_item

if TYPE_CHECKING:
    from dateline.aws.deployment import Deployment
    from dateline.messages import CrawlReport


class State(Protocol):
    """Reads and writes of a crawl."""

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        """Return the known states of canonical URLs."""

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        """Return the first ``limit`` of a source's URLs due at an instant."""

    def habit(self, source: str, day: date) -> Habit:
        """Return how often a source's stories changed in the four weeks before the end of a day (UTC)."""

    def health(self, sources: Iterable[str]) -> dict[str, HealthRecord]:
        """Return the health of each source crawled before."""

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        """Return the known states of a source's feeds."""

    def robots(self, host: str) -> RobotsState | None:
        """Return the last robots.txt of a host, of any age."""

    def held(self, host: str) -> datetime | None:
        """Return the end (UTC) of the pause requested by a host, possibly past, or None."""

    def settle(
        self,
        report: "CrawlReport",
        visited: Callable[[], Iterable[UrlState]],
        known: Mapping[str, UrlState] = MappingProxyType({}),
    ) -> None:
        """Record everything a crawl learned, after its report was stored; repeatable after a kill.

        ``visited`` returns the states of captured and passed over URLs, if they are still to be recorded. ``known`` are
        states by canonical URL as this crawl found them at its start.
        """


class CrawlState(TableState):
    """The state of a deployment: items of the table, and due times in the archive bucket."""

    def __init__(self, deployment: "Deployment", *, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__(deployment.table, pause=pause)
        self._due = DueTimes(deployment, pause=pause)

    def save_urls(self, states: Iterable[UrlState]) -> None:
        """Record URLs and their due times, replacing earlier records.

        A visit that found nothing new changes the due time alone.
        """
        latest = {state.url: state for state in states}  # a batch must not name one key twice
        self._save_urls(latest, self.urls(latest))

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        dues = self._due.until(source, instants.utc(at, "seconds"), limit)
        states = {identifiers.url_hash(state.url): state for state in self._states(due.url_hash for due in dues)}
        found = [(due, states.get(due.url_hash)) for due in dues]
        # A crawl killed between the two writes leaves due times without a state.
        if over := [due.url_hash for due, state in found if state is None or state.withdrawn_at]:
            self._due.change(source, dict.fromkeys(over))
        return [replace(state, due=due.at) for due, state in found if state and not state.withdrawn_at]

    def settle(
        self,
        report: "CrawlReport",
        visited: Callable[[], Iterable[UrlState]],
        known: Mapping[str, UrlState] = MappingProxyType({}),
    ) -> None:
        counted = item_keys.done(report.source, object_keys.crawl_report(report.source, report.crawl))
        if any(self._get([counted], consistent=True)):
            return  # a later crawl may know better
        learned = report.learned
        states = {state.url: state for state in (*visited(), *learned.urls)}
        # A visit without news writes a due time alone: a state that changed meanwhile stays, at the cost of a look.
        before = {url: known[url] for url, state in states.items() if url in known and state.repeats(known[url])}
        before |= self.urls(states.keys() - before.keys())
        newest = {url: state for url, state in states.items() if not state.is_outdated(before.get(url))}
        first = self._save_urls(newest, before)
        self._save_others(learned_items(report), [learned.health] if learned.health else [], first)

    def restore(
        self, urls: Iterable[UrlState], others: Iterable[Mapping[str, Any]], healths: Iterable[HealthRecord]
    ) -> None:
        """Record earlier knowledge, in place of all that is known of these URLs, feeds, hosts and sources."""
        states = {state.url: state for state in urls}
        first = self._save_urls(states, self.urls(states))
        for source in first:
            self._due.take_over(source)
        self._save_others(others, healths, first)

    def _save_urls(self, states: Mapping[str, UrlState], before: Mapping[str, UrlState]) -> dict[str, str | None]:
        """Record URLs; return when the first one is due of each source among them."""
        # In this order: a URL that is known, but never due, would not be looked at again.
        first = {source: self._due.change(source, due) for source, due in _changes(states.values(), before).items()}
        written = (state for url, state in states.items() if not state.repeats(before.get(url)))
        self._put(map(url_item, written))
        return first

    def _save_others(
        self,
        items: Iterable[Mapping[str, Any]],
        healths: Iterable[HealthRecord],
        first: Mapping[str, str | None],
    ) -> None:
        """Record items, and sources' health with the ``first`` due times of their pages, if known."""
        self._put(items)
        for health in healths:
            due = first[health.source] if health.source in first else self._due.first(health.source)
            self._put([item_keys.health(health.source) | values(replace(health, revisit_at=due))])


def _changes(states: Iterable[UrlState], before: Mapping[str, UrlState]) -> dict[str, dict[str, str | None]]:
    """Return the due times by source and by the hash of the URL, which may have been another source's before."""
    changes: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    for state in states:
        url_hash = identifiers.url_hash(state.url)
        if state.url in before:
            changes[before[state.url].source][url_hash] = None
        changes[state.source][url_hash] = state.due
    return changes
