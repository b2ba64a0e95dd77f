"""The standfirst: the sentence or two between headline and story that sum it up. A story's first paragraph is none."""

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from dateline.extraction import jsonld
from dateline.extraction.document import Document, Found, content, words

_NAMED = re.compile(
    r"standfirst|summary|sub-?(?:title|head(?:line|ing)?|deck)s?(?:$|[-_ ])"
    r"|(?:^|[-_ ])(?:lead|lede|dec?k|dek-?text|chapo|chapeau|excerpt|intro|abstract|spot|stand-first|sapo"
    r"|ingress|preamble"
    r"|anriss|vorspann|sommaire|accroche|description|synopsis|strapline|bajada|sommario|catenaccio)(?:$|[-_ ])",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|footer|nav|menu|caption|recommend|newsletter|author|share|teaser|most-", re.IGNORECASE
)
_IN = ("h2", "h3", "h4", "p", "div", "span", "strong", "b", "ul", "em", "section", "blockquote")
_NEAR = 90  # elements after the headline
_LENGTH = range(25, 700)
_AGREEING = 60  # characters by which a description, often cut off, is known again


def find(document: Document, blocks: list[str]) -> Found[str] | None:
    """What stands after the headline and is named or described as the story's summary; ``blocks`` are its text."""
    described = [words(text)[:_AGREEING] for text in _descriptions(document)]
    # What is described in the words of a paragraph has no summary of its own.
    first = [words(block) for block in blocks[:3]]
    for element in islice(_after_headline(document.tree), _NEAR):
        text = content(element) if len(element) < 12 else ""
        if len(text) not in _LENGTH or _has_inner(element) or _is_elsewhere(element):
            continue
        named = _is_named(element)
        told = words(text)[:_AGREEING] in described
        if named or (told and words(text) not in first):
            return Found(text, "standfirst element" if named else "description, visible")
    return None


def _descriptions(document: Document) -> Iterator[str]:
    yield from jsonld.texts(document.story.get("description"))
    yield from jsonld.texts(document.story.get("alternativeHeadline"))
    for found in document.contents("og:description", "description", "twitter:description"):
        yield found.value


def _after_headline(tree: HtmlElement) -> Iterator[HtmlElement]:
    seen = tree.find(".//h1") is None
    for element in tree.iter("h1", *_IN):
        if element.tag == "h1":
            seen = True
        elif seen:
            yield element


def _is_named(element: HtmlElement) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')} {element.get('itemprop', '')}"
    return _NAMED.search(names) is not None


def _has_inner(element: HtmlElement) -> bool:
    """Whether the text is in blocks of its own further in: then one of those is meant."""
    return next(element.iterdescendants("p", "div", "h1", "h2", "h3", "section", "form", "figure"), None) is not None


def _is_elsewhere(element: HtmlElement) -> bool:
    around = [element, *islice(element.iterancestors(), 3)]
    return any(
        e.tag in ("figure", "figcaption", "nav", "aside", "footer")
        or _ELSEWHERE.search(f"{e.get('class', '')} {e.get('id', '')}")
        for e in around
    )
