"""The simulated day: every story is indexed or still due, and the limits of AWS show."""

from datetime import timedelta

import pytest

from dateline.cost.model import Workload
from infra.bench.costs.day import run
from infra.bench.models.day import CONCURRENCY, Day, day


@pytest.fixture(scope="module")
def small() -> Day:
    return day(outlets=9, stories=30)


def test_stories_are_indexed_soon(small: Day) -> None:
    """Half within the hour between two crawls, all within the four hours of an outlet without news, and a round."""
    assert 0 < small.lag(0.5) < 60 < small.lag(1) < 270
    assert abs(len(small.lags) - 9 * 30) < 30, "a day's stories, but for those of its two midnights"
    assert small.left < 100
    assert (small.throttled, small.full_seconds) == (0, 0)


def test_slow_extraction_delays_stories(small: Day) -> None:
    """One extraction function is later with the same stories."""
    fewer = day(outlets=9, stories=30, extractions=1)
    assert fewer.at_once <= small.at_once
    assert fewer.lag(1) >= small.lag(1)
    assert (fewer.files, fewer.looks) == pytest.approx((small.files, small.looks), rel=0.05)


def test_many_shards_are_throttled() -> None:
    """More shards than the account has functions at once."""
    found = day(outlets=200, stories=30, shards=100)
    assert found.at_once > CONCURRENCY
    assert found.throttled > 0


def test_busy_outlets_leave_pages() -> None:
    """An outlet with more pages than its delay allows has a rest at the end, which grows."""
    assert day(outlets=3, stories=3_000).left > 100 * day(outlets=3, stories=30).left > 0


@pytest.mark.parametrize("every", [30, 60, 90, 120])
def test_files_are_the_bills(every: int) -> None:
    """The bill has as many WARC files as the simulation, which knows due looks and the time of a crawl."""
    work = Workload(outlets=40, stories_a_day=100, every=every)
    found = day(outlets=work.outlets, stories=100, every=timedelta(minutes=every))
    assert found.files == pytest.approx(work.files * work.pages_a_day * work.outlets, rel=0.1)


def test_shorter_intervals_are_sooner() -> None:
    half, hour, two = (day(outlets=9, stories=60, every=timedelta(minutes=every)) for every in (30, 60, 120))
    assert half.lag(0.5) < hour.lag(0.5) < two.lag(0.5)


def test_day_bench_has_figures() -> None:
    result = run(count=60)
    others = [f"60 outlets, {every} minutes" for every in (30, 90, 120)]
    assert [row.subject for row in result.rows] == ["50 outlets", "60 outlets", *others]
    assert all(target.met for target in result.targets)
    assert result.rows[1].figures["dollars_per_day"] > result.rows[0].figures["dollars_per_day"]
