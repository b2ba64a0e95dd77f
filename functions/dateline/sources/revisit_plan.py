"""When a captured page is worth another look: young stories are edited and withdrawn often, old ones hardly ever.

By default the plan learns. A story is looked at when it is ``RATIO`` times as old as at the last look, and after its
first day ``LATER`` times that, from an hour after its birth to a year: 1 h, 3.5 h, 12 h, 43 h, 12 d, 88 d and 365 d.
Found with the same bytes it rests longer, found with other bytes in spite of validators (``ETag``, ``Last-Modified``)
it is looked at sooner, and so are all stories of an outlet that edits often. A later date in a feed or sitemap asks
for a look at once. ``python -m infra.bench edits`` measures the plan against a model of edits.

Looks are capped for each source and day. When the cap binds, the youngest stories are looked at, and the others wait
for their next turn as if they had been: nothing piles up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from dateline.state.records import Habit

Fixed = Sequence[tuple[int, int]]  # upper bounds of a story's age and intervals of visits, both in minutes

FIRST = timedelta(hours=1)  # after a story's birth
YEAR = timedelta(days=365)  # the age of the last look
DAY = timedelta(days=1)
RATIO = 3.5  # of a story's ages at two looks in its first day
# Times the ratio from then on, since most edits are of the first day. In the mean of six runs of the bench, 4.0 and 1.0
# catch 93.7 % of the edits by 6.45 looks; 3.5 and 2.0 catch as many by 5.9.
LATER = 2.0
CALM, RESTLESS = 1.25, 0.625  # times the ratio, of a page found unchanged or changed
_LEAST, _MOST = 1.75, 8.0  # ratios: from five looks in a year to twelve
_USUAL = 0.04  # edits found by a look, over all outlets of the bench's model
_DOUBT = 25  # looks at a usual outlet that an outlet's own are weighed against
_LAST = 0.8  # of a year: a look from that age on is the last

SHARE = 0.1  # of the requests that a day has room for
MOST = 1500  # looks at one source in a day
_AHEAD = 1 / 12  # of a day's looks may be made before their time: crawls are not evenly spread


class Seen(Enum):
    """What a look found."""

    FIRST = auto()
    SAME = auto()  # the bytes of the last capture
    OTHER = auto()  # other bytes, perhaps of the page's furniture
    CHANGED = auto()  # other bytes, of a page with validators or with a later date


@dataclass(frozen=True, slots=True)
class Learning:
    """The default plan."""


DEFAULT = Learning()
Plan = Fixed | Learning


def due(
    plan: Plan, born: datetime, seen: datetime, found: Seen = Seen.FIRST, habit: Habit | None = None
) -> datetime | None:
    """Return the next visit of a page last ``seen``, or None if its story, ``born`` long ago, is too old for the plan.

    A story dated in the future counts as new. ``found`` and ``habit`` matter to the learning plan alone.
    """
    if isinstance(plan, Learning):
        return _learned(born, seen, found, habit or Habit())
    age = seen - born
    for minutes, every in plan:
        if age < timedelta(minutes=minutes):
            return seen + timedelta(minutes=every)
    return None


def ratio(found: Seen, habit: Habit) -> float:
    """Return how many times as old a story is at its next look."""
    edits = (habit.edits + _USUAL * _DOUBT) / (habit.looks + _DOUBT)  # by a look
    restless = math.sqrt(_USUAL / edits)  # four times as many edits: half the ratio
    by_page = {Seen.SAME: CALM, Seen.CHANGED: RESTLESS}.get(found, 1.0)
    return min(max(RATIO * restless * by_page, _LEAST), _MOST)


def _learned(born: datetime, seen: datetime, found: Seen, habit: Habit) -> datetime | None:
    birth = min(born, seen)
    age = seen - birth
    if age >= _LAST * YEAR:
        return None
    later = LATER if age >= DAY else 1.0
    return birth + min(max(FIRST, age * ratio(found, habit) * later), YEAR)


def daily_cap(delay: float, sharing: int = 1) -> int:
    """Return the most looks at a source in a day, given its delay in seconds and the sources of its host."""
    room = timedelta(days=1).total_seconds() / max(delay, 1)
    return int(min(SHARE * room, MOST) / sharing)


def allowance(cap: int, made: int, now: datetime) -> int:
    """Return the looks that a crawl may make ``now``, after those ``made`` on the same day (UTC)."""
    at = now.astimezone(UTC)
    past = (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
    return max(0, min(cap, round(cap * (past + _AHEAD))) - made)
