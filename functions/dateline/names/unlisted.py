"""Names outside the register: the consonants of words that may be parts of one, in any script.

In Latin and Cyrillic letters these are words with capitals side by side; Arabic has no capitals, so any words side by
side. Particles count for nothing, so Khaled al-Mishri and خالد المشري are the same two parts.
"""

from collections.abc import Iterator, Sequence

from dateline.names import skeleton
from dateline.names.detect import ARABIC, CAPITALISED, JOINED

Part = frozenset[str]
# Consonants that a name in a query needs, and its last part; a phrase of fewer is a phrase of common words somewhere.
_LEAST, _LEAST_LAST = 4, 2


def runs(text: str) -> Iterator[Sequence[Part]]:
    """Yield the skeletons of words side by side, two or more."""
    for run in CAPITALISED.finditer(text):
        yield skeleton.parts(run[0])
    for run in ARABIC.finditer(text):
        yield _arabic(run[0].split())


def spellings(name: str) -> list[tuple[str, ...]]:
    """Return a name's parts in each way that its consonants may be read; none if too many people share them.

    A name has capitals, or is in a script without.
    """
    if not (CAPITALISED.fullmatch(name) or ARABIC.fullmatch(name)):
        return []
    return [tuple(key.split()) for key in skeleton.telling(name, _LEAST, _LEAST_LAST)]


def _arabic(words: Sequence[str]) -> Sequence[Part]:
    """The parts as they are written, each also without the one-letter words that Arabic joins to it."""
    written = skeleton.parts(" ".join(words))
    bare = skeleton.parts(" ".join(JOINED.sub("", word) for word in words))
    return [one | other for one, other in zip(written, bare, strict=True)] if len(written) == len(bare) else written
