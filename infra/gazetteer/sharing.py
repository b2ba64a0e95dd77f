"""Names shared by several places, and their assignment."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from dateline.places.normalize import spelled
from infra.gazetteer.entry import Entry


def joined(places: Sequence[Entry]) -> Iterator[Entry]:
    """Return the places, with a region merged into a city of the same name and country: few texts distinguish them."""
    cities: dict[tuple[str, str], Entry] = {}
    for city in sorted((place for place in places if place.kind == "city"), key=lambda each: each.population):
        cities |= {(city.country, form): city for form in city.forms}
    further: dict[int | None, tuple[str, ...]] = defaultdict(tuple)
    regions = set[int | None]()
    for region in (place for place in places if place.kind == "region"):
        called = (cities.get((region.country, form)) for form in (spelled(region.name), *region.forms))
        if seat := next(filter(None, called), None):
            further[seat.id] += region.forms
            regions.add(region.id)
    for place in places:
        if place.id not in regions:
            yield replace(place, forms=tuple(dict.fromkeys((*place.forms, *further[place.id]))))


def distinct(
    places: Sequence[Entry], *, taken: Collection[str], stated: Mapping[str, set[str]], deep: Collection[str]
) -> Iterator[Entry]:
    """Return the places without forms that mean another place.

    An alternative name outside deeply covered countries yields to places with it as main name, a region to the country
    of the same name, and every place to ``taken`` forms. ``stated`` names of a place stay.
    """
    owners = defaultdict(set)
    for place in places:
        for form in place.forms if place.kind == "country" else (spelled(place.name),):
            owners[form].add(place.id)
    countries = {form for place in places if place.kind == "country" for form in place.forms}
    for place in places:
        given = stated.get(place.country if place.kind == "country" else str(place.id), set())
        lost = {form for form in place.forms if form in taken or (place.kind == "region" and form in countries)}
        if place.country not in deep:
            lost |= {form for form in place.forms if form != spelled(place.name) and owners[form] - {place.id}}
        yield replace(place, forms=tuple(form for form in place.forms if form in given or form not in lost))
