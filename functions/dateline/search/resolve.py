"""Resolve names in queries: ids of places and countries, of persons and organisations."""

from collections.abc import Sequence

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
