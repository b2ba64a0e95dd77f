"""A story's photographs, each once, with caption and credit."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from dateline.article import Image
from dateline.extraction import jsonld
from dateline.extraction.document import Document, content, names

_CAPTION = re.compile(
    r"caption|legende|légende|image-?(?:text|desc)|photo-?(?:text|desc)|(?:^|\s)(?:credit|copyright|source|photographer)(?:\s|$)",
    re.IGNORECASE,
)
_CAPTION_IN = ("p", "div", "span", "small", "cite")
# "(AFP)", "(AFP/Getty Images)", "Photo: Reuters" at a caption's end.
_TRAILING_CREDIT = re.compile(
    r"\s*(?:[(\[](?P<in>[^()\[\]]{2,60})[)\]]|(?:photo|image|crédits?|credits?|©|foto[gğ]raf|صورة|المصدر|تصوير)\s*[:：/©]?\s*(?P<after>[^.:]{2,60}))\.?$",
    re.IGNORECASE,
)
_MOST = 30
_SLACK = 120  # characters that a frame may have beside its caption


def find(document: Document) -> tuple[Image, ...]:
    """The story's photographs, those with captions first; the same file or the same caption counts once."""
    found: dict[str, Image] = {}
    for image in (*_figures(document), *_lead(document)):
        url = document.absolute(image.url)
        if url and ((known := found.get(_file(url))) is None or (known.caption is None and image.caption)):
            found[_file(url)] = replace(image, url=url)
    return tuple(_once(found.values()))[:_MOST]


def framed(document: Document, values: Iterable[HtmlElement | str]) -> tuple[Image, ...]:
    """The photographs in these elements (an ``img``, or what frames it and its caption), or at these URLs."""
    found = (Image(value) if isinstance(value, str) else _in_frame(value) for value in values)
    placed = (replace(image, url=url) for image in found if image and (url := document.absolute(image.url)))
    return tuple({_file(image.url): image for image in _once(placed)}.values())


def _in_frame(frame: HtmlElement) -> Image | None:
    source = _first_source(frame)
    called = (e for e in frame.iter("figcaption", *_CAPTION_IN) if e.tag == "figcaption" or _CAPTION.search(names(e)))
    captions = [text for element in called if (text := content(element))]
    return Image(source, *split(captions[0] if captions else "")) if source else None


def _once(photographs: Iterable[Image]) -> Iterator[Image]:
    """The photographs without a second one of the same caption."""
    seen: set[str] = set()
    for image in photographs:
        if image.caption is None or image.caption not in seen:
            yield image
        seen.add(image.caption or "")


def captions(document: Document) -> set[str]:
    """All captions and credits on the page, wherever they stand."""
    texts = {document.content(element) for element in _captions(document)}
    return texts | {part for text in texts for part in split(text) if part}


def _figures(document: Document) -> Iterator[Image]:
    """Images in figures, and in other frames that hold a caption beside them; their URLs as the page has them."""
    for caption in _captions(document):
        frame = next((near for near in islice(caption.iterancestors(), 3) if near.find(".//img") is not None), None)
        if frame is None or len(document.content(frame)) > 2 * len(document.content(caption)) + _SLACK:
            continue
        if source := _first_source(frame):
            yield Image(source, *split(document.content(caption)))
    for figure in document.tree.iter("figure"):
        if source := _first_source(figure):
            yield Image(source)


def _lead(document: Document) -> Iterator[Image]:
    """The images that stand for the page where it is shared."""
    for shared, _ in document.contents("og:image", "twitter:image"):
        yield Image(shared)
    value = document.story.get("image")
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield Image(item)
        elif isinstance(item, dict) and (url := jsonld.text(item.get("url") or item.get("contentUrl"))):
            yield Image(url, jsonld.text(item.get("caption")), jsonld.text(item.get("creditText")))


def _first_source(frame: HtmlElement) -> str | None:
    return next(filter(None, map(_source, frame.iter("img"))), None)


def _source(image: HtmlElement) -> str | None:
    for name in ("data-src", "data-original", "src"):
        value = (image.get(name) or "").strip()
        if value and not value.startswith("data:"):
            return value
    return None


def _captions(document: Document) -> list[HtmlElement]:
    found = [*document.tree.iter("figcaption"), *document.called(_CAPTION, _CAPTION_IN)]
    return sorted(found, key=document.positions.__getitem__)


def split(text: str) -> tuple[str | None, str | None]:
    """A caption and the credit at its end."""
    match = _TRAILING_CREDIT.search(text)
    if not match:
        return text or None, None
    return text[: match.start()].strip() or None, (match["in"] or match["after"]).strip()


def _file(url: str) -> str:
    """What tells one photograph from another, in whichever size it is served."""
    return re.sub(r"[-_]?\d{2,4}x\d{2,4}(?=\.|$)", "", urlsplit(url).path.rsplit("/", 1)[-1]) or url
