"""Resolve names in queries: ids of places and countries, of persons and organisations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_OUTWEIGHED = 10  # a place that has so many fewer inhabitants than another of its name is not meant


def places(name: str) -> Sequence[str]:
    """Return the GeoNames ids, or the country, of a name; ids and country codes stand for themselves."""
    if name.isdecimal() or (len(name) == 2 and name.isascii()):
        return (name.lower(),)
    from dateline.places.gazetteer import Gazetteer  # noqa: PLC0415 - a quarter of a second, and 9 MB

    found = Gazetteer.load().named(name)
    most = max((sense.population for sense in found), default=0)
    meant = [sense for sense in found if sense.id and sense.population * _OUTWEIGHED >= most]
    countries = [sense.country for sense in found if sense.kind in {"country", "people"} and sense.country]
    return tuple(dict.fromkeys([*(str(sense.id) for sense in meant if sense.kind != "country"), *countries]))


def people(name: str) -> Sequence[str]:
    """Return the ids of persons and organisations with a name, in any spelling."""
    from dateline.names.register import Register  # noqa: PLC0415 - half a second

    return tuple(entry.id for entry in Register.load().named(name))


def certain(words: str) -> Mapping[str, Sequence[str]]:
    """Return the ids of unambiguous names, by the search field that has them: people or places.

    Common words are no names here, though they may be a town's.
    """
    from dateline.names.register import Register  # noqa: PLC0415 - half a second
    from dateline.places.gazetteer import Gazetteer  # noqa: PLC0415

    names = dict.fromkeys((words, words.title()))
    people = {entry.id for name in names for entry in Register.load().certain(name)}
    if people:
        return {"people": sorted(people)}
    sure = any(Gazetteer.load().is_certain(name) for name in names)
    found = next((ids for name in names if (ids := places(name))), ()) if sure else ()
    return {"places": found} if found else {}


@dataclass(frozen=True, slots=True)
class Names:
    """How a query's names are resolved: for ``person:``, for ``place:``, and among its words."""

    people: Callable[[str], Sequence[str]] = people
    places: Callable[[str], Sequence[str]] = places
    certain: Callable[[str], Mapping[str, Sequence[str]]] = certain
