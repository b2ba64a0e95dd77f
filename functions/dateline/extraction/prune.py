"""What is taken out of a copy of the page before its text is looked for: what surrounds a story inside its own frame.

Each rule has a size limit. Class names such as ``promo`` or ``hidden`` also stand on whole stories, and a rule that
takes one away costs more than all the teasers that it spares.
"""

import re
from collections import defaultdict

from lxml.html import HtmlElement

_BLOCKS = ("div", "section", "aside", "ul", "ol", "p", "details", "figure", "dl")
_WITHOUT_TEXT = {
    "script",
    "style",
    "svg",
    "iframe",
    "link",
    "meta",
    "noscript",
    "template",
    "button",
    "input",
    "select",
}
_PROMOTIONAL = re.compile(
    r"(?:^|[-_ ])(?:newsletter|signup|sign-up|subscribe|subscription|promo|related|recirc"
    r"|read-?(?:more|also|next)|more-on"
    r"|most-(?:read|popular)|trending|share|sharing|social|addthis|author-?(?:bio|box|card|info)|bio|about-the-author"
    r"|disclaimer|copyright|comments?|tags?|breadcrumbs?|donat\w+"
    r"|advert\w*|ad-?(?:slot|unit|container)|banner|caption|wp-caption-text|credit|byline|inline-?gallery"
    r"|outbrain|taboola|recommended|recommendations?"
    r"|liens?-?(?:utiles|connexes)|a-lire-aussi|lire-aussi|ilgili(?:-haberler)?|etiketler)(?:$|[-_ ])",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_PROMOTIONAL_LIMIT = 400  # characters
_HIDDEN_LIMIT = 100
_LONGEST = 600  # characters of a block of links alone


def prune(tree: HtmlElement) -> HtmlElement:
    """The tree without short promotional, hidden and link-only blocks; changed in place."""
    elements = list(tree.iter())  # held, for lxml makes an element's object anew each time that nobody holds it
    text, linked = _lengths(elements)
    for element in elements:
        if element.getparent() is not None and _is_unwanted(element, text[element], linked[element]):
            element.drop_tree()
    return tree


def _lengths(elements: list[HtmlElement]) -> tuple[dict[HtmlElement, int], dict[HtmlElement, int]]:
    """How many characters of text each element holds (white space at the ends aside), and how many of them in links."""
    text: dict[HtmlElement, int] = defaultdict(int)
    linked: dict[HtmlElement, int] = defaultdict(int)
    for element in reversed(elements):  # children before their parents
        text[element] += len((element.text or "").strip())
        if element.tag == "a":
            linked[element] = text[element]
        parent = element.getparent()
        if parent is not None:
            text[parent] += text[element] + len((element.tail or "").strip())
            linked[parent] += linked[element]
    return text, linked


def _is_unwanted(element: HtmlElement, length: int, linked: int) -> bool:
    if element.tag in _WITHOUT_TEXT:
        return True
    if element.tag not in _BLOCKS or length >= _LONGEST:
        return False
    return (
        (length < _HIDDEN_LIMIT and _is_hidden(element))
        or (length < _PROMOTIONAL_LIMIT and _is_promotional(element))
        or (element.tag != "p" and 0.9 * length < linked)
    )


def _is_promotional(element: HtmlElement) -> bool:
    return _PROMOTIONAL.search(f"{element.get('class', '')} {element.get('id', '')}") is not None


def _is_hidden(element: HtmlElement) -> bool:
    """Whether an element says that it is not shown; by a style only where it says so itself."""
    return (
        element.get("aria-hidden") == "true"
        or "hidden" in element.attrib
        or _HIDDEN.search(element.get("style", "")) is not None
    )
