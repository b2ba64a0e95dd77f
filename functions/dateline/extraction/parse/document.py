"""A page taken apart once: its tree, its meta tags, its JSON-LD. Every field's rules read from here."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from typing import Generic, NamedTuple, Self, TypeVar
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath, iterwalk
from lxml.html import HtmlElement

from dateline import urls
from dateline.canonical_link import is_believed
from dateline.extraction.parse import day_order, jsonld, selectors
from dateline.extraction.parse.html import parse
from dateline.extraction.parse.selectors import Selected
from dateline.extraction.parse.texts import RUNNING, SILENT, clean, content, names, words
from dateline.page import Page
from dateline.sources.rules import RuleSet

T = TypeVar("T")

_CALLED = XPath("descendant-or-self::*[@class or @id or @itemprop]")
_DIGIT = re.compile(r"\d")
_SHORTEST_HEADLINE = 12  # characters
_LONGEST_NAME = 50  # characters of an outlet's name
# The home page, in an outlet's link to itself: also of a language, as /ar/.
_HOME = re.compile(r"(?:https?:)?(?://[^/?#]+)?/?(?:[a-z]{2}/?)?(?:(?:index|home|default)\.\w+)?", re.IGNORECASE)


class BadAddressError(ValueError):
    """The page's URL is no absolute http or https one."""


class Value(NamedTuple, Generic[T]):
    """A candidate for a field, and its rule for ``provenance``."""

    value: T
    rule: str


@dataclass(frozen=True)  # without slots, for cached properties
class Document:
    """A parsed page.

    ``meta`` maps lower-case names to contents in page order; ``story`` is the JSON-LD object of this page's story, or
    empty; ``selected`` are the matches of the source's own rules.
    """

    page: Page
    tree: HtmlElement
    url: str
    meta: dict[str, list[str]]
    nodes: list[jsonld.Node] = field(repr=False)
    story: jsonld.Node = field(repr=False)
    selected: Mapping[str, Selected] = field(repr=False)
    _contents: dict[HtmlElement, str] = field(default_factory=dict, repr=False)
    _words: dict[HtmlElement, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, page: Page, rules: RuleSet | None = None) -> Self:
        """Parse a page. Raises BadAddressError and the errors of ``html.parse``."""
        tree = parse(page.body, page.content_type, page.languages)
        selected = selectors.apply(rules, tree) if rules else {}
        nodes, meta, url = jsonld.nodes(tree), _meta(tree), _url(page, tree)
        return cls(
            page,
            tree,
            url,
            meta,
            nodes,
            _story(nodes, url, _titles(tree, meta) | {words(content(each)) for each in tree.iterfind(".//title")}),
            selected,
        )

    @cached_property
    def elements(self) -> list[HtmlElement]:
        """All elements, kept alive: lxml recreates an element's object whenever nobody holds it."""
        return list(self.tree.iter())

    @cached_property
    def positions(self) -> dict[HtmlElement, int]:
        return {element: at for at, element in enumerate(self.elements)}

    def content(self, element: HtmlElement) -> str:
        """Return ``content`` of an element, cached for many rules and taken from the page's texts, joined once."""
        found = self._contents.get(element)
        if found is None:
            span = self._spans.get(element) if len(element) else None
            found = clean("".join(self._texts[slice(*span)])) if span else content(element)
            self._contents[element] = found
        return found

    def first_text(self, element: HtmlElement) -> str:
        """Return the first text in an element that is more than white space, or an empty one."""
        texts = self._texts
        return next((texts[at] for at in range(*self._spans[element]) if not texts[at].isspace()), "")

    def length(self, element: HtmlElement) -> int:
        """Return the number of characters in an element's texts, without the white space at their edges."""
        first, end = self._spans[element]
        return self._lengths[end] - self._lengths[first]

    @cached_property
    def _lengths(self) -> list[int]:
        """The number of characters before each of the page's texts, and before its end."""
        return list(accumulate([0 if text == " " else len(text.strip()) for text in self._texts], initial=0))

    @cached_property
    def _flat(self) -> tuple[list[str], dict[HtmlElement, tuple[int, int]]]:
        """The page's texts with spaces at the edges of blocks, and each element's first and last of them."""
        texts: list[str] = []
        begun: list[int] = []
        spans: dict[HtmlElement, tuple[int, int]] = {}
        for event, node in iterwalk(self.tree, events=("start", "end")):
            edge = node.tag not in RUNNING
            if event == "end":
                spans[node] = begun.pop(), len(texts)
                if edge and texts[-1] != " ":  # a space serves for all edges between two texts
                    texts.append(" ")
                if tail := node.tail:
                    texts.append(tail)
                continue
            if edge and (not texts or texts[-1] != " "):
                texts.append(" ")
            begun.append(len(texts))
            if node.tag not in SILENT and (text := node.text):
                texts.append(text)
        return texts, spans

    @cached_property
    def _numbered(self) -> list[int]:
        """How many texts with a digit of any script stand before each of the page's texts, and before its end."""
        holds = _DIGIT.search
        return list(accumulate([text != " " and holds(text) is not None for text in self._texts], initial=0))

    @cached_property
    def numbered(self) -> list[HtmlElement]:
        """The elements with digits in their content, in no order."""
        before = self._numbered
        return [element for element, (first, end) in self._spans.items() if before[first] < before[end]]

    def has_digits(self, element: HtmlElement) -> bool:
        """Whether a digit of any script is in an element's content."""
        first, end = self._spans[element]
        return self._numbered[first] < self._numbered[end]

    @cached_property
    def _texts(self) -> list[str]:
        return self._flat[0]

    @cached_property
    def _spans(self) -> dict[HtmlElement, tuple[int, int]]:
        self.elements  # noqa: B018 - kept alive, so that each is the object in the spans
        return self._flat[1]

    def words(self, element: HtmlElement) -> str:
        """The words of an element's content."""
        if element not in self._words:
            self._words[element] = words(self.content(element))
        return self._words[element]

    @cached_property
    def _by_names(self) -> dict[str, list[HtmlElement]]:
        equal: dict[str, list[HtmlElement]] = defaultdict(list)  # most elements have the names of others
        for element in _CALLED(self.tree):
            equal[names(element)].append(element)
        found: dict[str, list[HtmlElement]] = defaultdict(list)
        for called, elements in equal.items():
            for name in set(called.lower().split()):
                found[name] += elements
        return found

    def called(self, pattern: re.Pattern[str], tags: Collection[str] = ()) -> list[HtmlElement]:
        """Return elements, of some tags or any, with a match in one class, id or itemprop, in page order.

        The pattern has no capitals, and matches names in any case.
        """
        says = _matcher(pattern)
        called = {element for name, elements in self._by_names.items() if says(name) for element in elements}
        return sorted((each for each in called if not tags or each.tag in tags), key=self.positions.__getitem__)

    @cached_property
    def headline(self) -> HtmlElement | None:
        """The first heading repeated in the page's data and outside menus; else the first h1.

        An outlet's name is often an h1 too.
        """
        said = (jsonld.text(self.story.get("headline")), *self.meta.get("og:title", ()), self.title)
        titles = " ".join(words(title or "") for title in said)
        headings = [*self.tree.iter("h1"), *self.tree.iter("h2")]
        headings = [heading for heading in headings if self.words(heading) not in self.outlet_names]
        for heading in headings:
            text = self.words(heading)
            if len(text) > _SHORTEST_HEADLINE and text in titles and not _is_in_menu(heading):
                return heading
        return next((heading for heading in headings if heading.tag == "h1"), None)

    @cached_property
    def title(self) -> str:
        """Text of the title element, possibly with the outlet's name."""
        element = self.tree.find(".//title")
        return content(element) if element is not None else ""

    @property
    def content_of_headline(self) -> str:
        return self.content(self.headline) if self.headline is not None else ""

    @cached_property
    def after_headline(self) -> list[HtmlElement]:
        """The elements after the headline, or all without one."""
        return self.elements if self.headline is None else self.elements[self.positions[self.headline] + 1 :]

    def contents(self, *names: str) -> Iterator[Value[str]]:
        """Return the contents of meta tags, in the order of the names given."""
        for name in names:
            for value in self.meta.get(name, ()):
                yield Value(value, f"meta {name}")

    def given(self, field: str) -> Value[list[str]] | None:
        """Return the texts matched by the source's rule for a field, with attributes of ``meta`` and ``time``."""
        selected = self.selected.get(field)
        texts = [text for value in selected.values for text in _texts(value)] if selected else []
        return Value(texts, selected.rule) if selected and texts else None

    @cached_property
    def month_first(self) -> bool:
        """Return whether the page writes ``4/16/2019``."""
        american = {"en-us", "en_us"} & {
            self.tree.get("lang", "").lower(),
            *map(str.lower, self.meta.get("og:locale", ())),
        }
        country = self.page.country
        return day_order.is_month_first(self._texts, american=country == "us" or (country is None and bool(american)))

    @cached_property
    def base(self) -> str:
        """URL for resolving the page's addresses: its own, or that of its ``base`` element."""
        element = self.tree.find(".//base[@href]")
        try:
            return urljoin(self.page.url, element.get("href").strip()) if element is not None else self.page.url
        except ValueError:  # such as a host in one bracket
            return self.page.url

    def absolute(self, href: str) -> str | None:
        """Return the absolute URL of a link or source on the page, or None for an invalid one."""
        try:
            return urljoin(self.base, href.strip())
        except ValueError:  # such as a host in one bracket
            return None

    @cached_property
    def outlet_names(self) -> set[str]:
        """Names of the outlet on the page and in its address, as ``words``.

        ``www.libya-herald.example`` gives ``libya herald`` too.
        """
        names = [found.value.lstrip("@") for found in self.contents("og:site_name", "application-name", "twitter:site")]
        names += jsonld.texts(self.story.get("publisher"))
        names += [jsonld.text(node.get("name")) or "" for node in self.nodes if "WebSite" in jsonld.types(node)]
        host = urlsplit(self.url).netloc.removeprefix("www.")
        label = host.split(".")[0]
        names += (*_logos(self.tree, self.title), *_logo_images(self.tree))
        return {words(name) for name in (*names, host, label, label.replace("-", " "), label.replace("-", ""))} - {""}


def _logos(tree: HtmlElement, title: str) -> Iterator[str]:
    """Return the first headings with an outlet's name: entirely a link to the home page, or the end of the title."""
    names = [(heading, content(heading)) for heading in tree.iter("h1", "h2")]
    names = [(heading, name) for heading, name in names if 0 < len(name) <= _LONGEST_NAME]
    homes = {name for heading, name in names if _is_home(heading, name)}
    yield from homes
    others = {content(heading) for heading in tree.iter("h1", "h2", "h3")} - homes
    yield from (name for heading, name in names if heading.tag == "h1" and _is_affix(name, title, others - {name}))


def _is_home(heading: HtmlElement, name: str) -> bool:
    link = heading.find(".//a[@href]")
    return link is not None and content(link) == name and _HOME.fullmatch(link.get("href").strip()) is not None


def _logo_images(tree: HtmlElement) -> Iterator[str]:
    """Return the alternative texts of images with a link to the home page."""
    for image in tree.iterfind(".//a[@href]//img[@alt]"):
        link = next(link for link in image.iterancestors("a") if link.get("href") is not None)
        name = clean(image.get("alt"))
        if name and len(name) <= _LONGEST_NAME and _HOME.fullmatch(link.get("href").strip()):
            yield name


def _is_affix(name: str, title: str, others: Collection[str]) -> bool:
    """Whether a title is another heading with this name before or after it, or any text with it at the end."""
    if name == title or name not in title:
        return False
    before, _, after = title.partition(name) if title.startswith(name) else title.rpartition(name)
    rest = (before or after).strip(" -–—|·•:«»‹›/")
    if rest in others:
        return len(name) < len(rest)  # of the two headings, the longer is the story's
    return not after and before.endswith(tuple(f"{mark} " for mark in "-–—|·•«»‹›")) and len(rest) > len(name)


@cache
def _matcher(pattern: re.Pattern[str]) -> Callable[[str], re.Match[str] | None]:
    """Return whether a name in lower case matches, cached: an outlet's pages have the same names."""
    says = re.compile(pattern.pattern, pattern.flags & ~re.IGNORECASE).search  # a third of the time
    return lru_cache(1 << 12)(says)


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
    """Return the absolute URL declared by a page as its own."""
    links = [link.get("href") for link in tree.iterfind(".//link[@rel='canonical'][@href]")]
    shared = [meta.get("content") for meta in tree.iterfind(".//meta[@property='og:url'][@content]")]
    return next((url.strip() for url in (*links, *shared) if url.strip().startswith(("http://", "https://"))), None)


def _url(page: Page, tree: HtmlElement) -> str:
    """Return the canonical form of the page's URL, or of a credible rel=canonical."""
    try:
        own = urls.identity(page.url)
    except ValueError as error:
        raise BadAddressError(str(error)) from error
    for link in tree.iterfind(".//link[@rel='canonical'][@href]"):
        try:
            declared = urls.canonical(urljoin(page.url, link.get("href").strip()))
        except ValueError:
            continue
        if urls.same_site(declared, own) and _path(own) and is_believed(own, declared):
            return declared
    return own


def _path(url: str) -> str:
    return url.split("/", 3)[-1] if url.count("/") > 2 else ""


def _titles(tree: HtmlElement, meta: dict[str, list[str]]) -> set[str]:
    headings = [content(h1) for h1 in tree.iter("h1")]
    return {words(title) for title in (*headings, *meta.get("og:title", ())) if title}


def _is_in_menu(heading: HtmlElement) -> bool:
    return next(heading.iterancestors("nav", "li"), None) is not None


def _story(nodes: list[jsonld.Node], url: str, titles: set[str]) -> jsonld.Node:
    """Return the article object about this page: by its headline, its URL, its completeness; the first of equals.

    An object with another headline and another address is about another page.
    """

    def score(node: jsonld.Node) -> tuple[bool, bool, bool]:
        here = any(address.split("#")[0].rstrip("/") == url.rstrip("/") for address in _addresses(node))
        named = words(jsonld.text(node.get("headline")) or "") in titles
        return named or here, bool(node.get("datePublished")), bool(node.get("author"))

    own = (node for node in jsonld.stories(nodes) if not _is_of_another(node, url, titles))
    return max(own, key=score, default={})


def _is_of_another(node: jsonld.Node, url: str, titles: set[str]) -> bool:
    headline = words(jsonld.text(node.get("headline")) or "")
    if not headline or not titles or any(headline in title or title in headline for title in titles - {""}):
        return False
    steps = {_last_step(address) for address in _addresses(node)} - {""}
    return bool(steps) and _last_step(url) not in steps


def _addresses(node: jsonld.Node) -> list[str]:
    stated = [node.get("url"), node.get("@id"), node.get("mainEntityOfPage")]
    stated += [each.get("@id") or each.get("url") for each in stated if isinstance(each, dict)]
    return [each for each in stated if isinstance(each, str)]


def _last_step(address: str) -> str:
    """Return the last step of an address's path, without its query, or nothing for a home page."""
    return _path(address.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0]).rstrip("/").rpartition("/")[2].lower()
