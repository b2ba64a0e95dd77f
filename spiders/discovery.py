"""What a family of spiders has to offer: where to look for stories, and what it finds there.

A family (feeds now; sitemaps and listings later) knows the way in and how to read it. All else, from politeness to
captures, is the same for every family and lives in ``base`` and ``collector``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dateline.state import fingerprint
from dateline.urls import canonical
from spiders.registry import Source


class UnreadableError(ValueError):
    """An entrance (a feed, say) answered with something that lists no stories; the message says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A story's URL and what the place where it was found says of it.

    ``date`` is aware; a date that the feed gives without a zone is in the source's. ``date_raw`` is what it said.
    ``link`` is the feed's link, which may be that of a proxy that counts readers.
    """

    url: str
    family: str
    entrance: str
    title: str | None = None
    date: datetime | None = None
    date_raw: str | None = None
    link: str | None = None

    @property
    def identity(self) -> str:
        """The canonical URL."""
        return canonical(self.url)

    @property
    def fingerprint(self) -> str:
        """Changes when the title or the date does, as the URL's state keeps it."""
        return fingerprint(self.metadata())

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
        }


class Family(Protocol):
    """One way to find stories."""

    name: str

    def entrances(self, source: Source) -> Sequence[str]:
        """The URLs to begin at."""

    def read(self, source: Source, entrance: str, url: str, content_type: str, body: bytes) -> list[Found]:
        """The stories that an entrance lists; ``url`` is where it was in the end. UnreadableError: it lists none."""
