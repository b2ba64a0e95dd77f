"""A story's news structure: its dateline, taken out of the text, and the agencies that it is from."""

import re
from collections.abc import Iterable
from functools import cache

from babel import Locale

from dateline.article import Dateline
from dateline.extraction.document import words

_AGENCIES = {
    "AFP": r"AFP|Agence France[- ]Presse|[أا]\s?ف\s?ب|(?:وكالة\s+)?فرانس\s+برس",
    "Reuters": r"(?:Thomson\s+)?Reuters|(?:وكالة\s+)?رويترز",
    "AP": r"AP|(?:The\s+)?Associated Press|أسوشيتد\s?برس|أ\s?ب(?!\w|\s?\w)",
    "Anadolu": r"AA|Anadolu(?:\s+(?:Agency|Ajans[ıi]))?|(?:وكالة\s+)?الأناضول",
    "dpa": r"dpa|Deutsche Presse-Agentur|د\s?ب\s?أ",
    "Xinhua": r"Xinhua|شينخوا",
    "EFE": r"EFE",
    "ANSA": r"ANSA",
    "Bloomberg": r"Bloomberg",
    "APS": r"APS",
    "TAP": r"TAP",
    "MAP": r"MAP",
    "MENA": r"MENA|أ\s?ش\s?أ",
    "LANA": r"LANA|(?<!\w)وال(?!\w)",
    "WAFA": r"WAFA|(?<!\w)وفا(?!\w)",
    "SANA": r"SANA|(?<!\w)سانا(?!\w)",
    "SPA": r"SPA|(?<!\w)واس(?!\w)",
    "KUNA": r"KUNA|(?<!\w)كونا(?!\w)",
    "DHA": r"DHA",
    "İHA": r"[İI]HA",
    "ANKA": r"ANKA",
}
_AGENCY = "|".join(_AGENCIES.values())
_BRACKETED = rf"\s*[(\[]\s*(?:{_AGENCY})(?:\s*[/,،–-]\s*[^)\]]{{1,20}})?\s*[)\]]"
_DASH = r"\s*(?:--?|[–—―])\s*"
_CAPITALS = r"[A-ZÀ-ÖØ-ÞİĞŞĀ-Ž][A-ZÀ-ÖØ-ÞİĞŞĀ-Ž.'’]+(?:[ -][A-ZÀ-ÖØ-ÞİĞŞĀ-Ž][A-ZÀ-ÖØ-ÞİĞŞĀ-Ž.'’]*){0,3}"
_CAPITALISED = r"[A-ZÀ-ÖØ-ÞİĞŞ][\w.'’-]+(?:[ -](?:[A-ZÀ-ÖØ-ÞİĞŞ][\w.'’-]*|d[eu]s?|la|al)){0,3}"
_LATIN_COUNTRY = r"(?:\s*[,/]\s*(?P<country>[A-ZÀ-ÖØ-ÞİĞŞ][^\W\d]+\.?(?:[ .-][A-Z][\w.]*){0,2}))?"
_LATIN_DAY = r"(?:\s*,?\s+(?:[A-Z][a-zé]{2,8}\.?\s+\d{1,2}|\d{1,2}\s+[^\W\d]{3,9})(?:,?\s+\d{4})?)?"
_ARABIC_PLACE = r"(?P<place>[ء-ي]+(?:\s[ء-ي]+)?)(?:\s*[،,/]\s*(?P<country>[ء-ي]+(?:\s[ء-ي]+)?))?"
_ARABIC_DAY = r"(?:\s+\d{1,2}\s+[ء-ي]+(?:\s+\d{4})?)?"
_OPENINGS = (
    rf"(?P<place>{_CAPITALS}){_LATIN_COUNTRY}{_LATIN_DAY}(?:{_BRACKETED})?{_DASH}",
    rf"(?P<place>{_CAPITALISED}){_LATIN_COUNTRY}{_LATIN_DAY}{_BRACKETED}(?:{_DASH}|\s+)",
    rf"{_ARABIC_PLACE}{_ARABIC_DAY}(?:{_BRACKETED})?\s(?:--?|[–—―])\s",
    rf"{_ARABIC_PLACE}{_ARABIC_DAY}{_BRACKETED}(?:{_DASH}|\s+)",
    rf"(?P<place>)(?P<country>){_BRACKETED}(?:{_DASH}|\s+)",
)
# Words that stand where a place would, before a dash.
_NO_PLACE = re.compile(
    r"(?:exclusive|breaking|live|update\w*|analysis|opinion|editorial|video|photos?|watch|note|explainer|factbox|timeline|interview"
    r"|exclusif|direct|analyse|reportage|entretien|vidéo|son dakika|canlı|özel"
    r"|عاجل|حصري|خاص|فيديو|تحليل|بالصور|قال|قالت|أعلن|أعلنت)",
    re.IGNORECASE,
)
_SHORTEST_REST = 20  # characters that must follow, or the line is a heading


def without_dateline(blocks: list[str]) -> tuple[Dateline | None, str, list[str]]:
    """The dateline of the first paragraph, all that stands before its first sentence, and the blocks without that."""
    for opening in _openings() if blocks else ():
        match = opening.match(blocks[0])
        if match and not _NO_PLACE.fullmatch(match["place"]) and len(blocks[0]) - match.end() >= _SHORTEST_REST:
            return _dateline(match), match[0], [blocks[0][match.end() :], *blocks[1:]]
    return None, "", blocks


def stated(text: str) -> Dateline:
    """A dateline that is known to be one: ``TRIPOLI, Libya``."""
    place, _, country = (part.strip() for part in re.sub("[،/]", ",", text).partition(","))
    return Dateline(text, _in_words(place) if place.isupper() else place, _country(country))


def _dateline(match: re.Match[str]) -> Dateline | None:
    """Place and country as printed; None where only an agency is."""
    place, country = match["place"], match["country"]
    if not place:
        return None
    text = match[0][: match.end("country") if country else match.end("place")]
    return Dateline(text, _in_words(place) if place.isupper() else place, _country(country))


def _in_words(capitals: str) -> str:
    """``BEN GUERDANE`` as ``Ben Guerdane``; a Turkish dotted capital becomes the dotted letter."""
    return re.sub(r"\w+", lambda word: word[0][0] + word[0][1:].replace("İ", "i").lower(), capitals)


def agencies(texts: Iterable[str]) -> tuple[str, ...]:
    """The agencies that bylines, datelines and credits name, each once."""
    whole = "\n".join(texts)
    return tuple(name for name, pattern in _agencies().items() if pattern.search(whole))


def _country(name: str | None) -> str | None:
    return _countries().get(words(name)) if name else None


# Compiled when first used, not at the import, which is a function's cold start.
@cache
def _openings() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _OPENINGS))


@cache
def _agencies() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") for name, pattern in _AGENCIES.items()}


@cache
def _countries() -> dict[str, str]:
    """Country names in the outlets' languages to ISO 3166 alpha-2, lower case."""
    found: dict[str, str] = {}
    for language in ("en", "fr", "ar", "tr"):
        territories = Locale(language).territories
        found |= {words(name): code.lower() for code, name in territories.items() if len(code) == 2 and code.isalpha()}
    return found
