"""Decide whether a page is an article. When in doubt, keep it: a refused story is lost."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from dateline.extraction import section_front
from dateline.extraction.assemble import Story
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document

# The whole headline, but for the outlet's name behind it: stories begin with such words and numbers too.
_ERROR = re.compile(
    r"\W*(?:(?:(?:http\s+)?(?:error|erreur|hata|خطأ|خطای|fehler)\W*)?(?:4\d\d|5\d\d)\W*)?"
    r"(?:(?:error|erreur|hata|خطأ)|(?:page |file )?(?:not found|could not be found)"
    r"|(?:that |this )?page (?:cannot be found|does ?n[o']t exist)|(?:the )?(?:requested )?page not found"
    r"|page (?:introuvable|non trouvée)|internal (?:server )?error|bad (?:gateway|request)|gateway time-?out"
    r"|access (?:is )?denied|access to this page has been denied|forbidden|just a moment|attention required"
    r"|service (?:temporarily )?unavailable|(?:site|under) maintenance|are you a robot|(?:performing )?security check"
    r"|unauthorized|too many requests|accès (?:refusé|interdit)|service indisponible"
    r"|sayfa bulunamad[ıi]|erişim (?:engellendi|reddedildi)|yasak"
    r"|الصفحة (?:غير موجودة|المطلوبة غير موجودة)|(?:لم يتم|تعذر) العثور على الصفحة|(?:تم )?رفض الوصول|ممنوع"
    r"|صفحه (?:مورد نظر )?(?:یافت|پیدا) نشد|دسترسی غیرمجاز)?"
    r"\W*(?:\s[|–—·:-]\s.{0,40})?",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|we (?:value|care about) your privacy|we use cookies|accept (?:all )?cookies"
    r"|(?:we|nous) (?:and our|et nos) (?:\d+ )?(?:trusted )?(?:partners|partenaires)|enable javascript"
    r"|cookies? (?:policy|consent)|javascript is (?:disabled|required)|nous utilisons des cookies|votre vie privée"
    r"|çerez"
    r"|ملفات تعريف الارتباط",
    re.IGNORECASE,
)
_COLLECTIONS = {"CollectionPage", "SearchResultsPage", "ItemPage", "ProfilePage", "ContactPage", "AboutPage"}
_FEWEST_WORDS = 20
_FEWEST_OF_A_FLASH = 8  # words of an agency's flash declared as article
_FEW_WORDS = 120
_TEASER = 160  # characters; a section front's blocks are shorter


def reason(document: Document, story: Story) -> str | None:
    """Return why a page is no article, or None."""
    return next((reason for reason, applies in _REASONS if applies(document, story)), None)


def _is_home(document: Document, _: Story) -> bool:
    parts = urlsplit(document.url)
    return not document.story and not parts.path.strip("/") and not parts.query


def _is_error(document: Document, story: Story) -> bool:
    title = story.title.value if story.title else ""
    return (
        bool(title) and _ERROR.fullmatch(title) is not None and _words(story) < _FEW_WORDS and not _is_marked(document)
    )


def _is_wall(document: Document, story: Story) -> bool:
    """Return whether a short page consists of a request for consent."""
    if not story.blocks.value:
        shown = document.content(document.tree)
        return len(shown.split()) < _FEW_WORDS and _CONSENT.search(shown) is not None
    if _is_marked(document) or _words(story) >= _FEW_WORDS or not _CONSENT.search(story.text):
        return False
    if _CONSENT.search(story.title.value if story.title else ""):
        return True
    asking = sum(len(block.split()) for block in story.blocks.value if _CONSENT.search(block))
    return 2 * asking >= _words(story) or _words(story) - asking < _FEWEST_WORDS


def _is_too_short(document: Document, story: Story) -> bool:
    fewest = _FEWEST_OF_A_FLASH if _is_marked(document) else _FEWEST_WORDS
    return _words(story) < fewest and not _is_spaceless(story.text)


def _is_marked(document: Document) -> bool:
    """Whether the page's data call it an article, with a headline or a date."""
    stated = document.story.get("headline") or document.story.get("datePublished")
    return bool(stated or document.meta.get("article:published_time"))


def _is_listing(document: Document, story: Story) -> bool:
    """Whether a page without a story in its data calls itself a collection, or shows many and tells none."""
    if not _is_claimed(document, story) and section_front.is_front(document, story.blocks.value):
        return True
    if document.story or any(len(block) >= _TEASER for block in story.blocks.value):
        return False
    kinds = {kind for node in document.nodes for kind in jsonld.types(node)}
    shown = sum(1 for _ in document.tree.iter("article"))
    return bool(kinds & _COLLECTIONS) or shown > 5


def _is_claimed(document: Document, story: Story) -> bool:
    """Whether the page's data or a byline say that it is a story."""
    is_typed = any(kind.value.casefold() == "article" for kind in document.contents("og:type"))
    return bool(document.story or story.authors or document.meta.get("article:published_time")) or is_typed


def _words(story: Story) -> int:
    """The words of the text and the standfirst."""
    return len(story.text.split()) + len(story.standfirst.value.split() if story.standfirst else ())


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
