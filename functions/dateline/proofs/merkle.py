"""Merkle trees as in RFC 9162, section 2.1, with SHA-256: roots and inclusion paths of lists of leaf hashes.

A list of hashes is one string of bytes, 32 for each: a day of 100,000 leaves has 3 MB, and its tree 6 MB.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from dateline.proofs.verify import HASH, node_hash

Level = bytes | bytearray


def levels(hashes: Level) -> list[Level]:
    """Return the tree's levels from its leaves to its root; an odd node at a level's end goes up as it is.

    This is the tree of RFC 9162, which splits at the largest power of two, read from below.
    """
    found = [hashes]
    while len(found[-1]) > HASH:
        below, above = memoryview(found[-1]), bytearray()
        pairs = len(below) // (2 * HASH)
        for at in range(0, pairs * 2 * HASH, 2 * HASH):
            above += node_hash(below[at : at + HASH], below[at + HASH : at + 2 * HASH])
        found.append(above + below[pairs * 2 * HASH :])
    return found


def root(tree: Sequence[Level]) -> bytes:
    """Return the root of a tree's levels; of an empty tree, the hash of nothing."""
    return bytes(tree[-1]) or hashlib.sha256().digest()


def path(tree: Sequence[Level], index: int) -> list[bytes]:
    """Return the inclusion path of a leaf, from below. IndexError if there is no such leaf."""
    return multipath(tree, [index])


def multipath(tree: Sequence[Level], indexes: Iterable[int]) -> list[bytes]:
    """Return the hashes that lead from some leaves to the root: level by level from below, each from left to right.

    A hash that follows from the leaves is left out, so for one leaf this is its inclusion path. IndexError if there is
    no such leaf.
    """
    known = sorted(set(indexes))
    if known and not 0 <= known[0] <= known[-1] < len(tree[0]) // HASH:
        raise IndexError(f"there is no leaf {known[-1]} in a tree of {len(tree[0]) // HASH}")
    found = list[bytes]()
    for level in tree[:-1]:
        found += _siblings(level, known)
        known = sorted({each >> 1 for each in known})
    return found


def _siblings(level: Level, known: Sequence[int]) -> Iterator[bytes]:
    """The missing siblings of a level's known nodes."""
    there = set(known)
    for sibling in (each ^ 1 for each in known):
        if sibling not in there and (sibling + 1) * HASH <= len(level):
            yield bytes(level[sibling * HASH : (sibling + 1) * HASH])
