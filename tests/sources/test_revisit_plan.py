"""When a story is looked at again, how often in a year, and how many looks an outlet bears in a day."""

from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest

from dateline.cost import measured
from dateline.sources import revisit_plan
from dateline.sources.revisit_plan import DEFAULT, YEAR, Plan, Seen
from dateline.state.records import Habit
from infra.bench.costs import edits
from infra.bench.costs.season import season

AT = datetime(2026, 10, 20, 12, tzinfo=UTC)
FIXED: Plan = ((180, 15), (1440, 60))


def ages(found: Seen = Seen.OTHER, habit: Habit | None = None) -> list[timedelta]:
    """The ages of a story's looks that all find the same."""
    looks = []
    seen = revisit_plan.due(DEFAULT, AT, AT)
    while seen:
        looks.append(seen - AT)
        seen = revisit_plan.due(DEFAULT, AT, seen, found, habit)
    return looks


def test_base_plan_seven_looks() -> None:
    """The base plan has seven looks in a year."""
    hours = [round(age / timedelta(hours=1)) for age in ages()]
    assert hours == [1, 4, 12, 43, 300, 2101, 8760]


@pytest.mark.parametrize(
    ("age", "next_age"),
    [
        (timedelta(hours=-2), timedelta(hours=-1)),  # dated in the future: an hour after the look
        (timedelta(minutes=10), timedelta(hours=1)),
        (timedelta(hours=1), timedelta(hours=3.5)),
        (timedelta(days=2), timedelta(days=14)),
        (timedelta(days=100), YEAR),
        (timedelta(days=300), None),
        (timedelta(days=4000), None),
    ],
)
def test_next_look_follows_age(age: timedelta, next_age: timedelta | None) -> None:
    """The next look is at a multiple of the age, a larger one after the first day."""
    due = revisit_plan.due(DEFAULT, AT - age, AT, Seen.OTHER)
    assert due == (AT - age + next_age if next_age else None)


def test_findings_move_next_look() -> None:
    """Unchanged pages rest longer, changed ones shorter."""
    same, other, changed = (revisit_plan.ratio(found, Habit()) for found in (Seen.SAME, Seen.OTHER, Seen.CHANGED))
    assert same > other > changed
    assert len(ages(Seen.SAME)) <= len(ages(Seen.OTHER)) < len(ages(Seen.CHANGED))


@pytest.mark.parametrize("found", Seen)
def test_outlet_habit_moves_looks(found: Seen) -> None:
    """An outlet that never edits is looked at less than a usual one, and one that edits much more; within bounds."""
    never, unknown, often = (
        len(ages(found, habit)) for habit in (Habit(looks=500), Habit(), Habit(looks=500, edits=150))
    )
    assert never < unknown < often
    assert (never, often) >= (5, 8)
    assert often <= 14


def test_a_few_looks_teach_little() -> None:
    one, many = (revisit_plan.ratio(Seen.OTHER, Habit(looks=looks)) for looks in (2, 400))
    assert one - revisit_plan.RATIO < 0.2 < many - revisit_plan.RATIO


@pytest.mark.parametrize(
    ("age", "interval"),
    [
        (timedelta(hours=-2), timedelta(minutes=15)),
        (timedelta(0), timedelta(minutes=15)),
        (timedelta(hours=3), timedelta(hours=1)),
        (timedelta(days=1), None),
    ],
)
def test_own_plan_is_kept(age: timedelta, interval: timedelta | None) -> None:
    """Pairs of minutes mean what they meant, whatever was found and whatever the outlet's habit."""
    due = revisit_plan.due(FIXED, AT - age, AT, Seen.SAME, Habit(looks=500))
    assert due == (AT + interval if interval else None)
    assert revisit_plan.due((), AT, AT) is None


def test_cap_by_share_and_number() -> None:
    """The cap is a share of requests and a number."""
    assert revisit_plan.daily_cap(5) == 1500, "at most"
    assert revisit_plan.daily_cap(30) == 288, "a tenth of 2,880 requests"
    assert revisit_plan.daily_cap(0) == 1500
    assert revisit_plan.daily_cap(5, sharing=3) == 500, "of each source of the host"


@pytest.mark.parametrize(
    ("hour", "made", "left"), [(0, 0, 125), (12, 0, 875), (12, 875, 0), (12, 2000, 0), (23, 0, 1500)]
)
def test_looks_spread_over_day(hour: int, made: int, left: int) -> None:
    """A burst in the morning leaves looks for the evening; a day never has more than its cap."""
    assert revisit_plan.allowance(1500, made, AT.replace(hour=hour)) == left


def test_tenth_catches_most_edits() -> None:
    """Of the model of infra/bench/models/edit_model.py; the bill's number of looks is the simulation's."""
    every, learned = edits.compare(2000)
    assert learned.caught >= 0.9 * every.caught
    assert mean(learned.looks) <= 12
    assert mean(learned.looks) == pytest.approx(measured.LOOKS, rel=0.1)


def test_hosts_stay_below_cap() -> None:
    """Ten days of ten outlets, one of them with 600 stories a day; the bench has the whole season."""
    most, late, passed = season(days=10, outlets=10)
    assert most <= 1
    assert late == 0
    assert 0 < passed < 0.9
