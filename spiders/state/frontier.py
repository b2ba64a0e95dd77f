"""The frontier of a crawl out of time, stored in the capture bucket for its continuation."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from dateline.state.records import FeedState
from spiders.discovery.seed_reader import DiscoveredUrl, Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """``pages`` to fetch and ``seeds`` to read, each with its kind; ``limit`` is the remaining number.

    ``feeds`` are states of visited seeds, to be saved once all their stories are done, and ``parents`` maps seeds to
    their parents. ``tries`` counts consecutive crawls without result because of the host's pauses.
    """

    pages: tuple[DiscoveredUrl, ...] = ()
    seeds: tuple[tuple[str, Seed], ...] = ()
    feeds: tuple[FeedState, ...] = ()
    parents: Mapping[str, str | None] = field(default_factory=dict)
    limit: int | None = None
    tries: int = 0

    def to_bytes(self) -> bytes:
        """JSON in one gzip member without a clock in it."""
        values = {
            "pages": [page.metadata() for page in self.pages],
            "entrances": [[kind, asdict(seed)] for kind, seed in self.seeds],
            "feeds": [asdict(feed) for feed in self.feeds],
            "parents": dict(self.parents),
            "limit": self.limit,
            "tries": self.tries,
        }
        return gzip.compress(json.dumps(values, separators=(",", ":")).encode(), mtime=0)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        values = json.loads(gzip.decompress(data))
        return cls(
            pages=tuple(found(page) for page in values["pages"]),
            seeds=tuple((kind, Seed(**seed)) for kind, seed in values["entrances"]),
            feeds=tuple(FeedState(**feed) for feed in values["feeds"]),
            parents=values["parents"],
            limit=values["limit"],
            tries=values["tries"],
        )


def found(metadata: Mapping[str, Any]) -> DiscoveredUrl:
    """Return a discovery from its metadata, or from a URL's state."""
    return DiscoveredUrl(
        url=metadata["requested_url"],
        kind=metadata.get("family", ""),
        seed=metadata.get("discovered_from", ""),
        title=metadata.get("feed_title"),
        date=_instant(metadata.get("feed_date")),
        date_raw=metadata.get("feed_date_raw"),
        link=metadata.get("feed_link"),
        lastmod=_instant(metadata.get("lastmod")),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
