"""Second opinion on a story's text, for doubtful first results.

JSON-LD's articleBody is often truncated, so it is no first choice; but if it is much longer than the extracted text,
the wrong part of the page was found, or most of the text is behind a wall.
"""

from itertools import islice

from lxml.html import Element, HtmlElement

from dateline.extraction.body import embedded_json, find, restore
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.jsonld import unmarked
from dateline.extraction.parse.texts import clean, content, words

_LONGER = 1.4  # times our text: the least length of a better one
_AGREEING = 0.7  # of the witness's words, in another reading of the page
_SHORT = 300  # characters: a text so short is doubted without a witness
_MUCH_LONGER = 1.6  # times our text that the page's prose has where a part of the story may be missing
_HOLDING = 0.9  # of our words, in a reading that takes its place
_PARAGRAPH = 80  # characters
_APART = ("aside", "footer", "nav", "form", "a", "li")
_STATEMENT = 400  # characters; shorter articleBody texts are teasers


def settled(document: Document, found: list[str]) -> Value[list[str]]:
    """Return the story's blocks (extracted, leniently extracted, or from JSON-LD) and the rule."""
    stated = _stated(document)
    length = sum(map(len, found))
    if sum(map(len, stated)) > _LONGER * length:
        wide = find.blocks(document.tree, document.url, strict=False)
        if _share(stated, wide) > _AGREEING < _share(wide, stated):
            return Value(wide, "trafilatura, wide")
        return Value(_set_as_on_page(document, stated), "json-ld articleBody")
    if length < _SHORT:
        wide = restore.filled(document, find.blocks(document.tree, document.url, strict=False))
        data = embedded_json.blocks(document) if sum(map(len, wide)) < _SHORT else []
        if sum(map(len, data)) > _SHORT:
            return Value(data, "page data")
        if sum(map(len, wide)) > _LONGER * length:
            return Value(wide, "trafilatura, wide")
    elif _prose(document) > _MUCH_LONGER * length:
        wide = restore.filled(document, find.blocks(document.tree, document.url, strict=False))
        if sum(map(len, wide)) > _MUCH_LONGER * length and _share(found, wide) > _HOLDING:
            return Value(wide, "trafilatura, wide")
    return Value(found, "trafilatura")


def _prose(document: Document) -> int:
    """How many characters the page's only article or main element has in paragraphs that are no links."""
    total = 0
    for paragraph in _only(document).iter("p"):
        length = len(document.content(paragraph))
        if length > _PARAGRAPH and next(paragraph.iterancestors(*_APART), None) is None:
            linked = sum(len(content(link)) for link in paragraph.iter("a"))
            total += length if 2 * linked < length else 0
    return total


def _only(document: Document) -> HtmlElement:
    """The page's one article element, or its one main element; else an empty one."""
    for tag in ("article", "main"):
        marked = list(islice(document.tree.iter(tag), 2))
        if marked:
            return marked[0] if len(marked) == 1 else Element(tag)
    return Element("main")


def _stated(document: Document) -> list[str]:
    body = document.story.get("articleBody")
    lines = [clean(line) for line in unmarked(body).split("\n")] if isinstance(body, str) else []
    return [line for line in lines if line] if sum(map(len, lines)) > _STATEMENT else []


def _share(these: list[str], those: list[str]) -> float:
    """How many of these texts' words are among those's, by kind."""
    wanted = set(words(" ".join(these)).split())
    return len(wanted & set(words(" ".join(those)).split())) / max(len(wanted), 1)


def _set_as_on_page(document: Document, stated: list[str]) -> list[str]:
    """Return the stated text in the page's paragraphs, if the page has them, since data seldom separates them."""
    whole = f" {words(' '.join(stated))} "
    shown = {key: line for p in document.tree.iter("p", "h2", "h3", "li") if (key := words(line := content(p)))}
    shared = [line for key, line in shown.items() if f" {key} " in whole]
    return shared if _share(stated, shared) > 1 - (1 - _AGREEING) / 3 else stated
