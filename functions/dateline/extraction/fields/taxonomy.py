"""Section and tags of a story, and its paywall."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import content, names, words

_PAYWALL = re.compile(
    r"(?:^|[-_ ])(?:paywall|subscriber-only|premium-content|regwall)"
    r"(?:$|[-_ ])",
    re.IGNORECASE,
)
_CRUMBS = re.compile(r"crumb|ariane", re.IGNORECASE)
_TAGS = re.compile(
    r"(?:^|[-_ ])(?:(?:post|entry|article|item|field-name-field)?-?tags?(?:[-_]?(?:links?|list|block|wrap\w*))?"
    r"|keywords?|etiket(?:ler)?|mots-?cl[eé]s?|topics?|hashtags?|schlagw\w+)(?:$|[-_ ])"
    r"|(?<=[a-z])Tags(?:Block|List)?(?:$|[-_ A-Z])",
    re.IGNORECASE,
)
_TAGS_LABEL = re.compile(
    r"^\W*(?:tags?|topics?|keywords?|mots[- ]cl[ée]s|sujets|thèmes|étiquettes|etiketler|anahtar kelimeler|schlagw\w+"
    r"|(?:ال)?وسوم|(?:ال)?كلمات (?:ال)?(?:مفتاحية|دلالية)|علامات|تگ\u200c?ها|برچسب(?:\u200c?ها)?"
    r"|کلیدواژه\u200c?ها)\W*$",
    re.IGNORECASE,
)
_TAGS_IN = ("div", "ul", "ol", "p", "section", "span", "footer", "dl", "td", "nav")
_APART = re.compile(r"cloud|widget|sidebar|popular|trending|related|menu", re.IGNORECASE)
# A system's own: keys, identifiers, names of places on the front page.
_SLOT = re.compile(
    r"[\w-]*_[\w-]*|[^:=]{2,30}[:=]\s*\S.*|\W*|\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9]+(?:-[a-z0-9]+){2,}"
    r"|(?:slot|zone|template|layout|position|type|cat(?:egory)?)[-\s]?\d*",
)
_LONGEST_SHOWN = 50  # characters of a visible tag
_LABEL = 30  # characters
_FEWEST_CUT = 4  # tags; two of three true tags are often words of the title
_CUT = 0.6  # of the tags
_STEM = 4  # letters
_MOST_TAGS = 40
_LONGEST_TAG = 80


def section(document: Document) -> Value[str] | None:
    """Return the page's stated section, or the last step of its breadcrumbs above the story."""
    if value := jsonld.text(document.story.get("articleSection")):
        return Value(value, "json-ld articleSection")
    for found in document.contents(
        "article:section", "og:article:section", "section", "parsely-section", "cxenseparse:section"
    ):
        return found
    own = _home(document)
    for rule, steps in (("json-ld breadcrumb", _steps(document)), ("breadcrumb", _shown_steps(document))):
        named = [step for step in steps if words(step) not in own]
        if named:
            return Value(named[-1], rule)
    return None


def tags(document: Document, text: str = "") -> Value[tuple[str, ...]] | None:
    """Return keywords, each once, from the first source with any of this story.

    ``text`` is the story's. The title cut into words, the menu, and lists unrelated to the story do not count.
    """
    told = f" {words(' '.join((*document.meta.get('og:title', ()), document.content_of_headline, text)))} "
    for texts, rule in _keyword_sources(document):
        found = tuple(
            tag for tag in parted(texts) if not _SLOT.fullmatch(tag) and words(tag) not in document.outlet_names
        )
        is_sites = rule == "meta keywords" and _is_sites(found, told)
        if found and not is_sites and not _is_cut(found, document):
            return Value(found, rule)
    return None


def _is_cut(tags: tuple[str, ...], document: Document) -> bool:
    """Return whether tags are the words of the title, one by one."""
    titles = [words(title).split() for title in (*document.meta.get("og:title", ()), document.content_of_headline)]
    titles += [words(document.content(element)).split() for element in document.tree.iterfind(".//title")]
    single = [words(tag) for tag in tags if len(words(tag).split()) < 2]
    of_title = max((len([tag for tag in single if tag in title]) for title in titles), default=0)
    return len(tags) >= _FEWEST_CUT and of_title >= _CUT * len(tags)


def _is_sites(tags: tuple[str, ...], told: str) -> bool:
    """Return whether tags are the outlet's, the same on each page: the story has fewer than half of them."""
    folded = [words(tag) for tag in tags]
    in_story = sum(f" {tag} " in told or (len(tag) > _STEM and f" {tag[:-1]}" in told) for tag in folded)
    return told.strip() != "" and 2 * in_story < len(tags)


def parted(texts: Iterable[str]) -> tuple[str, ...]:
    """The tags in some texts, parted at commas, each once."""
    parts = [part.strip() for text in texts for part in re.split(r"[,;،؛]", text)]
    unique = {words(part): part for part in reversed(parts) if 0 < len(part) <= _LONGEST_TAG}
    return tuple(reversed(unique.values()))[:_MOST_TAGS]


def paywalled(document: Document) -> Value[bool] | None:
    """Return isAccessibleForFree or the content tier; markup only ever shows that there is a wall."""
    stated = document.story.get("isAccessibleForFree")
    if stated is not None:
        return Value(
            str(stated).strip().lower().rsplit("/", 1)[-1] in {"false", "0", "no"}, "json-ld isAccessibleForFree"
        )
    for value, rule in document.contents("article:content_tier", "og:article:content_tier"):
        return Value(value.lower() != "free", rule)
    walls = document.called(_PAYWALL, ("div", "section", "aside"))
    return Value(True, "paywall markup") if any(map(content, walls)) else None


def _keyword_sources(document: Document) -> Iterator[Value[list[str]]]:
    yield Value([found.value for found in document.contents("article:tag", "og:article:tag")], "meta article:tag")
    yield Value(jsonld.texts(document.story.get("keywords")), "json-ld keywords")
    yield Value(list(_shown_tags(document)), "tag list")
    links = [document.content(link) for link in document.tree.iterfind(".//a[@rel='tag']")]
    yield Value([text for text in links if text], "rel=tag")
    yield Value(
        [found.value for found in document.contents("news_keywords", "keywords", "parsely-tags")], "meta keywords"
    )


def _shown_tags(document: Document) -> Iterator[str]:
    """Return the links of the first list below the headline named or labelled as tags."""
    for element in document.after_headline:
        if element.tag not in _TAGS_IN or not _is_of_tags(element, document):
            continue
        links = [text for link in element.iter("a") if (text := document.content(link).lstrip("#").strip())]
        linked = sum(map(len, links))
        if (
            not links
            or max(map(len, links)) > _LONGEST_SHOWN
            or len(document.content(element)) - linked > linked + _LABEL
        ):
            continue
        around = (element, *islice(element.iterancestors(), 3))
        if not any(_APART.search(names(each)) or each.tag == "nav" for each in around):
            yield from links
            return


def _is_of_tags(element: HtmlElement, document: Document) -> bool:
    return _TAGS.search(names(element)) is not None or _TAGS_LABEL.match(document.first_text(element)) is not None


def _steps(document: Document) -> Iterator[str]:
    for node in document.nodes:
        items = node.get("itemListElement") if "BreadcrumbList" in jsonld.types(node) else None
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and (name := jsonld.text(item.get("name") or item.get("item"))):
                yield name


def _shown_steps(document: Document) -> Iterator[str]:
    """Return the steps of the breadcrumbs, linked or not, without the front page's."""
    for trail in document.called(_CRUMBS)[:1]:
        items = [
            step
            for step in trail.iter("li", "a", "span")
            if next(step.iterdescendants("li", "a", "span"), None) is None
        ]
        yield from (text for step in items if not _is_front(step, document) and (text := content(step).strip(" >»/›|")))


def _is_front(step: HtmlElement, document: Document) -> bool:
    href = step.get("href")
    return href is not None and urlsplit(document.absolute(href) or "").path in ("", "/", "/index.php", "/index.html")


def _home(document: Document) -> set[str]:
    """Steps other than sections: the home page, the outlet and the story itself."""
    own = document.outlet_names | {words(jsonld.text(document.story.get("headline")) or "")}
    own |= {words(title) for title in document.meta.get("og:title", ())}
    titles = {words(content(h1)) for h1 in document.tree.iter("h1")}
    return own | titles | {"home", "accueil", "anasayfa", "ana sayfa", "الرئيسية", "homepage", "startseite", ""}
