"""Align two sequences of words, or paragraphs, in bounded time.

``difflib`` is quadratic: 2,000 words of which none repeats at its place take 0.6 s, 200,000 an hour. Up to that size it
decides; longer sequences are first parted at the words that each has once (patience diff), and what is still too long
between two of these is replaced as a whole.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, groupby
from typing import NamedTuple

_COMPARED = 4_000_000  # pairs of words given to difflib in all


class Block(NamedTuple):
    """Consecutive words that both sequences have, or that one has in place of the other's."""

    is_same: bool
    before: Sequence[str]
    after: Sequence[str]


class Aligner:
    """Aligns the sequences of one comparison; together they may cost as much as one long one."""

    def __init__(self, compared: int = _COMPARED) -> None:
        self._left = compared

    def blocks(self, before: Sequence[str], after: Sequence[str]) -> Iterator[Block]:
        """Yield equal and differing blocks in order, never two of a kind in a row."""
        if len(before) * len(after) <= self._left:
            yield from self._compared(before, after)
            return
        found = (block for block in self._parted(before, after) if block.before or block.after)
        for is_same, together in groupby(found, key=lambda block: block.is_same):
            one, other = zip(*((block.before, block.after) for block in together), strict=True)
            yield Block(is_same, [*chain(*one)], [*chain(*other)])

    def _compared(self, before: Sequence[str], after: Sequence[str]) -> Iterator[Block]:
        self._left -= len(before) * len(after)
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            yield Block(tag == "equal", before[i1:i2], after[j1:j2])

    def _parted(self, before: Sequence[str], after: Sequence[str]) -> Iterator[Block]:
        """Yield equal words from each anchor on as far as they go, and what lies before the next anchor."""
        i = j = 0
        for start, other in (*_anchors(before, after), (len(before), len(after))):
            length = _common(before[i:start], after[j:other])
            yield Block(True, before[i : i + length], after[j : j + length])
            yield from self._between(before[i + length : start], after[j + length : other])
            i, j = start, other

    def _between(self, before: Sequence[str], after: Sequence[str]) -> Iterator[Block]:
        if len(before) * len(after) <= self._left:
            yield from self._compared(before, after)
        else:
            yield Block(False, before, after)


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many words are equal at the beginning."""
    unequal = (at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
    return next(unequal, min(len(before), len(after)))


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """The places of words that each sequence has once, the most of them that are in the same order in both."""
    here, there = Counter(before), Counter(after)
    once = {word: at for at, word in enumerate(after) if here[word] == there[word] == 1}
    pairs = [(at, once[word]) for at, word in enumerate(before) if word in once]
    ends: list[int] = []  # the lowest place in ``after`` that ends a rising run of each length
    links: list[tuple[int, int, int]] = []
    last: list[int] = []
    for number, (at, place) in enumerate(pairs):
        length = bisect(ends, place)
        links.append((at, place, last[length - 1] if length else -1))
        ends[length : length + 1], last[length : length + 1] = [place], [number]
    found, number = [], last[-1] if last else -1
    while number >= 0:
        at, place, number = links[number]
        found.append((at, place))
    return found[::-1]
