"""What an extractor takes along from above a story: headline, byline, date, section; cut off at its beginning."""

import re
from itertools import dropwhile

from dateline.extraction.document import words
from dateline.extraction.moments import read

_LINES = 8  # within which a headline may stand
_SHORT = 90  # characters of a line that is no paragraph
_SENTENCE = re.compile(r"[.!?…。؟۔][\"'”’»)\]]*$")
_BYLINE = re.compile(
    r"^\W*(?:by|par|von|por|di|yazan|haber|بقلم|كتبت?|كتبه|تقرير|إعداد|updated|published|posted|publié|mis à jour"
    r"|yayınlanma|güncelleme|نشر|تحديث)\b",
    re.IGNORECASE,
)


def after_headline(blocks: list[str], titles: set[str]) -> list[str]:
    """The blocks after the headline, if nothing but short lines stand before it. ``titles`` are ``words``."""
    for at, block in enumerate(blocks[:_LINES]):
        if words(block) in titles:
            return blocks[at + 1 :]
        if len(block) > _SHORT or _SENTENCE.search(block):
            break
    return blocks


def without_signature(blocks: list[str], authors: tuple[str, ...]) -> list[str]:
    """The blocks without the bylines and dates that they begin with."""
    return list(dropwhile(lambda block: _is_signature(block, authors), blocks))


def _is_signature(block: str, authors: tuple[str, ...]) -> bool:
    """Whether a short line is a byline or a date."""
    if len(block) > _SHORT or _SENTENCE.search(block):
        return False
    names = any(words(name) in words(block) for name in authors)
    return read(block) is not None or (names and (bool(_BYLINE.match(block)) or len(block) < 40)) or not words(block)
