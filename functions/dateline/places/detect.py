"""Mentions in a text: names of the gazetteer, without streets, persons and common words.

A street, a person and the first word of a sentence can all look like a place. The context distinguishes them
(``context``): a preposition, a Turkish ending after an apostrophe, another capitalised word.
"""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from dateline.places import context
from dateline.places.gazetteer import Gazetteer, Match, Sense

_NEAR = 24  # characters of context on each side
_SMALL = 500_000  # inhabitants; smaller cities yield to people of the same name
_SMALL_TOWN = 200_000  # inhabitants
_SHORT = 4  # Arabic letters; لغات is languages, and not "to Ghat"


class Mention(NamedTuple):
    """A name in a text with its position and its possible meanings."""

    start: int
    end: int
    senses: tuple[Sense, ...]


class _Seen(NamedTuple):
    """A name with the text on its two sides."""

    match: Match
    name: str
    before: str
    after: str


def mentions(
    text: str, language: str | None = None, *, headline: bool = False, people: Set[str] = frozenset()
) -> list[Mention]:
    """Return the mentions of a ``spelled`` text, in order; ``language`` is BCP 47.

    ``people`` are names of persons in other parts of the story. Any word of a headline may be capitalised, so a
    capitalised neighbour there does not make a name a person.
    """
    names = _names(text, language)
    people = people if headline else people | _persons(names)
    found: list[Mention] = []
    doubted: _Seen | None = None
    for seen in names:
        if _is_part_of_another(seen):
            continue
        is_sure = (seen.match.mark not in {"?", "*"} and seen.name not in people) or _is_led_to(seen)
        if is_sure or _goes_on(text, found, seen):
            found.append(_mention(seen))
        elif doubted and _are_a_pair(text, doubted, seen):
            found += (_mention(doubted), _mention(seen))
        doubted = seen
    return found


def persons(text: str, language: str | None = None) -> Set[str]:
    """Return the names of the gazetteer in a ``spelled`` text that are persons' there."""
    return _persons(_names(text, language))


def _persons(names: Sequence[_Seen]) -> Set[str]:
    marks = {seen.match.start: seen.match.mark for seen in names}
    return {seen.name for seen in names if _is_person(seen, marks)}


def _names(text: str, language: str | None) -> list[_Seen]:
    marks = {"", "!", "?", "*", (language or "").partition("-")[0]}
    return [_seen(text, match) for match in Gazetteer.load().matches(text) if match.mark in marks]


def _is_part_of_another(seen: _Seen) -> bool:
    """Return whether a street, a body, another place or a phrase has the name."""
    before, after = seen.before, seen.after
    is_common = seen.match.mark in {"?", "*"} and context.is_joined(after)
    is_abroad = context.is_american(after) and all(sense.country != "us" for sense in seen.match.senses)
    if is_common or is_abroad or context.is_other(before, after):
        return True
    return context.is_street(before, after) or context.is_body(before, after) or _is_attribute(seen)


def _seen(text: str, match: Match) -> _Seen:
    start, end = match.start - len(match.prefix), match.end
    return _Seen(match, text[match.start : end], text[max(0, start - _NEAR) : start], text[end : end + _NEAR])


def _is_person(seen: _Seen, marks: Mapping[int, str]) -> bool:
    """Whether the name is part of somebody's: whoever is introduced by both names is meant by one of them later.

    ``marks`` are those of all names, by their positions.
    """
    match, is_names = seen.match, seen.match.mark == "!"
    if context.has_title(seen.before):
        return True
    if context.has_given_name(seen.before):
        return is_names or all(sense.kind == "city" and sense.population < _SMALL for sense in match.senses)
    return is_names and marks.get(match.end + 1, "!") == "!" and context.has_surname(seen.after)


def _is_attribute(seen: _Seen) -> bool:
    """Return whether a small town's name is an adjective here."""
    is_small = all(sense.kind == "city" and sense.population < _SMALL_TOWN for sense in seen.match.senses)
    return is_small and context.is_attribute(seen.name, seen.before)


def _is_led_to(seen: _Seen) -> bool:
    """Whether the words beside a name make it a place."""
    match = seen.match
    if match.mark == "*" or context.is_kind(seen.before, seen.after):
        return context.is_kind(seen.before, seen.after)
    is_long = match.end - match.start > _SHORT
    is_written_together = (is_long and match.prefix.endswith(("ب", "ل"))) or seen.name.startswith("لل")
    return is_written_together or context.is_place(seen.before, seen.after)


def _goes_on(text: str, found: Sequence[Mention], seen: _Seen) -> bool:
    """Whether a name goes on with a list of places: Misrata, Zliten and Khoms."""
    return seen.match.mark != "*" and bool(found) and context.are_listed(text[found[-1].end : seen.match.start])


def _are_a_pair(text: str, one: _Seen, other: _Seen) -> bool:
    """Return whether two possible common words are names of one country, side by side: الخمس والزاوية."""
    shared = {sense.country for sense in one.match.senses} & {sense.country for sense in other.match.senses}
    is_listed = context.are_listed(text[one.match.end : other.match.start])
    return one.match.mark == other.match.mark == "?" and bool(shared) and is_listed


def _mention(seen: _Seen) -> Mention:
    return Mention(seen.match.start, seen.match.end, _city_or_country(seen))


def _city_or_country(seen: _Seen) -> tuple[Sense, ...]:
    """Return the city, if the context says so, of a country and a city of one name (تونس, Cezayir)."""
    senses = seen.match.senses
    countries = {sense.country for sense in senses if sense.kind == "country"}
    if not countries or len(senses) == 1:
        return senses
    if context.is_city(seen.before, seen.after):
        return tuple(sense for sense in senses if sense.kind != "country") or senses
    return tuple(sense for sense in senses if sense.kind == "country" or sense.country not in countries)
