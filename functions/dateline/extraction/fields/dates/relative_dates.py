"""Relative dates against the capture: ``3 hours ago``, ``il y a 2 jours``, ``منذ ساعتين``, ``dün``.

Always a day: pages are cached, and their clock is rounded.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache

from dateline.extraction.fields.dates.month_names import fold

LONGEST = 40  # characters
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_UNITS = {
    _MINUTE: "minutes minute mins min dakika dk دقيقة دقائق دقيقه دقایق",
    _HOUR: "hours hour hrs hr h heures heure saat ساعة ساعات ساعت",
    _DAY: "days day jours jour j gün يوم يوما أيام روز",
}
_PAIRS = {2 * _MINUTE: "دقيقتين", 2 * _HOUR: "ساعتين", 2 * _DAY: "يومين"}
_ONE = "a|an|one|une?|bir|يك"
_BEFORE, _AFTER = r"il\s+y\s+a|منذ|قبل|about|over|environ|نحو|حوالي", r"ago|once|پيش|قبل"
_YESTERDAY = "yesterday|hier|dun|امس|ديروز"
_LABEL = r"\W*(?:(?:published|posted|publie|mis\s+en\s+ligne|yayinlan\w+|نشر\w*|منتشر\s+شده)\W*)?"
_MOST = {_MINUTE: 180, _HOUR: 72, _DAY: 31}  # of a unit; more are no relative date


def read(text: str, today: datetime) -> date | None:
    """Return the day in a relative date that is all of a text, seen at ``today``; None for another text."""
    match = _matched(text)
    if match is None:
        return None
    if match["yesterday"]:
        return (today - _DAY).date()
    unit = _lengths()[match["unit"]]
    count = int(match["count"]) if (match["count"] or "").isdigit() else 1
    return (today - count * unit).date() if count <= _MOST.get(unit, 1) else None


def is_relative(text: str) -> bool:
    """Return whether a text is a relative date and nothing else."""
    return _matched(text) is not None


def _matched(text: str) -> re.Match[str] | None:
    match = _pattern().fullmatch(fold(text)) if 0 < len(text) <= LONGEST else None
    return match if match and (match["before"] or match["after"] or match["yesterday"]) else None


# Made when first used, not at the import, which is a function's cold start.
@cache
def _lengths() -> dict[str, timedelta]:
    return {fold(word): length for length, listed in (_UNITS | _PAIRS).items() for word in listed.split()}


@cache
def _pattern() -> re.Pattern[str]:
    units = "|".join(sorted(_lengths(), key=len, reverse=True))
    ago = (
        rf"(?:(?P<before>{fold(_BEFORE)})\s+)?(?:(?P<count>\d{{1,3}}|{fold(_ONE)})\s*)?(?P<unit>{units})"
        rf"(?:\s+(?P<after>{fold(_AFTER)}))?"
    )
    return re.compile(rf"{_LABEL}(?:{ago}|(?P<yesterday>{fold(_YESTERDAY)}))\W*")
