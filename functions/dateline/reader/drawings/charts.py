"""The reading room's drawings beside maps: the months of a search, and the line of time of a story's copies."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dateline.story import Story

WIDTH, HEIGHT = 960, 88  # units of the months' drawing
_MOST_MONTHS = 240  # twenty years; an undated import may be of 1970
_WIDEST, _GAP = 48.0, 0.15  # of a bar in units, and the share of it that stays empty


@dataclass(frozen=True, slots=True)
class Bar:
    """A month's bar in units of the drawing, its number of stories, and its first and last day."""

    month: str
    stories: int
    x: float
    width: float
    height: float
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Event:
    """A moment in the life of a story's copies: ``published`` or ``changed``; ``first`` is the first change of all."""

    kind: str
    at: str
    story: Story
    first: bool = False


def months(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    """Return a bar for each month (``yyyy-mm``) from the first to the last with stories, empty ones too."""
    if not counts:
        return ()
    shown = _between(min(counts), max(counts))[-_MOST_MONTHS:]
    most, width = max(counts.get(each, 0) for each in shown), min(_WIDEST, WIDTH / len(shown))
    return tuple(
        Bar(
            month=month,
            stories=counts.get(month, 0),
            x=round(number * width, 2),
            width=round(width * (1 - _GAP), 2),
            height=round(HEIGHT * counts.get(month, 0) / most, 1),
            first=f"{month}-01",
            last=f"{month}-{monthrange(int(month[:4]), int(month[5:7]))[1]:02}",
        )
        for number, month in enumerate(shown)
    )


def life(copies: Sequence[Story], revisions: Mapping[str, Iterable[Story]]) -> tuple[Event, ...]:
    """Return what happened to copies in the order of time; ``revisions`` are those of the copies with several."""
    events = [Event("published", each.published_at or each.first_seen_at, each) for each in copies]
    changed = [
        Event("changed", each.captured_at, each) for found in revisions.values() for each in found if each.revision > 1
    ]
    first = min(changed, key=_instant, default=None)
    events += [Event(each.kind, each.at, each.story, first=each is first) for each in changed]
    return tuple(sorted(events, key=_instant))


def _instant(event: Event) -> tuple[float, str]:
    at = datetime.fromisoformat(event.at if len(event.at) > 10 else f"{event.at}T00:00Z")
    return at.timestamp(), event.story.id


def _between(first: str, last: str) -> list[str]:
    start, end = (int(month[:4]) * 12 + int(month[5:7]) - 1 for month in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1)]
