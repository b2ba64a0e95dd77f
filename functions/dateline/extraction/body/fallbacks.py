"""Second opinion on a story's text, for doubtful first results.

JSON-LD's articleBody is often truncated, so it is no first choice; but if it is much longer than the extracted text,
the wrong part of the page was found, or most of the text is behind a wall.
"""

from dateline.extraction.body import embedded_json, find, restore
from dateline.extraction.parse.document import Document, Value, clean, content, words
from dateline.extraction.parse.jsonld import unmarked

_LONGER = 1.4  # times our text: the least length of a better one
_AGREEING = 0.7  # of the witness's words, in another reading of the page
_SHORT = 300  # characters: a text so short is doubted without a witness
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
    return Value(found, "trafilatura")


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
