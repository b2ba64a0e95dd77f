"""What an invocation of the crawl function does: the constants of its Lambda seconds.

A crawl waits for its outlets, so a page costs its host's delay, divided by the hosts of one invocation.
"""

from typing import Final

HOSTS: Final = 1  # crawled side by side by one invocation, on average
DELAY: Final = 5.0  # seconds between two requests to a host
MEMORY: Final = 0.5  # GB, as template.yaml has it
A_DAY: Final = 48  # crawls of a source: `every` is 30 minutes
START: Final = 0.4  # seconds of an invocation besides its pages: feed, report, state


def page_gb_seconds(hosts: float = HOSTS, delay: float = DELAY, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one page."""
    return delay * memory / hosts


def start_gb_seconds(hosts: float = HOSTS, memory: float = MEMORY) -> float:
    """Return the GB-seconds of one source's crawl besides its pages."""
    return (START + DELAY) * memory / hosts
