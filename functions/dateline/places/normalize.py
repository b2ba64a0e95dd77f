"""One form for the spellings of a place: what is searched is put into it, and so are the gazetteer's names.

Beside what ``letters`` does, hyphens are spaces and apostrophes are of one kind. Case stays, for ``Nice`` is a place
and ``nice`` is none, except that words all in capitals get small letters.
"""

import re

from dateline.similarity import folding

_SIGNS = str.maketrans(dict.fromkeys("’‘ʼʻʿʾ`´′", "'") | dict.fromkeys("-‐‑", " "))
_PARTICLES = "ABU|AIN|AL|BANI|BEN|BENI|BIN|BIR|BOU|EL|LA|LE|NEW|OUED|OUM|PORT|RAS|SAN|SIDI|UMM"
_CAPITALS = re.compile(rf"\b(?:(?:{_PARTICLES}) )?[A-Z]{{4,}}\b")  # a shorter word may be an acronym: US, UAE


def spelled(text: str) -> str:
    """The text as names are compared."""
    return _CAPITALS.sub(lambda words: words[0].title(), folding.cased(text).translate(_SIGNS))
