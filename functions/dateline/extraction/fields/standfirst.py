"""The standfirst: the sentence or two between headline and story that sum it up. A story's first paragraph is none."""

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from dateline.extraction.body.boilerplate import SENTENCE_END, is_boilerplate
from dateline.extraction.body.restore import setting
from dateline.extraction.fields.credits import bylines
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import names, words

_NAMED = re.compile(
    r"standfirst|summary|sub-?(?:title|head(?:line|ing)?|deck)s?(?:$|[-_ ])"
    r"|(?:^|[-_ ])(?:lead|lede|dec?k|chapo|chapeau|excerpt|intro|brief|abstract|spot|desc|preamble|preface|einleitung"
    r"|sommaire|accroche|description|synopsis|strapline|[oö]zet|blurb|(?:lead|intro|teaser)-?te?xt|article-(?:teaser|hat)"
    r"|sous-?titre|bajada|entradilla|sumario|occhiello|leid|lid)(?:$|[-_ ])|alternativeheadline|doc-subtitle",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|footer|tagline|slogan|site-?(?:desc|title|name|info|branding)"
    r"|(?:^|[-_ ])nav|menu|caption|recommend|newsletter|author|share|teaser|most-|paywall"
    r"|subscri|cookie|audio|video|(?:^|[-_ ])(?:ad|ads|advert\w*|promo)(?:$|[-_ ])|avatar|photo|image"
    r"|(?:^|[-_ ])(?:img|pic|figure)(?:$|[-_ ])",
    re.IGNORECASE,
)
_ROLES = ("role", "data-role", "data-testid", "data-component", "data-type", "data-qa")
_LONGEST_ROLE = 40  # characters
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # in itemIntroText
_APART = {"figure", "figcaption", "nav", "aside", "footer", "form", "a"}
_FRAMES = {"article", "main", "body", "html"}  # their names are about the page
_IN = ("h2", "h3", "h4", "p", "div", "span", "strong", "b", "ul", "em", "section", "blockquote")
_NEAR = 90  # elements after the headline
_LENGTH = range(25, 700)
_AGREEING = 60  # characters to recognise a description, often truncated
_PARAGRAPH = 80  # characters
_MOST = 8  # blocks
_ALONE_IN = ("p", "div", "h2", "h3", "h4", "strong")
_DECKS = ("h2", "h3", "h4")
_SENTENCE = 50  # characters: a sub-heading is shorter
_WRAPPERS = 5  # around an element


def find(document: Document, blocks: list[str], headlines: set[str]) -> Value[str] | None:
    """Return the text between headline and story that is described, or else named, as summary.

    ``blocks`` are the story's text, ``headlines`` the forms of its headline, as ``words``.
    """
    described = [words(text) for text in descriptions(document)]
    long = [words(block) for block in blocks[:_MOST] if len(block) > _PARAGRAPH]
    opening = long[:2]
    paragraphs = _elements(document, opening)
    following = _elements(document, long)
    sites = {words(jsonld.text(node.get("description")) or "") for node in document.nodes if _is_site(node)} - {""}
    named: Value[str] | None = None
    for element in _candidates(document, paragraphs[:1], "\n".join(headlines)):
        key = document.words(element)
        if key in sites or (len(opening) > 1 and all(text in key for text in opening)):
            continue
        says = _is_named(element, document) and not _is_elsewhere(element)
        told = any(text.startswith(key[:_AGREEING]) for text in described)
        apart = says and (_is_wrapped(element, paragraphs) or (key not in opening and _is_called(element, paragraphs)))
        told = told and (key not in opening or _is_set_unlike(element, following))
        if (says or told or _is_deck(element, document)) and (apart or not _is_like(element, paragraphs)):
            rule = "standfirst element" if says else "description, visible" if told else "heading under the headline"
            found = Value(document.content(element), rule)
            if told:
                return found
            named = named or found
    return named or _between(document, following, "\n".join((*headlines, *map(words, blocks))))


def _between(document: Document, paragraphs: list[HtmlElement], titles: str) -> Value[str] | None:
    """Return the only sentence between headline and story, if it is set unlike the story's paragraphs.

    ``titles`` are forms of the headline and the blocks of the story, in which it must not be.
    """
    if document.headline is None or not paragraphs:
        return None
    last = document.positions[paragraphs[0]]
    found = {
        document.words(each): each
        for each in _candidates(document, paragraphs[:1], titles)
        if document.positions[each] < last
        and each.tag in _ALONE_IN
        and not _is_elsewhere(each)
        and _is_sentence(document, each)
        and not _is_like(each, paragraphs)
    }
    return Value(document.content(*found.values()), "text beside the headline") if len(found) == 1 else None


def _is_sentence(document: Document, element: HtmlElement) -> bool:
    text = document.content(element)
    is_told = len(text) >= _PARAGRAPH and SENTENCE_END.search(text) is not None
    has_parts = next(element.iterdescendants("a", "li", "br"), None) is not None
    return is_told and not has_parts and not is_boilerplate(text) and not bylines.says_by(text)


def _is_called(element: HtmlElement, paragraphs: list[HtmlElement]) -> bool:
    """Return whether an element is named as a summary, and the story's other paragraphs are not."""
    others = (each for each in paragraphs if each is not element)
    return bool(_NAMED.search(_called(element))) and not any(_NAMED.search(_called(each)) for each in others)


def _is_site(node: jsonld.Node) -> bool:
    return not {"WebSite", "Organization", "NewsMediaOrganization"}.isdisjoint(jsonld.types(node))


def _is_named(element: HtmlElement, document: Document) -> bool:
    """Whether an element, or a wrapper with nothing else in it, is named as a summary."""
    for near in (element, *islice(element.iterancestors(), _WRAPPERS)):
        if near.tag in _FRAMES or document.words(near) != document.words(element):
            return False
        if _NAMED.search(_called(near)):
            return True
    return False


def _called(element: HtmlElement) -> str:
    """An element's names, with dashes between the words of those in camel case."""
    said = (element.get(name) or "" for name in _ROLES)
    return _HUMP.sub("-", f"{names(element)} {' '.join(role for role in said if len(role) < _LONGEST_ROLE)}".strip())


def _candidates(document: Document, last: list[HtmlElement], titles: str) -> Iterator[HtmlElement]:
    """Yield the elements from the headline to the last one, with a sentence or two and no form of the headline."""
    following = (element for element in document.after_headline if element.tag in _IN)
    for element in islice(following, _NEAR):
        text = document.content(element) if len(element) < 12 and not _has_inner(element) else ""
        if len(text) in _LENGTH and not _is_apart(element) and document.words(element) not in titles:
            yield element
        if element in last:
            return


def descriptions(document: Document) -> Iterator[str]:
    yield from jsonld.texts(document.story.get("description"))
    seconds = jsonld.texts(document.story.get("alternativeHeadline"))
    yield from (text for text in seconds if len(text) >= _PARAGRAPH and SENTENCE_END.search(text))
    for found in document.contents("og:description", "description", "twitter:description"):
        yield found.value


def _elements(document: Document, texts: list[str]) -> list[HtmlElement]:
    """Return the elements of the texts (``words``), as far as each has its own."""
    found = {document.words(element): element for element in document.tree.iter("p") if len(element) < 12}
    return [found[text] for text in texts if text in found]


def _is_like(element: HtmlElement, paragraphs: list[HtmlElement]) -> bool:
    """Whether an element is set as the story's paragraphs are: then it is one of them."""
    return any(setting(element) == setting(other) for other in paragraphs if other is not element)


def _is_set_unlike(element: HtmlElement, paragraphs: list[HtmlElement]) -> bool:
    """Whether a first paragraph is set apart: bold, of a class or in a frame of its own."""
    others = [setting(each) for each in paragraphs if each is not element]
    return len(others) > 1 and len(set(others)) == 1 and setting(element) != others[0]


def _is_deck(element: HtmlElement, document: Document) -> bool:
    """Whether an element is the only heading of its rank between headline and story, with a sentence in it."""
    text = document.content(element)
    if element.tag not in _DECKS or len(text) < _SENTENCE or element.find(".//a") is not None:
        return False
    alike = (each for each in document.tree.iter(element.tag) if each is not element)
    return not any(setting(each) == setting(element) for each in alike) and not _is_elsewhere(element)


def _is_wrapped(element: HtmlElement, paragraphs: list[HtmlElement]) -> bool:
    """Whether the name of a summary is on a wrapper, and on no wrapper of the story's other paragraphs."""
    others = {around for each in paragraphs if each is not element for around in each.iterancestors()}
    named = (each for each in islice(element.iterancestors(), _WRAPPERS) if _NAMED.search(_called(each)))
    return next(named, None) not in others | {None}


def _has_inner(element: HtmlElement) -> bool:
    """Whether the text is in blocks of its own further in: then one of those is meant."""
    return next(element.iterdescendants("p", "div", "h1", "h2", "h3", "section", "form", "figure"), None) is not None


def _is_apart(element: HtmlElement) -> bool:
    return any(near.tag in _APART for near in (element, *islice(element.iterancestors(), 3)))


def _is_elsewhere(element: HtmlElement) -> bool:
    around = (near for near in islice(element.iterancestors(), 3) if near.tag not in _FRAMES)
    return any(_ELSEWHERE.search(_called(near)) for near in (element, *around))
