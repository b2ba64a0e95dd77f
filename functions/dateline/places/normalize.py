"""One form for the spellings of a place, applied to texts and to the gazetteer's names.

In addition to ``folding``, hyphens become spaces and apostrophes one character. Case stays, since ``Nice`` is a place
and ``nice`` is not; words in capitals get lower-case letters.
"""

import re
from functools import lru_cache

from dateline.similarity import folding

_SIGNS = dict.fromkeys("’‘ʼʻʿʾ`´′", "'") | dict.fromkeys("-‐‑", " ")
_PARTICLES = "ABU|AIN|AL|BANI|BEN|BENI|BIN|BIR|BOU|EL|LA|LE|NEW|OUED|OUM|PORT|RAS|SAN|SIDI|UMM"
_CAPITALS = re.compile(rf"\b(?:(?:{_PARTICLES}) )?[A-Z]{{4,}}\b")  # a shorter word may be an acronym: US, UAE


@lru_cache(16)  # a story's parts are searched for places, then for names
def spelled(text: str) -> str:
    """The text as names are compared."""
    return _CAPITALS.sub(lambda words: words[0].title(), folding.replaced(folding.cased(text), _SIGNS))
