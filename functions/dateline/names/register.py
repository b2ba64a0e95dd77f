"""The register of names: public figures and organisations of the region, with their spellings.

``names.tsv`` has a line for each, reviewed by hand, from public facts alone::

    kind  id  country  Wikidata id  name  form|form|...

A ``person`` or an ``organisation`` has forms in Arabic, English, French and Turkish. A person's form of two or more
parts also stands for all spellings of the same consonants (``skeleton``). A form with ``!`` before it is an unambiguous
part of a name: Haftar, حفتر. A form with ``?`` before it counts only beside another form in a story: GNU. Country and
Wikidata id are empty if there is none, or if it is uncertain.
"""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import takewhile
from typing import Literal, NamedTuple, Self

from ahocorasick_rs import AhoCorasick, Implementation

from dateline.names import skeleton
from dateline.places.normalize import spelled

# What Arabic writes in one word with a name: and, so; in, to, as.
_PREFIXES = frozenset(a + b for a in ("", "و", "ف") for b in ("", "ب", "ل", "ك"))
_LONGEST_PREFIX = 2  # letters
_TITLES = ("شيخ", "ولي", "King", "Crown", "Colonel", "Albay", "Kral", "The")  # that listed forms begin with


class Entry(NamedTuple):
    """A person or organisation; ``country`` is ISO 3166 alpha-2 in lower case, empty where of none."""

    kind: Literal["person", "organisation"]
    id: str
    country: str
    wikidata: str | None
    name: str


class Match(NamedTuple):
    """A form in a text, its entry and its mark."""

    start: int
    end: int
    entry: Entry
    mark: str


class Register:
    """All names in one automaton, and the skeletons of persons' names."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.entries: dict[str, Entry] = {}
        self._forms: dict[str, tuple[Entry, str]] = {}
        self._skeletons: dict[str, Entry | None] = {}
        self.given = set[str]()  # first parts of persons' names, as they are listed
        self._firsts = set[str]()
        for line in lines:
            kind, id, country, wikidata, name, listed = line.rstrip("\n").split("\t")
            entry = Entry("person" if kind == "person" else "organisation", id, country, wikidata or None, name)
            self.entries[id] = entry
            for form in listed.split("|"):
                self._add(entry, form)
        self._listed = list(self._forms.values())
        self._automaton = AhoCorasick(self._forms, implementation=Implementation.ContiguousNFA, store_patterns=False)

    @classmethod
    @cache
    def load(cls) -> Self:
        """The one that is shipped."""
        with files(__package__).joinpath("names.tsv").open(encoding="utf-8") as lines:
            return cls(lines)

    def _add(self, entry: Entry, form: str) -> None:
        mark = form[0] if form[0] in "!?" else ""
        name = spelled(form.removeprefix(mark))
        for each in (name, *_with_article(name)):
            self._forms.setdefault(each, (entry, mark))
        if entry.kind == "person" and not mark:
            first = name.partition(" ")[0]
            if not first.startswith("ال") and first not in _TITLES:
                self.given.add(first)
            for key in skeleton.telling(form):
                self._firsts.add(key.partition(" ")[0])
                known = self._skeletons.get(key, entry)
                self._skeletons[key] = entry if known is entry else None  # of two persons it is neither's

    def matches(self, text: str) -> Iterator[Match]:
        """The forms in a ``spelled`` text, in its order: whole words, the longest where several begin at one."""
        end = 0
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        for at, first, last in sorted(found, key=lambda one: (one[1], -one[2])):
            if first < end or text[last : last + 1].isalnum() or _prefix(text, first) not in _PREFIXES:
                continue
            entry, mark = self._listed[at]
            yield Match(first, last, entry, mark)
            end = last

    @lru_cache(100_000)  # noqa: B019 - the one register lives as long as its process
    def may_begin(self, word: str) -> bool:
        """Whether a word may be the first of a person's name, of any spelling."""
        return any(key in self._firsts or key == "abd" for key in skeleton.first(word))

    @lru_cache(1 << 14)  # noqa: B019 - an outlet's stories repeat their capitalised words, and mostly name nobody
    def spelling(self, name: str) -> Entry | None:
        """The person whose name has the consonants of another spelling of two parts or more."""
        found = {self._skeletons[key] for key in skeleton.telling(name) if key in self._skeletons}
        return found.pop() if len(found) == 1 else None

    def lists(self, name: str) -> bool:
        """Return whether a form, or a form with Arabic's joined words before it, is in the register."""
        text = spelled(name)
        return any(match.end == len(text) and match.start <= _LONGEST_PREFIX for match in self.matches(text))

    def certain(self, name: str) -> tuple[Entry, ...]:
        """Return the entry of an unambiguous form, or of another spelling of a person's whole name."""
        entry, mark = self._forms.get(spelled(name), (self.spelling(name), ""))
        return (entry,) if entry and mark != "?" else ()

    def named(self, name: str) -> tuple[Entry, ...]:
        """Whom a name in a query may mean: by its id, one of its forms, or another spelling."""
        if name in self.entries:
            return (self.entries[name],)
        text = spelled(name)
        for form in dict.fromkeys((text, text.title())):
            if form in self._forms:
                return (self._forms[form][0],)
        entry = self.spelling(name)
        return (entry,) if entry else ()


def _with_article(name: str) -> Iterator[str]:
    """Arabic writes to and the article as one: للدبيبة."""
    if name.startswith("ال"):
        yield f"لل{name[2:]}"


def _prefix(text: str, first: int) -> str:
    """The letters before a name in a text, of the same word; no more of them than matter."""
    before = text[max(0, first - _LONGEST_PREFIX - 1) : first]
    return "".join(takewhile(str.isalnum, reversed(before)))[::-1]
