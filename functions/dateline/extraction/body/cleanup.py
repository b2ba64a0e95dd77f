"""Remove surroundings of the story from a copy of the page, before the search for text.

Each rule has a size limit. Class names such as ``promo`` or ``hidden`` also occur on whole stories, and losing a story
costs more than keeping some teasers.
"""

import re
from functools import lru_cache

from lxml.etree import strip_elements
from lxml.html import HtmlElement

from dateline.extraction.parse.texts import names

_COMMENTS = {"li", "article"}  # may hold one, and are kept otherwise
_BLOCKS = {"div", "section", "aside", "ul", "ol", "p", "details", "figure", "dl", *_COMMENTS}
_WITHOUT_TEXT = (
    "head", "script", "style", "svg", "iframe", "link", "meta", "noscript", "template", "button", "input", "select",
)  # fmt: skip
_PROMOTIONAL = re.compile(
    r"(?:^|[-_ ])(?:newsletter|signup|sign-up|subscribe|subscription|promo|related|recirc"
    r"|read-?(?:more|also|next)|more-on"
    r"|most-(?:read|popular)|trending|share|sharing|social|addthis|author-?(?:bio|box|card|info)|bio|about-the-author"
    r"|disclaimer|copyright|comments?|tags?|breadcrumbs?|donat\w+"
    r"|advert\w*|ad-?(?:slot|unit|container)|banner|caption|wp-caption-text|credit|byline"
    r"|outbrain|taboola|recommended|recommendations?"
    r"|liens?-?(?:utiles|connexes)|a-lire-aussi|lire-aussi|ilgili(?:-haberler)?|etiketler)(?:$|[-_ ])",
    re.IGNORECASE,
)
# One reader's comment; not a class of whole pages with comments.
_COMMENT = re.compile(r"(?:^|[-_ ])comment[-_]?(?:id[-_]?)?\d+(?:$|[-_ ])", re.IGNORECASE)
# Posts of other sites, in the markup that these give for embedding.
_POST = re.compile(
    r"(?:^|\s)(?:twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-(?:post|video)|reddit-(?:card|embed-bq)"
    r"|(?:bluesky|mastodon)-embed|text-post-media)(?:\s|$)"
)
_EMPTY = ("strong", "em", "b", "u")
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_PROMOTIONAL_LIMIT = 400  # characters
_HIDDEN_LIMIT = 100
_LONGEST = 600  # characters of a block of links alone
_LONGEST_LIST = 2000  # of a list of links alone


def without_scripts(tree: HtmlElement) -> HtmlElement:
    """Remove scripts, styles, pictures and form controls from the tree, in place."""
    strip_elements(tree, *_WITHOUT_TEXT, with_tail=False)
    return tree


def without_posts(tree: HtmlElement) -> HtmlElement:
    """Remove embedded posts of other sites from the tree, in place."""
    for element in list(tree.iter("blockquote", "div")):
        called = element.get("class")
        if called and _POST.search(called) and element.getparent() is not None:
            element.drop_tree()
    return tree


def without_tooltips(tree: HtmlElement) -> HtmlElement:
    """Remove short hidden pieces of lines, such as explanations shown under the pointer; in place."""
    for element in tooltips(tree):
        if element.getparent() is not None:
            element.drop_tree()
    return tree


def tooltips(tree: HtmlElement) -> list[HtmlElement]:
    """Return the short hidden pieces of lines; an initial hidden from screen readers alone is shown."""
    pieces = (each for each in tree.iter("span", "small", "sup") if _is_unseen(each) or each.get("role") == "tooltip")
    return [each for each in pieces if len(each.text_content()) < _HIDDEN_LIMIT]


def without_empty(tree: HtmlElement) -> HtmlElement:
    """Remove inline elements without contents, at which extractors lose the following text; in place."""
    for element in list(tree.iter(*_EMPTY)):
        if len(element) == 0 and not element.text and element.getparent() is not None:
            element.drop_tag()
    return tree


def prune(tree: HtmlElement) -> HtmlElement:
    """The tree without short promotional, hidden and link-only blocks; changed in place. It is ``without_scripts``."""
    elements = list(tree.iter())  # kept alive: lxml recreates an element's object whenever nobody holds it
    for element, (length, linked) in _lengths(elements).items():
        if element.getparent() is not None and _is_unwanted(element, length, linked):
            element.drop_tree()
    return tree


def _lengths(elements: list[HtmlElement]) -> dict[HtmlElement, tuple[int, int]]:
    """How many characters of text each block holds (white space at the ends aside), and how many of them in links."""
    lengths, linked = dict.fromkeys(elements, 0), dict.fromkeys(elements, 0)
    for element in reversed(elements):  # children before their parents
        if text := element.text:
            lengths[element] += len(text.strip())
        length = lengths[element]
        if element.tag == "a":
            linked[element] = length
        around = element.getparent()
        if around in lengths:
            tail = element.tail
            lengths[around] += length + len(tail.strip()) if tail else length
            linked[around] += linked[element]
    return {element: (length, linked[element]) for element, length in lengths.items() if element.tag in _BLOCKS}


def _is_unwanted(element: HtmlElement, length: int, linked: int) -> bool:
    tag, id = element.tag, element.get("id")
    if id and _COMMENT.search(id):
        return True
    if tag in ("ul", "ol") and length < _LONGEST_LIST and length < 2 * linked and _is_of_links(element):
        return True
    if length >= _LONGEST or tag in _COMMENTS:
        return False
    return (
        (length < _HIDDEN_LIMIT and _is_hidden(element))
        or (length < _PROMOTIONAL_LIMIT and _is_promotional(names(element)))
        or (tag != "p" and 0.9 * length < linked)
    )


def _is_of_links(element: HtmlElement) -> bool:
    """Whether a list is one of pointers: each item ends with a link, as in "Economy: More trade with Tunis"."""
    items = element.findall("li")
    return len(items) > 1 and all(
        len(item) and item[-1].tag == "a" and not (item[-1].tail or "").strip() for item in items
    )


@lru_cache(4096)  # an outlet's pages have the same names, and each many times
def _is_promotional(called: str) -> bool:
    return _PROMOTIONAL.search(called) is not None


def _is_hidden(element: HtmlElement) -> bool:
    """Return whether an element is marked as hidden, by a style of its own or an attribute."""
    return element.get("aria-hidden") == "true" or _is_unseen(element)


def _is_unseen(element: HtmlElement) -> bool:
    return "hidden" in element.attrib or _HIDDEN.search(element.get("style", "")) is not None
