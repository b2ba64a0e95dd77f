"""Places: places mentioned in a story, and the countries it is about.

The story's parts are searched for the gazetteer's names (``gazetteer``, ``normalize``), other uses of the words are
dropped (``detect``, ``context``), and ambiguous names are resolved (``disambiguation``). A mention weighs three in the
title, two in the standfirst and the first two paragraphs, one elsewhere.

``places`` are the mentioned places, heaviest first, then in order of appearance. ``about`` are their countries and
those named by their people (Libyan, libyenne), in the same order, with at least two fifths of the heaviest weight or a
mention in the title. Datelines and the outlet do not count.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from dateline.article import Article, Dateline, Place
from dateline.places.detect import mentions, persons
from dateline.places.disambiguation import resolved
from dateline.places.gazetteer import Sense
from dateline.places.normalize import spelled

MOST_PLACES, MOST_ABOUT = 30, 5  # per story; lists name more
_TITLE, _OPENING, _REST = 3, 2, 1
_OPENING_PARAGRAPHS = 2
_SHARE = 0.4
_RULE = "names in title and text"  # for provenance


def placed(article: Article) -> Article:
    """Return the article with places and countries, and with a country for a dateline of a town alone."""
    outlet, dateline = article.outlet_country, article.dateline
    if dateline and not dateline.country:
        dateline = replace(dateline, country=_filed_in(dateline, outlet))
    parts = [(spelled(text), weight) for text, weight in weighted(article) if text]
    language = article.language
    people = {name for text, weight in parts if weight != _TITLE for name in persons(text, language)}
    searched = [(text, mentions(text, language, headline=weight == _TITLE, people=people)) for text, weight in parts]
    meant = resolved(searched, outlet, dateline.country if dateline else None)
    found = [(sense, weight) for (_, weight), senses in zip(parts, meant, strict=True) for sense in senses]
    places, about = tuple(_places(found)), tuple(_about(found))
    rules = ({"places": _RULE} if places else {}) | ({"about": _RULE} if about else {})
    return replace(article, dateline=dateline, places=places, about=about, provenance=article.provenance | rules)


def weighted(article: Article) -> Iterator[tuple[str, int]]:
    """Yield the parts of a story with the weight of a mention."""
    paragraphs = article.text.split("\n\n")
    yield article.title, _TITLE
    yield article.standfirst or "", _OPENING
    yield "\n\n".join(paragraphs[:_OPENING_PARAGRAPHS]), _OPENING
    yield "\n\n".join(paragraphs[_OPENING_PARAGRAPHS:]), _REST


def _filed_in(dateline: Dateline, outlet: str | None) -> str | None:
    place = spelled(dateline.place or "")
    (senses,) = resolved([(place, mentions(place, headline=True))], outlet)
    return senses[0].country or None if senses else None


def _places(found: list[tuple[Sense, int]]) -> Iterator[Place]:
    weights = Counter[Place]()
    for sense, weight in found:
        if sense.id is not None:
            weights[Place(sense.id, sense.name, sense.country)] += weight
    yield from (place for place, _ in weights.most_common(MOST_PLACES))


def _about(found: list[tuple[Sense, int]]) -> Iterator[str]:
    weights = Counter[str]()
    for sense, weight in found:
        weights[sense.country] += weight
    del weights[""]  # of phrases without a country
    least = _SHARE * max(weights.values(), default=0)
    titled = {sense.country for sense, weight in found if weight == _TITLE}
    heavy = (country for country, weight in weights.most_common() if weight >= least or country in titled)
    yield from islice(heavy, MOST_ABOUT)
