"""Bounds of believable dates."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dateline.instants import is_believable

CAPTURED = datetime(2019, 4, 17, 6, 0, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))


@pytest.mark.parametrize(
    ("at", "believable"),
    [
        (datetime(2019, 4, 16, 9, 30, tzinfo=UTC), True),
        (datetime(2019, 4, 18, 5, 59, tzinfo=UTC), True),
        (datetime(2019, 4, 18, 19, 59, tzinfo=EAST), True),
        (datetime(2019, 4, 18, 6, 1, tzinfo=UTC), False),
        (datetime(2019, 4, 17), True),  # noqa: DTZ001 - a page's date without a zone
        (datetime(1990, 1, 1, tzinfo=EAST), True),
        (datetime(1989, 12, 31, tzinfo=WEST), False),
        (datetime(1, 1, 1, tzinfo=EAST), False),
        (datetime(9999, 12, 31, 23, 59, tzinfo=WEST), False),
    ],
)
def test_years_that_are_believed(at: datetime, believable: bool) -> None:
    """A date is believed from 1990 to the day after the capture, and no year raises."""
    assert is_believable(at, CAPTURED) is believable


def test_now_is_latest_by_default() -> None:
    """Without a capture, tomorrow counts from now."""
    now = datetime.now(UTC)
    assert is_believable(now)
    assert not is_believable(now + timedelta(days=2))
