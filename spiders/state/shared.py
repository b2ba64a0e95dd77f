"""What the crawls of one round share: the pace of each host, and limits of memory."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from spiders.download.pace import Hosts

MEMORY = 128 << 20  # bytes of pages in all open batches; the function has 512 MB, of which it uses 200 without them
AT_ONCE = 200  # pages handed out by a crawl on its own: the requests of a backfill of 100,000 would not fit into memory
_STORING = 2  # an upload takes 50 ms, so 200 batches at the end of a round 5 s
_LEAST_AT_ONCE = 10  # of a crawl among many: a host with a delay of 5 s has 10 requests in 50 s
_ALL_AT_ONCE = 2000  # 3 kB each


class Writer(Protocol):
    """A writer with an open batch of ``size`` bytes."""

    @property
    def size(self) -> int:
        """Bytes of pages not stored yet, including those being stored."""

    async def relieve(self) -> None:
        """Store them; an error is raised in the writer's own crawl."""


class Budget:
    """A limit of the bytes in all open batches of a round: beyond it, the largest one is stored.

    ``storing`` admits a few writers at once: a batch takes three times its size until it is stored.
    """

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit, self._writers = limit, list[Writer]()
        self.storing = asyncio.Semaphore(_STORING)

    def add(self, writer: Writer) -> None:
        """Count a writer's batches."""
        self._writers.append(writer)

    def remove(self, writer: Writer) -> None:
        """Forget a writer, at the end of its crawl."""
        self._writers.remove(writer)

    async def keep(self) -> None:
        """Store the largest batches until all are within the limit; the page that exceeds it waits for that."""
        while sum(writer.size for writer in self._writers) > self._limit:
            await max(self._writers, key=lambda writer: writer.size).relieve()


@dataclass(slots=True)
class Shared:
    """``crawls`` is the number of crawls side by side. ``reading`` admits one seed at a time: a sitemap has 50 MB."""

    crawls: int = 1
    hosts: Hosts = field(default_factory=Hosts)
    budget: Budget = field(default_factory=Budget)
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @property
    def at_once(self) -> int:
        """How many pages a crawl hands out at once."""
        return max(_LEAST_AT_ONCE, min(AT_ONCE, _ALL_AT_ONCE // self.crawls))
