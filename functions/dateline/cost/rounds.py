"""What an invocation of the crawl function does: the constants of its Lambda seconds.

A crawl waits for its outlets, so a page costs its host's delay, divided by the hosts of one invocation. An outlet is
crawled less often while it has no news (``spiders.runs.schedule``).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

SHARDS: Final = 3  # as template.yaml has it
ROUND: Final = 200  # sources of an invocation, at most
# Assumed: share of an invocation's time in which a host has requests left; a round lasts as long as its slowest host.
# Where all 200 hosts have eight pages, it is 0.74 (`python -m infra.bench rounds`).
BUSY: Final = 0.5
DELAY: Final = 5.0  # seconds between two requests to a host
PAGES: Final = 47  # of a crawl at most, which takes no request after 240 s; the rest has another crawl at once
MEMORY: Final = 0.5  # GB, as template.yaml has it
EVERY: Final = 60.0  # minutes between two crawls of a source by default
WAITS: Final = (1.0, 2.0, 4.0)  # of these intervals, after no crawl without news, one, and more
TOGETHER: Final = 120.0  # minutes, an interval for which looks wait
LONGEST: Final = 4.0  # hours between two crawls without news, unless the interval is longer
NIGHT: Final = 0.25  # assumed: share of a day's stories in eight hours of it
START: Final = 0.4  # seconds of an invocation besides its pages: feed, report, state


def side_by_side(outlets: float) -> float:
    """Return the average number of hosts of an invocation, given the number of outlets."""
    return max(1.0, min(outlets / SHARDS, ROUND) * BUSY)


def crawls(stories: float, pages: float, every: float = EVERY) -> float:
    """Return the crawls of a source in a day, given its stories, which appear at random, and all its pages.

    ``every`` is the source's interval in minutes. Above two hours, looks have crawls of their own in other hours.
    """
    if not stories:
        return 0
    found = _scheduled(stories, every)
    if every > TOGETHER:
        found = max(found, _scheduled(stories, EVERY))
    return found * _pieces(pages / found)


def _scheduled(stories: float, every: float) -> float:
    interval = every / 60
    waits = [max(interval, min(interval * times, LONGEST)) for times in WAITS]
    day, night = (_an_hour(stories * share / hours, waits) for share, hours in ((1 - NIGHT, 16), (NIGHT, 8)))
    return 16 * day + 8 * night


def _an_hour(stories: float, waits: Sequence[float]) -> float:
    """Return the crawls of an hour by the average wait between two, given the stories of an hour."""
    first, second, last = (math.exp(-stories * wait) for wait in waits)  # chances of no news
    shares = (1, first, first * second / (1 - last))
    return sum(shares) / sum(share * wait for share, wait in zip(shares, waits, strict=True))


def _pieces(pages: float) -> float:
    """Return the average crawls in place of one with so many pages on average, at random."""
    found = NormalDist(pages, math.sqrt(pages))
    most = math.ceil((pages + 5 * math.sqrt(pages)) / PAGES)
    return 1 + sum(1 - found.cdf(PAGES * times) for times in range(1, most + 1))


def page_gb_seconds(hosts: float, delay: float = DELAY, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one page."""
    return delay * memory / hosts


def start_gb_seconds(hosts: float, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one source's crawl besides its pages."""
    return (START + DELAY) * memory / hosts
