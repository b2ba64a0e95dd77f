"""Disambiguation of names in one story: Tripoli in Libya or Lebanon, Alexandria in Egypt or Virginia.

Each sense has a weight. Large places are likelier; further evidence is the countries of the story (named, named by
their people, or by unambiguous places), the outlet's country, the dateline's country, and the words beside the name
("Tripoli, Lebanon", طرابلس اللبنانية). Weights are powers of ten of inhabitants, tuned on the first half of the
sentences in tests/places.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dateline.places import context
from dateline.places.detect import Mention
from dateline.places.gazetteer import Sense

_OUTLET, _DATELINE, _NAMED, _BESIDE = 1.5, 1.5, 1.5, 3.0
_REGION = 300_000  # inhabitants, as they are not known of regions
_NEIGHBOURS = 2  # mentions on each side


def resolved(
    texts: Sequence[tuple[str, Sequence[Mention]]], outlet: str | None = None, dateline: str | None = None
) -> list[list[Sense]]:
    """Return the meanings of each text's mentions. ``outlet`` and ``dateline`` are countries (ISO 3166, lower case)."""
    every = [mention for _, mentions in texts for mention in mentions]
    named = Counter(country for mention in every if (country := _only_country(mention)))
    most = max(named.values(), default=1)
    story = defaultdict[str, float](float, {country: _NAMED * (1 + count / most) for country, count in named.items()})
    for country, weight in ((outlet, _OUTLET), (dateline, _DATELINE)):
        story[country or ""] += weight
    return [[_likeliest(at, mentions, text, story) for at in range(len(mentions))] for text, mentions in texts]


def _likeliest(at: int, mentions: Sequence[Mention], text: str, story: Mapping[str, float]) -> Sense:
    senses = mentions[at].senses
    if len(senses) == 1:
        return senses[0]
    beside, listed = set[str](), set[Sense]()
    for other, between in _neighbours(at, mentions, text):
        if context.are_listed(between) and len(other.senses) == 1:
            listed.add(other.senses[0])  # Congo and the DRC are two
        if context.lies_in(between) and (country := _only_country(other)):
            beside.add(country)
    left = [sense for sense in senses if sense not in listed] or senses
    return max(
        left,
        key=lambda sense: _weight(sense) + story[sense.country] + (_BESIDE if sense.country in beside else 0),
    )


def _neighbours(at: int, mentions: Sequence[Mention], text: str) -> Iterator[tuple[Mention, str]]:
    """Yield the mentions beside one, each with the text between the two."""
    for other in mentions[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]:
        first, second = sorted((mentions[at], other))
        if first is not second:
            yield other, text[first.end : second.start]


def _weight(sense: Sense) -> float:
    return math.log10(max(100, _REGION if sense.kind == "region" else sense.population))


def _only_country(mention: Mention) -> str | None:
    """Return the common country of all senses, if any."""
    countries = {sense.country for sense in mention.senses}
    return countries.pop() if len(countries) == 1 else None
