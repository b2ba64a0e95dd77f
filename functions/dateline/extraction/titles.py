"""The headline: what most of h1, JSON-LD, OpenGraph and the title element agree on, without the outlet's name."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from dateline.extraction import jsonld
from dateline.extraction.document import Document, Found, agreed, content, words

# What stands between a headline and the outlet's name: a spaced dash or dot, a bar, a full-width colon.
_SEPARATOR = re.compile(r"\s+(?:--|[-–—•·:»«/])\s+|\s*[|｜ㅣ│]\s*|\s*：")
# In the order in which a spelling is taken. What is shown and what is published as data are made apart from each other;
# twitter:title and the title element are mostly copies, for other readers.
_WEIGHTS = {"json-ld headline": 1.1, "meta og:title": 1.0, "h1": 1.2, "meta twitter:title": 0.3, "title element": 0.3}
_LONGEST = 500  # characters
_NOT_A_TITLE = {"", "home", "homepage", "news", "untitled", "article", "accueil", "الرئيسية", "anasayfa"}


def find(document: Document) -> Found[str] | None:
    """The page's headline, or the feed item's where the page has none."""
    candidates = list(_candidates(document))
    confirming = {words(value) for value, rule in candidates if rule in ("h1", "json-ld headline")}
    found = [Found(without_outlet(value, document, confirming), rule) for value, rule in candidates]
    found = [one for one in found if words(one.value) not in _NOT_A_TITLE]
    if not found and document.page.feed_title:
        return Found(document.page.feed_title, "feed item")
    return agreed(found, words, _WEIGHTS)


def forms(document: Document) -> set[str]:
    """Every form of the headline on the page, as ``words``: what its text must not begin with."""
    values = [value for value, _ in _candidates(document)]
    return {words(form) for value in values for form in (value, without_outlet(value, document, set()))} - _NOT_A_TITLE


def without_outlet(title: str, document: Document, headings: set[str]) -> str:
    """The title without the outlet's name, or whatever else follows a headline that an h1 confirms."""
    outlet = {words(name) for name in document.site_names()} | _host_names(document.url)
    cuts = list(_SEPARATOR.finditer(title))
    for cut in cuts:
        if words(title[: cut.start()]) in headings:
            return title[: cut.start()].strip()
    for cut in cuts:
        if words(title[cut.end() :]) in outlet:
            return title[: cut.start()].strip()
    if cuts and words(title[: cuts[0].start()]) in outlet:
        return title[cuts[0].end() :].strip()
    return title


def _candidates(document: Document) -> Iterator[Found[str]]:
    """What may be the headline; what is longer than any is a page whose markup is broken."""
    return (found for found in _named(document) if 0 < len(found.value) < _LONGEST)


def _named(document: Document) -> Iterator[Found[str]]:
    if headline := jsonld.text(document.story.get("headline")):
        yield Found(headline, "json-ld headline")
    yield from document.contents("og:title")
    for heading in document.tree.iter("h1"):
        yield Found(content(heading), "h1")
    yield from document.contents("twitter:title")
    element = document.tree.find(".//title")
    if element is not None:
        yield Found(content(element), "title element")


def _host_names(url: str) -> set[str]:
    """What an outlet may be called by its address: ``www.libya-herald.example`` gives ``libya herald`` too."""
    host = urlsplit(url).netloc.removeprefix("www.")
    label = host.split(".")[0]
    return {words(host), words(label), words(label.replace("-", " ")), words(label.replace("-", ""))}
