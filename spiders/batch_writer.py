"""Writer of one crawl's captures: collects pages in a batch and stores it as a WARC file.

The states of the URLs are saved at the crawl's end, all at once. A crawl killed before fetches nothing twice: the next
delivery of its message reads the stored files (``recover``).
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from dateline.capture import Batch, Exchange
from dateline.state.pages import url_states
from dateline.state.records import UrlState
from spiders.state.shared import Budget
from spiders.state.stores import Store


class BatchWriter:
    """``stored`` maps the keys of WARC files to their numbers of pages; ``budget`` limits all writers of a round.

    ``states`` are those of the URLs of all pages, to be saved once the writer is closed.
    """

    def __init__(self, crawl: str, *, store: Store, budget: Budget, new_batch: Callable[[str], Batch] = Batch) -> None:
        self._crawl = crawl
        self._store = store
        self._new_batch = new_batch
        self._budget = budget
        self._under_way = 0
        self._batch = new_batch(crawl)
        self._storing, self._relieving = asyncio.Lock(), list[asyncio.Future[None]]()
        self.stored: dict[str, int] = {}
        self.states: list[UrlState] = []
        budget.add(self)

    @property
    def size(self) -> int:
        """Bytes of pages not stored yet, including those being stored."""
        return self._batch.size + self._under_way

    @property
    def is_empty(self) -> bool:
        """Whether nothing was captured, stored or not."""
        return not (self.stored or len(self._batch))

    def recover(self) -> Iterator[str]:
        """Yield the requested URLs in the WARC files of an earlier delivery; blocks."""
        for key, captures in self._store.stored():
            self.stored[key] = len(captures)
            self.states += (state for page in captures for state in url_states(page))
            yield from (page.metadata["requested_url"] for page in captures)

    async def add(self, exchange: Exchange, states: Iterable[UrlState]) -> None:
        """Add a page with the states of its URLs; store the batch if it is full."""
        while self._relieving and self._relieving[0].done():
            self._relieving.pop(0).result()
        self._batch.add(exchange)
        self.states += states
        if self._batch.full:
            await self.flush()
        await self._budget.keep()

    async def close(self) -> None:
        """Store what is left; no page may follow."""
        self._budget.remove(self)
        await self.flush()
        await asyncio.gather(*self._relieving)

    async def relieve(self) -> None:
        """Store the captures so far for another crawl's sake; an error is raised by the next ``add`` or ``close``."""
        relieving = asyncio.ensure_future(self.flush())
        self._relieving.append(relieving)
        await asyncio.wait({relieving})

    async def flush(self) -> None:
        """Store the captures so far, after the batches in progress."""
        batch, self._batch = self._batch, self._new_batch(self._crawl)
        self._under_way += batch.size
        try:
            async with self._storing, self._budget.storing:
                await self._put(batch)
        finally:
            self._under_way -= batch.size

    async def _put(self, batch: Batch) -> None:
        if batch.pages:
            batch.write()  # here, because on the other thread it would fight for the interpreter: twice the CPU
            key = await asyncio.to_thread(self._store.put, batch)
            self.stored[key] = len(batch.pages)
