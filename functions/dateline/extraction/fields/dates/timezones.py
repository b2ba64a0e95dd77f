"""The time zone of an outlet without a stated one: its country's, if it has only one."""

from collections import defaultdict
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from dateline.extraction.parse.document import Document


def of_outlet(document: Document) -> str | None:
    """The IANA time zone of the source, of its country, or of the country in the page's address."""
    country = document.page.country or urlsplit(document.url).netloc.rpartition(".")[2]
    return document.page.timezone or _single().get({"uk": "gb"}.get(country, country))


@cache
def _single() -> dict[str, str]:
    """Return the zones of countries (ISO 3166 alpha-2, lower case) with one zone, from ``zone.tab``."""
    zones: dict[str, list[str]] = defaultdict(list)
    for line in files("tzdata.zoneinfo").joinpath("zone.tab").read_text("ascii").splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            zones[country.lower()].append(zone)
    return {country: names[0] for country, names in zones.items() if len(names) == 1}
