"""A written date to an instant: ISO 8601, RFC 822, and day and month as outlets write them in five languages."""

import re
import unicodedata
from datetime import UTC, datetime, time, timedelta, timezone
from functools import cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.parser import isoparse

Precision = Literal["second", "minute", "day"]

# Arabic has three sets of month names: Levantine and Iraqi, Egyptian, and Maghrebi; Persian has the Gregorian ones.
_MONTHS = {
    1: "january jan janvier janv ocak oca يناير كانون_الثاني جانفي ژانویه januar jänner enero gennaio janeiro",
    2: "february feb février fevrier févr fevr fév şubat subat şub فبراير شباط فيفري فوریه februar febrero"
    " febbraio fevereiro",
    3: "march mar mars mart مارس آذار اذار märz maerz marzo março",
    4: "april apr avril avr nisan nis أبريل ابريل إبريل نيسان أفريل افريل آوریل abril aprile",
    5: "may mai mayıs mayis مايو أيار ايار ماي مه mayo maggio maio",
    6: "june jun juin haziran haz يونيو يونيه حزيران جوان ژوئن juni junio giugno junho",
    7: "july jul juillet juil temmuz tem يوليو يوليه تموز جويلية جويليه ژوئیه juli julio luglio julho",
    8: "august aug août aout ağustos agustos ağu أغسطس اغسطس آب اب أوت اوت اوت agosto",
    9: "september sep sept septembre eylül eylul eyl سبتمبر أيلول ايلول شتنبر سپتامبر septiembre settembre setembro",
    10: "october oct octobre ekim eki أكتوبر اكتوبر تشرين_الأول تشرين_الاول اکتبر oktober octubre ottobre outubro",
    11: "november nov novembre kasım kasim kas نوفمبر تشرين_الثاني نونبر نوامبر noviembre novembro",
    12: "december dec décembre decembre déc aralık aralik ara ديسمبر كانون_الأول كانون_الاول دجنبر دسامبر dezember"
    " diciembre dicembre dezembro",
}
_MONTH = {name.replace("_", " "): number for number, names in _MONTHS.items() for name in names.split()}
_NAMES = "|".join(re.escape(name).replace("\\ ", r"\s+") for name in sorted(_MONTH, key=len, reverse=True))
_TIME = (
    r"(?:[^\d\n]{0,12}?(?P<hour>\d{1,2})\s?(?:[:.hH]|س)\s?(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
    r"\s*(?P<half>[ap]\.?m\b\.?|ص\b|م\b|[قب]\.?ظ\b)?"
    r"(?:\s*\(?(?P<zone>UTC|GMT|Z)?\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?)?)?"
)
# A second name of the month ("نيسان/أبريل") may follow the first.
_DAY_NAMED = (
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:er|st|nd|rd|th|\.)?[\s/–-]+(?:de\s+)?(?P<name>{_NAMES})(?!\w)\.?"
    rf"(?:\s*[/(]\s*[^\d/()]{{2,20}}[/)]?)?[\s,،/–-]+(?:de\s+)?(?P<year>(?:19|20)\d\d)(?!\d){_TIME}"
)
_MONTH_NAMED = (
    rf"(?<!\w)(?P<name>{_NAMES})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,،]+(?P<year>(?:19|20)\d\d)(?!\d){_TIME}"
)
_YEAR_FIRST = (
    r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?([/.年년-])\s?(?P<month>\d{1,2})\s?(?:\2|[月월])\s?(?P<day>\d{1,2})(?!\d)"
    + _TIME
)
_DAY_FIRST = (
    rf"(?<![\d/.-])(?P<day>\d{{1,2}})\s?([/.-])\s?(?P<month>\d{{1,2}})\s?\2\s?(?P<year>(?:19|20)\d\d)(?!\d){_TIME}"
)
# Iran's calendar, whose year 1399 began on 20 March 2020; also in the letters of Arabic keyboards.
_SOLAR_MONTHS = ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"]
_SOLAR = (
    rf"(?<!\d)(?P<day>\d{{1,2}})\s+(?P<name>{'|'.join(_SOLAR_MONTHS)})(?:\s+ماه)?[\s,،]+(?P<year>1[34]\d\d)(?!\d)"
    rf"{_TIME}"
)
_PERSIAN = str.maketrans("يىك", "ییک")
_SOLAR_EPOCH = 226_895  # days of the proleptic Gregorian calendar
_ISO_SLIPS = re.compile(
    r"^(\d{4}-\d\d-\d\d)[T ]+(\d{1,2}:\d\d)(:\d{1,2})?(?:[.,]\d+)?\s*(?:(Z|UTC|GMT)|([+-]\d\d):?(\d\d)?)?$",
    re.IGNORECASE,
)


class Moment(NamedTuple):
    """A date as written: ``at`` is aware where it said its offset, else naive; at 0:00 where precision is ``day``."""

    at: datetime
    precision: Precision

    @property
    def zoned(self) -> bool:
        return self.at.tzinfo is not None

    def placed(self, zone: str | None) -> "Moment":
        """Without an offset, the moment in a time zone (IANA); only its day where that is not known."""
        if self.zoned or self.precision == "day":
            return self
        if zone is None:
            return Moment(datetime.combine(self.at, time()), "day")
        return Moment(self.at.replace(tzinfo=ZoneInfo(zone)), self.precision)

    def iso(self) -> str:
        if self.precision == "day":
            return self.at.date().isoformat()
        return self.at.isoformat(timespec="seconds")


def read(text: str, *, month_first: bool = False) -> Moment | None:
    """The moment that a machine-readable or written date names; None where it names none.

    Numbers alone are day first, as in all of the archive's languages but American English (``month_first``).
    """
    text = _plain(text)
    return _iso(text) or _written(text, month_first)


def _plain(text: str) -> str:
    """Digits of every script as ASCII ones, without marks of direction."""
    digits = (str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    return "".join(c for c in digits if unicodedata.category(c) != "Cf").strip()


def _iso(text: str) -> Moment | None:
    if slips := _ISO_SLIPS.match(text):
        day, clock, seconds, utc, hours, minutes = slips.groups()
        offset = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
        text = f"{day}T{clock:0>5}{f':{seconds[1:]:0>2}' if seconds else ''}{offset}"
    if not re.match(r"\d{4}-?\d\d-?\d\d(?:T|$)", text):
        return None
    try:
        at = isoparse(text)
    except (ValueError, OverflowError):
        return None
    if "T" not in text:
        return Moment(at, "day")
    return Moment(at.replace(microsecond=0), "second" if re.search(r"T\d\d:?\d\d:?\d\d", text) else "minute")


def _written(text: str, month_first: bool) -> Moment | None:
    for pattern in (_DAY_NAMED, _MONTH_NAMED, _YEAR_FIRST, _DAY_FIRST):
        for match in _compiled(pattern).finditer(text):
            at = _day(match.groupdict(), month_first and pattern is _DAY_FIRST)
            if at is not None:
                return _with_clock(at, match.groupdict())
    solar = _compiled(_SOLAR).search(text.translate(_PERSIAN))
    return _with_clock(_from_solar(solar.groupdict()), solar.groupdict()) if solar else None


@cache  # compiled when first used, not at the import, which is a function's cold start
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _day(parts: dict[str, str | None], swapped: bool) -> datetime | None:
    day = int(parts["day"] or 0)
    month = _MONTH[" ".join(name.casefold().split())] if (name := parts.get("name")) else int(parts["month"] or 0)
    if name is None and (month > 12 or (swapped and day <= 12)):
        day, month = month, day
    try:
        return datetime(int(parts["year"] or 0), month, day)  # noqa: DTZ001 - its zone is not known yet
    except ValueError:
        return None


def _from_solar(parts: dict[str, str | None]) -> datetime:
    """The day of a Solar Hijri date, by the 33-year rule that holds in the years 1178 to 1633."""
    year, month = int(parts["year"] or 0), _SOLAR_MONTHS.index(parts["name"] or "")
    new_year = _SOLAR_EPOCH + 365 * (year - 1) + (8 * year + 21) // 33
    days = 30 * month + min(month, 6) + int(parts["day"] or 0) - 1  # the first six months have 31
    return datetime.fromordinal(new_year + days)


def _with_clock(at: datetime, parts: dict[str, str | None]) -> Moment:
    if not parts["hour"]:
        return Moment(at, "day")
    hour, half = int(parts["hour"]), (parts["half"] or "").casefold()[:1]
    if half in {"p", "م", "ب"} and hour < 12:
        hour += 12
    elif half in {"a", "ص", "ق"} and hour == 12:
        hour = 0
    try:
        at = at.replace(hour=hour, minute=int(parts["minute"] or 0), second=int(parts["second"] or 0))
    except ValueError:
        return Moment(at, "day")
    return Moment(at.replace(tzinfo=_offset(parts)), "second" if parts["second"] else "minute")


def _offset(parts: dict[str, str | None]) -> timezone | None:
    """The written offset: ``GMT+2``, ``+03:00``, ``UTC``; None where there is none."""
    if parts["offset"]:
        sign = -1 if parts["offset"].startswith("-") else 1
        digits = re.sub(r"\D", "", parts["offset"])
        hours, minutes = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
        return timezone(sign * timedelta(hours=hours, minutes=minutes)) if hours < 15 and minutes < 60 else None
    return UTC if parts["zone"] else None
