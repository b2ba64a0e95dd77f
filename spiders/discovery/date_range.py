"""Date ranges: the window of a history crawl, and days stated by addresses."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

_YEAR, _MONTH, _DAY = r"(?<!\d)((?:19|20)\d\d)", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])(?!\d)"
_DAY_OF = re.compile(rf"{_YEAR}([/_.-]?){_MONTH}\2{_DAY}")
_DAY_OF_LOOSE = re.compile(rf"{_YEAR}[/_.-](\d\d?)[/_.-](\d\d?)(?!\d)")  # /2019/4/6/
_MONTH_OF = re.compile(rf"{_YEAR}[/_.-](1[0-2]|0?[1-9])(?!\d)")
_MONTH_OF_FILE = re.compile(rf"{_YEAR}{_MONTH}(?!\d)")  # in an article's address, 201904 is a number as any other
_YEAR_OF_FILE = re.compile(rf"{_YEAR}(?!\d)")
_QUERY = {"y": 0, "yy": 0, "yyyy": 0, "year": 0, "m": 1, "mm": 1, "month": 1, "d": 2, "dd": 2, "day": 2}


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, year: int, month: int | None = None, day: int | None = None) -> Self:
        """A year, a month or a day; ValueError if there is no such."""
        last_month = month or 12
        last_day = day or monthrange(year, last_month)[1]
        return cls(date(year, month or 1, day or 1), date(year, last_month, last_day))

    @classmethod
    def at(cls, instant: datetime) -> Self:
        """Return the day of an instant in its own zone."""
        return cls(instant.date(), instant.date())


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days of a history crawl, both included, in the outlet's zone; without any, for news."""

    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, since: str | None, until: str | None) -> Self:
        """Return a window of ISO 8601 days. Raises ValueError for an invalid day, or an end before the start."""
        first, last = (_day(day) if day else None for day in (since, until))
        window = cls(since=first, until=last)
        if window.since and window.until and window.until < window.since:
            raise ValueError(f"the window ends ({until}) before it begins ({since})")
        return window

    def __bool__(self) -> bool:
        return bool(self.since or self.until)

    def has(self, period: Period) -> bool:
        """Whether some day of the period is in the window."""
        return not self.is_after(period) and not (self.until and period.first > self.until)

    def is_after(self, period: Period) -> bool:
        """Whether the period is over before the window begins."""
        return bool(self.since and period.last < self.since)


def period(url: str) -> Period | None:
    """Return the day or month in a story's address: ``/2019/04/16/``, ``/2019-04/``, ``?date=20190416``."""
    return next(_periods(_written(url), (_DAY_OF, _DAY_OF_LOOSE, _MONTH_OF)), None)


def file_period(url: str) -> Period | None:
    """Return the day, month or year in a sitemap's address: ``sitemap-201904.xml``, ``?yyyy=2019``."""
    patterns = (_DAY_OF, _DAY_OF_LOOSE, _MONTH_OF, _MONTH_OF_FILE)
    named = next(_periods(_written(url), patterns), None) or _queried(url)
    return named or next(_periods(_written(url), (_YEAR_OF_FILE,)), None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day such as 2019-04-16") from error


def _written(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _periods(text: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[Period]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            numbers = [int(group) for group in match.groups() if group and group.isdigit()]
            try:
                yield Period.of(*numbers)
            except ValueError:  # no day of the calendar, so no date
                continue


def _queried(url: str) -> Period | None:
    """Return the period in ``?yyyy=2019&mm=04``, as in sitemaps made on request."""
    said = {_QUERY[name.lower()]: value for name, value in parse_qsl(urlsplit(url).query) if name.lower() in _QUERY}
    numbers = [int(value) for value in takewhile(str.isdecimal, (said.get(part, "") for part in range(3)))]
    try:
        return Period.of(*numbers) if numbers and 1990 <= numbers[0] <= 2100 else None
    except ValueError:
        return None
