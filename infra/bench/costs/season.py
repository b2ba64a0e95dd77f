"""A season of crawls: fifty outlets, ninety days, the cap of looks, and what is due at the end of each day."""

import heapq
import random
from datetime import UTC, datetime, timedelta

from dateline.sources import revisit_plan
from dateline.sources.revisit_plan import Seen
from dateline.state.records import Habit
from spiders.state.ledger import MAX_DUE, MAX_REVISITS

_BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
_EVERY = timedelta(hours=1)
_DELAY = 5.0
_BUSY = 600  # stories a day of the busiest outlets, which the cap is for


class Host:
    """One outlet with one feed: its due stories by time, and the looks of its days."""

    def __init__(self, chance: random.Random, a_day: float) -> None:
        self._chance, self._a_day = chance, a_day
        self._due: list[tuple[datetime, datetime]] = []  # when, and the story's birth
        self.looks: list[int] = []
        self.passed_over = 0

    def crawl(self, now: datetime) -> None:
        """Capture new stories, then look again as far as the day's looks go, at the youngest first."""
        for _ in range(self._poisson(self._a_day / 24)):
            self._plan(now - _EVERY * self._chance.random(), now)
        if now.hour == now.minute == 0:
            self.looks.append(0)
        found: list[datetime] = []
        while self._due and self._due[0][0] <= now and len(found) < MAX_DUE:
            found.append(heapq.heappop(self._due)[1])
        room = revisit_plan.allowance(revisit_plan.daily_cap(_DELAY), self.looks[-1], now)
        made = min(len(found), room, MAX_REVISITS)
        self.looks[-1] += made
        self.passed_over += len(found) - made
        for born in sorted(found, reverse=True):
            self._plan(born, now)

    def late(self, now: datetime) -> int:
        """Return the number of stories that have been due for longer than a crawl."""
        return sum(at <= now - _EVERY for at, _ in self._due)

    def _plan(self, born: datetime, now: datetime) -> None:
        due = revisit_plan.due(revisit_plan.DEFAULT, born, now, Seen.OTHER, Habit())
        if due:
            heapq.heappush(self._due, (due, born))

    def _poisson(self, expected: float) -> int:
        """Draw a number of events (Knuth's method)."""
        number, left = -1, 1.0
        least = 2.718281828459045**-expected
        while left > least:
            number, left = number + 1, left * self._chance.random()
        return number


def season(days: int = 90, outlets: int = 50, seed: int = 1) -> tuple[float, int, float]:
    """Return the busiest host's share of its cap, the late looks at the end, and the share of looks passed over.

    Outlets have 5 to 100 stories a day, every tenth has 600.
    """
    chance = random.Random(seed)  # noqa: S311 - a seed makes the season the same each time
    hosts = [Host(chance, _BUSY if number % 10 == 0 else chance.uniform(5, 100)) for number in range(outlets)]
    now = _BEGINS
    for _ in range(days * 24):
        for host in hosts:
            host.crawl(now)
        now += _EVERY
    busiest = max(max(host.looks) for host in hosts) / revisit_plan.daily_cap(_DELAY)
    passed = sum(host.passed_over for host in hosts)
    return busiest, sum(host.late(now) for host in hosts), passed / (passed + sum(sum(host.looks) for host in hosts))
