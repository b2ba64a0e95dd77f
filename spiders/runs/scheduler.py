"""Scrapy's scheduler: one request per host at a time, so that a dead host holds up no other.

Scrapy's own hands out requests in one order for all hosts: a few of a host that does not answer would take every place.
Within a host, requests of higher priority come first, then the oldest: the feed's order, the newest story first.
"""

from heapq import heappop, heappush
from itertools import count
from typing import Self

from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.http import Request

from spiders.download.addresses import authority


class HostScheduler(BaseScheduler):
    """Requests in memory, in a queue for each host."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._queues: dict[str, list[tuple[int, int, Request]]] = {}
        self._numbers = count()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def has_pending_requests(self) -> bool:
        return bool(self._queues)

    def enqueue_request(self, request: Request) -> bool:
        queue = self._queues.setdefault(authority(request.url), [])
        heappush(queue, (-request.priority, next(self._numbers), request))
        return True

    def next_request(self) -> Request | None:
        """Return the next request of a host without one in flight, or None."""
        engine = self._crawler.engine
        busy = {authority(request.url) for request in engine.downloader.active} if engine else set()
        free = [(queue[0][:2], host) for host, queue in self._queues.items() if host not in busy]
        if not free:
            return None
        _, host = min(free)
        *_, request = heappop(self._queues[host])
        if not self._queues[host]:
            del self._queues[host]
        return request
