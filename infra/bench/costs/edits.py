"""Revisits against a model of edits (``edit_model``): edits caught, their delay, looks at a story, looks at a host.

An edit is caught if a look comes after it and before the next edit. Edits before the first capture count for nobody.
"""

import bisect
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, quantiles

from dateline.sources import revisit_plan
from dateline.sources.revisit_plan import Fixed, Plan, Seen
from dateline.state.records import Habit
from infra.bench.costs.season import season
from infra.bench.models import edit_model
from infra.bench.models.edit_model import CRAWL_EVERY, Outlet
from infra.bench.result import Result, Row, Target

BEFORE: Fixed = (  # the plan before December 2026: 101 looks
    (3 * 60, 15),
    (24 * 60, 60),
    (7 * 24 * 60, 3 * 60),
    (30 * 24 * 60, 3 * 24 * 60),
    (365 * 24 * 60, 30 * 24 * 60),
)
_BORN = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_LOOKS, _LEAST_CAUGHT = 12, 0.9
_PER_OUTLET = 50  # stories


@dataclass(frozen=True, slots=True)
class Story:
    """A story with the hours of its edits and of its first capture."""

    outlet: Outlet
    edits: Sequence[float]
    first: float


@dataclass(slots=True)
class Caught:
    """What a plan sees of some stories."""

    edits: int = 0
    caught: int = 0
    looks: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)  # hours

    def row(self, subject: str) -> Row:
        parts = quantiles(self.delays, n=10)
        return Row(
            subject,
            {
                "edits_caught_%": round(100 * self.caught / self.edits, 1),
                "looks_per_story": round(mean(self.looks), 1),
                "delay_median_h": round(parts[4], 2),
                "delay_p90_h": round(parts[8], 1),
            },
        )


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001
    """Simulate ``count`` stories under both plans, and a season of fifty outlets."""
    method = "edits of infra/bench/models/edit_model.py; an edit is caught by a look before the next edit"
    result = Result(bench="edits", method=method)
    every, learned = compare(count)
    result.rows += [every.row("101 looks"), learned.row("learning plan")]
    for dated in (0.0, 1.0):
        result.rows.append(compare(count // 2, dated=dated)[1].row(f"learning, {dated:.0%} of outlets date edits"))
    ratio = learned.caught / every.caught
    looks = mean(learned.looks) / _MOST_LOOKS
    result.targets.append(Target(what="edits that 101 looks catch", ratio=ratio, at_least=_LEAST_CAUGHT))
    result.targets.append(Target(what=f"{_MOST_LOOKS} looks per story", ratio=looks, at_most=1))
    most, left, passed = season()
    result.targets.append(
        Target(what="daily cap, by the busiest host of 90 days and 50 outlets", ratio=most, at_most=1)
    )
    result.notes.append(f"90 days, 50 outlets: {passed:.1%} of the due looks passed over, {left} due at the end")
    return result


def compare(count: int, *, dated: float = 0.5, seed: int = 1) -> tuple[Caught, Caught]:
    """Return what 101 looks and the learning plan see of the same stories."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the stories the same each time
    every, learned = Caught(), Caught()
    for outlet in edit_model.outlets(chance, count // _PER_OUTLET, dated):
        habit = Habit()
        for _ in range(_PER_OUTLET):
            story = Story(outlet, edit_model.edits(chance, outlet), chance.uniform(0, CRAWL_EVERY))
            _note(every, story.edits, list(looks(chance, story, BEFORE, habit)))
            seen = list(looks(chance, story, revisit_plan.DEFAULT, habit))
            found = _note(learned, story.edits, seen)
            habit = Habit(looks=habit.looks + len(seen) - 1, edits=habit.edits + found)
    return every, learned


def looks(chance: random.Random, story: Story, plan: Plan, habit: Habit) -> Iterator[float]:
    """Yield the hours of a story's looks, its first capture included."""
    outlet, times, age, found = story.outlet, story.edits, story.first, Seen.FIRST
    while True:
        yield age
        due = revisit_plan.due(plan, _BORN, _BORN + timedelta(hours=age), found, habit)
        told = _told(chance, outlet, times, age)
        if due is None and told is None:
            return
        late = chance.uniform(0, CRAWL_EVERY)
        planned = (due - _BORN) / timedelta(hours=1) + late if due else float("inf")
        before, age = age, min(planned, told or float("inf"))
        changed = bisect.bisect(times, age) > bisect.bisect(times, before)
        found = _found(outlet, changed=changed, told=age == told)


def _told(chance: random.Random, outlet: Outlet, times: Sequence[float], age: float) -> float | None:
    """When a crawl reads a later date in a feed or sitemap."""
    later = next((at for at in times if age < at < edit_model.LISTED), None) if outlet.dated else None
    return None if later is None else later + chance.uniform(0, CRAWL_EVERY)


def _found(outlet: Outlet, *, changed: bool, told: bool) -> Seen:
    if told or (changed and outlet.stable):
        return Seen.CHANGED
    return Seen.SAME if outlet.stable else Seen.OTHER


def _note(seen: Caught, times: Sequence[float], ages: Sequence[float]) -> int:
    """Count a story's edits after its first capture, and those that a look caught."""
    caught = 0
    for at, following in zip(times, [*times[1:], float("inf")], strict=False):
        if at > ages[0]:
            seen.edits += 1
            look = bisect.bisect_left(ages, at)
            if look < len(ages) and ages[look] < following:
                caught += 1
                seen.delays.append(ages[look] - at)
    seen.caught += caught
    seen.looks.append(len(ages) - 1)
    return caught
