"""A model of edits: when stories of an outlet change, and how an outlet shows it.

Assumptions, after studies of silent edits in news (most edits come in the first day, few stories are edited twice):

- Three outlets in ten never edit, five edit 15 % of their stories, two edit 45 %.
- The first edit of a story is lognormal after publication, median 1.5 h; a third of the edited stories are edited
  again, each time after a lognormal pause of median 3 h. Two stories in a hundred also change once in the year.
- Half of the outlets give later dates in feeds or sitemaps, which list a story for two days. Half have validators; the
  pages of the others have other bytes at each look.
- Stories are found by a crawl every hour.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

HOUR, DAY = 1.0, 24.0  # all times are in hours after publication
YEAR = 365 * DAY
CRAWL_EVERY = 1.0
LISTED = 2 * DAY
_EDITED = ((0.0, 0.3), (0.15, 0.5), (0.45, 0.2))  # share of a story's being edited, and of outlets
_AGAIN, _LATE = 0.33, 0.02


@dataclass(frozen=True, slots=True)
class Outlet:
    """``edited`` is the share of its stories with edits; ``dated`` ones show them, ``stable`` ones have validators."""

    edited: float
    dated: bool
    stable: bool


def outlets(chance: random.Random, count: int, dated: float = 0.5) -> list[Outlet]:
    """Draw outlets, of which so many show edits by later dates."""
    shares, weights = zip(*_EDITED, strict=True)
    drawn = chance.choices(shares, weights, k=count)
    return [Outlet(edited, chance.random() < dated, chance.random() < 0.5) for edited in drawn]


def edits(chance: random.Random, outlet: Outlet) -> list[float]:
    """Draw the times of one story's edits in its first year, in order."""
    return sorted(at for at in _drawn(chance, outlet) if at < YEAR)


def _drawn(chance: random.Random, outlet: Outlet) -> Iterator[float]:
    if chance.random() < outlet.edited:
        at = chance.lognormvariate(math.log(1.5 * HOUR), 1.4)
        yield at
        while chance.random() < _AGAIN:
            at += chance.lognormvariate(math.log(3 * HOUR), 1.5)
            yield at
    if chance.random() < _LATE:
        yield chance.uniform(0, YEAR)
