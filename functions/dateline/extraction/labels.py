"""What a page files its story under: section, tags, and whether the story is for subscribers."""

import re
from collections.abc import Iterable, Iterator

from dateline.extraction import jsonld
from dateline.extraction.document import Document, Found, content, words

_PAYWALL = re.compile(
    r"(?:^|[-_ ])(?:paywall|piano-offer|subscriber-only|premium-content|reserved-content|regwall|article-locked)"
    r"(?:$|[-_ ])",
    re.IGNORECASE,
)
_CRUMBS = re.compile(r"crumb|ariane|fil-d-ariane", re.IGNORECASE)
_MOST_TAGS = 40
_LONGEST_TAG = 80


def section(document: Document) -> Found[str] | None:
    """The section that the page names, or the last step of its breadcrumbs above the story."""
    if value := jsonld.text(document.story.get("articleSection")):
        return Found(value, "json-ld articleSection")
    for found in document.contents(
        "article:section", "og:article:section", "section", "parsely-section", "cxenseparse:section"
    ):
        return found
    own = _home(document)
    for rule, steps in (("json-ld breadcrumb", _steps(document)), ("breadcrumb", _shown_steps(document))):
        named = [step for step in steps if words(step) not in own]
        if named:
            return Found(named[-1], rule)
    return None


def tags(document: Document) -> Found[tuple[str, ...]] | None:
    """Keywords, each once, from the first source that has any."""
    for texts, rule in _keyword_sources(document):
        if found := parted(texts):
            return Found(found, rule)
    return None


def parted(texts: Iterable[str]) -> tuple[str, ...]:
    """The tags in some texts, parted at commas, each once."""
    parts = [part.strip() for text in texts for part in re.split(r"[,;،؛]", text)]
    unique = {words(part): part for part in reversed(parts) if 0 < len(part) <= _LONGEST_TAG}
    return tuple(reversed(unique.values()))[:_MOST_TAGS]


def paywalled(document: Document) -> Found[bool] | None:
    """What isAccessibleForFree or the content tier says; markup only ever says that there is a wall."""
    stated = document.story.get("isAccessibleForFree")
    if stated is not None:
        return Found(
            str(stated).strip().lower().rsplit("/", 1)[-1] in {"false", "0", "no"}, "json-ld isAccessibleForFree"
        )
    for value, rule in document.contents("article:content_tier", "og:article:content_tier"):
        return Found(value.lower() != "free", rule)
    walls = document.called(_PAYWALL, ("div", "section", "aside"))
    return Found(True, "paywall markup") if any(map(content, walls)) else None


def _keyword_sources(document: Document) -> Iterator[Found[list[str]]]:
    yield Found([found.value for found in document.contents("article:tag", "og:article:tag")], "meta article:tag")
    yield Found(jsonld.texts(document.story.get("keywords")), "json-ld keywords")
    yield Found(
        [found.value for found in document.contents("news_keywords", "keywords", "parsely-tags")], "meta keywords"
    )
    links = [content(link) for link in document.tree.iterfind(".//a[@rel='tag']")]
    yield Found([text for text in links if text], "rel=tag")


def _steps(document: Document) -> Iterator[str]:
    for node in document.nodes:
        items = node.get("itemListElement") if "BreadcrumbList" in jsonld.types(node) else None
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and (name := jsonld.text(item.get("name") or item.get("item"))):
                yield name


def _shown_steps(document: Document) -> Iterator[str]:
    for trail in document.called(_CRUMBS)[:1]:
        yield from filter(None, map(content, trail.iter("a")))


def _home(document: Document) -> set[str]:
    """Steps that are no section: the home page, the outlet and the story itself."""
    own = document.outlet_names | {words(jsonld.text(document.story.get("headline")) or "")}
    titles = {words(content(h1)) for h1 in document.tree.iter("h1")}
    return own | titles | {"home", "accueil", "anasayfa", "ana sayfa", "الرئيسية", "homepage", "startseite", ""}
