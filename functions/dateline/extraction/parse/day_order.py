"""Order of day and month in a page's numeric dates: by its other dates, or by the outlet's country and language."""

import re
from collections.abc import Iterable

_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:\d{4}|\d\d)(?![\d/])(?P<zone>[^\n]{0,20}?\b[ECMP][SD]T\b)?")


def is_month_first(texts: Iterable[str], *, american: bool) -> bool:
    """Return whether ``4/5/2019`` is 5 April: other dates, such as ``4/25/2019``, decide before ``american``."""
    proofs = {proof for text in texts if "/" in text for proof in _proofs(text)}
    return next(iter(proofs)) if len(proofs) == 1 else american


def _proofs(text: str) -> Iterable[bool]:
    """Yield True for each date with the month first for sure, such as before ``EST``, and False for the day."""
    for match in _SLASHED.finditer(text):
        first, second = int(match[1]), int(match[2])
        if first <= 12 and (12 < second <= 31 or (match["zone"] and second <= 31)):
            yield True
        elif 12 < first <= 31 and second <= 12:
            yield False
