"""What a family of spiders has to offer: where to look for stories, and what it finds there.

A family (feeds, sitemaps, listings) knows its ways in, the entrances, and how to read what they answer: stories, and
further entrances, as an index of sitemaps names files and a section's page the one before it. All else, from
politeness to captures, is the same for every family and lives in ``base`` and ``collector``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from dateline import keys
from dateline.sources.registry import Source
from dateline.state.pages import fingerprint
from dateline.state.records import FeedState, UrlState
from dateline.urls import canonical
from spiders.families.date_range import Window


class UnreadableError(ValueError):
    """An entrance (a feed, say) answered with something that lists no stories; the message says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A story's URL and what the place where it was found says of it.

    ``date`` is aware; a date that the feed gives without a zone is in the source's. ``date_raw`` is what it said.
    ``link`` is the feed's link, which may be that of a proxy that counts readers. ``lastmod`` (aware) is when a sitemap
    says that the page changed, which is no date of the story.
    """

    url: str
    family: str
    entrance: str
    title: str | None = None
    date: datetime | None = None
    date_raw: str | None = None
    link: str | None = None
    lastmod: datetime | None = None

    @property
    def identity(self) -> str:
        """The canonical URL."""
        return canonical(self.url)

    @property
    def fingerprint(self) -> str:
        """Changes when the title or the date does, as the URL's state keeps it."""
        return fingerprint(self.metadata())

    def changed(self, state: UrlState) -> bool:
        """Whether this says that the page is no longer as it was captured."""
        if self.lastmod:  # one of tomorrow would have the page fetched in each crawl until then
            return state.captured_at < keys.utc(self.lastmod, "seconds") and self.lastmod <= datetime.now(UTC)
        return self.family == "feed" and state.item not in (None, self.fingerprint)

    def metadata(self) -> dict[str, Any]:
        """Its part of the capture's metadata record."""
        return {
            "family": self.family,
            "discovered_from": self.entrance,
            "requested_url": self.url,
            "feed_title": self.title,
            "feed_date": self.date.isoformat() if self.date else None,
            "feed_date_raw": self.date_raw,
            "feed_link": self.link,
            **({"lastmod": self.lastmod.isoformat()} if self.lastmod else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A place to look for stories.

    ``depth`` is how many others led to it, ``parent`` the last of these. ``lastmod`` is when that one says it changed,
    as it says it: where this is known from last time, there is nothing new.
    """

    url: str
    depth: int = 0
    parent: str | None = None
    lastmod: str | None = None

    def moved(self, states: Mapping[str, FeedState]) -> bool:
        """Whether it may have changed since its state, for all that what led to it says."""
        state = states.get(self.url)
        return not (state and self.lastmod and state.lastmod == self.lastmod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an entrance answered: ``url`` is where it was in the end, ``body`` is without content encoding."""

    entrance: Entrance
    url: str
    content_type: str
    body: bytes

    def further(self, url: str, lastmod: str | None = None) -> Entrance:
        """An entrance that this one leads to."""
        return Entrance(url=url, depth=self.entrance.depth + 1, parent=self.entrance.url, lastmod=lastmod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an entrance lists: stories, and further entrances.

    ``settled``: as long as it does not change, there is nothing new behind it. ``while_new``: its further entrances are
    worth a look only where some of its own stories are not known. ``note``: what of it was left out, and why.
    """

    found: Sequence[Found] = ()
    further: Sequence[Entrance] = ()
    settled: bool = True
    while_new: bool = False
    note: str | None = None


class Family(Protocol):
    """One way to find stories. ``history``: it reaches further back than what is new."""

    name: str
    history: bool

    def entrances(self, source: Source) -> Sequence[str]:
        """The URLs to begin at."""

    def read(self, source: Source, page: Page, window: Window) -> Reading:
        """What an entrance lists, as far as it is of the window. UnreadableError: it lists no stories."""
