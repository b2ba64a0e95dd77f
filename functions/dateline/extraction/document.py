"""A page taken apart once: its tree, its meta tags, its JSON-LD. Every field's rules read from here."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Self, TypeVar
from urllib.parse import urljoin

from lxml.etree import iterwalk
from lxml.html import HtmlElement

from dateline import urls
from dateline.extraction import jsonld, selectors
from dateline.extraction.selectors import Selected
from dateline.extraction.tree import parse
from dateline.page import Page
from dateline.rules import RuleSet

T = TypeVar("T")

SILENT = {"script", "style", "noscript", "template", "svg"}
INLINE = set(
    re.findall(r"\w+", "a abbr b bdi bdo cite code data em font i ins mark q s small span strong sub sup time u var")
)

# Marks of direction and joining are part of Arabic and Persian spelling only as ZWNJ and ZWJ; the rest is layout.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0000-\u0008\u000b-\u001f\u007f-\u009f]"
)


class BadAddressError(ValueError):
    """The page's URL is no absolute http or https one."""


class Found(NamedTuple, Generic[T]):
    """A candidate for a field, and the rule that found it (what ``provenance`` will say)."""

    value: T
    rule: str


@dataclass(frozen=True, slots=True)
class Document:
    """What the page gives the rules. ``meta`` maps lower-case names to contents in page order; ``story`` is the JSON-LD
    object of this page's story, empty where there is none; ``selected`` is what the source's own rules select.
    """

    page: Page
    tree: HtmlElement
    url: str
    meta: dict[str, list[str]]
    # All elements, held: lxml makes an element's object anew each time that nobody holds it.
    elements: list[HtmlElement] = field(repr=False)
    nodes: list[jsonld.Node] = field(repr=False)
    story: jsonld.Node = field(repr=False)
    selected: Mapping[str, Selected] = field(repr=False)

    @classmethod
    def of(cls, page: Page, rules: RuleSet | None = None) -> Self:
        """Parse a page; raises BadAddressError and what ``tree.parse`` does."""
        tree = parse(page.body, page.content_type)
        selected = selectors.apply(rules, tree) if rules else {}
        nodes, meta, url = jsonld.nodes(tree), _meta(tree), _url(page, tree)
        return cls(page, tree, url, meta, list(tree.iter()), nodes, _story(nodes, url, _titles(tree, meta)), selected)

    def contents(self, *names: str) -> Iterator[Found[str]]:
        """What the meta tags of these names say, in the order of the names."""
        for name in names:
            for value in self.meta.get(name, ()):
                yield Found(value, f"meta {name}")

    def given(self, field: str) -> Found[list[str]] | None:
        """The texts that the source's rule for a field selects: of ``meta`` and ``time`` also what they state."""
        selected = self.selected.get(field)
        texts = [text for value in selected.values for text in _texts(value)] if selected else []
        return Found(texts, selected.rule) if selected and texts else None

    def absolute(self, href: str) -> str | None:
        """The URL that a link or source on the page means; None where it means none."""
        try:
            return urljoin(self.page.url, href.strip())
        except ValueError:  # such as a host in one bracket
            return None

    def site_names(self) -> list[str]:
        """What the page calls its outlet."""
        publishers = jsonld.texts(self.story.get("publisher"))
        names = [found.value for found in self.contents("og:site_name", "application-name", "twitter:site")]
        sites = [jsonld.text(n.get("name")) for n in self.nodes if "WebSite" in jsonld.types(n)]
        return [name.lstrip("@") for name in (*names, *publishers, *sites) if name]


def agreed(
    candidates: Iterable[Found[T]], key: Callable[[T], Hashable], weights: Mapping[str, float] = {}
) -> Found[T] | None:
    """The candidate that most rules agree on; of equals the first. Its rule names those that agree.

    A rule counts once, for one if ``weights`` does not have it.
    """
    groups: dict[Hashable, list[Found[T]]] = {}
    for candidate in candidates:
        groups.setdefault(key(candidate.value), []).append(candidate)
    if not groups:
        return None
    best = max(groups.values(), key=lambda group: sum(weights.get(rule, 1) for rule in {one.rule for one in group}))
    return Found(best[0].value, " + ".join(dict.fromkeys(found.rule for found in best)))


def content(element: HtmlElement) -> str:
    """The text of an element, white space folded; a line break or a block's edge counts as white space."""
    if len(element) == 0:
        return clean(element.text or "")
    parts: list[str] = []
    for event, node in iterwalk(element, events=("start", "end")):
        if event == "start" and node.tag in SILENT:
            continue
        if node is not element and node.tag not in INLINE | SILENT:
            parts.append(" ")
        text = node.text if event == "start" else node.tail if node is not element else None
        parts.append(text or "")
    return clean("".join(parts))


def clean(text: str) -> str:
    """One line: NFC, white space folded, no controls or marks of direction; quotes and dashes as they are."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).split())


def words(text: str) -> str:
    """Letters and digits only, folded: what two spellings of one headline share."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _texts(value: HtmlElement | str) -> Iterator[str]:
    if isinstance(value, str):
        stated = [value]
    else:
        stated = [value.get("content" if value.tag == "meta" else "datetime") or "", content(value)]
    yield from filter(None, map(clean, stated))


def _meta(tree: HtmlElement) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in tree.iterfind(".//meta[@content]"):
        value = jsonld.plain(element.get("content"))
        for attribute in ("property", "name", "itemprop"):
            name = element.get(attribute)
            if name and value:
                found.setdefault(name.strip().lower(), []).append(value)
    return found


def declared_url(tree: HtmlElement) -> str | None:
    """The absolute URL that a page gives as its own."""
    links = [link.get("href") for link in tree.iterfind(".//link[@rel='canonical'][@href]")]
    shared = [meta.get("content") for meta in tree.iterfind(".//meta[@property='og:url'][@content]")]
    return next((url.strip() for url in (*links, *shared) if url.strip().startswith(("http://", "https://"))), None)


def _url(page: Page, tree: HtmlElement) -> str:
    """The canonical form of the page's URL, or of its rel=canonical where that is on the same site and no home page."""
    try:
        own = urls.identity(page.url)
    except ValueError as error:
        raise BadAddressError(str(error)) from error
    for link in tree.iterfind(".//link[@rel='canonical'][@href]"):
        try:
            declared = urls.canonical(urljoin(page.url, link.get("href").strip()))
        except ValueError:
            continue
        if urls.same_site(declared, own) and _path(declared) and _path(own):
            return declared
    return own


def _path(url: str) -> str:
    return url.split("/", 3)[-1] if url.count("/") > 2 else ""


def _titles(tree: HtmlElement, meta: dict[str, list[str]]) -> set[str]:
    headings = [content(h1) for h1 in tree.iter("h1")]
    return {words(title) for title in (*headings, *meta.get("og:title", ())) if title}


def _story(nodes: list[jsonld.Node], url: str, titles: set[str]) -> jsonld.Node:
    """The article object that is about this page: by its headline, its URL, its completeness; the first of equals."""

    def score(node: jsonld.Node) -> tuple[bool, bool, bool]:
        addresses = [node.get("url"), node.get("@id"), node.get("mainEntityOfPage")]
        addresses += [a.get("@id") or a.get("url") for a in addresses if isinstance(a, dict)]
        here = any(isinstance(a, str) and a.split("#")[0].rstrip("/") == url.rstrip("/") for a in addresses)
        named = words(jsonld.text(node.get("headline")) or "") in titles
        return named or here, bool(node.get("datePublished")), bool(node.get("author"))

    return max(jsonld.stories(nodes), key=score, default={})
