"""Recognise section fronts by their structure: headings with links to stories of the site, each with its own teaser."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from dateline.extraction.parse.document import Document
from dateline.extraction.parse.texts import words

_HEADINGS = ("h2", "h3", "h4")
_FEWEST = 4  # teasers
_LONGEST = 600  # characters of a teaser
_SHARE = 0.8  # least share of the text's characters in teasers


def is_front(document: Document, blocks: list[str]) -> bool:
    """Whether a text consists of teasers below linked headings, several of them with a text of their own."""
    teasers = [f" {words(teaser)} " for teaser in _teasers(document) if len(teaser) <= _LONGEST]
    if len(teasers) < _FEWEST:
        return False
    lines = [(f" {words(line)} ", len(line)) for block in blocks for line in block.split("\n")]
    held = [next((at for at, teaser in enumerate(teasers) if line in teaser), None) for line, _ in lines]
    length = sum(length for at, (_, length) in zip(held, lines, strict=True) if at is not None)
    return len({*held} - {None}) >= _FEWEST - 1 and length >= _SHARE * sum(length for _, length in lines)


def _teasers(document: Document) -> Iterator[str]:
    """Yield the text of each teaser: of the largest element with no other linked heading, and of those after it."""
    headings = [heading for heading in document.tree.iter(*_HEADINGS) if _is_linked(document, heading)]
    around: dict[HtmlElement, int] = {}
    for heading in headings:
        for element in (heading, *heading.iterancestors()):
            around[element] = around.get(element, 0) + 1
    for heading in headings:
        card = heading
        while (outer := card.getparent()) is not None and around[outer] == 1:
            card = outer
        parts = [document.content(card)]
        for following in card.itersiblings():
            if following in around or following.tag in ("footer", "aside"):
                break
            parts.append(document.content(following))
        yield " ".join(parts)


def _is_linked(document: Document, heading: HtmlElement) -> bool:
    """Whether a heading is in a link, or holds one, to another page of the site."""
    link = next(heading.iterancestors("a"), None)
    link = heading.find(".//a[@href]") if link is None else link
    address = document.absolute(link.get("href") or "") if link is not None else None
    if not address:
        return False
    here, there = urlsplit(document.url), urlsplit(address)
    return there.netloc.removeprefix("www.") == here.netloc.removeprefix("www.") and there.path != here.path
