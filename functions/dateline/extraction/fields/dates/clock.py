"""Written times of day: halves of the day before or after the clock, and named time zones.

Patterns and words are for text folded by ``month_names.fold``.
"""

import re
from datetime import UTC, time, timedelta, timezone, tzinfo
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateline.extraction.fields.dates.month_names import fold

Match = re.Match[str]

# Morning and evening; noon, whose hours are 10 to 5; night, whose hours are 6 to 5. Full words are written with or
# without the case ending, so the longer stands first in the pattern.
_HALVES = {
    "am": "a.m. a.m am ص صباحا صباحاً صباح ص. فجرا الفجر فجر الصبح صبحا قبل_الظهر قبل_ظهر ق.ظ ق.ظ. قظ صبح بامداد سحر"
    " قبل_از_ظهر ض ضحى öö ö.ö. ö.ö öğleden_önce sabah sabahı du_matin matin in_the_morning morning vorm. vormittags"
    " de_la_mañana پ.ن 오전 上午 午前 de_la_madrugada ב.ב. בבוקר",
    "pm": "p.m. p.m pm م مساء مساءا مساءً المساء عصرا العصر عصر بعد_الظهر بعد_ظهر بعد_العصر ب.ظ ب.ظ. بظ بعد_از_ظهر"
    " غروب مغربا المغرب عشاء العشاء عشية ös ö.s. ö.s öğleden_sonra akşam akşamı ikindi du_soir soir de_l'après-midi"
    " de_l’après-midi après-midi de_l'apres-midi in_the_afternoon in_the_evening afternoon evening nachm. nachmittags"
    " de_la_tarde د.ن 오후 下午 午後 בערב",
    "noon": "ظهرا الظهر ظهر ظهيرة الظهيرة öğle öğlen noon midi",
    "night": "ليلا ليل الليل منتصف_الليل بعد_منتصف_الليل شب نیمه_شب gece geceyarısı midnight at_night de_la_nuit"
    " de_la_noche",
}
_HALF = {
    re.sub(r"[\s.]+", "", fold(word.replace("_", ""))): half for half, each in _HALVES.items() for word in each.split()
}
# Zones that one abbreviation names the world over, in minutes; half a continent's own IST, CST and AST are not.
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "غرينتش": 0, "غرينيتش": 0, "جرينتش": 0, "جرينيتش": 0, "غرينويتش": 0, "گرینویچ": 0,
    "wet": 0, "west": 60, "cet": 60, "cest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "bst": 60,
    "msk": 180, "trt": 180, "est": -300, "edt": -240, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480,
    "pdt": -420, "wat": 60, "cat": 120, "sast": 120, "eat": 180, "irst": 210, "gst": 240, "pkt": 300, "jst": 540,
    "kst": 540, "hkt": 480, "aest": 600, "aedt": 660,
}  # fmt: skip
_ZONE = {fold(name): minutes for name, minutes in _ZONES.items()}
_PLACES = {
    "مكه المكرمه": "Asia/Riyadh", "مكه": "Asia/Riyadh", "السعوديه": "Asia/Riyadh", "الرياض": "Asia/Riyadh",
    "القاهره": "Africa/Cairo", "مصر": "Africa/Cairo", "ابوظبي": "Asia/Dubai", "الامارات": "Asia/Dubai",
    "دبي": "Asia/Dubai", "بيروت": "Asia/Beirut", "لبنان": "Asia/Beirut", "دمشق": "Asia/Damascus",
    "سوريا": "Asia/Damascus", "بغداد": "Asia/Baghdad", "العراق": "Asia/Baghdad", "عمان": "Asia/Amman",
    "القدس": "Asia/Jerusalem", "فلسطين": "Asia/Hebron", "تونس": "Africa/Tunis", "طرابلس": "Africa/Tripoli",
    "ليبيا": "Africa/Tripoli", "الجزائر": "Africa/Algiers", "الدوحه": "Asia/Qatar", "قطر": "Asia/Qatar",
    "صنعاء": "Asia/Aden", "اليمن": "Asia/Aden", "الكويت": "Asia/Kuwait", "طهران": "Asia/Tehran",
    "paris": "Europe/Paris", "tunis": "Africa/Tunis", "tsi": "Europe/Istanbul", "tehran": "Asia/Tehran",
}  # fmt: skip


def _words(table: dict[str, str]) -> str:
    listed = {fold(word.replace("_", " ")) for words in table.values() for word in words.split()}
    return "|".join(
        re.escape(word).replace(r"\ ", r"\s*") + ("" if word.endswith(".") else r"(?!\w)")
        for word in sorted(listed, key=lambda word: (-len(word), word))
    )


_ANY_HALF = _words(_HALVES)
_ANY_ZONE = "|".join(sorted(map(re.escape, _ZONE), key=len, reverse=True))
_ANY_PLACE = "|".join(name.replace(" ", r"\s+") for name in sorted(_PLACES, key=len, reverse=True))
# A word right after a clock other than a half of the day: the sentence or line continues.
_GOING_ON = (
    r"by|par|von|por|di|uhr|utc|on|at|in|am|and|et|le|la|du|de|local|heures?|h|hrs?|hours?|mins?|time|saat|tarih\w*|o'clock"
    r"|ساعه|بتوقيت|توقيت|بواسطه|كتب\w*|بقلم|اخر|في|يوم|publi\w*|pub|post\w*|updat\w*|edit\w*|modif\w*|mis|maj|last"
    r"|guncel\w*|son|yayin\w*|تحديث|نشر\w*|تاريخ|الموافق|للنشر|بروزرساني|منتشر|انتشار|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu"
    r"|fri|sat|sun|pazar\w*|sali|carsamba|persembe|cuma\w*"
    r"|ال(?:احد|اثنين|ثلاثاء|اربعاء|خميس|جمعه|سبت)|(?:يک|دو|سه|چهار|پنج)?شنبه|جمعه"
)
_OFFSET = r"[+-]\d{1,2}(?::?[0-5]\d)?(?![\d:/.-])"
PATTERN = (
    rf"(?:(?<!\w)(?P<before>{_ANY_HALF})\s?[:،,]?\s?)?"
    r"(?<![\d:.,/-])(?P<hour>[01]?\d|2[0-4])"
    r"(?:\s?(?:[:٫]|\.(?=\d\d(?![\d.]))|س)\s?(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?|\s?h(?:eures?)?\s?(?P<past>[0-5]\d)?(?![^\W\d])"
    rf"|(?=\s?(?:{_ANY_HALF})))(?![\d/:])"
    rf"(?:\s?(?P<after>{_ANY_HALF}))?"
    r"(?:\s*[(,-]?\s*(?:(?:ب?توقيت|heure\s+de|saat)\s+)?"
    rf"(?:(?P<place>{_ANY_PLACE})(?!\w)|(?P<zone>{_ANY_ZONE})(?![^\W\d])(?:\s*(?P<offset>{_OFFSET}))?|(?P<bare>{_OFFSET}))\)?)?"
    rf"(?P<unknown>\s(?!(?:{_GOING_ON})(?!\w))[^\W\d_]+(?!\w|\s*[:：]))?"  # a word before a colon is a label
)


class Clock(NamedTuple):
    """A time of day as written; ``zone`` is None without an offset. Only the day counts if ``doubtful``."""

    at: time
    to_second: bool
    zone: tzinfo | None
    doubtful: bool = False


def read(match: Match) -> Clock | None:
    """Return the time of a match of ``PATTERN``, or None for an impossible one, such as 24:30."""
    hour, minute = int(match["hour"]), int(match["minute"] or match["past"] or 0)
    half = _half(match["before"]) or _half(match["after"])
    hour = _on_24_hours(hour, half)
    if hour == 24 and minute == 0:
        hour = 0
    if hour > 23:
        return None
    doubtful = match["unknown"] is not None and half is None and 0 < hour <= 12 and match["zone"] is None
    seconds = match["second"]
    return Clock(time(hour, minute, int(seconds or 0)), seconds is not None, _zone(match), doubtful)


def _half(word: str | None) -> str | None:
    return _HALF.get(re.sub(r"[\s.]+", "", word)) if word else None


def _on_24_hours(hour: int, half: str | None) -> int:
    """Return the hour of the day; hours above 12 are final, in spite of any word beside them."""
    if half is None or hour > 12:
        return hour
    if hour == 12:
        return 0 if half in ("am", "night") else 12
    first_of_noon, first_of_night = 6, 6
    later = half == "pm" or (half == "noon" and hour < first_of_noon) or (half == "night" and hour >= first_of_night)
    return hour + 12 if later else hour


def _zone(match: Match) -> tzinfo | None:
    """The written offset or zone: ``GMT+2``, ``+03:00``, ``UTC``, ``CET``."""
    if match["offset"] or (match["bare"] and (match["second"] or len(match["bare"]) > 3)):
        return offset(match["offset"] or match["bare"])
    if match["zone"]:
        minutes = _ZONE[match["zone"]]
        return timezone(timedelta(minutes=minutes)) if minutes else UTC
    return _in_place(_PLACES[" ".join(match["place"].split())]) if match["place"] else None


@cache
def _in_place(name: str) -> tzinfo:
    return ZoneInfo(name)


def offset(text: str) -> timezone | None:
    """Return an offset from UTC, such as ``+2``, ``-0330`` or ``+03:00``, or None for one of no zone."""
    digits = re.sub(r"\D", "", text)
    hours, minutes = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 14 or minutes not in (0, 30, 45):
        return None
    return timezone((-1 if text.startswith("-") else 1) * timedelta(hours=hours, minutes=minutes))
