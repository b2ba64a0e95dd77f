"""What an invocation of the crawl function does: the constants of its Lambda seconds.

A crawl waits for its outlets, so a page costs its host's delay, divided by the hosts of one invocation. An outlet is
crawled less often while it has no news (``spiders.runs.schedule``).
"""

import math
from typing import Final

SHARDS: Final = 3  # as template.yaml has it
ROUND: Final = 200  # sources of an invocation, at most
# Assumed: share of an invocation's time in which a host has requests left; a round lasts as long as its slowest host.
# Where all 200 hosts have eight pages, it is 0.74 (`python -m infra.bench rounds`).
BUSY: Final = 0.5
DELAY: Final = 5.0  # seconds between two requests to a host
MEMORY: Final = 0.5  # GB, as template.yaml has it
WAITS: Final = (1.0, 2.0, 4.0)  # hours between two crawls, after none without news, one, and more
NIGHT: Final = 0.25  # assumed: share of a day's stories in eight hours of it
START: Final = 0.4  # seconds of an invocation besides its pages: feed, report, state


def side_by_side(outlets: float) -> float:
    """Return the average number of hosts of an invocation, given the number of outlets."""
    return max(1.0, min(outlets / SHARDS, ROUND) * BUSY)


def crawls(stories: float) -> float:
    """Return the scheduled crawls of a source in a day, given its stories, which appear at random."""
    return (16 * _an_hour(stories * (1 - NIGHT) / 16) + 8 * _an_hour(stories * NIGHT / 8)) if stories else 0


def _an_hour(stories: float) -> float:
    """Return the crawls of an hour by the average wait between two, given the stories of an hour."""
    first, second, last = (math.exp(-stories * wait) for wait in WAITS)  # chances of no news
    shares = (1, first, first * second / (1 - last))
    return sum(shares) / sum(share * wait for share, wait in zip(shares, WAITS, strict=True))


def page_gb_seconds(hosts: float, delay: float = DELAY, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one page."""
    return delay * memory / hosts


def start_gb_seconds(hosts: float, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one source's crawl besides its pages."""
    return (START + DELAY) * memory / hosts
