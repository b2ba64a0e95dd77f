"""Writer of one crawl's captures: collects pages in a batch, stores it as a WARC file, then saves the URLs' states.

A WARC file is stored before the states of its URLs, so a crawl killed between the two fetches nothing twice: the next
delivery of its message reads the stored files (``recover``).
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from dateline.capture import Batch, Exchange
from dateline.state.pages import url_states
from dateline.state.records import UrlState
from dateline.state.table import State
from spiders.stores import Store


class BatchWriter:
    """``stored`` maps the keys of WARC files to their numbers of pages."""

    def __init__(self, crawl: str, *, store: Store, state: State, new_batch: Callable[[str], Batch] = Batch) -> None:
        self._crawl = crawl
        self._store = store
        self._state = state
        self._new_batch = new_batch
        self._batch, self._states = new_batch(crawl), list[UrlState]()
        self._storing = asyncio.Lock()
        self.stored: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was captured, stored or not."""
        return not (self.stored or len(self._batch))

    def recover(self) -> Iterator[str]:
        """Yield the requested URLs in the WARC files of an earlier delivery, with their states saved; blocks."""
        for key, captures in self._store.stored():
            self.stored[key] = len(captures)
            self._state.save_urls(state for page in captures for state in url_states(page))
            yield from (page.metadata["requested_url"] for page in captures)

    async def add(self, exchange: Exchange, states: Iterable[UrlState]) -> None:
        """Add a page with the states of its URLs; store the batch if it is full."""
        self._batch.add(exchange)
        self._states += states
        if self._batch.full:
            await self.flush()

    async def flush(self) -> None:
        """Store the captures so far, after the batches in progress."""
        batch, self._batch = self._batch, self._new_batch(self._crawl)
        states, self._states = self._states, []
        async with self._storing:
            if batch.pages:
                batch.write()  # here, because on the other thread it would fight for the interpreter: twice the CPU
                key = await asyncio.to_thread(self._store.put, batch)
                self.stored[key] = len(batch.pages)
            if states:
                await asyncio.to_thread(self._state.save_urls, states)
