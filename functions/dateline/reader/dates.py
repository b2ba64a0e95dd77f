"""Dates and instants as a reader of the interface's language writes them."""

from datetime import datetime

from dateline.reader.request import Language

_MONTHS: dict[Language, str] = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
}


def month(stated: str, language: Language) -> str:
    """Return a month (``yyyy-mm``) in words."""
    year, number = stated.split("-")[:2]
    return f"{_MONTHS[language].split()[int(number) - 1]} {year}"


def day(stated: str, language: Language) -> str:
    """Return the day of an instant or a day (ISO 8601) in words, in its own time zone."""
    return f"{int(stated[8:10])} {month(stated, language)}"


def instant(stated: str, language: Language) -> str:
    """Return an instant in words with its offset from UTC; a bare day as a day."""
    if len(stated) <= len("yyyy-mm-dd"):
        return day(stated, language)
    at = datetime.fromisoformat(stated)
    return f"{day(stated, language)}{'،' if language == 'ar' else ','} {at:%H:%M}{_offset(at)}"


def _offset(at: datetime) -> str:
    offset = at.utcoffset()
    if offset is None:
        return ""
    stated = f"{at:%z}"
    return f" UTC{stated[:3]}:{stated[3:5]}" if offset else " UTC"
