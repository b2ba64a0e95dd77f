"""What an invocation of the crawl function does: the constants of its Lambda seconds.

A crawl waits for its outlets, so a page costs its host's delay, divided by the hosts of one invocation.
"""

from typing import Final

SHARDS: Final = 3  # as template.yaml has it
ROUND: Final = 200  # sources of an invocation, at most
# Assumed: share of an invocation's time in which a host has requests left; a round lasts as long as its slowest host.
# Where all 200 hosts have eight pages, it is 0.74 (`python -m infra.bench rounds`).
BUSY: Final = 0.5
DELAY: Final = 5.0  # seconds between two requests to a host
MEMORY: Final = 0.5  # GB, as template.yaml has it
A_DAY: Final = 48  # crawls of a source: `every` is 30 minutes
START: Final = 0.4  # seconds of an invocation besides its pages: feed, report, state


def side_by_side(outlets: float) -> float:
    """Return the average number of hosts of an invocation, given the number of outlets."""
    return max(1.0, min(outlets / SHARDS, ROUND) * BUSY)


def page_gb_seconds(hosts: float, delay: float = DELAY, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one page."""
    return delay * memory / hosts


def start_gb_seconds(hosts: float, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one source's crawl besides its pages."""
    return (START + DELAY) * memory / hosts
