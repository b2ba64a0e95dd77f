"""Fingerprints: digests of folded words, to find copies of a text."""

import zlib
from collections.abc import Sequence

from rensa import RMinHash

from dateline.similarity.fingerprint import BANDS, SLOTS, Fingerprint
from dateline.similarity.folding import words

# Version of everything behind the numbers: folding, the passages below, and rensa's algorithm 2.
VERSION = 1
_SEED = 1
_PAIR, _PASSAGE = 2, 5  # words
_LEAST = 10  # words of title and text; common words of shorter texts mean nothing
_MOST = 0xFFFF  # counted pairs of words; no article has as many


def of(title: str, text: str) -> Fingerprint | None:
    """Return the fingerprint of a title and a text, or None for too few words."""
    parts = words(title), words(text)
    if sum(map(len, parts)) < _LEAST:
        return None
    pairs = set(_passages(parts, _PAIR))
    return Fingerprint(
        version=VERSION,
        numbers=_numbers(parts[1]),
        pairs=min(len(pairs), _MOST),
        bands=tuple(_minima(_passages(parts, _PASSAGE), BANDS)),
        sketch=_packed(_minima(pairs, SLOTS)),
    )


def _passages(parts: Sequence[Sequence[str]], length: int) -> list[str]:
    """Yield all passages of a number of words; for a shorter part, the whole part."""
    return [" ".join(part[at : at + length]) for part in parts for at in range(max(1, len(part) - length + 1))]


def _minima(passages: "Sequence[str] | set[str]", slots: int) -> list[int]:
    """A MinHash, 32 bits a slot; the order of the passages does not matter, nor how often each is there."""
    hashed = RMinHash(num_perm=slots, seed=_SEED)
    hashed.update(list(passages))
    digest: list[int] = hashed.digest()
    return digest


def _packed(minima: Sequence[int]) -> int:
    """The four lowest bits of each."""
    packed = 0
    for value in minima:
        packed = packed << 4 | value & 0b1111
    return packed


def _numbers(text: Sequence[str]) -> int:
    """64 bits, one set for each number in the text."""
    bits = 0
    for word in text:
        if word[0].isdigit():
            bits |= 1 << zlib.crc32(word.encode()) % 64
    return bits
