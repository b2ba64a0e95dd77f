"""Merkle trees as in RFC 9162, section 2.1, with SHA-256: roots and inclusion paths of lists of leaf hashes."""

import hashlib
from collections.abc import Sequence

from dateline.proofs.verify import node_hash


def levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return the tree's levels from its leaves to its root; an odd node at a level's end goes up as it is.

    This is the tree of RFC 9162, which splits at the largest power of two, read from below.
    """
    found = [list(hashes)]
    while len(found[-1]) > 1:
        below = found[-1]
        above = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        found.append(above + below[len(above) * 2 :])
    return found


def root(tree: Sequence[Sequence[bytes]]) -> bytes:
    """Return the root of a tree's levels; of an empty tree, the hash of nothing."""
    return tree[-1][0] if tree[-1] else hashlib.sha256().digest()


def path(tree: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Return the inclusion path of a leaf, from below. IndexError if there is no such leaf."""
    if not 0 <= index < len(tree[0]):
        raise IndexError(f"there is no leaf {index} in a tree of {len(tree[0])}")
    found = []
    for level in tree[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            found.append(level[sibling])
        index >>= 1
    return found
