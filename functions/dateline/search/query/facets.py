"""Facets: numbers of matching stories by source, country, language and month."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tantivy import Query, Searcher

from dateline.search.index.schema import FACETS

_VALUES = 1000  # of a facet in a part; there are hundreds of sources
_ASKED = {name: {"terms": {"field": name, "size": _VALUES}} for name in FACETS}


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of stories, the most first; months are ``yyyy-mm``, the newest first."""

    sources: Mapping[str, int] = field(default_factory=dict)
    countries: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)


class Counts:
    """Adds up the facets of parts."""

    def __init__(self) -> None:
        self._found = {name: Counter[str]() for name in FACETS}
        self._months = Counter[str]()

    def add(self, month: str, searcher: Searcher, query: Query, stories: int) -> None:
        """Add the numbers of one part, given its number of matches."""
        if not stories:
            return
        self._months[month] += stories
        answer: dict[str, Any] = searcher.aggregate(query, _ASKED)
        for name in FACETS:
            for bucket in answer[name]["buckets"]:
                if bucket["key"]:
                    self._found[name][bucket["key"]] += bucket["doc_count"]

    def facets(self) -> Facets:
        by_count = {name: dict(found.most_common()) for name, found in self._found.items()}
        months = dict(sorted(self._months.items(), reverse=True))
        return Facets(by_count["source"], by_count["country"], by_count["language"], months)
