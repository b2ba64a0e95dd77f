"""A written date to an instant: ISO 8601, RFC 822, asctime, and day and month as outlets write them."""

import re
from datetime import UTC, datetime, time
from functools import cache, lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.parser import isoparse

from dateline.extraction.fields.dates import clock
from dateline.extraction.fields.dates.clock import Clock
from dateline.extraction.fields.dates.month_names import NAMES, SOLAR_NAMES, fold, month, solar_month

Precision = Literal["second", "minute", "day"]

_LONGEST = 400  # characters: no written date is longer, whatever a page puts into an attribute
_YEAR = r"(?P<year>(?:19|20)\d\d)(?![\d:])"
_ERA = r"(?:\s?م(?!\w)\.?)?"  # the Gregorian one
_OF = r"(?:(?:de|of|من|شهر|من\s+شهر|ماه)\s+)?"
_IN = r"(?:(?:de|سنه|عام|لعام|لسنه|سال)\s+)?"
# A second name of the month ("نيسان/أبريل") may follow the first.
_TWICE = rf"(?:\s*[/(-]\s*[^\d/()]{{2,20}}[/)]?|\s+(?:{NAMES})(?!\w))?"
_PATTERNS = (
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:er|st|nd|rd|th|[.ºeي])?[\s/–.-]*{_OF}(?<![^\W\d])(?P<name>{NAMES})[ae]?ي?(?![^\W\d])\.?"
    rf"{_TWICE}[\s,،/–.-]*{_IN}{_YEAR}{_ERA}",
    rf"(?<!\w)(?P<name>{NAMES})\.?\s*[/-]?\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,،/–-]*{_YEAR}",
    # asctime, and as Java and Ruby write it
    rf"(?<!\w)(?P<name>{NAMES})\s+(?P<day>\d{{1,2}})\s+(?P<inner>\d{{1,2}}:\d\d:\d\d(?:\s+[a-z]{{3,4}})?(?:\s+[+-]\d{{4}})?)\s+{_YEAR}",
    r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?(?P<mark>[/.년年-])\s?(?P<month>\d{1,2})\s?(?:(?P=mark)|[月월])\s?(?P<day>\d{1,2})"
    r"(?:日|일)?(?=t\d|\D|$)",
    rf"(?<![\d/.-])(?P<day>\d{{1,2}})\s?(?P<mark>[/.-])\s?(?P<month>\d{{1,2}})\s?(?P=mark)\s?{_YEAR}",
    rf"(?<![\d/.:-])(?P<day>\d{{1,2}})(?P<mark>[/.-])(?P<month>\d{{1,2}}|{NAMES})(?P=mark)(?P<short>\d\d)(?![\d/.:-])",
    rf"(?<!\d)(?P<year>(?:19|20)\d\d)[\s,،./–-]+(?P<name>{NAMES})(?![^\W\d])[\s./–-]*(?P<day>\d{{1,2}})(?![\d:])",
    rf"(?<!\d)(?P<day>\d{{1,2}})\s*(?P<solar>{SOLAR_NAMES})(?!\w)(?:\s*ماه)?[\s,،]*(?P<year>1[34]\d\d)(?!\d)",
    rf"(?<!\d)(?P<day>\d{{1,2}})\s*(?P<solar>{SOLAR_NAMES})(?!\w)(?:\s*ماه)?[\s,،'’]*(?P<short>[089]\d)(?![\d:])",
    r"(?<!\d)(?P<year>1[34]\d\d)(?P<mark>[/.-])(?P<solar>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)",
)
_NUMERIC = (4, 5)  # patterns of numbers with an ambiguous order
# Numbers alone are Iran's calendar up to this year: the Islamic one was in its 1410s when the web began.
_LAST_SOLAR = 1410
_SOLAR_EPOCH = 226_895  # days of the proleptic Gregorian calendar
_GAP_AFTER = re.compile(r"[^\d\n]{0,24}?")
_GAP_BEFORE = re.compile(r"[^\d\n]{0,30}")
_ISO_SLIPS = re.compile(
    r"^(\d{4}-\d\d-\d\d)[T ]+(\d{1,2}:\d\d)(:\d{1,2})?(?:[.,]\d+)?\s*(?:(Z|UTC|GMT)|([+-]\d\d):?(\d\d)?)?$",
    re.IGNORECASE | re.ASCII,
)
_EPOCH = re.compile(r"([1-9]\d{8,9})(?:\d{3})?", re.ASCII)
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:T|$)", re.ASCII)


class Moment(NamedTuple):
    """A date as written: ``at`` is aware if it has an offset, else naive; at 0:00 if ``precision`` is ``day``."""

    at: datetime
    precision: Precision

    @property
    def zoned(self) -> bool:
        return self.at.tzinfo is not None

    def placed(self, zone: str | None) -> "Moment":
        """Without an offset, place the moment in a time zone (IANA), or reduce it to its day for an unknown zone."""
        if self.zoned or self.precision == "day":
            return self
        if zone is None:
            return Moment(datetime.combine(self.at, time()), "day")
        return Moment(self.at.replace(tzinfo=ZoneInfo(zone)), self.precision)

    def iso(self) -> str:
        if self.precision == "day":
            return self.at.date().isoformat()
        return self.at.isoformat(timespec="seconds")


class Written(NamedTuple):
    """A date in a text: positions of its day, and of its clock if any."""

    moment: Moment
    start: int
    end: int


class _Day(NamedTuple):
    at: datetime
    start: int
    end: int
    clock: Clock | None


def read(text: str, *, month_first: bool = False) -> Moment | None:
    """Return the first moment in a machine-readable or written date, or None.

    Numeric dates are day first, as in all of the archive's languages but American English (``month_first``). Never
    raises; impossible dates are skipped.
    """
    text = text[:_LONGEST].strip()
    if moment := _iso(text):
        return moment
    return next((written.moment for written in read_all(fold(text), month_first=month_first)), None)


def read_stated(text: str, *, month_first: bool = False) -> Moment | None:
    """Return the moment in data: as ``read``, or in seconds or milliseconds since 1970."""
    if epoch := _EPOCH.fullmatch(text.strip()):
        return Moment(datetime.fromtimestamp(int(epoch[1]), UTC), "second")
    return read(text, month_first=month_first)


def read_all(folded: str, *, month_first: bool = False) -> list[Written]:
    """Yield the dates in a text folded by ``month_names.fold``, each with its clock."""
    days = _days(folded[:_LONGEST], month_first)
    found: list[Written] = []
    for number, day in enumerate(days, 1):
        begins = found[-1].end if found else 0
        ends = days[number].start if number < len(days) else min(len(folded), _LONGEST)
        found.append(_with_clock(folded, day, begins, ends))
    return found


def read_clock(folded: str) -> Clock | None:
    """The time of day in a folded text without a date, or None."""
    match = _compiled(clock.PATTERN).search(folded[:_LONGEST])
    return clock.read(match) if match else None


def _iso(text: str) -> Moment | None:
    text = fold(text).upper() if not text.isascii() and len(text) < 40 else text
    if slips := _ISO_SLIPS.match(text):
        day, hours_minutes, seconds, utc, hours, minutes = slips.groups()
        offset = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
        text = f"{day}T{hours_minutes:0>5}{f':{seconds[1:]:0>2}' if seconds else ''}{offset}"
    if not _ISO.match(text):
        return None
    try:
        at = isoparse(text)
    except (ValueError, OverflowError):
        return None
    if "T" not in text:
        return Moment(at, "day")
    return Moment(at.replace(microsecond=0), "second" if re.search(r"T\d\d:?\d\d:?\d\d", text) else "minute")


@lru_cache(1 << 12)  # numbers of menus recur, and a page's dates are read by several rules
def _days(folded: str, month_first: bool) -> tuple[_Day, ...]:
    """Yield the days written in a text, in order; of overlapping ones, that of the earlier pattern."""
    if not re.search(r"\d", folded):
        return ()
    found: list[_Day] = []
    for number, pattern in enumerate(_PATTERNS):
        for match in _compiled(pattern).finditer(folded):
            free = all(match.end() <= day.start or match.start() >= day.end for day in found)
            at = _day(match.groupdict(), month_first and number in _NUMERIC) if free else None
            if at is not None:
                found.append(_Day(at, match.start(), match.end(), _inner_clock(match)))
    return tuple(sorted(found, key=lambda day: day.start))


@cache  # compiled when first used, not at the import, which is a function's cold start
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _inner_clock(match: re.Match[str]) -> Clock | None:
    inner = match.groupdict().get("inner")
    return read_clock(inner) if inner else None


def _day(parts: dict[str, str | None], swapped: bool) -> datetime | None:
    day, year = int(parts["day"] or 0), int(parts.get("year") or 0)
    short = parts.get("short")
    if parts.get("solar"):
        year = year or (1300 if int(short or 0) > 50 else 1400) + int(short or 0)
        return _from_solar(year, str(parts["solar"]), day)
    if short:
        year = 2000 + int(short) if int(short) < 70 else 1900 + int(short)
    name = parts.get("name") or parts.get("month") or ""
    number = int(name) if name.isdigit() else month(name) or 0
    if name.isdigit() and (number > 12 or (swapped and day <= 12)):
        day, number = number, day
    try:
        return datetime(year, number, day)  # noqa: DTZ001 - its zone is not known yet
    except ValueError:
        return None


def _from_solar(year: int, name: str, day: int) -> datetime | None:
    """Return the day of a Solar Hijri date, by the 33-year rule, valid in the years 1178 to 1633."""
    number = int(name) if name.isdigit() else solar_month(name) or 0
    if not (1 <= number <= 12 and 1 <= day <= 31 and (year <= _LAST_SOLAR or not name.isdigit())):
        return None
    new_year = _SOLAR_EPOCH + 365 * (year - 1) + (8 * year + 21) // 33
    days = 30 * (number - 1) + min(number - 1, 6) + day - 1  # the first six months have 31
    return datetime.fromordinal(new_year + days)


def _with_clock(folded: str, day: _Day, begins: int, ends: int) -> Written:
    """Return the day with the clock after it, or before it, within a few words and no other date's."""
    if day.clock:
        return Written(_at(day.at, day.clock), day.start, day.end)
    pattern = _compiled(clock.PATTERN)
    after = pattern.search(folded, day.end + folded[day.end : day.end + 1].startswith("t"), ends)
    behind = len(folded)
    if after and _GAP_AFTER.fullmatch(folded, day.end, after.start()) and clock.read(after):
        behind = after.start() - day.end
    for before in pattern.finditer(folded, begins, day.start):
        gap = before.start("unknown") if before["unknown"] else before.end()
        nearer = day.start - gap < behind and _GAP_BEFORE.fullmatch(folded, gap, day.start)
        if nearer and (told := clock.read(before)):
            return Written(_at(day.at, told), day.start, day.end)
    told = clock.read(after) if after and behind < len(folded) else None
    if after and told:
        ends = after.start("unknown") if after["unknown"] else after.end()
        return Written(_at(day.at, told), day.start, ends)
    return Written(Moment(day.at, "day"), day.start, day.end)


def _at(day: datetime, told: Clock) -> Moment:
    if told.doubtful:
        return Moment(day, "day")
    return Moment(datetime.combine(day, told.at, told.zone), "second" if told.to_second else "minute")
