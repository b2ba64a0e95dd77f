"""Snippets: a passage of a story around the matched words, with their positions.

A snippet is plain text with ranges, for any form of marking. It begins and ends between words, without characters that
could turn the direction of neighbouring text.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dateline.search.analysis.terms import Term, terms
from dateline.search.query.language import Clause

_WIDTH = 240  # characters of a snippet, about two lines of a page
_LEAD = 60  # of them before the first word that was asked for
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A text and its matched words: character offsets, from and to, in order."""

    text: str
    ranges: tuple[tuple[int, int], ...] = ()

    def parts(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it was asked for."""
        edges = [0, *(edge for span in self.ranges for edge in span), len(self.text)]
        for number, (start, end) in enumerate(pairwise(edges)):
            if start < end:
                yield self.text[start:end], number % 2 == 1

    def html(self, tag: str = "mark") -> str:
        """Return the text escaped, with matches in elements of their own."""
        escaped = ((html.escape(text), marked) for text, marked in self.parts())
        return "".join(f"<{tag}>{text}</{tag}>" if marked else text for text, marked in escaped)


class Highlighter:
    """Finds matches of a query's clauses in the texts of one story."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._wanted = [
            [frozenset((term.exact, *term.stems)) for term in terms(clause.text, asked=True)]
            for clause in clauses
            if not clause.excluded and clause.field in {"", "title", "person", "place"}
        ]

    def whole(self, text: str, language: str | None) -> Highlighted:
        """All of a text, such as a headline."""
        text = plain(text)
        return Highlighted(text, tuple(_joined((start, end) for start, end, _ in self._matches(text, language))))

    def snippet(self, text: str, language: str | None) -> Highlighted:
        """Return the passage of a text with most matches, or its beginning without any."""
        text = plain(text)
        matches = self._matches(text, language)
        start = max(0, max(matches, key=lambda match: _worth(match[0], matches), default=(0, 0, 0))[0] - _LEAD)
        first, last = _bounds(text, start)
        lead, tail = (_CUT if first else ""), (_CUT if last < len(text) else "")
        within = ((one - first, two - first) for one, two, _ in matches if first <= one and two <= last)
        ranges = _joined((one + len(lead), two + len(lead)) for one, two in within)
        return Highlighted(f"{lead}{text[first:last]}{tail}", tuple(ranges))

    def _matches(self, text: str, language: str | None) -> list[tuple[int, int, int]]:
        """Where words stand that were asked for, and by which clause."""
        found = list(terms(text, language))
        forms = [frozenset((term.exact, *term.stems)) for term in found]
        return sorted(
            (*_span(found[at]), number)
            for number, sequence in enumerate(self._wanted)
            for start in _occurrences(sequence, forms)
            for at in range(start, start + len(sequence))
        )


def plain(text: str) -> str:
    """Return a text on one line, without characters that turn its direction."""
    return _SPACES.sub(" ", _TURNING.sub("", text)).strip()


def _span(term: Term) -> tuple[int, int]:
    return term.start, term.end


def _occurrences(sequence: Sequence[frozenset[str]], forms: Sequence[frozenset[str]]) -> Iterator[int]:
    """Where words stand side by side that have one of these forms each."""
    for start in range(len(forms) - len(sequence) + 1 if sequence else 0):
        if all(wanted & forms[start + at] for at, wanted in enumerate(sequence)):
            yield start


def _worth(start: int, matches: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """How much a snippet from a match on has: different clauses, then matches, then its earliness."""
    within = [number for one, two, number in matches if start <= one and two <= start + _WIDTH - _LEAD]
    return len(set(within)), len(within), -start


def _bounds(text: str, start: int) -> tuple[int, int]:
    """A passage from about ``start`` on that begins and ends between words."""
    first = text.find(" ", start - 1) + 1 if start else 0
    first = first if 0 < first <= start + _LEAD else start
    end = first + _WIDTH
    if end >= len(text):
        return first, len(text)
    last = text.rfind(" ", first, end + 1)
    return first, last if last > first + _WIDTH // 2 else end


def _joined(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same spans once each, in order, without what overlaps."""
    end = -1
    for one, two in sorted(set(spans)):
        if one >= end:
            yield one, two
            end = two
