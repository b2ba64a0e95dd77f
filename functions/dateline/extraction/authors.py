"""Who wrote a story: names of persons, or of the desk or agency that signs where no person does, each once."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from lxml.html import HtmlElement

from dateline.extraction import jsonld
from dateline.extraction.document import Document, Found, content, words

_META = (
    "article:author", "author", "parsely-author", "article_author", "articleauthor", "og:author", "og:article:author",
    "sailthru.author", "dc.creator", "dcterms.creator", "byl",
)  # fmt: skip
_BYLINE = re.compile(
    r"(?:^|[-_ ])(?:author|byline|auteur|signature|yazar|muhabir|writer|reporter|journalist)s?"
    r"(?:[-_]*(?:name|link|url|text))?(?:$|[-_ ])|author-?name|byline-?name",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|footer|most-|popular|recommend|trending|card|teaser|widget|\bbio", re.IGNORECASE
)
_BY = re.compile(
    r"^\W*(?:(?:written|posted|published|reported|text|story|words|opinion|news|commentary|article)\s+)?"
    r"(?:by|von|par|por|di|door|av|yazan|haber|بقلم|كتبت?|كتبه|بواسطة|تقرير|إعداد)\b\s*[:—–-]*\s*",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^)]*\)|\[[^]]*]|<[^>]*>")
_SPLIT = re.compile(r"\s*[,;|/•·،؛\n]\s*|\s+(?:&|and|und|et|ve|y|و)\s+", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:editors?|reporters?|correspondents?|writers?|journalists?|contributors?|columnist|producer|director|professor|fellow"
    r"|photographer|newsroom|bureau|updated|published|posted|read|share|follow|sponsored|comments?|author|by|photography"
    r"|redakt\w+|rédact\w+|journaliste|muhabir\w*|editörü|haber)\b|محرر|مراسل|기자|記者",
    re.IGNORECASE,
)
_ROLE_AFTER_NAME = re.compile(r"\s+(?:기자|記者|muhabir|(?:staff|senior|contributing)\s+\w+)$", re.IGNORECASE)
_OUTLET = re.compile(
    r"\b(?:news\w*|times|post|press|journal|daily|gazette|tribune|telegram|telegraph|herald|report|media|magazine|tv|radio|network"
    r"|agency|agence|ajansı|agentur|channel|company|staff|team|desk|the|redazione|redaktion|rédaction|وكالة|صحيفة|شبكة|قناة)\b"
    r"|\.\w{2,4}$",
    re.IGNORECASE,
)
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|auteurs?|autor\w*|yazar(?:lar)?|staff|people|journalists?|contributors?|profiles?|writers?|reporters?|by|bios?)/",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"@|https?:|www\.|\d|^\W*$|[{}\[\]=]")
_AGENCIES = {
    "afp", "ap", "aa", "reuters", "dpa", "efe", "ansa", "associated press", "the associated press",
    "agence france presse", "anadolu agency", "anadolu ajansı", "anadolu", "xinhua",
    "رويترز", "أ ف ب", "فرانس برس", "الأناضول", "وكالات",
}  # fmt: skip
_BYLINE_IN = ("a", "span", "div", "p", "address", "li", "b", "strong", "h3", "h4")
_LONGEST = 60  # characters of a name
_MOST = 12  # byline elements looked at

Names = tuple[str, ...]


def find(document: Document) -> Found[Names] | None:
    """The first source that names persons; where none does, the first that names anyone."""
    outlet = {words(name) for name in document.site_names()} | _AGENCIES
    first: Found[Names] | None = None
    for texts, rule in _sources(document):
        named = names(texts)
        if persons := tuple(name for name in named if _is_person(name, outlet)):
            return Found(persons, rule)
        if named and first is None:
            first = Found(named, rule)
    return first


def _sources(document: Document) -> Iterator[Found[list[str]]]:
    yield Found(jsonld.texts(document.story.get("author")), "json-ld author")
    for name in _META:
        yield Found([found.value for found in document.contents(name)], f"meta {name}")
    yield Found(list(_bylines(document.tree)), "byline")
    yield Found(list(_author_links(document.tree)), "author link")
    yield Found(jsonld.texts(document.story.get("creator")), "json-ld creator")


def names(texts: Iterable[str]) -> Names:
    """The names in some bylines, cleaned, in order, each once."""
    found: dict[str, str] = {}
    for text in texts:
        for part in _SPLIT.split(_ASIDE.sub(" ", _BY.sub("", text))):
            name = _ROLE_AFTER_NAME.sub("", _BY.sub("", part)).strip(" :–—-*|")
            if name and len(name) <= _LONGEST and not _NO_NAME.search(name) and not _ROLE.search(name):
                found.setdefault(words(name), name)
    return tuple(found.values())


def _is_person(name: str, outlet: set[str]) -> bool:
    """Whether a name may be a person's: two words or more, or not in a script that has capitals; none of an outlet."""
    folded = words(name)
    if _OUTLET.search(name) or any(
        folded == other or (len(other) > 5 and (folded in other or other in folded)) for other in outlet
    ):
        return False
    return len(name.split()) in range(2, 6) or (len(name) > 1 and name.lower() == name.upper())


def _bylines(tree: HtmlElement) -> Iterator[str]:
    """Texts of the first element that says it is the author's, and of those beside it; its links one by one."""
    found = list(islice((e for e in tree.iter(*_BYLINE_IN) if _says_author(e) and not _is_elsewhere(e)), _MOST))
    if not found:
        return
    frame = next(islice(found[0].iterancestors(), 2, None), found[0])
    for element in found:
        if element is found[0] or frame in element.iterancestors():
            yield from _signatures(element)


def _signatures(element: HtmlElement) -> list[str]:
    """The names in a byline's links, or its whole text where that joins more of them."""
    links = [content(link) for link in element.iter("a") if len(link.text_content()) < _LONGEST]
    whole = content(element)
    return links if links and len(_SPLIT.split(whole)) <= len(links) else [whole]


def _author_links(tree: HtmlElement) -> Iterator[str]:
    """Texts of links to authors' pages, the first after the headline and those beside it."""
    seen_headline, frame = False, None
    for element in tree.iter("h1", "a"):
        if element.tag == "h1":
            seen_headline = True
        elif seen_headline and _AUTHOR_PAGE.search(element.get("href", "")) and not _is_elsewhere(element):
            if frame is None:
                frame = element.getparent()
            if element.getparent() is frame:
                yield content(element)


def _says_author(element: HtmlElement) -> bool:
    named = f"{element.get('class', '')} {element.get('id', '')}"
    said = "author" in (element.get("rel"), element.get("itemprop"))
    return (said or (len(named) > 1 and _BYLINE.search(named) is not None)) and 2 < len(
        element.text_content().strip()
    ) < 3 * _LONGEST


def _is_elsewhere(element: HtmlElement) -> bool:
    """Whether an element stands in a frame that is not the story's."""
    around = [element, *islice(element.iterancestors(), 4)]
    return any(
        e.tag in ("aside", "footer") or _ELSEWHERE.search(f"{e.get('class', '')} {e.get('id', '')}") for e in around
    )
