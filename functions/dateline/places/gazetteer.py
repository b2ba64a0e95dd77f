"""The gazetteer: what there is to be mentioned, and where a text has its names.

``gazetteer.tsv`` is made by ``python -m infra.gazetteer``, its names ``spelled`` already::

    kind  GeoNames id  country  inhabitants  name  form|form|...

A ``people`` is a country's adjective (Libyan, libyenne, ليبي). A ``phrase`` is not to be taken for the place that its
words name (Niger River), and has a country where it is of one all the same (Niger Delta). A form may be marked: ``!``
where people are called so, too (Jordan), ``?`` where it is a common word as well (Nice, صور), ``*`` where it is mostly
that (العين), a language where it is a name in no other (Turkish Şam, which is Sam without its mark).
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import takewhile
from typing import NamedTuple, Self

from ahocorasick_rs import AhoCorasick, Implementation

from dateline.places.normalize import spelled

# What Arabic writes in one word with the next: and, so; in, to; the article, before adjectives alone, as it is part of
# those names that have it.
_PREFIXES = frozenset(a + b for a in ("", "و", "ف") for b in ("", "ب", "ل"))
_WITH_ARTICLE = _PREFIXES | {prefix + "ال" for prefix in _PREFIXES} | {"لل", "ولل", "فلل"}
_LONGEST_PREFIX = 4  # letters


class Sense(NamedTuple):
    """What a name may mean. ``id`` is GeoNames', ``country`` ISO 3166 alpha-2 in lower case, empty where of none."""

    kind: str
    id: int | None
    country: str
    population: int
    name: str


class Match(NamedTuple):
    """A name in a text, and all that it may mean.

    ``prefix`` is what Arabic has before it in the same word, and ``mark`` is as in the file.
    """

    start: int
    end: int
    senses: tuple[Sense, ...]
    mark: str
    prefix: str


class Gazetteer:
    """All names, in one automaton."""

    def __init__(self, lines: Iterator[str]) -> None:
        forms: dict[str, tuple[Sense, ...]] = {}
        marks: dict[str, str] = {}
        for line in lines:
            kind, id, country, population, name, listed = line.rstrip("\n").split("\t")
            alone = (Sense(kind, int(id) if id else None, country, int(population), name),)
            for marked in listed.split("|"):
                mark, _, form = marked.rpartition(":")
                forms[form] = forms.get(form, ()) + alone  # the same for all forms that are one place's
                if mark:
                    marks[form] = mark
        self.senses = list(forms.values())
        self._marks = {at: marks[form] for at, form in enumerate(forms) if form in marks}
        # Of the library's three, the one that is small: 9 MB for 50,000 names, where another takes 300.
        self._automaton = AhoCorasick(forms, implementation=Implementation.ContiguousNFA, store_patterns=False)

    @classmethod
    @cache
    def load(cls) -> Self:
        """The one that is shipped; read when it is first asked for, in a quarter of a second."""
        with files(__package__).joinpath("gazetteer.tsv").open(encoding="utf-8") as lines:
            return cls(iter(lines))

    def matches(self, text: str) -> Iterator[Match]:
        """The names in a ``spelled`` text, in its order: whole words, the longest where several begin at one."""
        end = 0
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        for at, first, last in sorted(found, key=lambda one: (one[1], -one[2])):
            if first < end or text[last : last + 1].isalnum():
                continue
            prefix, senses = _prefix(text, first), self.senses[at]
            if prefix in (_WITH_ARTICLE if senses[0].kind == "people" else _PREFIXES):
                yield Match(first, last, senses, self._marks.get(at, ""), prefix)
                end = last

    def named(self, name: str) -> tuple[Sense, ...]:
        """What a name may mean, in any of its spellings; what has most inhabitants first."""
        text = spelled(name)
        whole = (match.senses for match in self.matches(text) if (match.start, match.end) == (0, len(text)))
        return tuple(sorted(next(whole, ()), key=lambda sense: -sense.population))


def _prefix(text: str, first: int) -> str:
    """The letters before a place in a text, of the same word; no more of them than matter."""
    before = text[max(0, first - _LONGEST_PREFIX - 1) : first]
    return "".join(takewhile(str.isalnum, reversed(before)))[::-1]
