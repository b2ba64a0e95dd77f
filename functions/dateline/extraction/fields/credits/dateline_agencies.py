"""Datelines: a story's place of filing, at the head of its text or beside its byline.

A dateline is a place, optionally its country, a day and an agency, up to a dash, a colon or a slash: ``TUNIS, 12 avril
(TAP) -``, ``حلب - رويترز:``, ``Annaba -``. Each part must be recognised. The gazetteer knows most places; capitals, an
agency or a country vouch for others.
"""

import re
from collections.abc import Iterator, Set
from functools import cache
from typing import NamedTuple

from babel import Locale

from dateline.article import Dateline
from dateline.extraction.fields.credits import agencies
from dateline.extraction.parse.texts import words
from dateline.places.gazetteer import Gazetteer

_PARAGRAPHS = 2  # paragraphs searched
_SUMMARY = 250  # characters
_LONGEST = 90  # characters of an opening
_SHORTEST_REST = 20  # characters after a dateline; fewer make a heading
_ACRONYM = 5  # letters
_INITIALS = 3  # letters
_MOST_WORDS = 4  # of a place recognised by its look alone
_DASH = r"--?|[–—―ـ]"
# The end of an opening: a spaced dash, a dash before a capital letter, a colon, a slash, or a bracket of its own.
_END = re.compile(
    rf"\s*:?\s(?:{_DASH})\s*|\s*(?:{_DASH})\s+|(?<=\))\s*(?:{_DASH})\s*|(?<=[^\W\d_])(?:{_DASH})(?=[^\W\d_])"
    r"|\s*:\s+|\s*/\s+|\s+\|\s+|(?<=[)\]])\s+"
)
_PART = re.compile(rf"\s*[,،|]\s*|\s*(?<!\d)/(?!\d)\s*|\s+(?:{_DASH})\s+|\s*(?:{_DASH})\s+|\s*:\s*")
_SLASHED = re.compile(r"(?P<place>[^\W\d_][^/\n]{1,30}?)\s?/\s?(?P<agency>[^\W\d_]{2,15})\s+")  # TRABLUS/AA
_BRACKET = re.compile(r"\s*[(\[]\s*([^()\[\]]{1,40})\s*[)\]]\s*")
_BESIDE = re.compile(rf"\s*[()\[\],،|/]\s*|\s+(?:{_DASH})\s*|\s*(?:{_DASH})\s+")
_EMPTY = re.compile(r"[(\[]\s*[)\]]")
_DAY = re.compile(
    r"(?:(?:[^\W\d]+\.?\s+)?(?:\d{1,2}\s+[^\W\d]+\.?|[^\W\d]+\.?\s+\d{1,2})(?:,?\s+\d{4})?|\d{4}"
    r"|\d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?)(?:\s?م)?"
)
_DAY_AFTER = re.compile(
    r"\s+(?:في\s+|le\s+)?(?:\d{1,2}\s+[^\W\d]+\.?|[A-Z][a-zé]{2,8}\.?\s+\d{1,2})(?:,?\s+\d{4})?(?:\s?م)?$"
)
_LETTERS = re.compile(r"[^\W\d_]+(?:[ .'’-]+[^\W\d_]+)*\.?")
_AGENCIES = {"وكالات", "الوكالات", "agences", "agencies", "ajanslar", "agenturen"}
# Small words within a place's name.
_SMALL = {"de", "du", "des", "la", "al", "el", "d", "l", "of", "bin", "ben", "sur", "les"}
# Words before a dash other than places.
_NO_PLACE = re.compile(
    r"(?:exclusive|breaking|live|update\w*|analysis|opinion|editorial|video|photos?|watch|note|explainer|factbox|timeline|interview"
    r"|exclusif|direct|analyse|reportage|entretien|vidéo|son dakika|canlı|özel"
    r"|عاجل|حصري|خاص|فيديو|تحليل|بالصور|قال|قالت|أعلن|أعلنت)",
    re.IGNORECASE,
)


class _Opening(NamedTuple):
    """A possible dateline: its parts, and its brackets."""

    printed: str
    end: str
    parts: list[str]
    bracketed: list[str]


def without_dateline(blocks: list[str], outlet: Set[str] = frozenset()) -> tuple[Dateline | None, str, list[str]]:
    """Return the dateline of the first paragraph, or of the second below a short one, all of its opening, and the rest.

    ``outlet`` are the outlet's names, as ``words``.
    """
    for at, block in enumerate(blocks[:_PARAGRAPHS]):
        for opening in _openings(block):
            rest = block[len(opening.printed) :]
            if len(rest) >= _SHORTEST_REST and (found := _read(opening, rest, outlet)):
                return found[0], opening.printed, [*blocks[:at], rest, *blocks[at + 1 :]]
        if len(block) > _SUMMARY:
            break
    return None, "", blocks


def beside_name(text: str) -> tuple[Dateline | None, str]:
    """Return the dateline in a byline, and the byline without it: ``name - القاهرة``, ``(أبوظبي - البيان)``.

    Only a place of the gazetteer is one, as any other word may be a name.
    """
    parts = [part.strip() for part in _BESIDE.split(text) if part.strip()]
    towns = [part for part in parts if is_city(part)]
    if len(towns) != 1 or len(parts) < 2:
        return None, text
    place = towns[0]
    at = text.rindex(place)
    left = f"{text[:at]} {text[at + len(place) :]}"
    return stated(place), _EMPTY.sub(" ", left).strip(" ,،|/–—―ـ-()[]")


def stated(text: str) -> Dateline:
    """Return a known dateline's parts: ``TRIPOLI, Libya``."""
    place, _, country = (part.strip() for part in re.sub("[،/]", ",", text).partition(","))
    return Dateline(text, _in_words(place) if place.isupper() else place, _country(country))


def is_city(name: str) -> bool:
    """Return whether the gazetteer has a town of this name."""
    if not name or len(name) > 40:
        return False
    return any(sense.kind == "city" for sense in Gazetteer.load().named(name.strip()))


def _openings(text: str) -> Iterator[_Opening]:
    """Yield the paragraph's beginnings up to each possible end of a dateline, longest first."""
    ends = [end for end in _END.finditer(text, 0, _LONGEST) if end.start() > 0]
    for end in reversed(ends):
        head = text[: end.start()]
        bracketed = _BRACKET.findall(head)
        parts = [part.strip(" .,،") for part in _PART.split(_BRACKET.sub(" - ", head)) if part.strip(" .,،-–—")]
        inner = [part for each in bracketed for part in _PART.split(each)] if not parts else []
        yield _Opening(text[: end.end()], end[0], parts or inner, bracketed)
    slashed = _SLASHED.match(text)
    if slashed and agencies.known(slashed["agency"]):
        yield _Opening(slashed[0], " /", [slashed["place"], slashed["agency"]], [])


def _read(opening: _Opening, rest: str, outlet: Set[str]) -> tuple[Dateline | None, str] | None:
    """The dateline of an opening, None in it if it names an agency alone; None if it is no opening."""
    end = opening.end.strip()
    named = (
        *map(agencies.is_agency, opening.bracketed),
        *map(agencies.known, opening.parts),
        *map(_country, opening.parts[1:]),
    )
    is_vouched = any(named)
    places: list[str] = []
    country: str | None = None
    for part in opening.parts:
        bare = _DAY_AFTER.sub("", part)
        is_day = _DAY.fullmatch(part) is not None and (bare == part or not _is_known(bare))
        if agencies.known(part) or words(part) in outlet | _AGENCIES or is_day:
            continue
        if places and country is None and (_country(bare) or _is_like_country(bare, opening)):
            country = bare
        elif len(places) < 2 and _is_place(bare, opening, end, rest, is_vouched=is_vouched):
            places.append(bare)
        else:
            return None
    places = _without_writer(places)
    if places:
        return _dateline(opening.printed, places[0], country or (places[1] if len(places) > 1 else None)), ""
    only_agency = any(map(agencies.is_agency, opening.bracketed)) and all(map(agencies.is_agency, opening.parts))
    return (None, "") if only_agency else None


def _without_writer(places: list[str]) -> list[str]:
    """Return the known place alone if the other of two seems to be a writer's name: ``Deniz KAYA/SAMSUN, (DHA)``."""
    known = [place for place in places if _is_known(place)]
    writers = [place for place in places if place not in known and len(place.split()) in (2, 3)]
    return known if len(known) == len(writers) == 1 else places


def _is_place(name: str, opening: _Opening, end: str, rest: str, *, is_vouched: bool) -> bool:
    """Return whether a part of an opening is a place: by its capitals, by the gazetteer, or vouched for."""
    if _NO_PLACE.fullmatch(name) or len(name.split()) > _MOST_WORDS or not _LETTERS.fullmatch(name):
        return False
    if opening.end.strip() == opening.end and not opening.bracketed:
        is_long = len(name) > _INITIALS  # SAMSUN-Samsun Valiliği, but no US-Dollar
        return is_long and name.isupper() and rest[:1].isupper() and _is_known(name)
    if name.lower() == name.upper():  # a script without capitals
        return _is_uncased_place(name, opening, end, rest, is_vouched=is_vouched)
    if is_vouched and name[:1].isupper():
        return all(word[:1].isupper() or word in _SMALL for word in name.split())
    if name.isupper() and end not in (":", "/"):
        return end != "" and (_is_known(name) or len(name) > _ACRONYM or name.title() in rest)
    is_known = _is_town(name) or (opening.bracketed and _is_known(name))
    return bool(is_known and end) and not rest[:1].islower()


def _is_uncased_place(name: str, opening: _Opening, end: str, rest: str, *, is_vouched: bool) -> bool:
    if is_vouched or not end:
        return is_vouched and len(name.split()) < 3
    if _is_town(name) or (opening.bracketed and _is_known(name)):
        return True
    return end not in (":", "/") and len(name.split()) < 3 and _recurs(name, rest)


def _is_town(name: str) -> bool:
    """Return whether the gazetteer has a town of this name, or of its first word: القدس المحتلة."""
    first, _, adjective = name.rpartition(" ")
    return is_city(name) or (adjective.startswith("ال") and is_city(first))


def _is_known(name: str) -> bool:
    return bool(Gazetteer.load().named(name))


def _recurs(name: str, rest: str) -> bool:
    return re.search(rf"(?<!\w)(?:ال|لل|بال|وال)?{re.escape(name.removeprefix('ال'))}(?!\w)", rest) is not None


def _is_like_country(name: str, opening: _Opening) -> bool:
    """Return whether a part behind a place looks like a state or country: ``Fla.``, ``Ohio``."""
    return opening.printed.find(f", {name}") > 0 and name[:1].isupper() and len(name.split()) < 3 and len(name) > 1


def _dateline(printed: str, place: str, country: str | None) -> Dateline:
    """Place and country as printed."""
    start = printed.find(place)
    end = printed.find(country, start + len(place)) + len(country) if country else start + len(place)
    text = printed[start:end]
    if country and printed[end : end + 1] == ".":
        text += "."
    return Dateline(text, _in_words(place) if place.isupper() else place, _country(country))


def _in_words(capitals: str) -> str:
    """``BEN GUERDANE`` as ``Ben Guerdane``; a Turkish dotted capital becomes the dotted letter."""
    return re.sub(r"\w+", lambda word: word[0][0] + word[0][1:].replace("İ", "i").lower(), capitals)


def _country(name: str | None) -> str | None:
    return _countries().get(words(name)) if name else None


# Made when first used, not at the import, which is a function's cold start.
@cache
def _countries() -> dict[str, str]:
    """Country names in the outlets' languages to ISO 3166 alpha-2, lower case."""
    found: dict[str, str] = {}
    for language in ("en", "fr", "ar", "tr", "fa"):
        territories = Locale(language).territories
        found |= {words(name): code.lower() for code, name in territories.items() if len(code) == 2 and code.isalpha()}
    return found
