"""Interface of seed readers: the seeds of a source, and the stories found there.

A seed reader (of feeds, sitemaps or listings) knows the seeds of its kind and reads their responses into stories and
further seeds: files of a sitemap index, the next page of a section. All else, from politeness to captures, is common to
the kinds, in ``spider`` and ``collector``. A capture's metadata names the kind as ``family``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from dateline import instants
from dateline.sources.registry import Source
from dateline.state.pages import item_hash
from dateline.state.records import FeedState, UrlState
from dateline.urls import canonical
from spiders.discovery.date_range import Window


class UnreadableError(ValueError):
    """A seed answered with something other than a list of stories; the message describes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredUrl:
    """A story's URL and the facts stated where it was found.

    ``date`` is aware; a feed's date without a zone is in the source's. ``date_raw`` is its text. ``link`` is the feed's
    link, possibly a proxy's for counting readers. ``lastmod`` (aware) is a sitemap's date of change, not the story's
    date.
    """

    url: str
    kind: str
    seed: str
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
    def item_hash(self) -> str:
        """Changes when the title or the date does, as the URL's state keeps it."""
        return item_hash(self.metadata())

    def changed(self, state: UrlState) -> bool:
        """Return whether the page has changed since its capture, by these facts."""
        if self.lastmod:  # one of tomorrow would have the page fetched in each crawl until then
            return state.captured_at < instants.utc(self.lastmod, "seconds") and self.lastmod <= datetime.now(UTC)
        return self.kind == "feed" and state.item not in (None, self.item_hash)

    def metadata(self) -> dict[str, Any]:
        """Its part of the capture's metadata record."""
        return {
            "family": self.kind,
            "discovered_from": self.seed,
            "requested_url": self.url,
            "feed_title": self.title,
            "feed_date": self.date.isoformat() if self.date else None,
            "feed_date_raw": self.date_raw,
            "feed_link": self.link,
            **({"lastmod": self.lastmod.isoformat()} if self.lastmod else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A seed.

    ``depth`` is the number of its ancestors, ``parent`` the nearest one. ``lastmod`` is the parent's date of change for
    it, verbatim: an equal one means no news.
    """

    url: str
    depth: int = 0
    parent: str | None = None
    lastmod: str | None = None

    def moved(self, states: Mapping[str, FeedState]) -> bool:
        """Return whether it may have changed since its state, by its parent's facts."""
        state = states.get(self.url)
        return not (state and self.lastmod and state.lastmod == self.lastmod)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPage:
    """Response of a seed: ``url`` is the final one, ``body`` has no content encoding."""

    seed: Seed
    url: str
    content_type: str
    body: bytes

    def further(self, url: str, lastmod: str | None = None) -> Seed:
        """Return a child of this seed."""
        return Seed(url=url, depth=self.seed.depth + 1, parent=self.seed.url, lastmod=lastmod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Contents of a seed: stories, and further seeds.

    ``settled``: nothing new is behind it as long as it does not change. ``while_new``: its children are worth a visit
    only if some of its own stories are unknown. ``note`` describes ignored parts, and why.
    """

    found: Sequence[DiscoveredUrl] = ()
    further: Sequence[Seed] = ()
    settled: bool = True
    while_new: bool = False
    note: str | None = None


class SeedReader(Protocol):
    """One way of discovery. ``history``: it reaches beyond new stories."""

    name: str
    history: bool

    def seeds(self, source: Source) -> Sequence[str]:
        """The URLs to begin at."""

    def read(self, source: Source, page: SeedPage, window: Window) -> Reading:
        """Return the contents of a seed within the window. Raises UnreadableError if it lists no stories."""
