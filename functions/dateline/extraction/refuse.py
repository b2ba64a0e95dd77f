"""Pages that are no article, and how one can tell; in doubt a page is one, for a refused story is a lost one."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from dateline.extraction import jsonld
from dateline.extraction.document import Document
from dateline.extraction.story import Story

_ERROR = re.compile(
    r"\W*(?:(?:error\s+)?40[0-9]|50[0-9]|(?:page |file )?not found|page (?:cannot be found|introuvable)|access denied"
    r"|forbidden|just a moment|attention required|service unavailable|site maintenance|erreur 404|sayfa bulunamad[ıi]"
    r"|الصفحة غير موجودة|خطأ 404|are you a robot|security check)\b.{0,60}",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|we (?:value|care about) your privacy|we use cookies|accept (?:all )?cookies"
    r"|enable javascript"
    r"|cookies? (?:policy|consent)|javascript is (?:disabled|required)|nous utilisons des cookies|votre vie privée"
    r"|çerez"
    r"|ملفات تعريف الارتباط",
    re.IGNORECASE,
)
_COLLECTIONS = {"CollectionPage", "SearchResultsPage", "ItemPage", "ProfilePage", "ContactPage", "AboutPage"}
_FEWEST_WORDS = 20
_FEW_WORDS = 120
_TEASER = 160  # characters; a section front's blocks are shorter


def reason(document: Document, story: Story) -> str | None:
    """Why a page is no article, or None."""
    return next((reason for reason, applies in _REASONS if applies(document, story)), None)


def _is_home(document: Document, _: Story) -> bool:
    parts = urlsplit(document.url)
    return not document.story and not parts.path.strip("/") and not parts.query


def _is_error(_: Document, story: Story) -> bool:
    return _ERROR.fullmatch(story.title.value if story.title else "") is not None and _words(story) < _FEW_WORDS


def _is_wall(document: Document, story: Story) -> bool:
    return not document.story and _words(story) < _FEW_WORDS and _CONSENT.search(story.text) is not None


def _is_too_short(_: Document, story: Story) -> bool:
    return _words(story) < _FEWEST_WORDS and not _is_spaceless(story.text)


def _is_listing(document: Document, story: Story) -> bool:
    """Whether a page without a story in its data calls itself a collection, or shows many and tells none."""
    if document.story or any(len(block) >= _TEASER for block in story.blocks.value):
        return False
    kinds = {kind for node in document.nodes for kind in jsonld.types(node)}
    shown = sum(1 for _ in document.tree.iter("article"))
    return bool(kinds & _COLLECTIONS) or shown > 5


def _words(story: Story) -> int:
    return len(story.text.split())


def _is_spaceless(text: str) -> bool:
    """Whether a text is in a script without spaces between words, and long enough to be a story."""
    return len(re.findall("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", text)) > 4 * _FEWEST_WORDS


_REASONS: tuple[tuple[str, Callable[[Document, Story], bool]], ...] = (
    ("no title", lambda _, story: story.title is None),
    ("an error page with status 200", _is_error),
    ("a consent or script wall", _is_wall),
    ("the home page of a site", _is_home),
    ("no story text", lambda _, story: not story.blocks.value),
    (f"fewer than {_FEWEST_WORDS} words of text", _is_too_short),
    ("a section front or list of stories", _is_listing),
)
