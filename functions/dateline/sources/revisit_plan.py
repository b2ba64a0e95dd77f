"""When a captured page is worth another look: young stories are edited and withdrawn often, old ones hardly ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta

Plan = Sequence[tuple[int, int]]

# Upper bounds of a story's age and intervals of visits, both in minutes.
DEFAULT: Plan = (
    (3 * 60, 15),
    (24 * 60, 60),
    (7 * 24 * 60, 3 * 60),
    (30 * 24 * 60, 3 * 24 * 60),
    (365 * 24 * 60, 30 * 24 * 60),
)


def due(plan: Plan, born: datetime, seen: datetime) -> datetime | None:
    """Return the next visit of a page last ``seen``, or None if its story, ``born`` long ago, is too old for the plan.

    A story dated in the future counts as new.
    """
    age = seen - born
    for minutes, every in plan:
        if age < timedelta(minutes=minutes):
            return seen + timedelta(minutes=every)
    return None
