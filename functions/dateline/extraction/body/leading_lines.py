"""Remove headline, byline, date and section from the beginning of an extracted text."""

import re
from itertools import dropwhile

from dateline.extraction.body.boilerplate import SENTENCE_END
from dateline.extraction.fields.credits import bylines
from dateline.extraction.fields.dates import relative_dates
from dateline.extraction.fields.dates.date_parsing import read
from dateline.extraction.parse.texts import words

_LINES = 8  # searched for a headline
_SHORTEST = 20  # least characters of a headline recognised after other words
_KICKER = 50  # characters
_SHORT = 90  # characters; longer lines are paragraphs
_BYLINE = re.compile(
    r"^\W*(?:by|par|von|por|di|yazan|haber|بقلم|كتبت?|كتبه|تقرير|إعداد|updated|published|posted|publié|mis à jour"
    r"|yayınlanma|güncelleme|نشر|تحديث)\b",
    re.IGNORECASE,
)


def after_headline(blocks: list[str], titles: set[str]) -> list[str]:
    """The blocks after the headline, if nothing but short lines stand before it. ``titles`` are ``words``."""
    after = 0
    for at, block in enumerate(blocks[:_LINES]):
        if _is_headline(words(block), titles):
            after = at + 1
        elif len(block) > _SHORT or SENTENCE_END.search(block):
            break
    return blocks[after:]


def _is_headline(block: str, titles: set[str]) -> bool:
    """Whether a block is a form of the headline, or ends with one behind a kicker."""
    return block in titles or any(
        len(title) > _SHORTEST and block.endswith(title) and len(block) - len(title) < _KICKER for title in titles
    )


def without_signature(blocks: list[str], authors: tuple[str, ...]) -> list[str]:
    """Return the blocks without leading bylines and dates."""
    return list(dropwhile(lambda block: _is_signature(block, authors), blocks))


def _is_signature(block: str, authors: tuple[str, ...]) -> bool:
    """Whether a short line is a byline or a date."""
    if len(block) > _SHORT or SENTENCE_END.search(block):
        return False
    names = any(words(name) in words(block) for name in authors)
    says_by = bool(_BYLINE.match(block)) or bylines.says_by(block)
    is_date = read(block) is not None or relative_dates.is_relative(block)
    return is_date or says_by or (names and len(block) < 40) or not words(block)
