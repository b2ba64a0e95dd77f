"""A story's photographs, each once, with caption and credit.

An image belongs to the story if it stands between headline and end, or in the page's data, and if nothing around it
belongs to another story, the outlet or an author.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from itertools import islice, takewhile
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml.etree import XPath
from lxml.html import HtmlElement

from dateline.article import Image
from dateline.extraction.fields.photographs.captions import CAPTION_IN, Reader, split
from dateline.extraction.fields.photographs.image_sources import (
    FILE,
    IMAGES,
    background,
    identity,
    is_file,
    kin,
    source,
)
from dateline.extraction.fields.story_area import CAPTION, Zone
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import content, names, words

_STYLED = XPath(".//*[self::div or self::figure or self::span or self::a][contains(@style, 'url(')]")
_MOST = 30
_UNADDRESSED = "caption: "
_APART = {"nav", "footer", "form", "button", "menu", "iframe", "video", "audio"}
_ELSEWHERE = re.compile(
    r"(?:^|[-_\s])(?:related|recommend\w*|most-?(?:read|popular)|popular|trending|share|sharing|social|author\w*|avatar|gravatar"
    r"|byline|bio|logo|(?<!gallery-)icons?|emoji|advert\w*|ads?|adsbygoogle|banner|promo\w*|sponsor\w*|newsletter|comments?|sidebar|widget"
    r"|teaser|card|next|prev\w*|read-?(?:more|also|next))(?:$|[-_\s])",
    re.IGNORECASE,
)
_NO_PHOTOGRAPH = re.compile(
    r"(?:^|[-_./])(?:logo|icons?|avatar|gravatar|sprite|emoji|favicon|badge|button|btn|default[-_]?(?:image|img|share|og|thumb\w*)|og[-_]?default|share[-_]?default|no[-_]?(?:image|photo|img))"
    r"(?=$|[-_./\d])|gravatar\.com|\.svg(?:$|\?)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,6}")
_SMALLEST = 80  # pixels of a photograph's sides
_NEAR = 6  # ancestors of an image to check for other stories
_TEASER = 12  # least characters of a link to another story beside an image
_BYLINE = 30  # characters beside an author's name: a preposition and an office
_TIMES = 3  # on one page: a file shown so often is decoration


class _Shown(NamedTuple):
    """An image in the page's markup: its address as absolute URL, and its position."""

    url: str
    element: HtmlElement


def find(
    document: Document, zone: Zone, *, authors: Iterable[str] = (), others: Set[str] = frozenset()
) -> tuple[Value[tuple[Image, ...]] | None, set[str]]:
    """Return the story's photographs in page order, and their captions on the page, whole and in parts.

    The page's main image comes first if it is not shown. Portraits of ``authors`` are left out; ``others`` are title
    and summaries, as ``words``, never captions.
    """
    stated = list(_stated(document))
    shown = list(
        _shown(document, zone, {words(name) for name in authors}, {identity(image.url) for image, _ in stated})
    )
    reader, found, rules, texts = Reader(zone, others), dict[str, Image](), dict[str, None](), set[str]()
    for url, element in shown:
        caption = reader.read(element) if not (found.get(key := identity(url)) and found[key].caption) else None
        if not url:
            key = f"{_UNADDRESSED}{caption.text if caption else ''}"
            if caption is None or any(caption.text == image.caption for image in found.values()):
                continue
        elif caption is None and (key in found or kin(url) in {kin(image.url) for image in found.values()}):
            continue
        found[key] = Image(url, caption.text, caption.credit) if caption else Image(url)
        rules |= {"img in the story": None} | ({caption.rule: None} if caption else {})
        if caption and caption.is_shown:
            texts |= {caption.text or "", caption.credit or "", f"{caption.text} {caption.credit}"} - {""}
    is_lead_shown = any(url and document.positions[element] < zone.third for url, element in shown)
    kinship = {kin(image.url) for image in found.values()}
    for image, rule in stated:
        key = identity(image.url)
        bare = next((other for other in found if other.startswith(_UNADDRESSED)), None)
        if key in found and words(image.caption or "") not in {"", *others} and not found[key].caption:
            found[key] = replace(found[key], caption=image.caption, credit=found[key].credit or image.credit)
        elif key not in found and bare and not is_lead_shown:
            found, is_lead_shown = {**found, bare: replace(found[bare], url=image.url)}, True
        elif key not in found and not is_lead_shown and kin(image.url) not in kinship:
            own = image if words(image.caption or "") not in others else replace(image, caption=None)
            found, is_lead_shown = {key: own, **found}, True
        else:
            continue
        rules[rule] = None
    unique = tuple(_once(found.values()))[:_MOST]
    return Value(unique, " + ".join(rules)) if unique else None, texts


def framed(document: Document, values: Iterable[HtmlElement | str]) -> tuple[Image, ...]:
    """Return the photographs in elements (an ``img``, or its figure), or at URLs."""
    found = (Image(value) if isinstance(value, str) else _in_frame(value) for value in values)
    placed = (replace(image, url=url) for image in found if image and (url := document.absolute(image.url)))
    return tuple({identity(image.url): image for image in _once(placed)}.values())


def _in_frame(frame: HtmlElement) -> Image | None:
    address = next(filter(None, map(source, frame.iter(*IMAGES))), None)
    called = (e for e in frame.iter("figcaption", *CAPTION_IN) if e.tag == "figcaption" or CAPTION.search(names(e)))
    captions = [text for element in called if (text := content(element))]
    return Image(address, *split(captions[0] if captions else "")) if address else None


def _once(photographs: Iterable[Image]) -> Iterator[Image]:
    """The photographs without a second one of the same caption."""
    seen: set[str] = set()
    for image in photographs:
        if image.caption is None or image.caption not in seen:
            yield image
        seen.add(image.caption or "")


def captions(document: Document) -> set[str]:
    """All captions and credits on the page, wherever they stand."""
    found = [*document.tree.iter("figcaption"), *document.called(CAPTION, CAPTION_IN)]
    texts = {document.content(element) for element in found}
    return texts | {part for text in texts for part in split(text) if part}


def _stated(document: Document) -> Iterator[tuple[Image, str]]:
    """Yield the page's images for sharing, each with its rule."""
    for shared, rule in document.contents("og:image", "og:image:secure_url", "twitter:image", "twitter:image:src"):
        yield from _placed(document, Image(shared), rule)
    value = document.story.get("image")
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield from _placed(document, Image(item), "json-ld image")
        elif isinstance(item, dict) and (url := jsonld.text(item.get("url") or item.get("contentUrl"))):
            image = Image(url, jsonld.text(item.get("caption")), jsonld.text(item.get("creditText")))
            yield from _placed(document, image, "json-ld image")


def _placed(document: Document, image: Image, rule: str) -> Iterator[tuple[Image, str]]:
    url = document.absolute(image.url)
    if url and is_file(image.url) and not _NO_PHOTOGRAPH.search(_name(url)):
        yield replace(image, url=url), rule


def _shown(document: Document, zone: Zone, authors: Set[str], stated: Set[str]) -> Iterator[_Shown]:
    """Yield the images of the story in page order. ``stated`` are the identities of the images for sharing."""
    candidates = list(_candidates(document))
    times = Counter(url for url, _ in candidates)
    for url, element in candidates:
        is_named = bool(url) and identity(url) in stated
        alternative = words(element.get("alt") or "")
        if url and times[url] >= _TIMES and not is_named:
            continue
        if not _is_in(zone, element, is_named) or _NO_PHOTOGRAPH.search(_name(url)) or _is_small(element):
            continue
        is_portrait = alternative in authors or alternative in document.outlet_names
        if alternative and is_portrait and not _is_captioned_otherwise(element, alternative):
            continue
        if not _is_elsewhere(document, zone, element, url):
            yield _Shown(url, element)


def _candidates(document: Document) -> Iterator[_Shown]:
    """All images on the page with an address, and captioned ones without, in page order."""
    found = [*document.tree.iter(*IMAGES), *_STYLED(document.tree)]
    for element in sorted(found, key=document.positions.__getitem__):
        is_image = element.tag in IMAGES
        address = source(element) if is_image else _behind(element)
        if address and (url := document.absolute(address)):
            yield _Shown(url, element)
        elif is_image and not address and _is_alone(element):
            yield _Shown("", element)  # a script knows its address


def _behind(element: HtmlElement) -> str | None:
    """Return the background photograph of an element without an image beside it."""
    around = element.getparent()
    return background(element) if around is None or around.find(".//img") is None else None


def _figure(element: HtmlElement) -> HtmlElement | None:
    """Return the figure with a caption around an image."""
    around = next(element.iterancestors("figure"), None)
    return around if around is not None and around.find(".//figcaption") is not None else None


def _is_captioned_otherwise(element: HtmlElement, name: str) -> bool:
    """Whether a portrait's figure has a caption with more than the person's byline."""
    figure = _figure(element)
    if figure is None:
        return False
    caption = words(content(figure.find(".//figcaption")))
    return name not in caption or len(caption) - len(name) > _BYLINE


def _is_alone(element: HtmlElement) -> bool:
    """Return whether an image without an address is the only content of its figure above a caption."""
    figure = _figure(element)
    return figure is not None and not any(source(other) for other in figure.iter(*IMAGES))


def _is_in(zone: Zone, element: HtmlElement, is_named: bool) -> bool:
    """Return whether an image stands between the story's beginning and end, or in its frame by other evidence."""
    at = zone.document.positions[element]
    if zone.first <= at <= zone.last:
        return True
    is_framed = zone.frame is not None and zone.frame in element.iterancestors()
    return is_framed and (is_named or next(element.iterancestors("figure"), None) is not None)


def _is_small(element: HtmlElement) -> bool:
    """Return whether an image's stated sides are an icon's."""
    stated = [element.get(side) or "" for side in ("width", "height")]
    sides = [int(match[0]) for side in stated if "%" not in side and (match := _NUMBER.match(side))]
    return bool(sides) and min(sides) < _SMALLEST and max(sides) < 2 * _SMALLEST


def _is_elsewhere(document: Document, zone: Zone, element: HtmlElement, url: str) -> bool:
    """Return whether an element around an image is another story's, the outlet's, or set apart."""
    inner = list(takewhile(lambda each: each not in zone.around, (element, *element.iterancestors())))
    is_captioned = any(each.tag == "figure" and each.find(".//figcaption") is not None for each in inner)
    if any(each.tag in _APART or (each.tag == "article" and _is_story(each, zone)) for each in inner):
        return True
    if not is_captioned and any(each.tag == "aside" or _ELSEWHERE.search(names(each)) for each in inner):
        return True
    links = [each for each in inner if each.tag == "a" and _leads_away(document, each, url)]
    is_within = any(
        each.find(".//figcaption") is not None for each in links
    )  # a card, from its photograph to its title
    return (bool(links) and (is_within or not is_captioned)) or _is_teaser(document, inner, url)


def _is_story(article: HtmlElement, zone: Zone) -> bool:
    """Return whether an article element without the story's text is another story, not the frame of a medium."""
    is_below = zone.document.positions[article] > zone.last
    return is_below or next(article.iter("h1", "h2", "h3", "h4", "h5", "h6"), None) is not None


def _leads_away(document: Document, link: HtmlElement, url: str) -> bool:
    """Return whether a link goes to another page, and neither to this one nor to the photograph itself."""
    href = (link.get("href") or "").strip()
    if not href or href.startswith(("#", "javascript:")):
        return False
    target = document.absolute(href) or ""
    if target.split("#")[0].rstrip("/") in (document.url.rstrip("/"), document.page.url.split("#")[0].rstrip("/")):
        return False
    return identity(target) != identity(url) and not FILE.search(urlsplit(target).path)


def _is_teaser(document: Document, inner: list[HtmlElement], url: str) -> bool:
    """Return whether the neighbourhood of an image is a link to another story."""
    for each in islice(inner, _NEAR):
        text = document.content(each)
        if not text:
            continue
        links = [link for link in each.iter("a") if len(content(link)) > _TEASER and _leads_away(document, link, url)]
        return sum(len(content(link)) for link in links) > len(text) / 2 or _has_linked_heading(each)
    return False


def _has_linked_heading(element: HtmlElement) -> bool:
    return any(heading.find(".//a") is not None for heading in element.iter("h2", "h3", "h4", "h5", "h6"))


def _name(url: str) -> str:
    """The host and the last step of an address."""
    parts = urlsplit(url)
    return f"{parts.netloc}/{parts.path.rsplit('/', 1)[-1]}"
