"""Shards of hosts: the message groups of the crawl queue.

All sources of a host are in one shard, and a shard's rounds run one after the other, so no host is ever crawled by two
functions. Sources belong together if they share the host of a home page, feed, sitemap or listing; ``www.``, ``m.`` and
``amp.`` are the same host.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from dateline.sources.registry import Source
from dateline.urls import site


@dataclass(frozen=True, slots=True)
class Shards:
    """``count`` shards of a crawl queue; ``pool`` distinguishes the queues of one table (``render-``)."""

    count: int
    pool: str = ""

    def assign(self, sources: Iterable[Source]) -> dict[str, str]:
        """Return the shard of each source by its id, such as ``3/4``: a stable hash of its hosts."""
        groups = _Groups()
        hosts = {source.id: sorted({site(url) for url in (source.home, *source.seeds)}) for source in sources}
        for first, *others in hosts.values():
            for other in others:
                groups.join(first, other)
        return {id: self._label(groups.find(first)) for id, (first, *_) in hosts.items()}

    def _label(self, host: str) -> str:
        return f"{self.pool}{zlib.crc32(host.encode()) % self.count}/{self.count}"


def phase(shard: str) -> float:
    """Return a shard's part of an interval, 0 to 1, by which its rounds start later than those of the first."""
    number, _, count = shard.rpartition("-")[2].partition("/")
    return int(number) / int(count)


class _Groups:
    """Hosts joined by a source; each group is named by its first host in alphabetical order (union-find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def find(self, host: str) -> str:
        while (above := self._above.get(host, host)) != host:
            host = above
        return host

    def join(self, one: str, other: str) -> None:
        first, last = sorted((self.find(one), self.find(other)))
        if first != last:
            self._above[last] = first
