"""Pages that are no article, and how one can tell; in doubt a page is one, for a refused story is a lost one."""

import re

from dateline.extraction import jsonld
from dateline.extraction.document import Document

_ERROR = re.compile(
    r"\W*(?:(?:error\s+)?40[0-9]|50[0-9]|not found|page (?:not found|cannot be found|introuvable)|access denied|forbidden|just a moment"
    r"|attention required|service unavailable|site maintenance|erreur 404|sayfa bulunamad[ıi]|الصفحة غير موجودة|خطأ 404|are you a robot|security check)\b.{0,60}",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|we (?:value|care about) your privacy|we use cookies|accept (?:all )?cookies|cookies? (?:policy|consent)|nous utilisons des cookies"
    r"|respect(?:ons)? (?:de )?votre vie privée|çerez|ملفات تعريف الارتباط|enable javascript|javascript is (?:disabled|required)",
    re.IGNORECASE,
)
_LISTING = {"CollectionPage", "SearchResultsPage", "ItemPage", "ProfilePage", "ContactPage", "AboutPage"}
_FEWEST_WORDS = 20
_FEW_WORDS = 120
_TEASER = 160  # characters; a section front's blocks are shorter


def reason(document: Document, title: str, blocks: list[str]) -> str | None:
    """Why a page is no article, or None."""
    text = "\n".join(blocks)
    count = len(text.split())
    if _ERROR.fullmatch(title) and count < _FEW_WORDS:
        return f"an error page with status 200: {title!r}"
    if count < _FEW_WORDS and _CONSENT.search(text) and not document.story:
        return "a consent or script wall"
    if not document.story and document.page.url.count("/") <= 3 and document.page.url.rstrip("/").count("/") == 2:
        return "the home page of a site"
    if not blocks or (count < _FEWEST_WORDS and not _is_spaceless(text)):
        return "no story text" if not blocks else f"only {count} words of text"
    if not document.story and _is_listing(document, blocks):
        return "a section front or list of stories"
    return None


def _is_listing(document: Document, blocks: list[str]) -> bool:
    """Whether the page calls itself a collection, or is all teasers: many articles, no long paragraph."""
    kinds = {kind for node in document.nodes for kind in jsonld.types(node)}
    kinds |= {found.value for found in document.contents("og:type")}
    articles = sum(1 for _ in document.tree.iter("article"))
    short = all(len(block) < _TEASER for block in blocks)
    return short and (
        bool(kinds & _LISTING)
        or articles > 5
        or ("article" not in kinds and len(list(document.tree.iter("h1"))) != 1 and articles > 2)
    )


def _is_spaceless(text: str) -> bool:
    """Whether a text is in a script without spaces between words, and long enough to be a story."""
    return len(re.findall("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", text)) > 4 * _FEWEST_WORDS
