"""Likeness: decide from two fingerprints whether one text is a copy of the other.

A fingerprint (see ``fingerprint.of``) is 167 bytes, written as 224 characters of base64. Two are alike if most of the
shorter text is in the other one and the numbers agree. Cuts from the end therefore do not matter and edited words
matter little; issues of a bulletin with other numbers are not copies, and neither are short texts with a common
boilerplate.
"""

import base64
import struct
from dataclasses import dataclass
from typing import Self

SLOTS, BANDS = 256, 7
# Bands by which copies are looked for. Each costs a write and a read of the table. On 10,000 pieces of `make bench`, 7
# bands find 99.4 % of the pairs of copies, 5 find 98.5 %, and 4 find 97.2 %.
INDEXED = 5
_LAYOUT = struct.Struct(f">BQH{BANDS}I{SLOTS // 2}s")
_LOWEST_BITS = int.from_bytes(b"\x11" * (SLOTS // 2), "big")  # lowest bit of each four-bit slot
_CHANCE = 1 / 16  # probability of two unrelated slots being equal

# Measured on infra/bench/inputs/synthetic_stories.py and on 500 recorded pages; no two of those come near it.
_CONTAINED = 0.77
# The estimate is mostly off by a tenth for a text six times as long as the other, and by more beyond.
_LONGER = 6
_NUMBERS, _SAME_NUMBERS = 4, 0.5  # with fewer numbers, they say nothing; a copy may have lost or mistyped some


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Digest of a text's words.

    ``version`` identifies the numbering; fingerprints of two versions are never alike. ``bands`` are seven passages of
    five words, chosen by hash, so that copies share some. ``sketch`` is a MinHash of the text's ``pairs`` pairs of
    words, with four bits a slot (b-bit minwise hashing, Li and König 2010). ``numbers`` is a 64-bit set of the text's
    numbers.
    """

    version: int
    numbers: int
    pairs: int
    bands: tuple[int, ...]
    sketch: int

    def __bytes__(self) -> bytes:
        sketch = self.sketch.to_bytes(SLOTS // 2, "big")
        return _LAYOUT.pack(self.version, self.numbers, self.pairs, *self.bands, sketch)

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(bytes(self)).decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Inverse of ``str``. Raises ValueError or struct.error for other texts."""
        return cls.of_bytes(base64.urlsafe_b64decode(text))

    @classmethod
    def of_bytes(cls, packed: bytes) -> Self:
        """Inverse of ``bytes``. Raises struct.error for other bytes."""
        version, numbers, pairs, *bands, sketch = _LAYOUT.unpack(packed)
        return cls(version, numbers, pairs, tuple(bands), int.from_bytes(sketch, "big"))

    def names(self) -> list[str]:
        """Return a name for each band by which copies are looked for."""
        return self.all_names()[:INDEXED]

    def all_names(self) -> list[str]:
        """Return a name for each band; until December 2026, copies were looked for by all."""
        return [f"{self.version}-{number}-{band:08x}" for number, band in enumerate(self.bands)]

    def is_like(self, other: Self) -> bool:
        """Whether the shorter of two texts is a copy of the longer, or of a part of it."""
        shorter, longer = sorted((self.pairs, other.pairs))
        if self.version != other.version or shorter * _LONGER < longer:
            return False
        return self._contained(other) >= _CONTAINED and self._numbers_agree(other)

    def _contained(self, other: Self) -> float:
        """How much of the shorter text's pairs of words the other has, estimated; 0 to 1, and by chance above."""
        similarity = self._similarity(other)
        shared = similarity * (self.pairs + other.pairs) / (1 + similarity)
        return shared / min(self.pairs, other.pairs)

    def _similarity(self, other: Self) -> float:
        """Return the estimated Jaccard similarity: the share of equal slots, corrected for chance."""
        differ = self.sketch ^ other.sketch
        differ |= differ >> 2
        differ |= differ >> 1
        equal = SLOTS - (differ & _LOWEST_BITS).bit_count()
        return max(0.0, (equal / SLOTS - _CHANCE) / (1 - _CHANCE))

    def _numbers_agree(self, other: Self) -> bool:
        fewer = min(self.numbers.bit_count(), other.numbers.bit_count())
        return fewer < _NUMBERS or (self.numbers & other.numbers).bit_count() >= _SAME_NUMBERS * fewer
